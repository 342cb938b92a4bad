"""What every action shares: the resident's line, and the place of a request in words."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Q

from core.models import Clock, Event
from core.privacy import cut_personal
from core.rows import insert
from intake.models import ConstituentRequest, RequestAssignment, RequestProgress


def tell(
    request: ConstituentRequest, event: Event, title: Any, text: Any = "", *, station: int | None = None
) -> RequestProgress:
    """Write one line the resident may read; whoever wrote the words, numbers in them are masked."""
    line = RequestProgress(
        request=request,
        event=event,
        at=event.at,
        title=cut_personal(str(title))[0][:120],
        text=cut_personal(str(text))[0][:2000],
        station=station or request.workflow.states[request.state].station,
    )
    insert(line)
    return line


def due_of(request: ConstituentRequest, name: str) -> date | None:
    """The day a running clock of the request ends."""
    return Clock.objects.about(request).running().filter(name=name).values_list("due_on", flat=True).first()


def zh(day: date | None) -> str:
    return f"{day.month}月{day.day}日" if day is not None else ""


def lock_family(request: ConstituentRequest) -> list[ConstituentRequest]:
    """Lock a request, its master and what is merged into it, lowest id first; gives those merged into it.

    Everything that locks several cases does so in this order: two clerks and the sweep cannot wait for one another.
    """
    own = ConstituentRequest.objects.filter(pk=request.pk)
    family = ConstituentRequest.objects.filter(
        Q(pk=request.pk) | Q(master=request.pk) | Q(pk__in=own.values("master"))
    )
    while True:
        # What was merged into it while we waited shows only to a second look, and may have to be locked before what we
        # hold: going back to the savepoint lets go of it. Once all are held nothing joins any more.
        mark = transaction.savepoint()
        locked = list(family.select_for_update(of=("self",)).order_by("pk"))
        if set(family.values_list("pk", flat=True)) == {each.pk for each in locked}:
            transaction.savepoint_commit(mark)
            return [each for each in locked if each.master_id == request.pk and each.state == "merged"]
        transaction.savepoint_rollback(mark)


def end_assignment(request: ConstituentRequest, event: Event, how: str) -> None:
    RequestAssignment.objects.filter(request=request, ended_at__isnull=True).update(
        ended_at=event.at, ended_by=how
    )
