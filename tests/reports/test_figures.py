"""The figures equal a naive count in Python over random histories, in every scope."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Clock
from intake import actions
from intake.models import ConstituentRequest
from reports.selectors import figures
from reports.selectors.periods import Period, month_of, months_back, period_of

pytestmark = pytest.mark.django_db


def random_history(county, dice, *, begins):
    """One request that goes some random way through its life, beginning at a random moment."""
    moment = begins
    station = dice.choice([county.station, county.station, county.other_station])
    clerk = county.clerk if station == county.station else county.other_clerk
    office = county.town_office if station == county.station else county.other_town_office
    request = county.receive(
        body=f"路灯不亮了第 {dice.random()} 回。",
        station=station,
        category=dice.choice(list(county.categories.values())),
        now=moment,
        contact=actions.Contact(),
        is_confidential=dice.random() < 0.1,
    )

    def later():
        nonlocal moment
        moment = min(moment + timedelta(days=dice.randint(0, 9), hours=dice.randint(1, 9)), timezone.now())
        return moment

    lives = dice.choice(["left", "rejected", "registered", "referred", "answered", "unit", "unit", "unit"])
    if lives == "left":
        return
    if lives == "rejected":
        actions.reject(request, by=clerk, note="没有具体的事", now=later())
        return
    actions.register(request, by=clerk, now=later())
    if lives == "referred":
        actions.refer(request, by=clerk, door="petition", note="请到信访局", now=later())
    elif lives == "answered":
        actions.answer(request, by=clerk, headline="当场说清了", body="已经说清楚了", now=later())
        rate_perhaps(request, dice, later)
    elif lives == "unit":
        go_to_unit(county, request, dice, later, clerk, office)


def go_to_unit(county, request, dice, later, clerk, office):
    actions.assign(request, unit=county.units["urban"], by=office, now=later())
    if dice.random() < 0.3:
        return
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="修好了", body="换了灯头", basis="", now=later()
    )  # fmt: skip
    actions.sign(request, by=county.unit_head, now=later())
    if dice.random() < 0.2:
        return
    actions.feed_back(request, by=clerk, method="phone", now=later())
    rate_perhaps(request, dice, later)


def rate_perhaps(request, dice, later):
    if dice.random() < 0.75:
        actions.rate(
            request,
            solved=dice.choice(["yes", "yes", "partly", "no", "cannot_tell", ""]),
            satisfied=dice.choice(["satisfied", "satisfied", "basically", "dissatisfied"]),
            now=later(),
        )


def naive(requests, *, now) -> figures.Tally:
    """The definitions once more, written without SQL."""
    counts = dict.fromkeys(figures.Tally.__dataclass_fields__, 0)
    for request in requests:
        clock = Clock.objects.about(request).filter(name="request.answer").first()
        set_aside = request.closed_at is not None and request.told_at is None
        counts["received"] += 1
        counts["set_aside"] += set_aside
        counts["finished"] += request.closed_at is not None and request.told_at is not None
        if clock is not None:
            stopped = clock.stopped_at is not None
            past = clock.due_at <= now and clock.paused_at is None
            counts["due"] += not set_aside and (stopped or past)
            counts["on_time"] += not set_aside and stopped and clock.stopped_at < clock.due_at
            counts["overdue"] += not stopped and past
        counts["told"] += request.told_at is not None
        counts["rated"] += request.told_at is not None and request.rated_at is not None
        counts["graded"] += request.satisfied != ""
        counts["satisfied"] += request.satisfied in ("satisfied", "basically")
        counts["dissatisfied"] += request.satisfied == "dissatisfied"
        counts["judged"] += request.solved != ""
        counts["solved"] += request.solved == "yes"
        counts["partly"] += request.solved == "partly"
    return figures.Tally(**counts)


@pytest.fixture
def histories(county):
    dice = random.Random(20261125)
    now = timezone.now()
    for _number in range(40):
        random_history(county, dice, begins=now - timedelta(days=dice.randint(0, 500), hours=2))
    return county


def test_every_figure_equals_a_naive_count_over_random_histories(histories):
    county, now = histories, timezone.now()
    period = period_of("12m")
    scope = figures.scope_of(county.county_office)

    found = figures.breakdown(scope, period, now=now)

    seen = list(ConstituentRequest.objects.visible_to(county.county_office))
    inside = [each for each in seen if period.since <= each.created_at < period.until]
    earlier = period.year_before
    before = [each for each in seen if earlier.since <= each.created_at < earlier.until]
    assert len(inside) >= 10
    assert len(before) >= 3
    assert found.now == naive(inside, now=now)
    assert found.before == naive(before, now=now)
    assert found.now.due > 0
    assert found.now.overdue > 0
    assert found.now.judged > 0
    for place in figures.places(scope, found):
        there = [each for each in inside if each.town_code == place.code]
        assert place.tally == naive(there, now=now)
    for (town, category), tally in found.by_cell.items():
        there = [each for each in inside if (each.town_code, each.category_id) == (town, category)]
        assert tally == naive(there, now=now)
    assert sum((tally for tally in found.by_cell.values()), figures.Tally()) == found.now


def test_the_months_equal_a_naive_count(histories):
    scope = figures.scope_of(histories.county_office)
    seen = list(ConstituentRequest.objects.visible_to(histories.county_office))

    def in_month(moment, month):
        return moment is not None and timezone.localdate(moment).replace(day=1) == month

    listed = figures.months(scope)

    assert len(listed) == 12
    assert sum(month.received for month in listed) > 5
    for month in listed:
        assert month.received == sum(in_month(each.created_at, month.first) for each in seen)
        assert month.finished == sum(
            in_month(each.closed_at, month.first) and each.told_at is not None for each in seen
        )
        assert month.graded == sum(
            in_month(each.rated_at, month.first) and each.satisfied != "" for each in seen
        )


def test_the_total_of_the_public_counts_the_portals_own_county_only(histories):
    county = histories
    before = figures.total(figures.public_scope().requests)

    county.receive(station=county.foreign_station, village=None)

    assert figures.total(figures.public_scope().requests) == before
    assert before.received == ConstituentRequest.objects.filter(county_code="990127000000").count()


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("county_office", {"0312", "0313"}),
        ("leader", {"0312", "0313"}),
        ("town_office", {"0312"}),
        ("other_town_office", {"0313"}),
        ("station_head", {"0312"}),
        ("foreign_office", {"0901"}),
        ("clerk", set()),
        ("rep", set()),
        ("unit_head", set()),
        ("sysadmin", set()),
    ],
)
def test_each_role_counts_its_own_part_and_nothing_beside_it(county, who, sees):
    for station in (county.station, county.other_station, county.foreign_station):
        county.receive(station=station, village=None)

    found = figures.breakdown(figures.scope_of(county.users[who]), period_of("year"))

    assert found.now.received == len(sees)


def test_a_leader_does_not_count_what_a_leader_may_not_see(county):
    county.receive(is_confidential=True)

    assert figures.breakdown(figures.scope_of(county.leader), period_of("year")).now.received == 0
    assert figures.breakdown(figures.scope_of(county.county_office), period_of("year")).now.received == 1


def test_heat_counts_second_level_kinds_to_their_parent(county):
    from accounts.models import Category

    lamps = Category.objects.create(code="lamps", name="路灯", parent=county.categories["utilities"])
    county.receive(category=lamps)
    county.receive()
    scope = figures.scope_of(county.county_office)
    found = figures.breakdown(scope, period_of("year"))

    grid = figures.heat(found, figures.places(scope, found))

    assert [column.code for column in grid.columns] == ["utilities"]
    assert [cell.count for cell in grid.rows[0][1]] == [2]
    assert 0 <= grid.rows[0][1][0].step < figures.HEAT_STEPS


def test_a_single_hidden_place_takes_the_next_smallest_with_it():
    def place(code, received):
        return figures.Place(code, code, code, figures.Tally(received=received))

    shown = figures.without_small([place("a", 20), place("b", 3), place("c", 9)])

    assert [each.code if each else None for each in shown] == ["a", None, None]
    assert figures.without_small([place("a", 20), place("b", 9)])[1].code == "b"


def test_no_percentage_below_five():
    assert figures.Rate(4, 4).text == "4 / 4"
    assert figures.Rate(4, 5).text == "80%"
    assert figures.Rate(2, 3).percent is None
    assert figures.Rate(0, 0).text == "—"
    assert figures.Rate(2664, 2846).text == "93.6%"


def test_periods_begin_where_their_names_say():
    from datetime import date

    today = date(2024, 2, 29)

    assert period_of("year", today=today).first == date(2024, 1, 1)
    assert period_of("month", today=today).first == date(2024, 2, 1)
    assert period_of("12m", today=today).first == date(2023, 3, 1)
    assert period_of("nonsense", today=today).key == "year"
    assert period_of("year", today=today).year_before == Period(
        "year", period_of("year", today=today).year_before.label, date(2023, 1, 1), date(2023, 2, 28)
    )
    assert months_back(date(2026, 1, 31), 1) == date(2025, 12, 1)
    assert month_of("2026-02").last == date(2026, 2, 28)
    assert month_of("2026-13") is None
    assert month_of("x") is None
