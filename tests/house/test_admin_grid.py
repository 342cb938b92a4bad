"""Every admin page × role, against a grid written by hand; the models come from the admin site itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import LoginSession
from core.admin import HouseAdmin
from core.models import AccessLog, CalendarDay, Clock, Heartbeat, Rung, RungFiring
from representatives.models import Constituency, DutyKind, DutyRule, Mandate, Meeting
from stations.models import Posting, Reception, ReceptionPlan, Station, StationStaff, Venue
from tests.county import LONG_AGO
from tests.house.test_matrix import EVERYBODY, GROUPS, World

# One worker builds the world for all of them.
pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.xdist_group("grid")]

STATION = {"clerk", "station_head", "other_clerk"}
OFFICES = GROUPS["offices"]
COUNTIES = {"county_office", "foreign_office"}
REGISTRY = STATION | OFFICES | {"leader", "sysadmin"}
REFERENCE = REGISTRY | GROUPS["units"] | {"auditor", "security_admin"}
TECHNICAL = COUNTIES | {"sysadmin"}
NOBODY: set[str] = set()
# The rows lie in 石桥镇 of 云岭县: who keeps it is its own county, and the technician of the whole site.
OWN = {"county_office", "sysadmin"}
OWN_OFFICES = {"county_office", "town_office"}
PAGES = ("changelist", "add", "export", "import")

# model: (who looks at the list, who adds, who takes it away as a table, who brings one in, who changes this row)
GRID = {
    "accounts.Area": (REFERENCE, TECHNICAL, REFERENCE, None, OWN),
    "accounts.Category": (REFERENCE, TECHNICAL, REFERENCE, None, TECHNICAL),
    "accounts.Unit": (REFERENCE, TECHNICAL, REFERENCE, None, OWN),
    "accounts.User": (
        {"auditor", "security_admin"}, {"security_admin"}, {"auditor", "security_admin"}, None, {"security_admin"},
    ),
    "accounts.Membership": ({"auditor", "security_admin"}, NOBODY, {"auditor", "security_admin"}, None, NOBODY),
    "accounts.LoginSession": ({"auditor", "security_admin"}, NOBODY, {"auditor", "security_admin"}, None, NOBODY),
    "core.AccessLog": ({"auditor"}, NOBODY, {"auditor"}, None, NOBODY),
    "core.CalendarDay": (REFERENCE, TECHNICAL, REFERENCE, TECHNICAL, TECHNICAL),
    "core.Clock": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None, NOBODY),
    "core.Event": ({"auditor"}, NOBODY, {"auditor"}, None, NOBODY),
    "core.Heartbeat": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None, NOBODY),
    "core.Message": (TECHNICAL, NOBODY, TECHNICAL, None, NOBODY),
    # The row is the country's: a county adds rules of its own but does not change the country's.
    "core.RulePack": (REFERENCE, TECHNICAL, REFERENCE, None, {"sysadmin"}),
    "core.RungFiring": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None, NOBODY),
    # A request is made at a door and moved by steps, never added or changed here; units and leaders take no table away.
    "intake.ConstituentRequest": (
        STATION | OFFICES | GROUPS["units"] | {"leader"}, NOBODY, STATION | OFFICES, None, NOBODY,
    ),
    # The body is the county's: a town keeps its own bodies, and the people who sit at its stations.
    "representatives.Body": (REGISTRY, OFFICES, REGISTRY, None, {"county_office"}),
    "representatives.CongressTerm": (REGISTRY, OFFICES, REGISTRY, None, {"county_office"}),
    "representatives.Constituency": (REGISTRY, OFFICES, REGISTRY, COUNTIES, {"county_office"}),
    "representatives.DutyRule": (REFERENCE, TECHNICAL, REFERENCE, None, TECHNICAL),
    "representatives.Mandate": (REGISTRY, OFFICES, REGISTRY, None, {"county_office"}),
    "representatives.Meeting": (REGISTRY, OFFICES, REGISTRY, None, {"county_office"}),
    "representatives.Person": (REGISTRY, OFFICES, REGISTRY, COUNTIES, OWN_OFFICES),
    "stations.Posting": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, None, OWN_OFFICES | {"station_head"}),
    "stations.Reception": (
        REGISTRY, STATION | OFFICES, REGISTRY, STATION | OFFICES, OWN_OFFICES | {"station_head", "clerk"},
    ),
    "stations.ReceptionPlan": (
        REGISTRY, STATION | OFFICES, REGISTRY, None, OWN_OFFICES | {"station_head", "clerk"},
    ),
    # A new one is the office's matter.
    "stations.Station": (REGISTRY, OFFICES, REGISTRY, COUNTIES, OWN_OFFICES | {"station_head"}),
    "stations.StationStaff": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, COUNTIES, OWN_OFFICES | {"station_head"}),
    "stations.Venue": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, None, OWN_OFFICES | {"station_head"}),
}  # fmt: skip
MODELS = {model._meta.label: model for model in admin.site._registry}

# Of these rows nobody of another county opens even the page.
PLACED = [
    "core.Clock", "core.Message", "core.RungFiring", "intake.ConstituentRequest", "representatives.Constituency",
    "representatives.Mandate", "representatives.Person", "stations.Posting", "stations.Reception", "stations.ReceptionPlan",
    "stations.Station", "stations.StationStaff",
]  # fmt: skip

# Where a field offers rows of another list while one types: source model, field → target.
TYPED = {
    ("accounts", "unit", "area"): "accounts.Area",
    ("accounts", "membership", "unit"): "accounts.Unit",
    ("stations", "stationstaff", "user"): "accounts.User",
    ("stations", "posting", "person"): "representatives.Person",
    ("stations", "posting", "station"): "stations.Station",
    ("accounts", "category", "default_unit"): "accounts.Unit",
    ("representatives", "mandate", "constituency"): "representatives.Constituency",
}


class AdminWorld(World):
    """The world of the routes, with at least one row in every list."""

    def __init__(self) -> None:
        super().__init__()
        county, now = self.county, timezone.now()
        station, case = county.station, self.cases["own"]
        term = Mandate.objects.get(person=county.representative).term
        clock = Clock.objects.filter(case_id=case.pk).first()
        start, end = now + timedelta(days=2), now + timedelta(days=2, hours=2)
        AccessLog.objects.create(
            at=now, actor=county.clerk, case_label="request", case_id=case.pk, what="contact", reason="回访"
        )
        CalendarDay.objects.create(day=date(2026, 10, 1), is_workday=False, source="通知")
        Constituency.objects.create(term=term, name="石桥选区")
        DutyRule.objects.create(kind=DutyKind.values[0], year=2026, points=1)
        Heartbeat.objects.create(name="beat", at=now)
        LoginSession.objects.create(user=county.clerk, session_key="sample")
        Meeting.objects.create(body=term.body, name="第一次会议", begins_at=start, ends_at=end)
        Reception.objects.create(station=station, starts_at=start, ends_at=end)
        ReceptionPlan.objects.create(
            station=station, weekday=5, begins_on=LONG_AGO, starts_at_time="09:00", ends_at_time="11:00"
        )
        RungFiring.objects.create(clock=clock, rung=Rung.objects.first(), round=1, due_at=now, fired_at=now)
        venue = Venue.objects.create(name="场所", area=county.villages[0], address="1 号")
        Station.objects.filter(pk=station.pk).update(venue=venue)
        self.samples = {
            "accounts.Area": county.towns[0],
            "accounts.Category": county.categories["roads"],
            "accounts.Unit": county.units["urban"],
            "accounts.User": county.leader,
            "core.Clock": clock,
            "intake.ConstituentRequest": case,
            "representatives.Body": term.body,
            "representatives.CongressTerm": term,
            "representatives.Person": county.representative,
            "stations.Posting": Posting.objects.get(person=county.representative),
            "stations.Station": station,
            "stations.StationStaff": StationStaff.objects.get(user=county.clerk),
        }

    def row(self, label: str):
        return self.samples.get(label) or MODELS[label]._default_manager.order_by("pk").first()

    def through(self, where: str) -> set[str]:
        return {name for name in EVERYBODY if self.passes(name, "GET", where)}

    def changing(self, where: str) -> set[str]:
        """Whose page has fields and a button, and not only words."""
        answers = {name: self.clients[name].get(where) for name in EVERYBODY}
        return {
            name
            for name, answer in answers.items()
            if answer.status_code == 200 and answer.context.get("has_change_permission")
        }


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield AdminWorld()
        transaction.set_rollback(True)


def address(label, page, *arguments):
    meta = MODELS[label]._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=arguments)


def test_every_admin_has_a_row_and_stands_on_our_base():
    assert MODELS.keys() == GRID.keys()
    assert all(isinstance(each, HouseAdmin) for each in admin.site._registry.values())


@pytest.mark.parametrize("label", GRID)
@pytest.mark.parametrize(("column", "page"), list(enumerate(PAGES)))
def test_who_opens_an_admin_page(world, label, column, page):
    expected = GRID[label][column]
    if expected is None:
        with pytest.raises(NoReverseMatch):
            address(label, page)
        return

    assert world.through(address(label, page)) == expected
    assert not world.passes("anonymous", "GET", address(label, page))


@pytest.mark.parametrize("label", GRID)
def test_who_changes_a_row(world, label):
    assert world.changing(address(label, "change", world.row(label).pk)) == GRID[label][-1]


@pytest.mark.parametrize("label", GRID)
def test_nothing_in_use_is_deleted_here(world, label):
    may = TECHNICAL if label == "core.CalendarDay" else NOBODY  # a day entered by mistake

    assert world.through(address(label, "delete", world.row(label).pk)) == may


@pytest.mark.parametrize("label", PLACED)
def test_a_row_of_one_county_opens_for_nobody_of_another(world, label):
    opened = world.through(address(label, "change", world.row(label).pk))

    assert "county_office" in opened
    assert "foreign_office" not in opened


@pytest.mark.parametrize(
    ("typed", "target"),
    TYPED.items(),
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else value,
)
def test_typing_a_name_offers_only_what_the_list_would_show(world, typed, target):
    query = "app_label={}&model_name={}&field_name={}&term=".format(*typed)

    assert world.through(f"{reverse('admin:autocomplete')}?{query}") == GRID[target][0]
    assert not world.passes("anonymous", "GET", f"{reverse('admin:autocomplete')}?{query}")
