from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("统计与总览")

    def ready(self) -> None:
        """Name the entries of the left column, and tell the stations' pages what was solved there."""
        from reports import entries

        entries.register()
