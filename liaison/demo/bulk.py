"""Two sizes for measuring: a county, and a city as large as Lanzhou. Invented like the story, and beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from itertools import cycle, islice

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import Area, Category, Membership, Unit, User
from accounts.roles import Role
from core.codes import public_id
from core.pinyin import sort_key
from liaison.demo import bulk_requests
from liaison.demo.county import load_rules
from liaison.demo.people import PASSWORD
from liaison.demo.places import CATEGORIES, LONG_AGO, UNITS
from representatives.models import Body, CongressTerm, Mandate, Person
from stations.models import Posting, Station, StationStaff

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "安宁和平春秋明亮青山远舟石川林秀兰芳敏静怡文武成功国强家兴志勇建军海涛晓峰玉梅桂英丽华金凤"


@dataclass(frozen=True)
class Scale:
    city: str  # the four leading digits of the codes
    name: str
    counties: int
    homes: int  # one for each town
    stations: int
    specialised: int
    offices: int
    representatives: int
    requests: int


SCALES = {
    "county": Scale("9903", "河原市", 1, 12, 60, 1, 2, 400, 20_000),
    # As large as Lanzhou in the article: 117 homes, 718 stations, 6 specialised, 10 personal offices.
    "city": Scale("9902", "川谷市", 8, 117, 718, 6, 10, 8_000, 400_000),
}


@dataclass
class Registry:
    """What the requests need to know of the place: a line for each station and each county."""

    stations: list[Station] = field(default_factory=list)
    villages: dict[str, list[int]] = field(default_factory=dict)  # town code → ids
    actors: dict[str, dict[str, int]] = field(default_factory=dict)  # county code → duty → user id
    units: dict[str, list[tuple[int, int, int]]] = field(
        default_factory=dict
    )  # county → (unit, officer, head)
    categories: list[int] = field(default_factory=list)


def seed(name: str, *, requests: int | None = None) -> str:
    """Build the scale once; a second call changes nothing."""
    scale = SCALES[name]
    if Area.objects.filter(code=f"{scale.city}00000000").exists():
        return f"{scale.name} is there already; nothing changed"
    with transaction.atomic():
        load_rules()
        registry = _registry(scale)
        count = bulk_requests.write(registry, requests or scale.requests)
    return f"{scale.name}: {count} requests at {len(registry.stations)} stations"


def _registry(scale: Scale) -> Registry:
    registry = Registry(categories=_categories())
    secret = make_password(PASSWORD)
    city = _area(f"{scale.city}00000000", scale.name, "prefecture", None)
    counties = [
        _area(f"{scale.city}{number:02d}000000", f"第{number}县" if number > 1 else "河东县", "county", city)
        for number in range(1, scale.counties + 1)
    ]
    towns = _towns(scale, counties)
    _stations(scale, registry, towns)
    for county in counties:
        _staff(registry, county, secret)
    _representatives(scale, registry, counties)
    return registry


def _area(code: str, name: str, level: str, parent: Area | None) -> Area:
    full = f"{parent.full_name}{name}" if parent is not None else name
    return Area(
        code=code,
        name=name,
        full_name=full,
        pinyin=sort_key(name),
        level=level,
        parent=_saved(parent),
        valid_from=LONG_AGO,
    )


def _saved(area: Area | None) -> Area | None:
    if area is not None and area.pk is None:
        area.save()
    return area


def _categories() -> list[int]:
    for order, (code, name, icon, _unit) in enumerate(CATEGORIES, start=1):
        Category.objects.get_or_create(code=code, defaults={"name": name, "icon": icon, "order": order})
    return list(Category.objects.filter(parent=None).order_by("order").values_list("pk", flat=True))


def _towns(scale: Scale, counties: list[Area]) -> list[Area]:
    """The towns of the city by turns of its counties, each with four villages."""
    for county in counties:
        _saved(county)
    towns = []
    for number in range(scale.homes):
        county = counties[number % len(counties)]
        code = f"{county.prefix}{100 + number // len(counties):03d}000"
        towns.append(_area(code, f"{SURNAMES[number % 40]}{GIVEN[number % 44]}镇", "township", county))
    Area.objects.bulk_create(towns)
    Area.objects.bulk_create(
        _area(f"{town.prefix}{200 + number}", f"{GIVEN[(index + number) % 44]}庄村", "village", town)
        for index, town in enumerate(towns)
        for number in range(1, 5)
    )
    return towns


def _stations(scale: Scale, registry: Registry, towns: list[Area]) -> None:
    kinds = Station.Kind
    wanted = [kinds.HOME] * scale.homes + [kinds.STATION] * scale.stations
    wanted += [kinds.SPECIALISED] * scale.specialised + [kinds.PERSONAL_OFFICE] * scale.offices
    rows = []
    for number, (kind, town) in enumerate(zip(wanted, cycle(towns), strict=False)):
        name = f"{town.name}{kind.label}{number // len(towns) or ''}"
        rows.append(
            Station(
                code=f"{scale.city[-1]}{number:05d}",
                name=name,
                pinyin=sort_key(name),
                kind=kind,
                area=town,
                county_code=town.county_code,
                town_code=town.town_code,
                opening="周一至周五 9:00–17:00",
            )
        )
    registry.stations = Station.objects.bulk_create(rows)
    villages = Area.objects.filter(level="village", parent__in=towns).values_list("code", "pk")
    for code, pk in villages:
        registry.villages.setdefault(code[:9] + "000", []).append(pk)


def _staff(registry: Registry, county: Area, secret: str) -> None:
    """A clerk with the county's five busiest stations, an office, and two people in every unit."""
    prefix = county.code[2:6]

    def user(name: str, role: Role, **over: object) -> User:
        made = User.objects.create(
            username=f"{prefix}.{name}", display_name=name, title=role.label, password=secret
        )
        Membership.objects.create(user=made, role=role, valid_from=LONG_AGO, **over)
        return made

    clerk = user("clerk", Role.STATION_CLERK)
    office = user("county", Role.COUNTY_OFFICE, area=county)
    user("leader", Role.LEADER, area=county)
    for station in islice((each for each in registry.stations if each.county_code == county.code), 5):
        StationStaff.objects.create(station=station, user=clerk, begins_on=LONG_AGO)
    registry.actors[county.code] = {"clerk": clerk.pk, "office": office.pk}
    lines = registry.units[county.code] = []
    for code, name, kind, short, handles in UNITS:
        unit = Unit.objects.create(
            code=f"{prefix}-{code}", name=f"{county.name}{name[1:]}", short_name=short, kind=kind, area=county,
            pinyin=sort_key(name), is_handling=handles,
        )  # fmt: skip
        if handles:
            officer = user(f"{code}.officer", Role.UNIT_OFFICER, unit=unit)
            lines.append((unit.pk, officer.pk, user(f"{code}.head", Role.UNIT_HEAD, unit=unit).pk))


