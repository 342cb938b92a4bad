from datetime import date, datetime, time, timedelta
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from core.images import open_private
from representatives.models import CongressTerm, Constituency, Mandate, Person
from stations import actions
from stations.models import Posting, Reception, ReceptionPlan, StationStaff
from tests.county import LONG_AGO, make_station

pytestmark = pytest.mark.django_db
TODAY = date(2026, 9, 1)


def plan_for(county, **given):
    fields = {
        "station": county.station,
        "pattern": "weeks",
        "weekday": 5,
        "begins_on": date(2026, 9, 1),
        "starts_at_time": time(9),
        "ends_at_time": time(11, 30),
    } | given
    plan = ReceptionPlan.objects.create(**fields)
    plan.people.add(county.representative)
    return plan


def days_of(planned):
    return [timezone.localdate(reception.starts_at) for reception in planned.made]


def test_every_friday_becomes_a_row_with_its_people_and_hours(county):
    plan = plan_for(county)

    planned = actions.plan_receptions(plan, until=date(2026, 9, 22), by=county.clerk, today=TODAY)

    assert days_of(planned) == [date(2026, 9, 4), date(2026, 9, 11), date(2026, 9, 18)]
    first = Reception.objects.filter(plan=plan).first()
    assert timezone.localtime(first.starts_at).time() == time(9)
    assert list(first.people.all()) == [county.representative]


def test_a_reception_day_on_a_holiday_moves_to_the_next_working_day(county):
    plan = plan_for(county, pattern="months", weekday=None, month_day=1)

    planned = actions.plan_receptions(plan, until=date(2026, 10, 31), by=county.clerk, today=TODAY)

    # 国庆 2026 is 1 to 7 October; the 8th is worked.
    assert days_of(planned) == [date(2026, 9, 1), date(2026, 10, 8)]
    assert planned.made[1].planned_on == date(2026, 10, 1)


def test_a_market_every_six_days_is_held_on_holidays_too(county):
    plan = plan_for(
        county,
        pattern="days",
        weekday=None,
        every=6,
        kind="market_day",
        day_off="keep",
        begins_on=date(2026, 9, 26),
    )

    planned = actions.plan_receptions(plan, until=date(2026, 10, 10), by=county.clerk, today=TODAY)

    assert days_of(planned) == [date(2026, 9, 26), date(2026, 10, 2), date(2026, 10, 8)]


def test_a_day_that_falls_out_on_a_holiday_is_not_made_up(county):
    plan = plan_for(county, pattern="months", weekday=None, month_day=1, day_off="skip")

    planned = actions.plan_receptions(plan, until=date(2026, 10, 31), by=county.clerk, today=TODAY)

    assert days_of(planned) == [date(2026, 9, 1)]


def test_the_fifteenth_of_odd_months_and_the_last_day_of_short_ones(county):
    odd = plan_for(county, pattern="months", weekday=None, month_day=15, every=2, begins_on=date(2026, 1, 1))
    last = plan_for(county, pattern="months", weekday=None, month_day=31, begins_on=date(2027, 1, 1))

    assert list(odd.days(date(2026, 1, 1), date(2026, 6, 1))) == [
        date(2026, 1, 15), date(2026, 3, 15), date(2026, 5, 15),
    ]  # fmt: skip
    assert list(last.days(date(2027, 2, 1), date(2027, 3, 31))) == [date(2027, 2, 28), date(2027, 3, 31)]


def test_planning_again_adds_only_what_is_missing_and_leaves_a_cancelled_day_cancelled(county):
    plan = plan_for(county)
    first = actions.plan_receptions(plan, until=date(2026, 9, 12), by=county.clerk, today=TODAY)
    Reception.objects.filter(pk=first.made[0].pk).update(cancelled_reason="停电")

    again = actions.plan_receptions(plan, until=date(2026, 9, 19), by=county.clerk, today=TODAY)

    assert days_of(again) == [date(2026, 9, 18)]
    assert Reception.objects.filter(plan=plan).count() == 3


def test_hours_already_taken_are_reported_and_left_alone(county):
    start = datetime(2026, 9, 4, 10, tzinfo=timezone.get_default_timezone())
    Reception.objects.create(station=county.station, starts_at=start, ends_at=start + timedelta(hours=3))
    plan = plan_for(county)

    planned = actions.plan_receptions(plan, until=date(2026, 9, 12), by=county.clerk, today=TODAY)

    assert planned.blocked == [date(2026, 9, 4)]
    assert days_of(planned) == [date(2026, 9, 11)]


