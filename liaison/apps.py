"""The roof: the demo and the drawing of documents as commands, and an admin site that asks the permission table."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

if TYPE_CHECKING:
    from liaison.admin import HouseAdminSite


class HouseAdminConfig(AdminConfig):
    default_site = "liaison.admin.HouseAdminSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin

        cast("HouseAdminSite", admin.site).fill_left_column()  # admin.site is lazy and hides its class


class LiaisonConfig(AppConfig):
    name = "liaison"
