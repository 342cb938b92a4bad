from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = _("群众诉求")

    def ready(self) -> None:
        """Bind the table of a request's life and its steps to the model: models stay the lowest room. Name the desks."""
        from core import exports
        from core.steps import register
        from intake import entries
        from intake.models import ConstituentRequest
        from intake.steps import STEPS
        from intake.views.desk.batch import may_take, taken
        from intake.workflow import WORKFLOW

        ConstituentRequest.workflow = WORKFLOW
        register(ConstituentRequest, STEPS)
        entries.register()
        exports.register("requests", exports.Source(taken, may_take))