def test_a_plan_does_not_reach_beyond_a_year(county):
    with pytest.raises(ValidationError):
        actions.plan_receptions(plan_for(county), until=date(2028, 1, 1), by=county.clerk, today=TODAY)


@pytest.mark.parametrize("who", ["other_clerk", "foreign_office", "leader", "unit_officer", "rep", "nobody"])
def test_only_the_stations_own_people_and_its_offices_plan_its_days(county, who):
    with pytest.raises(PermissionDenied):
        actions.plan_receptions(
            plan_for(county), until=date(2026, 9, 12), by=getattr(county, who), today=TODAY
        )


def test_planning_costs_the_same_for_a_week_and_for_a_year(county, count_queries):
    with count_queries() as week:
        actions.plan_receptions(plan_for(county), until=date(2026, 9, 8), by=county.clerk, today=TODAY)
    with count_queries() as year:
        planned = actions.plan_receptions(
            plan_for(county, weekday=2), until=date(2027, 8, 31), by=county.clerk, today=TODAY
        )

    assert len(planned.made) > 40
    assert len(year) <= len(week)


def test_a_cancelled_day_names_its_reason_and_frees_its_hours(county):
    start = timezone.now() + timedelta(days=3)
    day = Reception.objects.create(
        station=county.station, starts_at=start, ends_at=start + timedelta(hours=2)
    )

    actions.cancel_reception(day, reason="镇里停电", by=county.clerk)

    assert Reception.objects.get(pk=day.pk).cancelled_reason == "镇里停电"
    Reception.objects.create(station=county.station, starts_at=start, ends_at=start + timedelta(hours=2))


def test_cancelling_needs_a_reason_a_coming_day_and_the_right(county):
    start = timezone.now() + timedelta(days=3)
    day = Reception.objects.create(
        station=county.station, starts_at=start, ends_at=start + timedelta(hours=2)
    )
    past = Reception.objects.create(
        station=county.other_station, starts_at=start - timedelta(days=9), ends_at=start - timedelta(days=8)
    )

    with pytest.raises(ValidationError):
        actions.cancel_reception(day, reason="  ", by=county.clerk)
    with pytest.raises(ValidationError):
        actions.cancel_reception(past, reason="下雨", by=county.other_clerk)
    with pytest.raises(PermissionDenied):
        actions.cancel_reception(day, reason="下雨", by=county.other_clerk)


def test_closing_hands_people_villages_and_points_to_the_station_that_takes_over(county):
    day = timezone.localdate()
    point = make_station("0312A", "牛场联络点", county.villages[0], kind="point", parent=county.station)
    county.station.serves.add(*county.villages[:2])
    start = timezone.now() + timedelta(days=3)
    coming = Reception.objects.create(
        station=county.station, starts_at=start, ends_at=start + timedelta(hours=2)
    )

    actions.close_station(county.station, on=day, taken_over_by=county.other_station, by=county.county_office)

    county.station.refresh_from_db()
    point.refresh_from_db()
    coming.refresh_from_db()
    assert county.station.closed_on == day
    assert county.station.taken_over_by == county.other_station
    assert point.parent == county.other_station
    assert set(county.other_station.serves.all()) == set(county.villages[:2])
    assert coming.cancelled_reason
    assert [
        posting.station for posting in Posting.objects.current().filter(person=county.representative)
    ] == [county.other_station]
    assert Posting.objects.get(station=county.station).end_reason == "站点撤并"
    assert not StationStaff.objects.filter(station=county.station, ends_on__isnull=True).exists()


def test_closing_cuts_short_nobody_elses_station_and_needs_a_living_taker(county):
    day = timezone.localdate()
    closed = make_station("0399", "旧站", county.towns[1], closed_on=day)

    for by in (county.clerk, county.station_head, county.other_town_office, county.foreign_office):
        with pytest.raises(PermissionDenied):
            actions.close_station(county.station, on=day, by=by)
    with pytest.raises(ValidationError):
        actions.close_station(county.station, on=day, taken_over_by=county.station, by=county.county_office)
    with pytest.raises(ValidationError):
        actions.close_station(county.station, on=day, taken_over_by=closed, by=county.county_office)
    with pytest.raises(ValidationError):
        actions.close_station(closed, on=day, by=county.county_office)


