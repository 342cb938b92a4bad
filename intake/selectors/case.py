"""One case as its page shows it: what happened, what the resident could read of it, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
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


# What passes between station and unit, and so may be read on both sides. The rest is said among the station's own.
BETWEEN = frozenset(
    {"hand_back", "refuse_return", "coordinate", "request_extension", "extend", "refuse_extension", "urge",
     "send_back_draft"}
)  # fmt: skip


def timeline(case: ConstituentRequest, *, inside: bool = True) -> list[Line]:
    """Every event of the case, the newest first, each with what stands beside it. Five statements at any length.

    `inside` is for the station and its offices; others read neither their notes nor what they wrote among themselves.
    """
    events = list(Event.objects.about(case).select_related("actor", "words"))
    told = {line.event_id: line for line in case.progress.all()}
    notes: dict[datetime, list[Any]] = {}
    for note in case.notes.select_related("by") if inside else case.notes.exclude(kind="staff"):
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
                words=_said(event, call) if inside or event.verb in BETWEEN else "",
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


def _said(event: Event, call: RequestCall | None) -> str:
    return _words(event) or (call.note if call is not None else "")


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
    """Merged, split off, detached: those of them the person may see. Two statements."""
    how: dict[int, str] = {}
    of_case = Q(request=case) | Q(origin=case)
    for link in RequestLink.objects.filter(of_case).order_by("pk"):
        other = link.origin_id if link.request_id == case.pk else link.request_id
        how[other] = str(link.get_kind_display())
    seen = ConstituentRequest.objects.visible_to(user).for_list()
    family = seen.filter(Q(master=case) | Q(pk__in=[*how, case.master_id or 0])).order_by("pk")
    return [Kin(_how(case, each) or how.get(each.pk, ""), each) for each in family]


def _how(case: ConstituentRequest, other: ConstituentRequest) -> str:
    if other.pk == case.master_id:
        return _("合并到")
    return _("一起办") if other.master_id == case.pk else ""
