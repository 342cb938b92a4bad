"""The sweep: each rung once, however often and however late it comes, and no slip stops it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from core import remembered, rulebook
from core.ledger import broken_links
from core.models import Clock, Event, Heartbeat, Message, RulePack, Rung, RungFiring, Term
from core.sweep import sweep
from core.tasks import SWEEP_LOCK, sweep_deadlines
from intake import actions
from intake.models import ConstituentRequest
from tests.core.test_workflow import race
from tests.county import build_county

TZ = ZoneInfo("Asia/Shanghai")


def at(month, day, hour=1):
    return datetime(2026, month, day, hour, tzinfo=TZ)


def cases(county):
    """One case on every kind of clock, all begun on Monday 1 June."""
    now = at(6, 1, 10)
    waiting = county.assigned(now=now)
    actions.ask(waiting, by=county.clerk, question="哪一盏？", now=now)
    redoing = county.told(now=now)
    actions.rate(redoing, solved="no", now=now)
    partly = county.told(now=now)
    actions.rate(partly, solved="partly", now=now)
    handling = actions.handle(county.registered(now=now), by=county.clerk, now=now)
    returned = county.assigned(now=now)
    actions.hand_back(returned, by=county.unit_officer, note="不归我们", now=now)
    escalated = actions.escalate(county.assigned(now=now), by=county.town_office, now=now)
    return [
        county.receive(now=now), county.registered(now=now), county.assigned(now=now, follower=county.representative),
        waiting, county.replied(now=now), county.told(now=now), redoing, partly, handling, returned, escalated,
        county.receive(now=now, is_urgent=True),
    ]  # fmt: skip


def outcome(made):
    """What sweeping did, without the instants at which it was done and said."""
    place = {case.pk: number for number, case in enumerate(made)}
    firings = RungFiring.objects.select_related("clock", "rung")
    return {
        "states": [ConstituentRequest.objects.get(pk=case.pk).state for case in made],
        "promises": [ConstituentRequest.objects.get(pk=case.pk).promised_on for case in made],
        "firings": sorted(
            (place[f.clock.case_id], f.clock.name, f.rung.order, f.round, f.due_at) for f in firings
        ),
        "clocks": sorted(
            (place[c.case_id], c.name, c.due_on, c.started_at, c.stopped_at is None, c.rung_order)
            for c in Clock.objects.all()
        ),
        "messages": sorted(
            (place[m.case_id], m.kind, m.channel, m.recipient_id or 0, m.context.get("due_on") or "")
            for m in Message.objects.exclude(kind__startswith="intake.request_a")
        ),
        "verbs": [sorted(e.verb for e in Event.objects.about(case) if e.verb != "remind") for case in made],
    }


@pytest.mark.parametrize("days", [3, 10, 40])
def test_days_off_caught_up_are_the_same_as_never_having_stopped(days, county):
    made = cases(county)
    start, end = at(6, 1, 10), at(6, 1, 10) + timedelta(days=days)

    with transaction.atomic():
        now = start
        while now <= end:
            sweep(now=now)
            now += timedelta(hours=6)
        daily = outcome(made)
        transaction.set_rollback(True)
    sweep(now=end)
    late = outcome(made)

    for what in daily:
        assert late[what] == daily[what], what
    assert daily["firings"]
    assert broken_links(ConstituentRequest) == []


def test_a_second_sweep_changes_nothing(county):
    made = cases(county)
    sweep(now=at(6, 20))
    before, events = outcome(made), Event.objects.count()

    count = sweep(now=at(6, 20))

    assert (count.clocks, count.rungs, count.fired) == (0, 0, 0)
    assert (outcome(made), Event.objects.count()) == (before, events)


def test_a_rung_never_climbs_twice_even_when_its_clock_forgot(county):
    request = county.assigned(now=at(6, 1))
    sweep(now=at(6, 12))
    Clock.objects.about(request).running().update(rung_order=0, next_check_at=at(6, 1))
    events = Event.objects.count()

    assert sweep(now=at(6, 12)).rungs == 0
    assert Event.objects.count() == events


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_share_the_work_and_do_it_once():
    county = build_county()
    made = [county.assigned(now=at(6, 1)) for _n in range(6)]

    results = race(*[lambda: sweep(now=at(6, 12)).rungs for _sweep in range(3)])
    sweep(now=at(6, 12))

    assert not [each for each in results if isinstance(each, Exception)], results
    assert (
        RungFiring.objects.count() == RungFiring.objects.values("clock", "rung", "round").distinct().count()
    )
    for case in made:
        reminders = [e for e in Event.objects.about(case) if e.verb == "remind"]
        assert sum(len(e.facts["rungs"]) for e in reminders) == 2
    assert broken_links(ConstituentRequest) == []


@pytest.mark.django_db(transaction=True)
def test_an_action_and_the_sweep_on_the_same_case_do_not_wait_for_each_other_for_ever():
    county = build_county()
    request = county.assigned(now=at(6, 1))

    def act():
        return actions.submit_reply(
            ConstituentRequest.objects.get(pk=request.pk), by=county.unit_officer, outcome="solved", headline="好",
            body="好",
        ).state  # fmt: skip

    results = race(act, lambda: sweep(now=at(6, 12)).rungs, act, lambda: sweep(now=at(6, 12)).rungs)

    for each in results:
        assert not isinstance(each, Exception) or type(each).__name__ == "NotOpen", repr(each)
    assert broken_links(ConstituentRequest) == []


def test_looking_when_nothing_is_due_costs_almost_nothing(county, django_assert_max_num_queries):
    for _n in range(3):
        county.assigned(now=at(6, 1))

    with django_assert_max_num_queries(5):
        assert sweep(now=at(6, 2)).clocks == 0


def test_thirty_due_cases_cost_the_statements_of_three(county, count_queries):
    def cost(number):
        with transaction.atomic():
            for _n in range(number):
                county.assigned(now=at(6, 1), follower=county.representative)
            remembered.clear()
            with count_queries() as seen:
                assert sweep(now=at(6, 12)).rungs == 2 * number
            transaction.set_rollback(True)
        return len(seen)

    assert cost(3) == cost(30) <= 24


def test_one_event_names_every_rung_a_late_sweep_climbs(county):
    request = county.assigned(now=at(6, 1), follower=county.representative)

    sweep(now=at(6, 12))

    event = Event.objects.about(request).last()
    assert event.verb == "remind"
    assert [(r["clock"], r["level"], r["due_on"]) for r in event.facts["rungs"]] == [
        ("request.unit", "remind", "2026-06-11"),
        ("request.unit", "urge", "2026-06-11"),
    ]
    heard = Message.objects.filter(kind="core.ladder_climbed", channel="inbox")
    assert {m.recipient.username for m in heard} == {
        "unit_officer",
        "unit_head",
        "clerk",
        "station_head",
        "rep",
    }


def test_a_warning_that_was_due_before_the_clock_began_is_left_out(county):
    Term.objects.filter(clock="request.unit").update(amount=1)
    rulebook.clear()
    request = county.assigned(now=at(6, 1, 10))

    sweep(now=at(6, 2))

    assert [f.rung.order for f in RungFiring.objects.all()] == [2]
    assert Event.objects.about(request).last().facts["rungs"][0]["level"] == "urge"


def test_after_an_extension_the_ladder_is_climbed_again(county):
    request = county.assigned(now=at(6, 1))
    sweep(now=at(6, 11))
    first = RungFiring.objects.count()

    actions.extend(request, by=county.town_office, days=5, note="等料", now=at(6, 11, 10))
    sweep(now=at(6, 19))

    clock = Clock.objects.about(request).running().get(name="request.unit")
    assert (clock.due_on, clock.round, clock.extensions) == (date(2026, 6, 18), 2, 1)
    assert RungFiring.objects.filter(clock=clock).values_list("round", "rung__order").count() == first + 2


def test_a_paused_clock_is_not_climbed(county):
    request = county.assigned(now=at(6, 1))
    actions.ask(request, by=county.clerk, question="哪一盏？", now=at(6, 2))

    sweep(now=at(6, 8))

    assert RungFiring.objects.count() == 0


def test_a_rung_whose_step_is_not_open_has_said_its_word(county):
    Rung.objects.filter(clock="request.feedback", order=1).update(fires="escalate")
    rulebook.clear()
    request = county.replied(now=at(6, 1))

    count = sweep(now=at(6, 4))

    assert count.refused == [f"request {request.pk}: 现在是“待反馈”，不能上报县级。"]
    assert sweep(now=at(6, 4)).rungs == 0


def test_a_slip_in_a_rule_pack_is_logged_and_stops_nobody(county, caplog):
    Rung.objects.filter(clock="request.unit", order=1).update(hears=["unit_officer", "mayor"], fires="dance")
    rulebook.clear()
    request, other = county.assigned(now=at(6, 1)), county.registered(now=at(6, 1))

    count = sweep(now=at(6, 9))

    assert "unknown hearers: mayor" in caplog.text
    assert count.refused == [f"request {request.pk}: dance failed"]
    assert Event.objects.about(other).last().verb == "remind"
    assert Message.objects.filter(
        case_id=request.pk, kind="core.ladder_climbed", recipient=county.unit_officer
    ).exists()


def test_a_clock_of_a_case_that_is_gone_stops_nobody(county):
    request = county.assigned(now=at(6, 1))
    Clock.objects.create(
        case_label="request", case_id=10**9, name="request.unit", amount=1, unit="days", started_at=at(6, 1),
        counted_from=date(2026, 6, 1), due_on=date(2026, 6, 2), due_at=at(6, 3), next_check_at=at(6, 2),
    )  # fmt: skip

    assert sweep(now=at(6, 9)).rungs == 1
    assert Event.objects.about(request).last().verb == "remind"


def test_a_place_with_a_ladder_of_its_own_uses_it_whole(county):
    pack = RulePack.objects.create(
        code="yunling",
        name="云岭县办法",
        area_prefix="990127",
        source="云办〔2026〕1号",
        valid_from=date(2026, 1, 1),
    )
    Rung.objects.create(
        pack=pack, clock="request.unit", order=1, level="circulate", offset=0, hears=["town_office"]
    )
    rulebook.clear()
    request = county.assigned(now=at(6, 1))

    sweep(now=at(6, 20))

    assert [f.rung.level for f in RungFiring.objects.filter(clock__name="request.unit")] == ["circulate"]
    assert ConstituentRequest.objects.get(pk=request.pk).state == "assigned"


def test_the_job_sweeps_and_leaves_a_sign_and_two_do_not_meet(county):
    county.assigned(now=at(6, 1))

    sweep_deadlines()
    assert Heartbeat.objects.get(name="sweep_deadlines").note.endswith("0 refused")
    Heartbeat.objects.all().delete()

    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SWEEP_LOCK])
            sweep_deadlines()
        assert not Heartbeat.objects.exists()
    finally:
        other.close()


def test_the_command_says_what_it_did(county, capsys):
    county.assigned(now=datetime.now(UTC) - timedelta(days=60))

    call_command("sweep_deadlines")

    assert "1 fired, 0 refused" in capsys.readouterr().out


def test_a_make_up_workday_counts_in_the_ladder(county):
    """On Sunday 2026-09-20 people work: eight working days from the 9th, and two back from there."""
    clock = Clock.objects.about(county.assigned(now=at(9, 9))).get(name="request.unit")

    assert clock.due_on == date(2026, 9, 20)
    assert clock.next_check_at == at(9, 17, 0)
