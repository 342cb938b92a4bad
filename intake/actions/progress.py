"""What every action shares: the resident's line, and the place of a request in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from core.models import Clock, Event
from intake.models import ConstituentRequest, RequestAssignment, RequestProgress


def tell(
    request: ConstituentRequest, event: Event, title: Any, text: Any = "", *, station: int | None = None
) -> RequestProgress:
    """Write one line the resident may read."""
    return RequestProgress.objects.create(
        request=request,
        event=event,
        at=event.at,
        title=str(title),
        text=str(text),
        station=station or request.workflow.states[request.state].station,
    )


def due_of(request: ConstituentRequest, name: str) -> date | None:
    """The day a running clock of the request ends."""
    return Clock.objects.about(request).running().filter(name=name).values_list("due_on", flat=True).first()


def zh(day: date | None) -> str:
    return f"{day.month}月{day.day}日" if day is not None else ""


def end_assignment(request: ConstituentRequest, event: Event, how: str) -> None:
    RequestAssignment.objects.filter(request=request, ended_at__isnull=True).update(
        ended_at=event.at, ended_by=how
    )
