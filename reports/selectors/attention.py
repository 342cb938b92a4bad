"""要过问的: what a leader should ask about, each with who has it and how long it has lasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Window
from django.utils import timezone

from core import rulebook
from intake.selectors import desk
from reports.selectors.figures import Scope

SHOWN = 5
RAISED = ("escalated", "disputed")


@dataclass(frozen=True)
class Matter:
    """One request to ask about. `days` are working days it is late, or calendar days it has lain there."""

    public_id: str
    title: str
    who: str
    days: int
    is_late: bool
    state: str
    state_label: str


@dataclass(frozen=True)
class Attention:
    late: tuple[Matter, ...] = ()
    late_count: int = 0
    raised: tuple[Matter, ...] = ()
    raised_count: int = 0

    @property
    def count(self) -> int:
        return self.late_count + self.raised_count


def attention(scope: Scope, user: Any) -> Attention:
    """What is late the longest, and what was raised to the county or is disputed. Two statements."""
    now, today = timezone.now(), timezone.localdate()
    whole = Window(Count("pk"))
    late = list(
        desk.of_view(scope.requests.for_list(), desk.VIEWS["late"], user, now)
        .annotate(whole=whole)
        .order_by("due_at", "pk")[:SHOWN]
    )
    raised = list(
        scope.requests.for_list()
        .filter(state__in=RAISED)
        .annotate(whole=whole)
        .order_by("state_since", "pk")[:SHOWN]
    )
    calendar = rulebook.calendar()
    return Attention(
        tuple(
            _matter(each, calendar.working_days_between(timezone.localdate(each.due_at), today), late=True)
            for each in late
        ),
        late[0].whole if late else 0,
        tuple(
            _matter(each, (today - timezone.localdate(each.state_since)).days, late=False) for each in raised
        ),
        raised[0].whole if raised else 0,
    )


def _matter(case: Any, days: int, *, late: bool) -> Matter:
    return Matter(
        case.public_id,
        case.title,
        str(case.unit or case.station),
        max(0, days),
        late,
        case.state,
        str(case.state_label),
    )
