"""Whole lives of requests through the actions, with the clock moved: nobody is forgotten on the way."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from core.deadlines import faces, why
from core.ledger import broken_links
from core.models import Clock, Event, Message
from core.sweep import sweep
from core.workflow import NotAllowed, NotOpen
from intake import actions, rules
from intake.actions import Contact
from intake.models import ConstituentRequest, RequestLink, RequestRating
from representatives.models import DutyRecord

TZ = ZoneInfo("Asia/Shanghai")


def at(day, hour=10):
    return datetime(2026, day[0], day[1], hour, tzinfo=TZ)


def due(request, name):
    return Clock.objects.about(request).running().get(name=f"request.{name}").due_on


def running(request):
    return {clock.name.removeprefix("request.") for clock in Clock.objects.about(request).running()}


def answered(county, request, now, outcome="solved", planned_on=None, unit=("unit_officer", "unit_head")):
    officer, head = (county.users[name] for name in unit)
    actions.submit_reply(
        request, by=officer, outcome=outcome, headline="换了灯头，灯亮了", body="维修班去现场换了灯头和电缆。",
        basis="见现场照片", planned_on=planned_on, now=now,
    )  # fmt: skip
    actions.sign(request, by=head, now=now)
    actions.feed_back(request, by=county.clerk, method="phone", now=now)


def make_water_staff(county):
    from accounts.roles import Role
    from tests.county import make_user

    county.users["water_head"] = make_user(
        "水务局长", (Role.UNIT_HEAD, county.units["water"]), username="water_head"
    )
    return ("other_officer", "water_head")


def test_assigned_returned_reassigned_replied_told_dissatisfied_redone_disputed_and_settled_by_the_county(
    county,
):
    water = make_water_staff(county)
    request = county.registered(now=at((6, 1)))
    assert request.promised_on == due(request, "answer") == date(2026, 6, 15)

    actions.assign(request, unit=county.units["urban"], by=county.town_office, now=at((6, 2)))
    assert due(request, "unit") == date(2026, 6, 12)
    actions.hand_back(request, by=county.unit_officer, note="不归我们管", right_unit="水务局", now=at((6, 3)))
    assert (request.state, request.returns, due(request, "reassign")) == ("returned", 1, date(2026, 6, 5))
    actions.reassign(request, unit=county.units["water"], by=county.town_office, now=at((6, 4)))
    # Eight working days would be the 16th: the unit's time ends with the promise to the resident.
    assert due(request, "unit") == date(2026, 6, 15)
    assert not rules.may_see(county.unit_officer, request)

    answered(county, request, at((6, 10)), unit=water)
    assert request.state == "told"
    assert running(request) == {"rating"}
    assert due(request, "rating") == date(2026, 6, 25)

    actions.rate(request, solved="no", satisfied="dissatisfied", remark="还是没水", now=at((6, 12)))
    assert (request.state, request.round, due(request, "rehandle")) == ("redoing", 2, date(2026, 6, 29))
    answered(county, request, at((6, 22)), unit=water)
    actions.rate(request, solved="no", now=at((6, 23)))
    assert (request.state, request.round, due(request, "county")) == ("disputed", 3, date(2026, 7, 23))

    with pytest.raises(NotAllowed):
        actions.close_disputed(request, by=county.town_office, note="算了", now=at((6, 24)))
    actions.close_disputed(request, by=county.county_office, note="县里看过，管线明年改造。", now=at((6, 24)))

    assert request.state == "closed_disputed"
    assert running(request) == set()
    assert [r.round for r in request.ratings.order_by("round")] == [1, 2]
    assert request.assignments.filter(ended_at__isnull=True).count() == 0
    assert [event.verb for event in Event.objects.about(request)] == [
        "receive", "register", "assign", "hand_back", "reassign", "submit_reply", "sign", "feed_back", "send_back",
        "submit_reply", "sign", "feed_back", "dispute", "close_disputed",
    ]  # fmt: skip
    assert broken_links(ConstituentRequest) == []


def test_what_is_to_be_redone_may_be_given_to_somebody_else(county):
    request = actions.answer(
        county.registered(now=at((6, 1))),
        by=county.clerk,
        headline="说清了",
        body="当面说清了",
        now=at((6, 1)),
    )
    actions.rate(request, solved="no", now=at((6, 2)))
    assert (request.state, request.unit) == ("redoing", None)

    actions.reassign(request, unit=county.units["urban"], by=county.town_office, now=at((6, 3)))

    assert (request.state, request.round, running(request)) == ("assigned", 2, {"unit", "return_window"})
    answered(county, request, at((6, 4)))
    actions.rate(request, solved="yes", now=at((6, 5)))
    assert request.state == "closed"


def test_a_disputed_case_is_assigned_anew_by_the_county_and_can_still_end_well(county):
    request = county.told(now=at((6, 1)))
    actions.rate(request, satisfied="dissatisfied", now=at((6, 2)))
    answered(county, request, at((6, 3)))
    actions.rate(request, solved="no", now=at((6, 4)))

    actions.assign(request, unit=county.units["water"], by=county.county_office, now=at((6, 5)))
    answered(county, request, at((6, 8)), unit=make_water_staff(county))
    actions.rate(request, solved="yes", satisfied="satisfied", now=at((6, 9)))

    assert (request.state, request.satisfied, request.round) == ("closed", "satisfied", 3)


def test_thirty_nine_opinions_become_twenty_two_and_everybody_gets_an_answer_and_rates_it(county):
    """阿克苏: 39 opinions merged to 22. Each submitter keeps number, answer and rating."""
    masters = [county.registered(body=f"第{n}件事：路灯不亮，请来看看", now=at((6, 1))) for n in range(22)]
    children = [
        county.registered(
            body=f"也说第{n % 22}件事：路灯不亮",
            contact=Contact(f"群众{n}", f"1390000{n:04d}", "sms"),
            now=at((6, 1)),
        )
        for n in range(17)
    ]
    for n, child in enumerate(children):
        actions.merge(child, into=masters[n % 22], by=county.clerk, now=at((6, 2)))
    assert ConstituentRequest.objects.exclude(state="merged").count() == 22

    master = masters[0]
    actions.assign(master, unit=county.units["urban"], by=county.town_office, now=at((6, 2)))
    with pytest.raises(NotAllowed):
        actions.unmerge(children[0], by=county.clerk, now=at((6, 2)))
    answered(county, master, at((6, 8)))

    child = ConstituentRequest.objects.get(pk=children[0].pk)
    assert (master.state, child.state) == ("told", "told")
    assert running(child) == {"rating"}
    assert child.progress.last().title == "换了灯头，灯亮了"
    told = Event.objects.about(child).last()
    assert (told.verb, told.actor_kind) == ("feed_back", "system")
    assert told.action_id == Event.objects.about(master).last().action_id
    assert Message.objects.filter(kind="intake.request_answered", case_id=child.pk).count() == 1

    actions.rate(child, solved="no", now=at((6, 9)))
    assert (child.state, child.master, child.unit) == ("redoing", None, county.units["urban"])
    assert RequestLink.objects.filter(request=child, origin=master, kind="detached").exists()
    master.refresh_from_db()
    assert (master.state, Event.objects.about(master).last().verb) == ("told", "release")
    actions.rate(master, solved="yes", satisfied="satisfied", now=at((6, 9)))
    assert RequestRating.objects.count() == 2
    assert broken_links(ConstituentRequest) == []


def test_somebody_who_is_to_be_phoned_is_put_on_their_stations_list_when_the_master_is_answered(county):
    master = county.registered(now=at((6, 1)))
    child = county.registered(contact=Contact("李大爷", "13900002222", "phone"), now=at((6, 1)))
    actions.merge(child, into=master, by=county.clerk, now=at((6, 1)))

    actions.answer(master, by=county.clerk, headline="说清了", body="已经通知维修。", now=at((6, 2)))

    calls = Message.objects.filter(kind="intake.request_to_call_back", case_id=child.pk, context__tell=True)
    assert {message.recipient for message in calls} == {county.clerk, county.station_head}


def test_a_merge_can_be_undone_and_the_clocks_run_on(county):
    master, child = county.registered(now=at((6, 1))), county.registered(now=at((6, 1)))
    before = due(child, "answer")

    actions.merge(child, into=master, by=county.clerk, now=at((6, 1)))
    assert all(face.is_paused for face in faces(child))
    actions.unmerge(child, by=county.clerk, now=at((6, 3)))

    assert (child.state, child.master) == ("registered", None)
    assert due(child, "answer") == child.promised_on == date(2026, 6, 17) > before
    assert [event.verb for event in Event.objects.about(master)][-2:] == ["absorb", "release"]


@pytest.mark.parametrize("ending", ["answer", "refer", "withdraw"])
def test_whatever_becomes_of_the_master_those_merged_into_it_are_not_forgotten(ending, county):
    master, child = county.registered(now=at((6, 1))), county.registered(now=at((6, 1)))
    actions.merge(child, into=master, by=county.clerk, now=at((6, 1)))

    if ending == "answer":
        actions.answer(master, by=county.clerk, headline="当场说清", body="已经通知维修。", now=at((6, 2)))
    elif ending == "refer":
        actions.refer(master, by=county.clerk, door="petition", note="请到县信访局", now=at((6, 2)))
    else:
        actions.withdraw(master, now=at((6, 2)))
    child.refresh_from_db()

    expected = {"answer": "told", "refer": "referred", "withdraw": "registered"}
    assert child.state == expected[ending]
    assert (child.master is None) == (ending == "withdraw")
    assert Event.objects.about(child).last().action_id == Event.objects.about(master).last().action_id
    assert child.progress.last().title in ("当场说清", "这件事要去：县信访局", "单独办理")


def test_a_plan_is_told_to_all_followed_to_its_date_and_told_again_to_all(county):
    master, child = county.registered(now=at((6, 1))), county.registered(now=at((6, 1)))
    actions.merge(child, into=master, by=county.clerk, now=at((6, 1)))
    actions.assign(master, unit=county.units["urban"], by=county.town_office, now=at((6, 1)))

    answered(county, master, at((6, 5)), outcome="planned", planned_on=date(2026, 7, 31))
    child.refresh_from_db()

    assert (master.state, child.state) == ("following", "merged")
    assert running(master) == {"followup"}
    assert due(master, "followup") == date(2026, 7, 31)
    assert child.planned_on == date(2026, 7, 31)
    assert Message.objects.filter(kind="intake.request_promised").count() == 2

    sweep(now=at((7, 31)))
    levels = [rung["level"] for rung in Event.objects.about(master).last().facts["rungs"]]
    assert levels == ["remind", "urge"]

    answered(county, master, at((8, 1)))
    child.refresh_from_db()
    assert (master.state, child.state) == ("told", "told")


def test_the_station_follows_its_own_plan_as_well(county):
    request = county.registered(now=at((6, 1)))
    actions.handle(request, by=county.clerk, now=at((6, 1)))
    told = {"headline": "月底装好", "body": "已经报了计划。"}
    actions.report_result(
        request, by=county.clerk, outcome="planned", planned_on=date(2026, 6, 30), now=at((6, 2)), **told
    )
    actions.feed_back(request, by=county.clerk, now=at((6, 2)))
    assert request.state == "following"

    actions.report_result(
        request, by=county.clerk, outcome="solved", headline="装好了", body="昨天装好的。", now=at((6, 29))
    )
    actions.feed_back(request, by=county.clerk, now=at((6, 29)))

    assert (request.state, running(request)) == ("told", {"rating"})


def test_asking_back_stops_the_clocks_and_the_answer_lets_them_run_on_with_the_promise(county):
    request = county.assigned(now=at((6, 1)))
    unit_day, promise = due(request, "unit"), request.promised_on

    actions.ask(request, by=county.unit_officer, question="路灯杆上的编号是多少？", now=at((6, 2)))
    assert {face.name for face in faces(request) if not face.is_paused} == {"request.supplement"}
    sweep(now=at((6, 3)))
    assert Event.objects.about(request).last().verb == "ask"
    actions.supplement(request, text="是 037 号", now=at((6, 4)))

    assert request.state == "assigned"
    assert (due(request, "unit"), unit_day) == (date(2026, 6, 15), date(2026, 6, 11))
    assert (request.promised_on, promise) == (date(2026, 6, 17), date(2026, 6, 15))
    assert "暂停 2 天" in "".join(faces(request)[0].why)


def test_without_an_answer_to_the_question_the_system_carries_on(county):
    request = county.assigned(now=at((6, 1)))
    actions.ask(request, by=county.clerk, question="在哪一段？", now=at((6, 2)))

    sweep(now=at((6, 15)))

    request.refresh_from_db()
    assert (request.state, Event.objects.about(request).last().verb) == ("assigned", "carry_on")
    # The answer was due on the 9th and waited for until the 10th was over; seven working days stood still, however
    # late the sweep comes.
    assert due(request, "unit") == date(2026, 6, 23)


def test_an_extension_moves_the_date_once_or_as_often_as_the_term_allows(county):
    request = county.assigned(now=at((6, 1)))

    actions.request_extension(request, by=county.unit_officer, days=3, note="等电缆到货", now=at((6, 3)))
    assert due(request, "unit") == date(2026, 6, 11)
    with pytest.raises(NotAllowed):
        actions.extend(request, by=county.unit_head, days=3, note="自己批", now=at((6, 3)))
    actions.extend(request, by=county.town_office, days=3, note="等电缆到货", now=at((6, 3)))

    assert (due(request, "unit"), request.promised_on) == (date(2026, 6, 16), date(2026, 6, 18))
    assert request.progress.last().title == "要晚几天，改到 6月16日前"
    assert "批准延期 3 个工作日，到 6月16日。" in _why(request, "unit")
    with pytest.raises(NotOpen, match="不能再延"):
        actions.extend(request, by=county.town_office, days=3, note="再等等", now=at((6, 4)))
    with pytest.raises(NotOpen, match="不能再延"):
        actions.request_extension(request, by=county.unit_officer, days=3, note="再等等", now=at((6, 4)))


def _why(request, name):
    return why(Clock.objects.about(request).get(name=f"request.{name}"))


def test_an_unrated_case_lapses_by_the_sweep_after_fifteen_days_and_not_before(county):
    with time_machine.travel(at((6, 1)), tick=False):
        request = county.told()

    sweep(now=datetime(2026, 6, 16, 23, 59, tzinfo=TZ))
    request.refresh_from_db()
    assert (request.state, due(request, "rating")) == ("told", date(2026, 6, 16))

    sweep(now=datetime(2026, 6, 18, 0, 1, tzinfo=TZ))
    request.refresh_from_db()
    assert (request.state, request.satisfied, request.rated_at) == ("closed", "", None)
    assert Event.objects.about(request).last().actor_kind == "system"


def test_an_urgent_case_is_to_be_phoned_within_two_hours(county):
    request = county.receive(is_urgent=True, now=at((6, 1), 22))
    clock = Clock.objects.about(request).get(name="request.contact")
    assert clock.due_at == at((6, 1), 22) + timedelta(hours=2)
    assert Message.objects.filter(kind="intake.request_arrived_urgently", is_urgent=True).exists()

    sweep(now=at((6, 1), 23))
    assert not Message.objects.filter(kind__startswith="core.").exists()
    sweep(now=at((6, 2), 0))
    late = Message.objects.filter(kind="core.ladder_climbed_urgently")
    assert {m.recipient_id for m in late} == {county.station_head.pk, county.town_office.pk}

    actions.contacted(request, by=county.clerk, note="电话打通了，人已经转移", now=at((6, 2), 1))
    assert running(request) == {"register"}


def test_a_case_found_urgent_when_it_is_registered_gets_its_two_hours_too(county):
    request = county.receive(now=at((6, 1)))

    actions.register(request, by=county.clerk, is_urgent=True, now=at((6, 1), 11))
    assert running(request) == {"triage", "answer", "contact"}
    assert Message.objects.filter(kind="intake.request_arrived_urgently").count() == 2

    calm = actions.register(
        county.receive(is_urgent=True, now=at((6, 1))), by=county.clerk, is_urgent=False, now=at((6, 1), 11)
    )
    assert running(calm) == {"triage", "answer"}


def test_a_case_nobody_answers_goes_up_to_the_county_by_itself(county):
    request = county.assigned(now=at((6, 1)))

    sweep(now=at((6, 17), 9))

    request.refresh_from_db()
    escalation = Event.objects.about(request).last()
    assert (request.state, escalation.verb, escalation.actor_kind) == ("escalated", "escalate", "system")
    assert request.origin_town_code == county.towns[0].code
    message = Message.objects.filter(kind="intake.request_escalated", recipient=county.county_office).first()
    assert message.context["cause"] == "overdue"
    assert rules.may_assign(county.county_office, request)
    assert not rules.may_assign(county.town_office, request)


def test_a_draft_nobody_signs_does_not_keep_the_case_from_the_county(county):
    request = county.assigned(now=at((6, 1)))
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="好了", body="好了。", now=at((6, 8))
    )

    sweep(now=at((6, 17), 9))

    request.refresh_from_db()
    assert request.state == "escalated"


def test_two_returns_call_for_a_meeting_and_the_meeting_decides(county):
    request = county.assigned(now=at((6, 1)))
    actions.hand_back(request, by=county.unit_officer, note="不归我们", now=at((6, 2)))
    with pytest.raises(Exception, match="已经退回过一次"):
        actions.reassign(
            county_returned_to(request), unit=county.units["urban"], by=county.town_office, now=at((6, 2))
        )
    actions.reassign(request, unit=county.units["water"], by=county.town_office, now=at((6, 2)))
    actions.hand_back(request, by=county.other_officer, note="也不归我们", now=at((6, 3)))
    with pytest.raises(NotOpen, match="协调会"):
        actions.reassign(request, unit=county.units["town"], by=county.town_office, now=at((6, 3)))

    actions.coordinate(request, by=county.town_office, note="城管局办，水务局配合", now=at((6, 4)))
    actions.reassign(request, unit=county.units["urban"], by=county.town_office, now=at((6, 4)))

    assert (request.state, request.unit) == ("assigned", county.units["urban"])
    with pytest.raises(NotOpen, match="退回过一次"):
        actions.hand_back(request, by=county.unit_officer, note="还是不归我们", now=at((6, 5)))


def county_returned_to(request):
    """The same case as somebody holds it who looked before the return."""
    ConstituentRequest.objects.filter(pk=request.pk).update(unit=None)
    return ConstituentRequest.objects.get(pk=request.pk)


def test_a_return_that_is_not_agreed_to_leaves_the_units_clock_as_it_was(county):
    request = county.assigned(now=at((6, 1)))
    before = due(request, "unit")
    actions.hand_back(request, by=county.unit_head, note="不归我们", now=at((6, 2)))

    actions.refuse_return(request, by=county.town_office, note="三定方案写着归你们", now=at((6, 3)))

    assert (request.state, due(request, "unit"), "reassign" in running(request)) == (
        "assigned",
        before,
        False,
    )
    with pytest.raises(NotOpen):
        actions.hand_back(request, by=county.unit_head, note="再退", now=at((6, 4)))


def test_a_wrong_assignment_is_returned_within_the_window_or_not_at_all(county):
    request = county.assigned(now=at((6, 1)))

    with pytest.raises(NotOpen, match="期限已经过了"):
        actions.hand_back(request, by=county.unit_officer, note="不归我们", now=at((6, 9)))

    assert Event.objects.about(request).last().verb == "assign"


def test_a_unit_complained_about_is_never_given_the_case(county):
    request = county.receive(now=at((6, 1)))
    actions.register(request, by=county.clerk, accused=[county.units["urban"]], now=at((6, 1)))

    with pytest.raises(Exception, match="反映的就是这个单位"):
        actions.assign(request, unit=county.units["urban"], by=county.town_office, now=at((6, 1)))
    actions.assign(request, unit=county.units["water"], by=county.town_office, now=at((6, 1)))

    assert not rules.may_see(county.unit_officer, request)
    assert rules.may_see(county.other_officer, request)
    assert not Message.objects.filter(recipient__in=[county.unit_officer, county.unit_head]).exists()


def test_a_confidential_case_shows_nobody_but_the_place_the_contact(county):
    request = county.assigned(
        is_confidential=True, contact=Contact("李大爷", "13900002222", "sms", "handlers"), now=at((6, 1))
    )

    with pytest.raises(NotAllowed):
        actions.reveal_contact(request, by=county.unit_officer, reason="要打电话")
    assert actions.reveal_contact(request, by=county.clerk, reason="要打电话") == ("李大爷", "13900002222")


def test_partly_solved_is_called_back_and_closed_only_after_a_real_call(county):
    request = county.told(now=at((6, 1)))
    actions.rate(request, solved="partly", satisfied="basically", now=at((6, 2)))
    assert (request.state, due(request, "callback")) == ("callback", date(2026, 6, 9))

    with pytest.raises(NotOpen, match="没有回访到"):
        actions.settle(request, by=county.clerk, note="办完了", now=at((6, 3)))
    actions.log_call(request, by=county.clerk, outcome="no_answer", now=at((6, 3)))
    with pytest.raises(NotOpen):
        actions.settle(request, by=county.clerk, note="办完了", now=at((6, 3)))
    actions.log_call(request, by=county.clerk, outcome="reached", note="还差一盏，下周装", now=at((6, 4)))
    actions.settle(request, by=county.clerk, note="还差一盏，下周装，群众同意", now=at((6, 4)))

    assert (request.state, request.solved) == ("closed", "partly")


def test_in_the_call_back_the_resident_may_still_say_it_is_not_solved(county):
    request = county.told(now=at((6, 1)))
    actions.rate(request, solved="cannot_tell", now=at((6, 2)))

    actions.rate(request, solved="no", by=county.clerk, now=at((6, 3)))

    assert (request.state, request.round) == ("redoing", 2)
    assert RequestRating.objects.get().recorded_by == county.clerk


def test_staff_close_an_unrated_case_only_after_three_tries_on_three_days(county):
    request = county.told(now=at((6, 1)))
    for hour in (9, 10, 11):
        actions.log_call(request, by=county.clerk, outcome="no_answer", now=at((6, 2), hour))
    with pytest.raises(NotOpen, match="三天"):
        actions.lapse(request, by=county.clerk, now=at((6, 2), 12))
    for day in (3, 4):
        actions.log_call(request, by=county.clerk, outcome="no_answer", now=at((6, day)))

    actions.lapse(request, by=county.clerk, now=at((6, 4), 12))

    assert request.state == "closed"


def test_tries_of_an_earlier_round_do_not_count(county):
    request = county.told(now=at((6, 1)))
    for day in (2, 3, 4):
        actions.log_call(request, by=county.clerk, outcome="no_answer", now=at((6, day)))
    actions.rate(request, solved="no", now=at((6, 5)))
    answered(county, request, at((6, 8)))

    with pytest.raises(NotOpen):
        actions.lapse(request, by=county.clerk, now=at((6, 9)))


def test_following_a_case_is_credited_once_each_time_somebody_is_asked(county):
    county.assigned(follower=county.representative, channel="representative", by=county.rep)
    kinds = list(DutyRecord.objects.values_list("kind", flat=True))
    assert kinds == ["request_received"]

    other = county.registered()
    actions.assign(other, unit=county.units["urban"], follower=county.representative, by=county.town_office)
    actions.follow(county.registered(), follower=county.representative, by=county.clerk)

    assert DutyRecord.objects.filter(person=county.representative, kind="request_followed").count() == 2


def test_a_matter_with_two_things_in_it_becomes_two_cases_with_a_way_back(county):
    request = county.registered(now=at((6, 1)))

    made = actions.split(
        request, parts=["井盖也坏了，13900001111 找我", " "], by=county.clerk, now=at((6, 1))
    )

    assert [each.state for each in made] == ["received"]
    assert made[0].reference != request.reference
    assert made[0].receipt_code != request.receipt_code
    assert made[0].contact_phone == request.contact_phone
    assert made[0].body == "井盖也坏了，139****1111 找我"
    assert RequestLink.objects.get().origin == request


def test_what_the_town_makes_complex_gives_the_resident_the_longer_promise(county):
    request = county.registered(now=at((6, 1)))
    assert request.promised_on == date(2026, 6, 15)

    actions.assign(
        request, unit=county.units["urban"], complexity="complex", by=county.town_office, now=at((6, 2))
    )

    assert request.promised_on == date(2026, 6, 23)
    assert due(request, "unit") == date(2026, 6, 22)


def test_archiving_does_not_close_a_second_time(county):
    request = county.told(now=at((6, 1)))
    actions.rate(request, solved="yes", now=at((6, 2)))
    closed_at = request.closed_at

    actions.archive(request, by=county.clerk, now=at((9, 1)))

    assert (request.state, request.closed_at) == ("archived", closed_at)


def test_a_withdrawn_case_tells_those_who_work_on_it(county):
    request = county.assigned(now=at((6, 1)))

    actions.withdraw(request, now=at((6, 2)))

    heard = set(Message.objects.filter(kind="intake.request_withdrawn").values_list("recipient", flat=True))
    assert heard == {county.clerk.pk, county.station_head.pk, county.unit_officer.pk}
    assert request.assignments.filter(ended_at__isnull=True).count() == 0
