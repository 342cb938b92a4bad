"""The roof: the demo and the drawing of documents as commands, and an admin site that asks the permission table."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HouseAdminConfig(AdminConfig):
    default_site = "liaison.admin.HouseAdminSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin

        admin.site.fill_left_column()


class LiaisonConfig(AppConfig):
    name = "liaison"
