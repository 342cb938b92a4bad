"""One case as its page shows it: what happened, what the resident could read of it, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Unit
from core.models import Attachment, Event
from intake.models import ConstituentRequest, RequestCall, RequestLink, Satisfied, Solved


@dataclass
class Line:
    """One thing that happened: who did it, what was written, and the line the resident reads, if there is one."""

    at: datetime
    title: str
    who: str
    words: str = ""
    detail: str = ""
    told: str = ""
    told_text: str = ""
    notes: list[Any] = field(default_factory=list)


def timeline(case: ConstituentRequest) -> list[Line]:
    """Every event of the case, the newest first, each with what stands beside it. Five statements at any length."""
    events = list(Event.objects.about(case).select_related("actor", "words"))
    told = {line.event_id: line for line in case.progress.all()}
    notes: dict[datetime, list[Any]] = {}
    for note in case.notes.select_related("by"):
        notes.setdefault(note.at, []).append(note)
    calls = {call.at: call for call in case.calls.all()}
    units = _units_in(events)
    lines = []
    for event in events:
        line = told.get(event.pk)
        call = calls.get(event.at) if event.verb == "log_call" else None
        lines.append(
            Line(
                at=event.at,
                title=_title(case, event),
                who=_who(event),
                words=_words(event) or (call.note if call is not None else ""),
                detail=_detail(event, units),
                told=line.title if line is not None else "",
                told_text=line.text if line is not None else "",
                notes=notes.get(event.at, []),
            )
        )
    return lines[::-1]


def _title(case: ConstituentRequest, event: Event) -> str:
    move = case.workflow.transitions.get(event.verb)
    return str(move.label) if move is not None else _("收到")


def _who(event: Event) -> str:
    return str(event.actor) if event.actor is not None else str(event.get_actor_kind_display())


def _words(event: Event) -> str:
    """The words said with the event; those of an anonymised case are gone."""
    words = getattr(event, "words", None)
    return words.text if words is not None else ""


def _units_in(events: Iterable[Event]) -> dict[int, str]:
    wanted = {event.facts.get("unit") for event in events} - {None}
    return dict(Unit.objects.filter(pk__in=wanted).values_list("pk", "name")) if wanted else {}


def _detail(event: Event, units: dict[int, str]) -> str:
    teller = DETAILS.get(event.verb)
    return teller(event.facts, units) if teller is not None else ""


def _unit(facts: dict[str, Any], units: dict[int, str]) -> str:
    return units.get(facts.get("unit") or 0, "")


def _days(facts: dict[str, Any], _units: dict[int, str]) -> str:
    return _("%(n)d 个工作日") % {"n": facts.get("days", 0)}


def _rating(facts: dict[str, Any], _units: dict[int, str]) -> str:
    solved, satisfied = facts.get("solved"), facts.get("satisfied")
    parts = [
        str(Solved(solved).label) if solved else "",
        str(Satisfied(satisfied).label) if satisfied else "",
    ]
    return "、".join(part for part in parts if part)


def _call(facts: dict[str, Any], _units: dict[int, str]) -> str:
    outcome = facts.get("outcome", "")
    return str(RequestCall.Outcome(outcome).label) if outcome in RequestCall.Outcome.values else ""


DETAILS: dict[str, Callable[[dict[str, Any], dict[int, str]], str]] = {
    "assign": _unit,
    "reassign": _unit,
    "hand_back": _unit,
    "extend": _days,
    "request_extension": _days,
    "log_call": _call,
    "rate": _rating,
    "rate_partly": _rating,
    "send_back": _rating,
    "dispute": _rating,
}


@dataclass(frozen=True)
class Photo:
    """A photo as the components show it."""

    url: str
    alt: str
    cap: str
    public_id: str
    role: str


def photos(case: ConstituentRequest) -> list[Photo]:
    from django.urls import reverse

    return [
        Photo(
            url=reverse("core:file", args=[each.public_id]),
            alt=each.caption or _("%(role)s的照片 %(n)d") % {"role": each.get_role_display(), "n": place},
            cap=str(each.get_role_display()),
            public_id=each.public_id,
            role=each.role,
        )
        for place, each in enumerate(Attachment.objects.about(case), start=1)
    ]


@dataclass(frozen=True)
class Kin:
    """A case this one belongs with, and how."""

    how: str
    case: ConstituentRequest


def kin(case: ConstituentRequest, user: Any) -> list[Kin]:
    """Merged, split off, detached: those the person may see. Two statements."""
    found = []
    if case.master is not None:
        found.append(Kin(_("合并到"), case.master))
    seen = ConstituentRequest.objects.visible_to(user)
    found += [Kin(_("一起办"), each) for each in seen.filter(master=case).order_by("pk")]
    links = RequestLink.objects.filter(request=case).select_related("origin") | RequestLink.objects.filter(
        origin=case
    ).select_related("request", "origin")
    for link in links:
        other = link.origin if link.request_id == case.pk else link.request
        found.append(Kin(str(link.get_kind_display()), other))
    return found
