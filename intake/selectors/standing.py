"""Where requests stand, as the figures count them: so that behind every figure stands the very list it counted."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.deadlines import end_of, start_of
from core.models import Clock
from intake.models import ConstituentRequest, Satisfied, Solved

STANDINGS = {
    "finished": _("已办结"),
    "open": _("没办完"),
    "set_aside": _("不办的（不予登记、转出、撤回）"),
    "late_answer": _("答复晚了的"),
    "told": _("告诉过结果的"),
    "unrated": _("没有评价的"),
    "satisfied": _("满意、基本满意的"),
    "dissatisfied": _("不满意的"),
    "solved": _("说解决了的"),
    "unsolved": _("说没解决的"),
}

_SET_ASIDE = Q(closed_at__isnull=False, told_at__isnull=True)
_WHERE = {
    "finished": Q(closed_at__isnull=False, told_at__isnull=False),
    "open": Q(closed_at__isnull=True),
    "set_aside": _SET_ASIDE,
    "told": Q(told_at__isnull=False),
    "unrated": Q(told_at__isnull=False, rated_at__isnull=True),
    "satisfied": Q(satisfied__in=(Satisfied.SATISFIED, Satisfied.BASICALLY)),
    "dissatisfied": Q(satisfied=Satisfied.DISSATISFIED),
    "solved": Q(solved=Solved.YES),
    "unsolved": Q(solved=Solved.NO),
}


def of_standing(rows: Any, name: str) -> Any:
    """The rows of one standing; an unknown name narrows nothing."""
    if name == "late_answer":
        clocks = Clock.objects.filter(
            case_label=ConstituentRequest.label, case_id=OuterRef("pk"), name="request.answer"
        )
        late = clocks.filter(
            Q(stopped_at__gte=F("due_at"))
            | Q(stopped_at__isnull=True, paused_at__isnull=True, due_at__lte=timezone.now())
        )
        return rows.filter(~_SET_ASIDE, Exists(late))
    return rows.filter(_WHERE[name]) if name in _WHERE else rows


def counted(rows: Any, wanted: dict[str, Any]) -> Any:
    """Narrow to what one figure counted: a town, a kind of matter with those below it, days of arrival, a standing."""
    if wanted.get("category"):
        rows = rows.filter(Q(category=wanted["category"]) | Q(category__parent=wanted["category"]))
    if wanted.get("town"):
        rows = rows.filter(town_code=wanted["town"].code)
    if wanted.get("since"):
        rows = rows.filter(created_at__gte=start_of(wanted["since"]))
    if wanted.get("until"):
        rows = rows.filter(created_at__lt=end_of(wanted["until"]))
    return of_standing(rows, wanted.get("standing", ""))