def test_a_closed_station_opens_again(county):
    actions.close_station(
        county.station, on=timezone.localdate(), taken_over_by=county.other_station, by=county.county_office
    )
    county.station.refresh_from_db()

    actions.open_station(county.station, on=timezone.localdate(), by=county.county_office)

    county.station.refresh_from_db()
    assert county.station.closed_on is None
    assert county.station.taken_over_by is None


def test_posting_people_twice_changes_nothing(county):
    other = Person.objects.create(name="罗国栋")

    made = actions.post_representatives(
        county.station, people=[county.representative, other], begins_on=TODAY, by=county.town_office
    )
    again = actions.post_representatives(
        county.station, people=[other], begins_on=TODAY, by=county.town_office
    )

    assert [posting.person for posting in made] == [other]
    assert again == []


def test_leaving_a_station_keeps_the_record(county):
    posting = Posting.objects.get(station=county.station)

    actions.end_posting(posting, on=TODAY, reason="调往柳溪镇", by=county.town_office)

    posting.refresh_from_db()
    assert (posting.ends_on, posting.end_reason) == (TODAY, "调往柳溪镇")


def test_after_a_boundary_change_the_villages_representatives_sit_at_the_new_station(county):
    term = CongressTerm.objects.get()
    moved, staying = county.villages[0], county.villages[1]
    county.station.serves.add(moved, staying)
    whole = Constituency.objects.create(term=term, name="牛场选区")
    whole.areas.add(moved)
    split = Constituency.objects.create(term=term, name="石桥联合选区")
    split.areas.add(moved, staying)
    Mandate.objects.filter(person=county.representative).update(constituency=whole)
    neighbour = Person.objects.create(name="罗国栋")
    Mandate.objects.create(person=neighbour, term=term, constituency=split, begins_on=LONG_AGO)
    Posting.objects.create(
        station=county.station, person=neighbour, begins_on=LONG_AGO, duty_days="每月 15 日"
    )
    Posting.objects.filter(person=county.representative).update(duty_days="每周五")

    made = actions.repost_after_boundary_change(
        [moved], to=county.other_station, on=TODAY, by=county.county_office
    )

    assert [(posting.person, posting.begins_on, posting.duty_days) for posting in made] == [
        (county.representative, TODAY, "每周五")
    ]
    old = Posting.objects.get(station=county.station, person=county.representative)
    assert (old.begins_on, old.ends_on, old.end_reason) == (LONG_AGO, TODAY, "区划调整")
    assert Posting.objects.get(person=neighbour).ends_on is None
    assert list(county.station.serves.all()) == [staying]
    assert list(county.other_station.serves.all()) == [moved]


def test_a_town_may_not_take_a_village_from_another_town(county):
    county.station.serves.add(county.villages[0])

    with pytest.raises(PermissionDenied):
        actions.repost_after_boundary_change(
            [county.villages[0]], to=county.other_station, on=TODAY, by=county.other_town_office
        )


def test_a_station_follows_its_division(county):
    actions.move_station(county.station, area=county.towns[1], by=county.county_office)

    county.station.refresh_from_db()
    assert county.station.town_code == county.towns[1].code


def picture(colour="red"):
    file = BytesIO()
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (26.0, 30.0, 0.0)}
    Image.new("RGB", (640, 400), colour).save(file, "JPEG", exif=exif)
    return SimpleUploadedFile("station.jpg", file.getvalue(), "image/jpeg")


def test_a_new_photo_is_public_without_its_place_and_the_old_one_is_gone(
    county, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.PRIVATE_ROOT = tmp_path
    actions.set_station_photo(county.station, picture(), by=county.station_head)
    former = county.station.photo.path

    with django_capture_on_commit_callbacks(execute=True):
        actions.set_station_photo(county.station, picture("blue"), by=county.station_head)

    photo = county.station.photo
    assert photo.is_public
    with open_private(photo.path) as file:
        assert not Image.open(file).getexif()
    with pytest.raises(FileNotFoundError):
        open_private(former)


def test_a_photo_that_is_none_is_refused_in_words(county, settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path

    with pytest.raises(ValidationError):
        actions.set_station_photo(
            county.station, SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>"), by=county.station_head
        )
