"""What the desks list: one view of the work after another, in the order in which it must leave the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import grants_with
from accounts.permissions import Permission as P
from accounts.roles import ScopeKind
from core import deadlines, rulebook, tallies
from core.models import Clock, Draft, Event
from core.search import search
from intake.models import ConstituentRequest, RequestCall
from intake.selectors.standing import counted

PAGE = 25
SOON_WORKING_DAYS = 2
PROMISE = "request.answer"
ASKED_WITHIN = timedelta(days=90)


@dataclass(frozen=True)
class View:
    """One list of the desk. `due` sorts the most urgent first; everything else the newest first."""

    name: str
    label: Any
    icon: str
    states: tuple[str, ...] = ()
    by_due: bool = True


VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        View("register", _("待登记"), "inbox", ("received",)),
        View("triage", _("待分办"), "split", ("registered",)),
        View("approve", _("待我批"), "gavel"),
        View("soon", _("快到期"), "clock"),
        View("late", _("已超期"), "stop"),
        View("own", _("站内办理"), "station", ("handling",)),
        View("feedback", _("待反馈"), "say", ("replied",)),
        View("callback", _("待回访"), "phone", ("callback",)),
        View("redo", _("退回重办"), "refresh", ("redoing",)),
        View("follow", _("跟踪落实"), "flag", ("following",)),
        View("all", _("全部"), "list", by_due=False),
    )
}
SORTS = (("due", _("最急的在前")), ("new", _("最新的在前")), ("old", _("最早的在前")))


def is_desk_person(user: Any) -> bool:
    """Whether the person looks after the requests of a station or an area: units and representatives have other desks."""
    return any(
        grant.scope in (ScopeKind.STATION, ScopeKind.AREA) for grant in grants_with(user, P.REQUEST_VIEW)
    )


def is_unit_person(user: Any) -> bool:
    return bool(grants_with(user, P.REQUEST_REPLY))


def views_for(user: Any) -> list[View]:
    """The lists this person has work in; approvals only for those who assign."""
    approves = bool(grants_with(user, P.REQUEST_ASSIGN))
    return [view for view in VIEWS.values() if view.name != "approve" or approves]


def first_view(user: Any) -> View:
    return VIEWS["register"] if grants_with(user, P.REQUEST_REGISTER) else VIEWS["all"]


# --- which rows


def soon_until(now: datetime) -> datetime:
    day = rulebook.calendar().add_working_days(timezone.localdate(now), SOON_WORKING_DAYS)
    return deadlines.end_of(day)


def extension_asked() -> Q:
    """Whether the last word about the date is a unit's wish for another one."""
    about = {"case_label": ConstituentRequest.label, "kind__startswith": "intake.request."}
    answered = Event.objects.filter(
        case_label=ConstituentRequest.label,
        case_id=OuterRef("case_id"),
        seq__gt=OuterRef("seq"),
        kind__in=[f"intake.request.{verb}" for verb in ("extend", "refuse_extension", "submit_reply")],
    )
    asked = Event.objects.filter(
        case_label=about["case_label"],
        kind="intake.request.request_extension",
        at__gte=timezone.now() - ASKED_WITHIN,
    ).filter(~Exists(answered))
    return Q(state__in=("assigned", "redoing"), pk__in=asked.values("case_id"))


def of_view(rows: Any, view: View, user: Any, now: datetime) -> Any:
    """The rows of one list, out of those the person may see."""
    if view.by_due:
        # The states say it already; this lets the index of what is open serve.
        rows = rows.open()
    if view.name == "approve":
        wanted = Q(state="returned")
        if grants_with(user, P.REQUEST_EXTEND):
            wanted |= extension_asked()
        return rows.filter(wanted)
    if view.name == "triage" and _has_county(user):
        return rows.filter(state__in=("registered", "escalated", "disputed"))
    if view.name == "late":
        return rows.filter(due_at__lte=now)
    if view.name == "soon":
        return rows.filter(due_at__gt=now, due_at__lte=soon_until(now))
    return rows.filter(state__in=view.states) if view.states else rows


def _has_county(user: Any) -> bool:
    return any(grant.county_codes for grant in grants_with(user, P.REQUEST_TRIAGE))


def lists_of(user: Any) -> dict[str, QuerySet[Any]]:
    """The lists that count this person's work, for `core.tallies`."""
    if not is_desk_person(user):
        return {}
    now, seen = timezone.now(), ConstituentRequest.objects.visible_to(user)
    return {
        f"desk.{view.name}": of_view(seen, view, user, now) for view in views_for(user) if view.name != "all"
    }


def counts(user: Any) -> dict[str, int]:
    """How many wait in each list by its name, at most 100 counted."""
    return {
        name.removeprefix("desk."): number
        for name, number in tallies.of(user).items()
        if name.startswith("desk.")
    }


