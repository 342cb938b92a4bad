"""Where a matter goes: the station of a code, a representative, an activity, or the one that serves a village."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.models import Area, Category
from core.remembered import Remembered
from representatives.models import Person
from stations.models import Posting, Reception, Station
from stations.selectors import GENERAL_KINDS, open_to_public, site_prefix, station_for_village

LONGEST_LIST = 400

# What every request that comes in names, by its code.
station_of_code: Remembered[str, Station] = Remembered(
    lambda code: Station.objects.public().select_related("area").filter(code=code).first()
)
category_of_code: Remembered[str, Category] = Remembered(
    lambda code: Category.objects.filter(code=code, is_active=True).first()
)
village_of_code: Remembered[str, Area] = Remembered(
    lambda code: Area.objects.in_force().filter(code=code, level=Area.Level.VILLAGE).first()
)


@dataclass(frozen=True)
class Origin:
    """What the address of the first page said: station, representative and reception day, as far as they exist."""

    station: Station | None = None
    follower: Person | None = None
    came_by: str = ""


def origin_of(said: dict[str, Any], *, find_station: bool = True) -> Origin:
    """From `s` (station code), `r` (representative) and `a` (reception day). Unknown codes are passed over."""
    station = open_station(said.get("s") or "")
    follower = _representative(said.get("r") or "")
    came_by = ""
    if said.get("a"):
        day = (
            Reception.objects.select_related("station")
            .filter(public_id=str(said["a"])[:12], is_public=True)
            .first()
        )
        if day is not None:
            came_by, station = day.public_id, station or open_station(day.station.code)
    if station is None and follower is not None and find_station:
        seat = (
            Posting.objects.current()
            .filter(person=follower, station__is_public=True, station__closed_on__isnull=True)
            .select_related("station")
            .first()
        )
        station = seat.station if seat is not None else None
    return Origin(station, follower, came_by)


def open_station(code: str) -> Station | None:
    """The public station of a code; for a closed one the station that took over."""
    if not (code.isascii() and code.isalnum()) or len(code) > 8:
        return None
    station = Station.objects.public().select_related("area", "taken_over_by__area").filter(code=code).first()
    if station is not None and station.closed_on is not None:
        heir = station.taken_over_by
        return heir if heir is not None and heir.closed_on is None and heir.is_public else None
    return station


def _representative(public_id: str) -> Person | None:
    if not public_id:
        return None
    return Person.objects.in_office().filter(public_id=public_id[:12], is_public=True).first()


def station_for(village: Area) -> Station | None:
    """The station that serves a village; where neither its town nor its county has one, any of the county: nobody is sent away."""
    return station_for_village(village) or (
        open_to_public()
        .filter(county_code=village.county_code, kind__in=GENERAL_KINDS)
        .select_related("area")
        .order_by("code")
        .first()
    )


def site_county() -> str:
    """The county of a site that is one county; empty for a wider one."""
    return settings.SITE_AREA_CODE if len(site_prefix()) == 6 else ""


def towns() -> list[tuple[str, str]]:
    """Towns to choose from first, where the whole list of villages would be too long."""
    rows = Area.objects.in_force().filter(code__startswith=site_prefix(), level=Area.Level.TOWN)
    return list(rows.order_by("code").values_list("code", "full_name" if len(site_prefix()) < 6 else "name"))


def villages_of(station: Station | None, town: str = "") -> list[Area]:
    """The villages to choose from: those the station serves, its town's, a chosen town's, else the site's.

    Empty when that is more than anybody wants to look through: then a town is chosen first.
    """
    villages = (
        Area.objects.in_force().filter(level=Area.Level.VILLAGE).select_related("parent").order_by("code")
    )
    if station is not None:
        served = list(villages.filter(served_by=station))
        if served:
            return served
        code = station.town_code[:9] if station.town_code else station.county_code[:6]
        return list(villages.filter(code__startswith=code or site_prefix())[:LONGEST_LIST])
    if town.isascii() and town.isdigit() and len(town) == 12:
        return list(villages.filter(code__startswith=town[:9]))
    found = list(villages.filter(code__startswith=site_prefix())[: LONGEST_LIST + 1])
    return found if len(found) <= LONGEST_LIST else []


def village_of(code: str) -> Area | None:
    if not code.isascii() or not code.isdigit():
        return None
    return (
        Area.objects.in_force().filter(code=code, level=Area.Level.VILLAGE).select_related("parent").first()
    )


def choices_of(villages: list[Area]) -> list[Any]:
    """Options of the list, grouped by town when there are several."""
    towns: dict[str, list[tuple[str, str]]] = {}
    for village in villages:
        town = village.parent.name if village.parent is not None else ""
        towns.setdefault(town, []).append((village.code, village.name))
    if len(towns) > 1:
        return list(towns.items())
    return [(code, f"{town} · {name}") for town, each in towns.items() for code, name in each]
