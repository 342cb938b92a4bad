"""A boundary moves and nothing is lost: stations, units, memberships and cases lie in the new place."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import actions, boundaries
from accounts.access import has_permission
from accounts.models import Area, Membership, Unit, User
from accounts.permissions import Permission
from accounts.roles import Role
from core.ledger import broken_links
from core.models import Event
from intake import actions as actions_of
from intake.models import ConstituentRequest
from stations.models import Station
from tests.county import make_area, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def merged(county):
    """石桥镇 goes over into 柳溪镇, where a 牛场村 stands ready."""
    county.extra["request"] = county.registered()
    county.extra["heir"] = make_area("990127102202", "牛场村", "village", county.towns[1])
    county.extra["moved"] = actions.move_boundary(county.towns[0], county.towns[1], by=county.county_office)
    return county


def test_every_table_with_the_codes_is_found():
    found = {model._meta.label for model in boundaries.placed_models()}

    assert {"stations.Station", "intake.ConstituentRequest"} <= found
    assert not any("Event" in label for label in found)


def test_stations_and_cases_lie_in_the_new_town(merged):
    station = Station.objects.get(pk=merged.station.pk)
    request = ConstituentRequest.objects.get(pk=merged.extra["request"].pk)

    assert (station.county_code, station.town_code) == ("990127000000", "990127102000")
    assert station.area == merged.towns[1]
    assert (request.county_code, request.town_code) == ("990127000000", "990127102000")
    assert merged.extra["moved"]["家站点"] == 1


def test_whoever_is_responsible_there_sees_them(merged):
    user = User.objects.get(pk=merged.other_town_office.pk)

    request = ConstituentRequest.objects.visible_to(user).get(pk=merged.extra["request"].pk)
    assert has_permission(user, Permission.REQUEST_ASSIGN, over=request)


def test_the_old_office_keeps_its_role_over_the_new_town_and_units_move(merged):
    assert merged.town_office.memberships.get().area == merged.towns[1]
    assert Unit.objects.get(code="shiqiao-gov").area == merged.towns[1]


def test_the_old_divisions_are_ended_and_name_their_successors(merged):
    old = Area.objects.get(pk=merged.towns[0].pk)
    village = Area.objects.get(pk=merged.villages[0].pk)
    without_namesake = Area.objects.get(pk=merged.villages[1].pk)

    assert old.valid_to is not None
    assert list(old.successors.all()) == [merged.towns[1]]
    assert list(village.successors.all()) == [merged.extra["heir"]]
    assert list(without_namesake.successors.all()) == [merged.towns[1]]
    assert not Area.objects.in_force().filter(pk__in=[old.pk, village.pk]).exists()


def test_a_case_keeps_the_village_of_its_day(merged):
    assert ConstituentRequest.objects.get(pk=merged.extra["request"].pk).village == merged.villages[0]


def test_a_person_who_held_both_holds_one(county):
    both = make_user(
        "两镇", (Role.TOWN_OFFICE, county.towns[0]), (Role.TOWN_OFFICE, county.towns[1]), username="both"
    )

    actions.move_boundary(county.towns[0], county.towns[1], by=county.county_office)

    assert Membership.objects.in_force().filter(user=both).count() == 1


def test_a_town_changes_its_county(county):
    request = county.registered()
    new = make_area("990128102000", "石桥镇", "township", county.elsewhere)
    both = make_user("市里", (Role.COUNTY_OFFICE, county.county.parent), username="city")

    actions.move_boundary(county.towns[0], new, by=both)

    request.refresh_from_db()
    assert (request.county_code, request.town_code) == ("990128000000", "990128102000")
    assert not ConstituentRequest.objects.visible_to(county.county_office).filter(pk=request.pk).exists()
    assert ConstituentRequest.objects.visible_to(county.foreign_office).filter(pk=request.pk).exists()


def test_a_village_changes_its_town_with_the_station_and_the_cases_in_it(county):
    station = county.station
    station.area = county.villages[0]
    station.save()
    there, elsewhere = county.receive(), county.receive(village=county.villages[1])
    new = make_area("990127102203", "牛场村", "village", county.towns[1])

    actions.move_boundary(county.villages[0], new, by=county.county_office)

    station.refresh_from_db()
    there.refresh_from_db()
    elsewhere.refresh_from_db()
    assert (station.area, station.town_code) == (new, "990127102000")
    assert there.town_code == "990127102000"
    assert elsewhere.town_code == "990127101000"


def test_a_county_goes_over_with_its_towns(county):
    request = county.receive()
    new = make_area("990129000000", "云岭市", "county", county.county.parent)
    town = make_area("990129101000", "石桥镇", "township", new)
    city = make_user("市里", (Role.COUNTY_OFFICE, county.county.parent), username="city")

    actions.move_boundary(county.county, new, by=city)

    request.refresh_from_db()
    assert (request.county_code, request.town_code) == ("990129000000", town.code)
    assert Station.objects.filter(county_code="990127000000").count() == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("town", "town", "不能是同一个"), ("town", "village", "同一级"), ("town", "ended", "已经停用")],
)
def test_what_cannot_follow_is_refused_in_words(county, old, new, words):
    ended = county.towns[1]
    Area.objects.filter(pk=ended.pk).update(valid_to="2026-01-01")
    ended.refresh_from_db()
    places = {"town": county.towns[0], "village": county.villages[1], "ended": ended}

    with pytest.raises(ValidationError, match=words):
        actions.move_boundary(places[old], places[new], by=county.county_office)


@pytest.mark.parametrize("by", ["town_office", "foreign_office", "clerk", "auditor"])
def test_only_who_keeps_both_divisions_moves_them(county, by):
    with pytest.raises(PermissionDenied):
        actions.move_boundary(county.towns[0], county.towns[1], by=county.users[by])


def test_the_statements_do_not_grow_with_the_cases(county):
    def move(old, new):
        with CaptureQueriesContext(connection) as seen:
            actions.move_boundary(old, new, by=county.sysadmin)
        return len(seen)

    targets = [make_area(f"99012720{n}000", f"新镇{n}", "township", county.county) for n in range(2)]
    county.receive()
    few = move(county.towns[0], targets[0])
    for _time in range(10):
        county.receive()
    back = make_area("990127301000", "回镇", "township", county.county)
    few_back = move(targets[0], targets[1])
    many_back = move(targets[1], back)

    assert few_back == many_back <= few


def test_each_case_that_moves_has_one_event_of_one_action_and_an_unbroken_chain(county):
    """A county goes over with its towns: both codes of a case change, and that is one thing that happened to it."""
    open_case, closed = (
        county.registered(),
        actions_of.rate(county.told(), solved="yes", satisfied="satisfied"),
    )
    other = county.receive(station=county.foreign_station, village=None)
    city = make_user("市管理员", (Role.SYSADMIN, None), username="city")
    new = make_area("990129000000", "新云岭县", "county", county.county.parent)

    actions.move_boundary(county.county, new, by=city)

    events = Event.objects.filter(kind="intake.request.relocate")
    assert sorted(events.values_list("case_id", flat=True)) == sorted([open_case.pk, closed.pk])
    assert {(event.actor, event.facts["from"], event.facts["to"]) for event in events} == {
        (city, "990127000000", "990129000000")
    }
    assert len({event.action_id for event in events}) == 1
    assert ConstituentRequest.objects.get(pk=closed.pk).state == "closed"
    assert not Event.objects.about(other).filter(kind__endswith="relocate").exists()
    assert broken_links(ConstituentRequest) == []


def test_a_village_that_moves_alone_writes_of_its_cases_only(county):
    here = county.registered()
    elsewhere = county.registered(village=county.villages[1])
    new = make_area("990127102203", "牛场新村", "village", county.towns[1])

    actions.move_boundary(county.villages[0], new, by=county.county_office)

    moved = Event.objects.filter(kind="intake.request.relocate").values_list("case_id", flat=True)
    assert here.pk in moved
    assert elsewhere.pk not in moved
