"""The figures of requests: one scan per page, the same definitions for leaders and for the public.

What each figure means stands in words at /how-we-count/; here it stands in SQL, once (`_SUMS`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from accounts.access import Grant, grants_with
from accounts.models import Area, Category
from accounts.permissions import Permission
from accounts.roles import ScopeKind
from intake.models import ConstituentRequest
from intake.models.request import RequestQuerySet
from reports.selectors.periods import Period, midnight, months_back, period_of
from stations.models import Station, stations_of

SMALLEST_BASE = 5
HEAT_STEPS = 5
PUBLIC_SECONDS = 300


@dataclass(frozen=True)
class Rate:
    """A part of a base. Below five it is no percentage, only the two counts."""

    part: int
    base: int

    @property
    def percent(self) -> float | None:
        return 100 * self.part / self.base if self.base >= SMALLEST_BASE else None

    @property
    def text(self) -> str:
        if self.percent is None:
            return f"{self.part} / {self.base}" if self.base else "—"
        return f"{self.percent:.1f}".removesuffix(".0") + "%"

    @property
    def is_small(self) -> bool:
        return self.percent is None


@dataclass(frozen=True)
class Tally:
    """Counts of one set of requests. Every rate is a pair of them, so that none is shown without its base."""

    received: int = 0
    set_aside: int = 0  # 不予登记、转其他渠道、群众撤回
    finished: int = 0
    due: int = 0
    on_time: int = 0
    overdue: int = 0
    told: int = 0
    rated: int = 0
    graded: int = 0  # answered the second question
    satisfied: int = 0
    dissatisfied: int = 0
    judged: int = 0  # answered the first question
    solved: int = 0
    partly: int = 0

    @property
    def to_handle(self) -> int:
        return self.received - self.set_aside

    @property
    def open(self) -> int:
        return self.to_handle - self.finished

    @property
    def finished_rate(self) -> Rate:
        return Rate(self.finished, self.to_handle)

    @property
    def on_time_rate(self) -> Rate:
        return Rate(self.on_time, self.due)

    @property
    def participation(self) -> Rate:
        return Rate(self.rated, self.told)

    @property
    def satisfaction(self) -> Rate:
        return Rate(self.satisfied, self.graded)

    @property
    def dissatisfaction(self) -> Rate:
        return Rate(self.dissatisfied, self.graded)

    @property
    def solved_rate(self) -> Rate:
        return Rate(self.solved, self.judged)

    @property
    def solved_or_partly_rate(self) -> Rate:
        return Rate(self.solved + self.partly, self.judged)

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


# The definitions. `r` is the request, `c` its clock of the promised answer.
_SUMS = """
    count(*),
    count(*) FILTER (WHERE r.closed_at IS NOT NULL AND r.told_at IS NULL),
    count(*) FILTER (WHERE r.closed_at IS NOT NULL AND r.told_at IS NOT NULL),
    count(*) FILTER (WHERE NOT (r.closed_at IS NOT NULL AND r.told_at IS NULL)
        AND (c.stopped_at IS NOT NULL OR (c.due_at <= %(now)s AND c.paused_at IS NULL))),
    count(*) FILTER (WHERE NOT (r.closed_at IS NOT NULL AND r.told_at IS NULL) AND c.stopped_at < c.due_at),
    count(*) FILTER (WHERE c.stopped_at IS NULL AND c.paused_at IS NULL AND c.due_at <= %(now)s),
    count(*) FILTER (WHERE r.told_at IS NOT NULL),
    count(*) FILTER (WHERE r.told_at IS NOT NULL AND r.rated_at IS NOT NULL),
    count(*) FILTER (WHERE r.satisfied <> ''),
    count(*) FILTER (WHERE r.satisfied IN ('satisfied', 'basically')),
    count(*) FILTER (WHERE r.satisfied = 'dissatisfied'),
    count(*) FILTER (WHERE r.solved <> ''),
    count(*) FILTER (WHERE r.solved = 'yes'),
    count(*) FILTER (WHERE r.solved = 'partly')
