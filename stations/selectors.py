"""What pages ask about stations: who is there now, what comes next, which station serves a village."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Case, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, When
from django.utils import timezone

from accounts.roles import ScopeKind
from representatives.models import Person
from representatives.places import Seat
from representatives.selectors import with_mandates
from stations.models import Posting, Reception, Station, stations_of

if TYPE_CHECKING:
    from accounts.access import Grant
    from accounts.models import Area

# --- people at stations


def representatives_of(station: Station) -> list[Person]:
    """The public representatives who sit at the station now, each with `posting` and `live_mandates`."""
    return representatives_of_all([station.pk]).get(station.pk, [])


def representatives_of_all(station_ids: Collection[int]) -> dict[int, list[Person]]:
    sitting = (
        Posting.objects.current()
        .filter(station_id__in=station_ids, person__in=Person.objects.public().in_office())
        .prefetch_related(Prefetch("person", queryset=with_mandates(Person.objects.all())))
        .order_by("person__pinyin", "person_id")
    )
    found: dict[int, list[Person]] = {}
    for posting in sitting:
        posting.person.posting = posting
        found.setdefault(posting.station_id, []).append(posting.person)
    return found


# --- receptions


def _public_people(*, named_only: bool = False) -> Prefetch:
    people = Person.objects.public().in_office()
    return Prefetch(
        "people", queryset=people if named_only else with_mandates(people), to_attr="public_people"
    )


def duties_now(
    station_ids: Collection[int], *, at: datetime | None = None, named_only: bool = False
) -> dict[int, Reception]:
    """The public reception held at each of these stations at this moment, with its `public_people`."""
    held = Reception.objects.public().now(at).filter(station_id__in=station_ids)
    people = _public_people(named_only=named_only)
    return {reception.station_id: reception for reception in held.prefetch_related(people)}


def duty_now(station: Station, *, at: datetime | None = None) -> Reception | None:
    return duties_now([station.pk], at=at).get(station.pk)


def next_receptions(station_ids: Collection[int], *, at: datetime | None = None) -> dict[int, Reception]:
    """The next public reception of each of these stations."""
    coming = Reception.objects.public().coming(at).filter(station_id__in=station_ids)
    return {
        reception.station_id: reception
        for reception in coming.order_by("station_id", "starts_at").distinct("station_id")
    }


def next_reception(station: Station, *, at: datetime | None = None) -> Reception | None:
    return next_receptions([station.pk], at=at).get(station.pk)


def agenda(station: Station, *, limit: int, at: datetime | None = None) -> list[Reception]:
    """What is on now and what comes next, in order, with the people named."""
    at = at or timezone.now()
    rows = Reception.objects.public().filter(station=station, cancelled_reason="", ends_at__gt=at)
    return list(rows.order_by("starts_at").prefetch_related(_public_people())[:limit])


def mark_duty(stations: Iterable[Station]) -> list[Station]:
    """Give each station `duty` (now, with the names) and `coming` (next): three statements for any number."""
    listed = list(stations)
    ids = [station.pk for station in listed]
    now, coming = duties_now(ids, named_only=True), next_receptions(ids)
    for station in listed:
        station.duty, station.coming = now.get(station.pk), coming.get(station.pk)  # type: ignore[attr-defined]
    return listed


# --- which station

_KIND_RANK = {
    Station.Kind.STATION: 0,
    Station.Kind.HOME: 1,
    Station.Kind.POINT: 2,
    Station.Kind.WORKROOM: 3,
    Station.Kind.CENTRAL_STATION: 4,
    Station.Kind.HEAD_STATION: 5,
}
# A matter of any kind may be brought here; the other kinds have a theme of their own.
GENERAL_KINDS = tuple(_KIND_RANK)


def open_to_public() -> QuerySet[Station]:
    today = timezone.localdate()
    return Station.objects.public().filter(Q(closed_on__isnull=True) | Q(closed_on__gt=today))


def site_prefix() -> str:
    """The digits all divisions of this site begin with: two for a province, four for a city, six for a county."""
    code = settings.SITE_AREA_CODE
    return code[:2] if not code[2:].strip("0") else code[:4] if not code[4:].strip("0") else code[:6]


def within_site(stations: QuerySet[Station]) -> QuerySet[Station]:
    """Those of the portal's own division: all towns of a county, all counties of a city."""
    return stations.filter(county_code__startswith=site_prefix())