def _representatives(scale: Scale, registry: Registry, counties: list[Area]) -> None:
    begins = date(timezone.localdate().year - 3, 1, 8)
    terms = []
    for county in counties:
        body = Body.objects.create(
            name=f"{county.full_name}人民代表大会", kind=Body.Kind.CONGRESS, level="county", area=county
        )
        terms.append(CongressTerm.objects.create(body=body, number=18, begins_on=begins))
    people = []
    for number in range(scale.representatives):
        name = SURNAMES[number % 40] + GIVEN[number // 40 % 44] + GIVEN[(number * 7) % 44]
        people.append(
            Person(
                public_id=public_id(),
                name=name,
                pinyin=sort_key(name),
                occupation=("教师", "村医", "农民", "工人", "职员")[number % 5],
                certificate_no=f"{scale.city}{number:05d}",
            )
        )
    made = Person.objects.bulk_create(people, batch_size=2000)
    Mandate.objects.bulk_create(
        (
            Mandate(person=person, term=terms[number % len(terms)], begins_on=begins)
            for number, person in enumerate(made)
        ),
        batch_size=2000,
    )
    Posting.objects.bulk_create(
        (
            Posting(
                person=person, station=registry.stations[number % len(registry.stations)], begins_on=begins
            )
            for number, person in enumerate(made)
        ),
        batch_size=2000,
    )
