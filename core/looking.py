"""Who looked at personal data, or took a list along, and why: written down before anything is shown, and never by a GET."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.middleware import request_id
from core.models import AccessLog

if TYPE_CHECKING:
    from core.models import Case


class ReasonForm(forms.Form):
    """Opening or taking along personal data: written down with the reason."""

    reason = forms.CharField(
        label=_("为什么要看"),
        max_length=200,
        min_length=2,
        help_text=_("谁、什么时候、为什么看，都会记下来。"),
    )


def log_looking(*, by: Any, what: str, reason: str, case_label: str = "", about: Case | None = None) -> None:
    """Write it down. A list has no case of its own, only the kind of what stands in it."""
    AccessLog.objects.create(
        at=timezone.now(),
        actor=by,
        case_label=about.label if about is not None else case_label,
        case_id=about.pk if about is not None else 0,
        what=what[:40],
        reason=reason[:200],
        request_id=request_id.get(),
    )


def looks_today(by: Any) -> int:
    """How often this person opened something today."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return AccessLog.objects.filter(actor=by, at__gte=today).count()