def stations_serving(area: Area) -> QuerySet[Station]:
    """The stations a village or town may turn to, nearest duty first: its own, its town's, its county's."""
    named = Station.serves.through.objects.filter(station=OuterRef("pk"), area_id=area.pk)
    rank = Case(
        When(Exists(named), then=0),
        When(area_id=area.pk, then=1),
        When(Q(town_code=area.town_code) & ~Q(town_code=""), then=2),
        default=3,
        output_field=IntegerField(),
    )
    kind = Case(*[When(kind=each, then=place) for each, place in _KIND_RANK.items()], default=9)
    near = Q(town_code=area.town_code) if area.town_code else Q(county_code=area.county_code)
    whole_county = Q(county_code=area.county_code, town_code="")
    return (
        open_to_public()
        .filter(near | whole_county | Exists(named), kind__in=GENERAL_KINDS)
        .annotate(rank=rank, kind_rank=kind)
        .order_by("rank", "kind_rank", "code")
    )


def station_for_village(area: Area) -> Station | None:
    """The station that takes what this village says; one statement."""
    return stations_serving(area).select_related("venue", "area").first()


def by_distance(latitude: float, longitude: float, *, limit: int) -> list[tuple[Station, int]]:
    """The nearest open stations with their distance in metres. The place is used for this answer and kept nowhere."""
    placed = within_site(open_to_public()).filter(
        venue__latitude__isnull=False, venue__longitude__isnull=False
    )
    rows: Any = placed.values_list("pk", "venue__latitude", "venue__longitude")
    near = sorted((metres(latitude, longitude, float(lat), float(lon)), pk) for pk, lat, lon in rows)[:limit]
    found = placed.select_related("venue", "area").in_bulk([pk for _far, pk in near])
    return [(found[pk], far) for far, pk in near]


def metres(lat: float, lon: float, other_lat: float, other_lon: float) -> int:
    """Along the great circle; enough for 约 600 米."""
    half = sin(radians(other_lat - lat) / 2) ** 2
    half += cos(radians(lat)) * cos(radians(other_lat)) * sin(radians(other_lon - lon) / 2) ** 2
    return round(2 * 6_371_000 * asin(sqrt(min(1.0, half))))


def marked_open(stations: QuerySet[Station]) -> QuerySet[Station]:
    """With `is_receiving`: whether somebody receives there now."""
    held = Reception.objects.public().now().filter(station=OuterRef("pk"))
    return stations.annotate(is_receiving=Exists(held))


# --- what upper apps add to a station's page


@dataclass(frozen=True)
class BoardLine:
    """One thing a station got done, as its page shows it."""

    title: str
    note: str
    url: str = ""


@dataclass(frozen=True)
class Board:
    """A notice board on a station's page, filled by an app above: solved matters, published suggestions."""

    title: str
    count_text: str
    lines: tuple[BoardLine, ...] = ()
    url: str = ""
    icon: str = "check-circle"


_boards: list[Callable[[Station], Board | None]] = []


def register_board(board: Callable[[Station], Board | None]) -> None:
    """Called once by an upper app's AppConfig. `board` may cost two statements and gives None when empty."""
    if board not in _boards:
        _boards.append(board)


def boards_of(station: Station) -> list[Board]:
    return [board for make in _boards if (board := make(station)) is not None]


# --- what the app below asks about its people


class StationPlaces:
    """Where representatives sit, for `representatives.places`."""

    def seats(self, people: Collection[int]) -> dict[int, list[Seat]]:
        today = timezone.localdate()
        sitting = (
            Posting.objects.current()
            .filter(person_id__in=people, station__is_public=True)
            .filter(Q(station__closed_on__isnull=True) | Q(station__closed_on__gt=today))
            .select_related("station__venue")
            .order_by("begins_on", "station__code")
        )
        found: dict[int, list[Seat]] = {}
        for posting in sitting:
            station = posting.station
            seat = Seat(
                code=station.code,
                name=station.name,
                url=station.get_absolute_url(),
                address=station.venue.address if station.venue else "",
                when=posting.duty_days,
            )
            found.setdefault(posting.person_id, []).append(seat)
        return found

    def people_serving(self, area: Area) -> Any:
        served = Q(station__serves=area.pk)
        if area.level == area.Level.TOWN:
            served |= Q(station__town_code=area.code)
        elif area.level == area.Level.VILLAGE:
            served |= Q(station__area=area.pk)
        else:
            served |= Q(station__county_code=area.county_code)
        return Posting.objects.current().filter(served).values("person")

    def people_within(self, user: Any, grant: Grant) -> Any:
        postings = Posting.objects.all()
        if grant.scope == ScopeKind.STATION:
            postings = postings.filter(station__in=stations_of(user))
        elif grant.county_codes:
            postings = postings.filter(station__county_code__in=grant.county_codes)
        elif grant.town_code:
            postings = postings.filter(station__town_code=grant.town_code)
        else:
            return []
        return postings.values("person")

    def area_codes_of(self, user: Any) -> list[str]:
        codes = Station.objects.filter(pk__in=stations_of(user)).values_list("county_code", "town_code")
        return sorted({code for pair in codes for code in pair if code})
