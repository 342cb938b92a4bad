"""A small fictional county for tests: divisions, units, stations, people, and a user of every role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Area, Category, Membership, Unit, User
from accounts.roles import Role
from core.deadlines import recache
from core.management.commands.load_rules import DEFAULT, load_pack
from core.models import Clock
from intake import actions
from intake.models import ConstituentRequest
from representatives.models import Body, CongressTerm, Mandate, Person
from stations.models import Posting, Station, StationStaff

PASSWORD = "correct-Horse-7-staple"
LONG_AGO = date(2020, 1, 1)


def make_area(code: str, name: str, level: str, parent: Area | None = None) -> Area:
    full = f"{parent.full_name}{name}" if parent is not None else name
    return Area.objects.create(
        code=code, name=name, full_name=full, level=level, parent=parent, valid_from=LONG_AGO
    )


def make_user(name: str, *roles: tuple[str, Any], username: str = "", **fields: Any) -> User:
    """A user with memberships given as (role, area, unit or None)."""
    user = User(username=username or name, display_name=name, **fields)
    user.set_password(PASSWORD)
    user.save()
    for role, over in roles:
        bound = {"unit": over} if isinstance(over, Unit) else {"area": over}
        Membership.objects.create(user=user, role=role, valid_from=LONG_AGO, **bound)
    return user


def make_station(
    code: str, name: str, area: Area, kind: str = Station.Kind.STATION, **fields: Any
) -> Station:
    return Station.objects.create(code=code, name=name, area=area, kind=kind, **fields)


def make_representative(name: str, body: Body, user: User | None = None, **fields: Any) -> Person:
    person = Person.objects.create(name=name, user=user, **fields)
    term, _new = CongressTerm.objects.get_or_create(body=body, number=18, defaults={"begins_on": LONG_AGO})
    Mandate.objects.create(person=person, term=term, begins_on=LONG_AGO)
    return person


def make_late(case: ConstituentRequest, *, days: int = 4) -> ConstituentRequest:
    """As if its clocks had ended that many days ago."""
    ended = {
        "due_at": timezone.now() - timedelta(days=days),
        "due_on": timezone.localdate() - timedelta(days=days + 1),
    }
    Clock.objects.about(case).running().update(**ended)
    recache(case)
    return case


@dataclass
class County:
    """云岭县 with two towns, and a county beside it in which nobody of ours may look."""

    county: Area
    towns: list[Area]
    villages: list[Area]
    elsewhere: Area
    elsewhere_town: Area
    units: dict[str, Unit]
    categories: dict[str, Category]
    station: Station
    other_station: Station
    foreign_station: Station
    users: dict[str, User]
    representative: Person
    extra: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        try:
            return self.users[name]
        except KeyError:
            raise AttributeError(name) from None

    def receive(
        self, body: str = "牛场组进村路口的路灯半个多月不亮了，晚上看不见路。", **given: Any
    ) -> ConstituentRequest:
        """A request just received at the station; `now=` moves it into the past."""
        arguments: dict[str, Any] = {
            "station": self.station,
            "channel": "web",
            "contact": actions.Contact("王阿姨", "13800002746", "sms", "station"),
            "category": self.categories["utilities"],
            "village": self.villages[0],
            "place": "小卖部对面",
        }
        return actions.receive(body=body, **(arguments | given))

    def registered(self, now: datetime | None = None, **given: Any) -> ConstituentRequest:
        return actions.register(self.receive(now=now, **given), by=self.clerk, now=now)

    def assigned(self, now: datetime | None = None, **given: Any) -> ConstituentRequest:
        return actions.assign(
            self.registered(now=now, **given), unit=self.units["urban"], by=self.town_office, now=now
        )

    def replied(
        self, now: datetime | None = None, outcome: str = "solved", **given: Any
    ) -> ConstituentRequest:
        request = self.assigned(now=now, **given)
        planned = timezone.localdate(now) if outcome == "planned" else None
        actions.submit_reply(
            request, by=self.unit_officer, outcome=outcome, headline="换了灯头，灯亮了",
            body="维修班去现场换了灯头和电缆，以后由路灯所管护。", basis="见现场照片", planned_on=planned, now=now,
        )  # fmt: skip
        return actions.sign(request, by=self.unit_head, now=now)

    def told(self, now: datetime | None = None, **given: Any) -> ConstituentRequest:
        return actions.feed_back(self.replied(now=now, **given), by=self.clerk, method="phone", now=now)


def build_county() -> County:
    """Everything in place, rules loaded; read-only for tests of a session, or fresh in each transaction."""
    import json

    load_pack(json.loads(DEFAULT.read_text(encoding="utf-8")))
    province = make_area("990000000000", "南岭省", "province")
    city = make_area("990100000000", "云州市", "prefecture", province)
    county = make_area("990127000000", "云岭县", "county", city)
    towns = [
        make_area("990127101000", "石桥镇", "township", county),
        make_area("990127102000", "柳溪镇", "township", county),
    ]
    villages = [
        make_area("990127101201", "牛场村", "village", towns[0]),
        make_area("990127101202", "杨家坪村", "village", towns[0]),
        make_area("990127102201", "柳溪村", "village", towns[1]),
    ]
    elsewhere = make_area("990128000000", "青川县", "county", city)
    elsewhere_town = make_area("990128101000", "河口镇", "township", elsewhere)
    units = {
        "urban": Unit.objects.create(code="urban", name="县城市管理局", area=county),
        "water": Unit.objects.create(code="water", name="县水务局", area=county),
        "town": Unit.objects.create(code="shiqiao-gov", name="石桥镇人民政府", kind="town", area=towns[0]),
    }
    categories = {
        "utilities": Category.objects.create(
            code="utilities", name="水电气、路灯", order=1, default_unit=units["urban"]
        ),
        "roads": Category.objects.create(code="roads", name="道路交通", order=2),
        "other": Category.objects.create(code="other", name="其他", order=9),
    }
    station = make_station("0312", "石桥镇代表联络站", towns[0], phone="0000-555-0120")
    other_station = make_station("0313", "柳溪镇代表联络站", towns[1])
    foreign_station = make_station("0901", "河口镇代表联络站", elsewhere_town)
    users = {
        "clerk": make_user("李静", (Role.STATION_CLERK, None), username="clerk"),
        "station_head": make_user("王磊", (Role.STATION_HEAD, None), username="station_head"),
        "other_clerk": make_user("周芳", (Role.STATION_CLERK, None), username="other_clerk"),
        "town_office": make_user("石桥镇人大", (Role.TOWN_OFFICE, towns[0]), username="town_office"),
        "other_town_office": make_user(
            "柳溪镇人大", (Role.TOWN_OFFICE, towns[1]), username="other_town_office"
        ),
        "county_office": make_user("县代表工委", (Role.COUNTY_OFFICE, county), username="county_office"),
        "foreign_office": make_user(
            "青川县代表工委", (Role.COUNTY_OFFICE, elsewhere), username="foreign_office"
        ),
        "unit_officer": make_user("王力", (Role.UNIT_OFFICER, units["urban"]), username="unit_officer"),
        "unit_head": make_user("赵局", (Role.UNIT_HEAD, units["urban"]), username="unit_head"),
        "other_officer": make_user("水务经办", (Role.UNIT_OFFICER, units["water"]), username="other_officer"),
        "leader": make_user("县领导", (Role.LEADER, county), username="leader"),
        "auditor": make_user("审计员", (Role.AUDITOR, None), username="auditor"),
        "security_admin": make_user("安全员", (Role.SECURITY_ADMIN, None), username="security_admin"),
        "sysadmin": make_user("系统员", (Role.SYSADMIN, None), username="sysadmin"),
        "rep": make_user("杨春梅", (Role.REPRESENTATIVE, None), username="rep"),
        "nobody": make_user("无角色", username="nobody"),
    }
    StationStaff.objects.create(station=station, user=users["clerk"], begins_on=LONG_AGO)
    StationStaff.objects.create(
        station=station, user=users["station_head"], duty=StationStaff.Duty.HEAD, begins_on=LONG_AGO
    )
    StationStaff.objects.create(station=other_station, user=users["other_clerk"], begins_on=LONG_AGO)
    body = Body.objects.create(
        name="云岭县人民代表大会", kind=Body.Kind.CONGRESS, level="county", area=county
    )
    representative = make_representative("杨春梅", body, user=users["rep"], occupation="村医")
    Posting.objects.create(station=station, person=representative, begins_on=LONG_AGO)
    return County(
        county, towns, villages, elsewhere, elsewhere_town, units, categories, station, other_station, foreign_station,
        users, representative,
    )  # fmt: skip