def filtered(rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
    """Narrow a list by what the filter form gives: words, place, category, state, standing, days, unit, channel, urgent."""
    for name in ("station", "unit", "state", "channel"):
        if wanted.get(name):
            rows = rows.filter(**{name: wanted[name]})
    rows = counted(rows, wanted)
    if wanted.get("is_urgent"):
        rows = rows.filter(is_urgent=True)
    if wanted.get("q"):
        rows = search(rows, wanted["q"], vector="search", texts=["reference", "title", "body", "place"])
    return rows


# --- pages by keyset


@dataclass(frozen=True)
class Page:
    """A stretch of a sorted list, and the marks that lead to the stretches beside it."""

    rows: list[Any]
    back: str = ""
    on: str = ""


def page_of(
    rows: QuerySet[Any], sort: str, *, on: str = "", back: str = "", size: int = PAGE, by_day: bool = False
) -> Page:
    """The rows after the mark `on`, or before the mark `back`: never an OFFSET, at any length of the list.

    `by_day` goes by the instant of arrival instead of the number: for a list between two days, which an index holds
    together that way.
    """
    turned = bool(back)
    instant = "due_at" if sort == "due" else "created_at" if by_day else ""
    is_falling = (sort == "new") != turned
    mark = _read_mark(back or on, with_instant=bool(instant))
    if mark is not None:
        rows = rows.filter(_beyond(instant, mark, is_falling=is_falling))
    names = (instant, "pk") if instant else ("pk",)
    found = list(rows.order_by(*(f"-{name}" if is_falling else name for name in names))[: size + 1])
    more, found = len(found) > size, found[:size]
    if turned:
        found.reverse()
    if not found:
        return Page([])
    before = more if turned else mark is not None
    after = True if turned else more
    return Page(
        found,
        _mark(instant, found[0]) if before else "",
        _mark(instant, found[-1]) if after else "",
    )


def _mark(instant: str, row: Any) -> str:
    return f"{getattr(row, instant).isoformat()}_{row.pk}" if instant else str(row.pk)


def _read_mark(text: str, *, with_instant: bool) -> tuple[datetime | None, int] | None:
    """What a mark says; a mark somebody typed wrong is the beginning of the list."""
    try:
        if not with_instant:
            pk, at = int(text), None
        else:
            instant, _line, tail = text.rpartition("_")
            at, pk = datetime.fromisoformat(instant), int(tail)
            if at.tzinfo is None:
                return None
    except ValueError:
        return None
    return (at, pk) if 0 <= pk < 2**63 else None


def _beyond(instant: str, mark: tuple[datetime | None, int], *, is_falling: bool) -> Any:
    at, pk = mark
    if not instant:
        return Q(pk__lt=pk) if is_falling else Q(pk__gt=pk)
    # Compared as a pair: with an OR instead, the index would be read from its beginning.
    compare = TupleLessThan if is_falling else TupleGreaterThan
    return compare(Tuple(instant, "pk"), (at, pk))


def due_faces(cases: Iterable[ConstituentRequest]) -> dict[int, deadlines.ClockFace]:
    """The clock each row of a list shows: the one that ends first, of those somebody must beat. One statement."""
    known = {case.pk: case for case in cases}
    life = ConstituentRequest.workflow
    faces: dict[int, deadlines.ClockFace] = {}
    running = Clock.objects.filter(
        case_label=ConstituentRequest.label,
        case_id__in=known,
        stopped_at__isnull=True,
        paused_at__isnull=True,
    ).exclude(name__in=life.rights | life.windows)
    # On the same day the clock of the work itself says more than the promise it serves.
    for clock in sorted(running, key=lambda each: (each.due_at, each.name == PROMISE), reverse=True):
        faces[clock.case_id] = deadlines.face(known[clock.case_id], clock)
    return faces


def arrived_since(user: Any, newest: int) -> int:
    """How many requests came in after the newest one a list shows, at most 100."""
    seen = ConstituentRequest.objects.visible_to(user).filter(pk__gt=newest, state="received")
    return seen.order_by()[: tallies.CAP + 1].count()


def by_phone(user: Any, index: str) -> QuerySet[Any]:
    """Everything this number ever told us, the newest first."""
    return (
        ConstituentRequest.objects.visible_to(user).for_list().filter(phone_index=index).order_by("-pk")
        if index
        else ConstituentRequest.objects.none()
    )


# --- call-backs


def to_call(user: Any) -> QuerySet[Any]:
    """Whom to call: those half content, and those who asked for a call instead of a message. Untried today first."""
    tried = RequestCall.objects.filter(request=OuterRef("pk"))
    return (
        ConstituentRequest.objects.visible_to(user)
        .for_list()
        .filter(Q(state="callback") | Q(state="told", notify="phone"))
        .annotate(last_try=Subquery(tried.order_by("-at").values("at")[:1]))
        .order_by(F("last_try").asc(nulls_first=True), "pk")
    )


# --- drafts


def draft_key(user: Any, case: Any, verb: str) -> str:
    return f"{user.pk}:{case.label}:{case.pk}:{verb}"


def draft_of(user: Any, case: Any, verb: str) -> Draft | None:
    """What this person had written on this step of this case; nobody else's, and nothing older than its time."""
    return Draft.objects.filter(key=draft_key(user, case, verb), expires_at__gt=timezone.now()).first()


# --- what usually happens to such a case


@dataclass(frozen=True)
class Habit:
    """What was done with the last cases of the same category: a suggestion says on what it rests."""

    unit_id: int | None
    complexity: str | None
    looked_at: int


def habit_of(case: ConstituentRequest, *, last: int = 20) -> Habit:
    rows: Sequence[tuple[int, str]] = list(
        ConstituentRequest.objects.filter(
            county_code=case.county_code, category_id=case.category_id, unit__isnull=False
        )
        .exclude(pk=case.pk)
        .order_by("-pk")
        .values_list("unit_id", "complexity")[:last]
    )
    if not rows:
        return Habit(None, None, 0)
    units, kinds = Counter(row[0] for row in rows), Counter(row[1] for row in rows)
    return Habit(units.most_common(1)[0][0], kinds.most_common(1)[0][0], len(rows))