"""
_COLUMNS = (
    "id", "town_code", "station_id", "category_id", "created_at", "closed_at", "told_at", "rated_at", "solved", "satisfied",
)  # fmt: skip
_CLOCK = (
    "LEFT JOIN core_clock c ON c.case_label = 'request' AND c.case_id = r.id AND c.name = 'request.answer'"
)


# --- whose figures


@dataclass(frozen=True)
class Scope:
    """The requests a page counts, the county or town they lie in, and by which kind of place they are told apart."""

    requests: RequestQuerySet
    name: str
    place_column: str  # town_code or station_id


def scope_of(user: Any, permission: Permission = Permission.OVERVIEW_VIEW) -> Scope:
    """What this person may count: of what they may see, the part their grants with the permission reach."""
    grants = grants_with(user, permission)
    reached = Q(pk__in=[])
    for grant in grants:
        reached |= _reach(grant, user)
    requests = ConstituentRequest.objects.visible_to(user).filter(reached)
    is_county = any(grant.county_codes for grant in grants)
    return Scope(requests, _name_of(grants, user), "town_code" if is_county else "station_id")


def _reach(grant: Grant, user: Any) -> Q:
    if grant.scope == ScopeKind.STATION:
        return Q(station_id__in=stations_of(user))
    if grant.county_codes:
        return Q(county_code__in=grant.county_codes)
    return Q(town_code=grant.town_code)


def _name_of(grants: list[Grant], user: Any) -> str:
    codes = [code for grant in grants for code in grant.county_codes or (grant.town_code,) if code]
    if codes:
        names = Area.objects.filter(code__in=codes[:3], valid_to__isnull=True).values_list("name", flat=True)
        return "、".join(names)
    return "、".join(Station.objects.filter(pk__in=stations_of(user)[:3]).values_list("name", flat=True))


def within_site(rows: Any) -> Any:
    """Of rows that carry `county_code`, those of the portal's own county, or of every county of its city."""
    code = settings.SITE_AREA_CODE
    if code[4:6] != "00":
        return rows.filter(county_code=code)
    return rows.filter(county_code__startswith=code[:4] if code[2:4] != "00" else code[:2])


def public_scope() -> Scope:
    return Scope(within_site(ConstituentRequest.objects.all()), "", "town_code")


# --- counting


def _sql_of(requests: Any) -> tuple[str, tuple[Any, ...]] | None:
    try:
        return requests.order_by().values(*_COLUMNS).query.sql_with_params()
    except EmptyResultSet:
        return None


