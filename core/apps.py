from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "core"
    verbose_name = _("办件机制")

    def ready(self) -> None:
        from core import checks, exports, sweep  # noqa: F401  registers them: checks, and the kinds of messages
