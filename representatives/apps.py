from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RepresentativesConfig(AppConfig):
    name = "representatives"
    verbose_name = _("人大代表")

    def ready(self) -> None:
        """Representatives may log in by the number on their certificate."""
        from accounts import names
        from representatives.selectors import username_by_certificate

        names.register(username_by_certificate)
