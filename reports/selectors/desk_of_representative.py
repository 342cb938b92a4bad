"""What waits for a representative: the matters they follow, their next duty, what they did this year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import has_permission
from accounts.permissions import Permission
from core import tallies
from core.deadlines import ClockFace
from core.models import Event
from core.privacy import mask_name
from intake import rules
from intake.models import ConstituentRequest, RequestNote
from intake.models.request import RequestQuerySet
from intake.selectors import desk
from representatives.models import Person
from stations.models import Posting, Reception, Station

# The resident is not content, or only half: a word from the representative helps now.
SPEAK = ("redoing", "disputed", "callback")
RESULT = ("replied", "told", "following")
URGED_WITHIN = timedelta(days=3)
SHOWN = 60
PAGE = 20


# --- who


@dataclass(frozen=True)
class Me:
    person: Person
    stations: tuple[Station, ...]


def me(user: Any) -> Me | None:
    """The representative behind an account, with the stations where they sit. Read once per request."""
    if not hasattr(user, "_representative"):
        postings = list(
            Posting.objects.current()
            .filter(person__user_id=user.pk, station__closed_on__isnull=True)
            .select_related("person__photo", "station__area")
            .order_by("begins_on", "pk")
        )
        person = (
            postings[0].person
            if postings
            else Person.objects.select_related("photo").filter(user_id=user.pk).first()
        )
        stations = tuple(dict.fromkeys(posting.station for posting in postings))
        user._representative = Me(person, stations) if person is not None else None
    return user._representative


# --- what they follow


def followed(user: Any) -> RequestQuerySet:
    """The requests this person follows: of what they may see, never more."""
    return ConstituentRequest.objects.visible_to(user).filter(follower__user_id=user.pk)


def _with_reasons(rows: RequestQuerySet, user: Any) -> Any:
    """Annotate why a matter waits for this person, until they have written or pressed."""
    own = RequestNote.objects.filter(request=OuterRef("pk"), by=user)
    own_after = RequestNote.objects.filter(request=OuterRef("request"), by=user, at__gt=OuterRef("at"))
    said = RequestNote.objects.filter(
        request=OuterRef("pk"), kind__in=(RequestNote.Kind.ADDITION, RequestNote.Kind.ANSWER)
    )
    urged = Event.objects.filter(
        case_label=ConstituentRequest.label,
        case_id=OuterRef("pk"),
        kind="intake.request.urge",
        at__gte=timezone.now() - URGED_WITHIN,
    )
    return rows.annotate(
        spoke=Exists(own.filter(at__gte=OuterRef("state_since"))),
        asked=Exists(said.filter(~Exists(own_after))),
        urged=Exists(urged),
    )


def _to_speak(user: Any) -> Q:
    return Q(state__in=SPEAK, spoke=False) | Q(asked=True)


@dataclass(frozen=True)
class Followed:
    """A matter as a row: where it stands on the line of four, its clock, who has it, why it waits."""

    case: Any
    face: ClockFace | None

    @property
    def who(self) -> str:
        return str(self.case.unit or self.case.station)

    @property
    def station(self) -> int:
        return self.case.workflow.states[self.case.state].station

    @property
    def is_closed(self) -> bool:
        return self.case.closed_at is not None

    @property
    def state_words(self) -> Any:
        return self.case.workflow.states[self.case.state].label

    @property
    def is_late(self) -> bool:
        return self.face is not None and self.face.is_overdue

    @property
    def waits_to_speak(self) -> bool:
        return not self.is_closed and ((self.case.state in SPEAK and not self.case.spoke) or self.case.asked)

    @property
    def waits_to_urge(self) -> bool:
        return not self.is_closed and self.is_late and not self.case.urged


def rows_of(cases: list[Any]) -> list[Followed]:
    faces = desk.due_faces(cases)
    return [Followed(case, faces.get(case.pk)) for case in cases]


def open_matters(user: Any) -> list[Followed]:
    """Everything open that this person follows, the most urgent first. Two statements, read once per request."""
    if not hasattr(user, "_open_matters"):
        rows = _with_reasons(followed(user).open().for_list(), user)
        cases = list(rows.order_by("due_at", "-pk")[:SHOWN])
        user._open_matters = rows_of(cases)
    return user._open_matters


@dataclass(frozen=True)
class Todo:
    """One thing that waits, with its clock and the one verb that deals with it."""

    icon: str
    tone: str
    title: str
    note: Any
    verb: Any
    case: Any = None
    face: ClockFace | None = None
    step: str = ""
    reception: Reception | None = None


def todos(user: Any, duty: Reception | None) -> list[Todo]:
    """等您处理: words to answer first, then whoever is late, then tomorrow's duty."""
    found: list[Todo] = []
    for row in open_matters(user):
        case = row.case
        if row.waits_to_speak:
            note = _("群众又说了几句") if case.asked else _SPEAK_WORDS[case.state]
            found.append(Todo("say", "", case.title, note, _("去回话"), case, row.face, "talk"))
        elif row.waits_to_urge:
            found.append(Todo("clock", "gold", case.title, row.who, _("催一催"), case, row.face, "urge"))
    if duty is not None and duty.starts_at - timezone.now() < timedelta(days=2):
        found.append(Todo("calendar", "blue", duty.station.name, duty, _("看安排"), reception=duty))
    return found