def _run(requests: Any, sql: str, params: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run `sql` over the requests, which it reads as `r`. One statement."""
    scope = _sql_of(requests)
    if scope is None:
        return []
    text, values = scope
    first, *rest = text.split("%s")
    named = first + "".join(f"%(scope{place})s{part}" for place, part in enumerate(rest))
    names = {f"scope{place}": value for place, value in enumerate(values)}
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("<scope>", f"({named}) r"), names | params)
        return cursor.fetchall()


def total(requests: Any, *, now: datetime | None = None) -> Tally:
    """The counts of all these requests."""
    rows = _run(requests, f"SELECT {_SUMS} FROM <scope> {_CLOCK}", {"now": now or timezone.now()})
    return Tally(*rows[0]) if rows else Tally()


@dataclass(frozen=True)
class Breakdown:
    """A period and the same days a year before; by place; by place and category."""

    now: Tally
    before: Tally
    by_place: dict[Any, Tally] = field(default_factory=dict)
    by_cell: dict[tuple[Any, int], Tally] = field(default_factory=dict)


def breakdown(scope: Scope, period: Period, *, now: datetime | None = None) -> Breakdown:
    """Everything an overview says of a period, in one scan."""
    before = period.year_before
    requests = scope.requests.filter(
        Q(created_at__gte=period.since, created_at__lt=period.until)
        | Q(created_at__gte=before.since, created_at__lt=before.until)
    )
    place = f"r.{scope.place_column}"
    # The finest groups only: they are few, and adding them up here spares PostgreSQL a sort of every row.
    sql = f"""
        SELECT r.created_at >= %(since)s, {place}, r.category_id, {_SUMS} FROM <scope> {_CLOCK} GROUP BY 1, 2, 3
    """
    rows = _run(requests, sql, {"now": now or timezone.now(), "since": period.since})
    found = {True: Tally(), False: Tally()}
    by_place: dict[Any, Tally] = {}
    by_cell: dict[tuple[Any, int], Tally] = {}
    for is_now, where, category, *counts in rows:
        tally = Tally(*counts)
        found[is_now] += tally
        if is_now:
            by_place[where] = by_place.get(where, Tally()) + tally
            by_cell[where, category] = tally
    return Breakdown(found[True], found[False], by_place, by_cell)


@dataclass(frozen=True)
class Month:
    first: date
    received: int = 0
    finished: int = 0
    graded: int = 0
    satisfied: int = 0


def months(scope: Scope, *, last: date | None = None, count: int = 12) -> list[Month]:
    """Month by month: what came in, what was finished in that month, and how those who rated in it were satisfied."""
    last = last or timezone.localdate()
    first = months_back(last, count - 1)
    since = midnight(first)
    requests = scope.requests.filter(
        Q(created_at__gte=since) | Q(closed_at__gte=since) | Q(rated_at__gte=since)
    )
    sql = """
        SELECT v.name, date_trunc('month', v.at AT TIME ZONE %(zone)s)::date, count(*)
        FROM <scope> CROSS JOIN LATERAL (VALUES
            ('received', r.created_at),
            ('finished', CASE WHEN r.told_at IS NOT NULL THEN r.closed_at END),
            ('graded', CASE WHEN r.satisfied <> '' THEN r.rated_at END),
            ('satisfied', CASE WHEN r.satisfied IN ('satisfied', 'basically') THEN r.rated_at END)
        ) v(name, at)
        WHERE v.at >= %(since)s GROUP BY 1, 2
    """
    rows = _run(requests, sql, {"zone": settings.TIME_ZONE, "since": since})
    found = {months_back(last, back): Month(months_back(last, back)) for back in range(count - 1, -1, -1)}
    for name, month, number in rows:
        if month in found:
            found[month] = replace(found[month], **{name: number})
    return list(found.values())


def public_year() -> Tally:
    """This year's counts for the home of everybody: counted once in five minutes, as they need not be newer there."""
    year = period_of("year")
    counted = caches["pages"].get_or_set(
        f"figures:{year.first}",
        lambda: total(public_scope().requests.filter(created_at__gte=year.since)),
        PUBLIC_SECONDS,
    )
    return cast("Tally", counted)


# --- tables drawn from a breakdown


@dataclass(frozen=True)
class Place:
    """A town or a station as a row of a table; `code` is what the list behind it is asked for."""

    key: Any
    code: str
    name: str
    tally: Tally


def places(scope: Scope, found: Breakdown) -> list[Place]:
    """The places of a breakdown by their codes, named as today."""
    if scope.place_column == "town_code":
        rows = Area.objects.filter(code__in=list(found.by_place), valid_to__isnull=True)
        names = {code: (code, name) for code, name in rows.values_list("code", "name")}
    else:
        stations = Station.objects.filter(pk__in=list(found.by_place))
        names = {pk: (code, name) for pk, code, name in stations.values_list("pk", "code", "name")}
    listed = [
        Place(key, *names.get(key, (str(key), str(key))), tally) for key, tally in found.by_place.items()
    ]
    return sorted(listed, key=lambda place: place.code)


@dataclass(frozen=True)
class Cell:
    count: int
    step: int


@dataclass(frozen=True)
class Heat:
    """Places × kinds of matter, with the number in every cell and one of five steps."""

    columns: list[Category]
    rows: list[tuple[Place, list[Cell]]]


def heat(found: Breakdown, listed: list[Place], *, at_most: int = 10) -> Heat:
    """The most frequent kinds, second-level ones counted to their parent."""
    categories = {category.pk: category for category in Category.objects.select_related("parent")}
    counts: dict[tuple[Any, int], int] = {}
    totals: dict[int, int] = {}
    for (where, pk), tally in found.by_cell.items():
        top = categories[pk].parent_id or pk
        counts[where, top] = counts.get((where, top), 0) + tally.received
        totals[top] = totals.get(top, 0) + tally.received
    shown = sorted(totals, key=lambda pk: (-totals[pk], pk))[:at_most]
    columns = sorted((categories[pk] for pk in shown), key=lambda category: (category.order, category.pk))
    highest = max(counts.values(), default=0)

    def cell(place: Place, category: Category) -> Cell:
        count = counts.get((place.key, category.pk), 0)
        return Cell(count, min(HEAT_STEPS - 1, count * HEAT_STEPS // (highest + 1)))

    return Heat(columns, [(place, [cell(place, column) for column in columns]) for place in listed])


# --- what the public may read


def without_small(
    listed: list[Place], *, enough: Callable[[Place], bool] | None = None
) -> list[Place | None]:
    """The places, with nothing in the stead of those with fewer than five requests.

    A single hidden place could be had as the rest of the total, so the next smallest is hidden with it.
    """
    enough = enough or (lambda place: place.tally.received >= SMALLEST_BASE)
    hidden = [place for place in listed if not enough(place)]
    if len(hidden) == 1:
        hidden += sorted(
            (place for place in listed if place not in hidden), key=lambda place: place.tally.received
        )[:1]
    return [None if place in hidden else place for place in listed]
