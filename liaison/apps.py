"""The admin site is ours: it asks the permission table, never `is_superuser`."""

from django.contrib.admin.apps import AdminConfig


class HouseAdminConfig(AdminConfig):
    default_site = "liaison.admin.HouseAdminSite"
