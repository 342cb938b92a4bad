from datetime import timedelta

import pytest
from django.utils import timezone

from representatives import places
from representatives.models import Person
from stations import selectors
from stations.models import Posting, Reception, Station, Venue
from tests.county import LONG_AGO, make_area, make_representative, make_station

pytestmark = pytest.mark.django_db


def reception(station, *, hours, length=2, people=(), **fields):
    start = timezone.now() + timedelta(hours=hours)
    row = Reception.objects.create(
        station=station, starts_at=start, ends_at=start + timedelta(hours=length), **fields
    )
    row.people.add(*people)
    return row


def test_who_is_on_duty_now_and_what_comes_next(county):
    now = reception(county.station, hours=-1, people=[county.representative])
    soon = reception(county.station, hours=5)
    reception(county.station, hours=50)

    assert selectors.duty_now(county.station) == now
    assert selectors.duty_now(county.station).public_people == [county.representative]
    assert selectors.next_reception(county.station) == soon
    assert selectors.duty_now(county.other_station) is None


def test_cancelled_and_inner_receptions_are_not_announced(county):
    reception(county.station, hours=-1, cancelled_reason="停电")
    reception(county.station, hours=5, is_public=False)

    assert selectors.duty_now(county.station) is None
    assert selectors.next_reception(county.station) is None
    assert selectors.agenda(county.station, limit=5) == []


def test_a_village_turns_to_the_station_that_names_it_then_to_its_towns_then_to_its_countys(county):
    village = county.villages[2]
    make_station("0300", "云岭县代表之家", county.county, kind="home")
    named = make_station("0350", "跨镇联络点", county.towns[0], kind="point")
    bare = make_area("990127103000", "高坡乡", "township", county.county)

    assert selectors.station_for_village(village) == county.other_station
    named.serves.add(village)
    assert selectors.station_for_village(village) == named
    assert selectors.station_for_village(bare).code == "0300"


def test_a_village_is_not_sent_to_a_closed_hidden_or_special_station(county):
    Station.objects.filter(pk=county.other_station.pk).update(is_public=False)
    make_station("0360", "旧站", county.towns[1], closed_on=timezone.localdate())
    make_station("0361", "立法联系点", county.towns[1], kind="legislative_point")

    assert selectors.station_for_village(county.villages[2]) is None


def test_the_nearest_station_comes_first(county):
    for station, latitude in ((county.station, "26.50000"), (county.other_station, "26.60000")):
        venue = Venue.objects.create(
            name=station.name, area=station.area, address="一楼", latitude=latitude, longitude="107.20000"
        )
        station.venue = venue
        station.save()

    found = selectors.by_distance(26.59, 107.2, limit=5)

    assert [station for station, _metres in found] == [county.other_station, county.station]
    assert 1000 < found[0][1] < 1200


def test_representatives_of_a_station_are_those_in_office_who_sit_there_now(county):
    gone = Person.objects.create(name="卸任者")
    Posting.objects.create(station=county.station, person=gone, begins_on=LONG_AGO)
    hidden = make_representative("不公开", county.representative.mandates.get().term.body, is_public=False)
    Posting.objects.create(station=county.station, person=hidden, begins_on=LONG_AGO)
    left = make_representative("已离站", county.representative.mandates.get().term.body)
    Posting.objects.create(
        station=county.station, person=left, begins_on=LONG_AGO, ends_on=timezone.localdate()
    )

    assert selectors.representatives_of(county.station) == [county.representative]


def test_a_person_is_seen_by_the_staff_where_the_person_sits(county):
    city_person = Person.objects.create(name="王思远")

    def sees(user):
        return Person.objects.visible_to(user).filter(pk=city_person.pk).exists()

    assert not sees(county.clerk)
    Posting.objects.create(station=county.station, person=city_person, begins_on=LONG_AGO)
    assert sees(county.clerk)
    assert sees(county.town_office)
    assert sees(county.county_office)
    assert not sees(county.other_clerk)
    assert not sees(county.other_town_office)
    assert not sees(county.foreign_office)


def test_seats_name_the_open_stations_of_people(county):
    seats = places.seats([county.representative.pk])

    assert [seat.code for seat in seats[county.representative.pk]] == ["0312"]
    Station.objects.filter(pk=county.station.pk).update(closed_on=timezone.localdate())
    assert places.seats([county.representative.pk]) == {}


def test_reception_scope_follows_the_station_and_the_name_on_the_day(county):
    away = reception(county.foreign_station, hours=5, people=[county.representative])
    own = reception(county.station, hours=5)

    assert set(Reception.objects.visible_to(county.clerk)) == {own}
    assert set(Reception.objects.visible_to(county.county_office)) == {own}
    assert set(Reception.objects.visible_to(county.foreign_office)) == {away}
    assert away in Reception.objects.visible_to(county.rep)
    assert not Reception.objects.visible_to(county.nobody).exists()


def test_a_board_from_above_appears_once_and_only_when_it_has_something(county, monkeypatch):
    monkeypatch.setattr(selectors, "_boards", [])
    board = selectors.Board("本站最近办成", "86 件", (selectors.BoardLine("路灯亮了", "11 天办结"),))

    def solved(station):
        return board if station == county.station else None

    selectors.register_board(solved)
    selectors.register_board(solved)

    assert selectors.boards_of(county.station) == [board]
    assert selectors.boards_of(county.other_station) == []
