"""One case as its page shows it: what happened, what the resident could read of it, and what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import BigIntegerField, JSONField, OuterRef, Q, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Unit
from core.models import Attachment, Event
from intake.models import ConstituentRequest, RequestCall, RequestLink, RequestProgress, Satisfied, Solved


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


def events_of(case: ConstituentRequest) -> list[Event]:
    """What happened to the case, the oldest first, each with `told` (the line the resident reads), `called` (what was
    noted of a call made with it) and `unit_name` (of the unit its facts name). One statement.
    """
    told = RequestProgress.objects.filter(event=OuterRef("pk")).order_by("-at", "-pk")
    called = RequestCall.objects.filter(request=case, at=OuterRef("at")).order_by("-pk")
    facts = Cast("facts_text", JSONField())
    return list(
        Event.objects.about(case)
        .select_related("actor", "words")
        .annotate(
            told=Subquery(told.values(line=JSONObject(title="title", text="text"))[:1]),
            called=Subquery(called.values("note")[:1]),
            unit_id=Cast(KeyTextTransform("unit", facts), BigIntegerField()),
            unit_name=Subquery(Unit.objects.filter(pk=OuterRef("unit_id")).values("name")[:1]),
        )
    )


def timeline(case: ConstituentRequest, events: Iterable[Any], *, inside: bool = True) -> list[Line]:
    """Every event of the case, the newest first, each with what stands beside it. One statement more than the events.

    `inside` is for the station and its offices; others read neither their notes nor what they wrote among themselves.
    """
    notes: dict[datetime, list[Any]] = {}
    for note in case.notes.select_related("by") if inside else case.notes.exclude(kind="staff"):
        notes.setdefault(note.at, []).append(note)
    lines = []
    for event in events:
        told = event.told or {"title": "", "text": ""}
        lines.append(
            Line(
                at=event.at,
                title=_title(case, event),
                who=_who(event),
                words=_said(event) if inside or event.verb in BETWEEN else "",
                detail=_detail(event),
                told=told["title"],
                told_text=told["text"],
                notes=notes.get(event.at, []),
            )
        )
    return lines[::-1]


def _title(case: ConstituentRequest, event: Event) -> str:
    move = case.workflow.transitions.get(event.verb)
    return str(move.label) if move is not None else _("收到")


def _who(event: Event) -> str:
    return str(event.actor) if event.actor is not None else str(event.get_actor_kind_display())


def _said(event: Any) -> str:
    """The words said with the event, those of an anonymised case are gone; of a call what was noted."""
    words = getattr(event, "words", None)
    noted = event.called if event.verb == "log_call" else None
    return (words.text if words is not None else "") or noted or ""


def _detail(event: Any) -> str:
    if event.verb in HANDED:
        return event.unit_name or ""
    teller = DETAILS.get(event.verb)
    return teller(event.facts) if teller is not None else ""


def _days(facts: dict[str, Any]) -> str:
    return _("%(n)d 个工作日") % {"n": facts.get("days", 0)}


def _rating(facts: dict[str, Any]) -> str:
    solved, satisfied = facts.get("solved"), facts.get("satisfied")
    parts = [
        str(Solved(solved).label) if solved else "",
        str(Satisfied(satisfied).label) if satisfied else "",
    ]
    return "、".join(part for part in parts if part)


def _call(facts: dict[str, Any]) -> str:
    outcome = facts.get("outcome", "")
    return str(RequestCall.Outcome(outcome).label) if outcome in RequestCall.Outcome.values else ""


HANDED = ("assign", "reassign", "hand_back")
DETAILS: dict[str, Callable[[dict[str, Any]], str]] = {
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


def beside(
    case: ConstituentRequest, user: Any, alike: Sequence[int] = ()
) -> tuple[list[Kin], list[ConstituentRequest]]:
    """What the person may see beside a case: those it belongs with (merged, split off, detached), and those of `alike`
    in their order. Two statements.
    """
    how: dict[int, str] = {}
    of_case = Q(request=case) | Q(origin=case)
    for link in RequestLink.objects.filter(of_case).order_by("pk"):
        other = link.origin_id if link.request_id == case.pk else link.request_id
        how[other] = str(link.get_kind_display())
    seen = ConstituentRequest.objects.visible_to(user).for_list()
    wanted = seen.filter(Q(master=case) | Q(pk__in=[*how, *alike, case.master_id or 0])).order_by("pk")
    found = {each.pk: each for each in wanted}
    named = ((_how(case, each) or how.get(each.pk, ""), each) for each in found.values())
    return [Kin(name, each) for name, each in named if name], [found[pk] for pk in alike if pk in found]


def _how(case: ConstituentRequest, other: ConstituentRequest) -> str:
    if other.pk == case.master_id:
        return _("合并到")
    return _("一起办") if other.master_id == case.pk else ""