_SPEAK_WORDS = {
    "redoing": _("群众不满意，已退回重办"),
    "disputed": _("群众再次不满意，县里在复核"),
    "callback": _("只解决了一部分"),
}


def lists_of(user: Any) -> dict[str, Any]:
    """What is open, and what of it waits for this person, for `core.tallies`: the same reasons as in `Followed`."""
    if not has_permission(user, Permission.REQUEST_FOLLOW):
        return {}
    matters = followed(user).open()
    late = Q(due_at__lte=timezone.now())
    waits = _with_reasons(matters, user).filter(_to_speak(user) | (Q(urged=False) & late))
    return {"my.open": matters, "my.waiting": waits}


def waiting_count(user: Any) -> int:
    """How many matters wait for this person: the red number of the tab."""
    return tallies.of(user).get("my.waiting", 0)


def open_count(user: Any) -> int:
    return tallies.of(user).get("my.open", 0)


# --- the list


TABS = {"speak": _("要我回话"), "open": _("在办"), "result": _("有结果")}


@dataclass(frozen=True)
class Page:
    rows: list[Followed]
    older: int | None
    counts: dict[str, int]
    villages: list[tuple[int, str]]


def page_of(user: Any, *, tab: str, village: int | None, before: int | None) -> Page:
    """One stretch of the list by keyset, with the length of every tab and the villages that occur."""
    rows = _with_reasons(followed(user), user)
    if village is not None:
        rows = rows.filter(village=village)
    wanted = {
        "speak": Q(closed_at__isnull=True) & _to_speak(user),
        "open": Q(closed_at__isnull=True) & ~Q(state__in=RESULT),
        "result": Q(closed_at__isnull=False) | Q(state__in=RESULT),
    }
    counts = rows.aggregate(**{name: Count("pk", filter=condition) for name, condition in wanted.items()})
    listed = rows.filter(wanted[tab]).for_list()
    if before is not None:
        listed = listed.filter(pk__lt=before)
    cases = list(listed.order_by("-pk")[: PAGE + 1])
    villages = (
        followed(user)
        .filter(village__isnull=False)
        .order_by("village__code")
        .values_list("village", "village__name")
        .distinct()
    )
    return Page(
        rows_of(cases[:PAGE]), cases[PAGE - 1].pk if len(cases) > PAGE else None, counts, list(villages[:100])
    )


# --- one matter


@dataclass(frozen=True)
class Line:
    """A line of the log, as components/_timeline.html wants it."""

    title: str
    at: datetime
    who: str = ""
    said: str = ""


def log_of(case: Any, user: Any) -> list[Line]:
    """What the resident may read, what the resident added, and this person's own notes; the newest first."""
    lines = [Line(row.title, row.at, said=row.text) for row in case.progress.all()]
    for note in case.notes.filter(by=user, kind=RequestNote.Kind.STAFF):
        lines.append(Line(str(_("我的记录")), note.at, said=note.text))
    # What was written in the same instant is turned round with the rest.
    return sorted(lines, key=lambda line: line.at)[::-1]


@dataclass(frozen=True)
class Reachable:
    """How the resident may be reached, as far as they allowed it."""

    name: str
    phone: str
    may_reveal: bool
    has_phone: bool
    hides_numbers: bool


def reachable(case: Any, user: Any) -> Reachable:
    allowed = rules.may_reveal(user, case)
    return Reachable(
        mask_name(case.contact_name) if allowed else "",
        case.masked_phone if allowed else "",
        allowed,
        case.has_contact,
        allowed and bool(case.body_spans),
    )


# --- duty


def next_duty(person: Person) -> Reception | None:
    """The reception this person holds now or next."""
    return next(iter(duties(person, limit=1)), None)


def duties(person: Person, *, limit: int = 30, past: bool = False) -> list[Reception]:
    """Receptions of this person from now on, or those of the last 90 days."""
    now = timezone.now()
    rows = Reception.objects.filter(people=person).select_related("station__venue").prefetch_related("people")
    if past:
        rows = rows.filter(ends_at__lte=now, ends_at__gt=now - timedelta(days=90)).order_by("-starts_at")
    else:
        rows = rows.filter(ends_at__gt=now, cancelled_reason="").order_by("starts_at")
    return list(rows[:limit])
