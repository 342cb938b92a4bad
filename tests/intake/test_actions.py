"""Each action by itself: one event, the right message, refusal without a trace, and what it writes where."""

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from accounts.models import Category
from core.codes import normalise_code
from core.models import AccessLog, ActorKind, Clock, Event, EventText, Message
from core.privacy import blind_index
from core.workflow import NotAllowed, NotOpen, StaleCase
from intake import actions
from intake.actions import Contact
from intake.actions.receiving import headline, track_index
from intake.models import ConstituentRequest, RequestNote, RequestProgress, RequestReply
from intake.steps import STEPS


def trace():
    """Everything an action may leave behind."""
    return {
        "events": Event.objects.count(),
        "words": EventText.objects.count(),
        "messages": Message.objects.count(),
        "progress": RequestProgress.objects.count(),
        "notes": RequestNote.objects.count(),
        "replies": RequestReply.objects.count(),
        "cases": list(
            ConstituentRequest.objects.order_by("pk").values_list(
                "pk", "state", "event_seq", "unit", "is_public"
            )
        ),
        "clocks": list(Clock.objects.order_by("pk").values_list("pk", "due_at", "stopped_at", "paused_at")),
    }


# Verb → what its form gives besides; for refusals it does not matter that the values are thin.
ARGUMENTS = {
    "reject": {"note": "没有内容"},
    "answer": {"headline": "说清了", "body": "当面说清了"},
    "refer": {"door": "court", "note": "去法院"},
    "hand_back": {"note": "不归我们"},
    "refuse_return": {"note": "归你们"},
    "coordinate": {"note": "开过会"},
    "hand_down": {"note": "镇里办"},
    "ask": {"question": "哪一盏？"},
    "supplement": {"text": "第三盏"},
    "request_extension": {"days": 2, "note": "等料"},
    "extend": {"days": 2, "note": "等料"},
    "refuse_extension": {"note": "不能等"},
    "split": {"parts": ["另一件"]},
    "submit_reply": {"outcome": "solved", "headline": "好了", "body": "好了"},
    "send_back_draft": {"note": "再写清楚"},
    "report_result": {"outcome": "solved", "headline": "好了", "body": "好了"},
    "log_call": {"outcome": "reached"},
    "rate": {"solved": "yes"},
    "settle": {"note": "说好了"},
    "close_disputed": {"note": "县里看过"},
    "contacted": {"note": "打通了"},
    "add": {"text": "还有一句"},
    "note": {"text": "内部"},
    "urge": {"note": "快办"},
}
OBJECTS = {
    "assign": lambda county: {"unit": county.units["urban"]},
    "reassign": lambda county: {"unit": county.units["water"]},
    "merge": lambda county: {"into": county.registered()},
    "follow": lambda county: {"follower": county.representative},
    "recategorise": lambda county: {"category": county.categories["roads"]},
}
VERBS = sorted(set(ARGUMENTS) | set(OBJECTS) | {
    "register", "handle", "escalate", "carry_on", "withdraw", "unmerge", "sign", "feed_back", "lapse", "archive",
    "mark_urgent", "publish", "unpublish",
})  # fmt: skip


def test_a_refused_action_leaves_no_trace(county):
    """Nobody's and a stranger's tries, a step that is not open, a stale version: no row, no message, no clock."""
    requests = [county.receive(), county.assigned(), county.told()]
    given = {verb: make(county) for verb, make in OBJECTS.items()}
    before = trace()
    for verb in VERBS:
        action = getattr(actions, verb)
        for request in requests:
            for by, version in ((county.nobody, None), (county.foreign_office, None), (county.clerk, 99)):
                with pytest.raises((NotAllowed, NotOpen, StaleCase)), transaction.atomic():
                    action(
                        ConstituentRequest.objects.get(pk=request.pk),
                        by=by,
                        **({"version": version} if version else {}),
                        **(ARGUMENTS.get(verb) or given.get(verb) or {}),
                    )

    assert trace() == before
    assert {step.name for step in STEPS} == set(VERBS)


def test_a_stale_form_is_refused_even_by_somebody_who_may(county):
    request = county.receive()
    seen = request.event_seq
    actions.note(request, by=county.clerk, text="先打过电话")

    with pytest.raises(StaleCase):
        actions.register(request, by=county.clerk, version=seen)

    actions.register(request, by=county.clerk, version=request.event_seq)


def test_receiving_gives_a_number_a_code_a_clock_and_word_to_both_sides(county):
    request = county.receive(body="路灯不亮，请打 13812345678。急。", place="老张 13900001111 家门口")

    assert request.state == "received"
    assert request.body == "路灯不亮，请打 138****5678。急。"
    assert request.body_spans == ["13812345678", "13900001111"]
    assert request.place == "老张 139****1111 家门口"
    assert request.title == "路灯不亮，请打 138****5678"
    assert request.receipt_index == blind_index(normalise_code(request.receipt_code), scope="receipt")
    assert request.track_index == track_index(request.reference, "2746")
    assert [c.name for c in Clock.objects.about(request)] == ["request.register"]
    event = Event.objects.about(request).get()
    assert (event.verb, event.actor_kind, event.actor) == ("receive", ActorKind.RESIDENT, None)
    assert event.facts == {
        "station": county.station.pk,
        "channel": "web",
        "category": county.categories["utilities"].pk,
    }
    kinds = sorted(Message.objects.values_list("kind", "recipient", "contact_ref"), key=str)
    assert kinds == sorted(
        [
            ("intake.request_arrived", county.clerk.pk, ""),
            ("intake.request_arrived", county.station_head.pk, ""),
            ("intake.request_received", None, f"request:{request.pk}"),
        ],
        key=str,
    )


def test_somebody_who_leaves_no_number_is_not_promised_messages(county):
    request = county.receive(contact=Contact("李大爷", "", "sms"))

    assert (request.notify, request.track_index, request.phone_index) == ("none", "", "")
    assert not Message.objects.exclude(contact_ref="").exists()


def test_a_number_that_is_taken_is_drawn_again(county, monkeypatch):
    taken = county.receive()
    numbers = iter([taken.reference, taken.reference, "26-0601-00007"])
    monkeypatch.setattr("core.codes.request_number", lambda day: next(numbers))

    request = county.receive()

    assert request.reference == "26-0601-00007"
    assert Event.objects.about(request).count() == 1


def test_a_day_without_free_numbers_is_said(county, monkeypatch):
    taken = county.receive()
    monkeypatch.setattr("core.codes.request_number", lambda day: taken.reference)

    with pytest.raises(RuntimeError, match="free request number"):
        county.receive()


def test_another_constraint_is_not_mistaken_for_a_taken_number(county, monkeypatch):
    code = county.receive().receipt_code
    monkeypatch.setattr("core.codes.receipt_code", lambda: code)

    with pytest.raises(DatabaseError, match="receipt_index"), transaction.atomic():
        county.receive()


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("路灯不亮", "路灯不亮"),
        ("路灯不亮。半个月了！", "路灯不亮"),
        (
            "牛场组进村路口小卖部对面，路灯半个多月不亮了，晚上看不见路",
            "牛场组进村路口小卖部对面，路灯半个多月不亮了",
        ),
        (
            "牛场组进村路口小卖部对面的那一盏路灯半个多月都没有亮过了",
            "牛场组进村路口小卖部对面的那一盏路灯半个多月都没…",
        ),
    ],
)
def test_the_first_clause_is_the_title_until_a_clerk_writes_a_better_one(words, title):
    assert headline(words) == title
    assert len(headline(words)) <= 25


def test_registering_writes_a_better_title_without_anybodys_number(county):
    request = actions.register(
        county.receive(), by=county.clerk, title="路灯不亮 13812345678", category=county.categories["roads"]
    )

    assert (request.title, request.category.code) == ("路灯不亮 138****5678", "roads")


def test_a_reply_of_two_thousand_words_is_told_whole_and_a_long_station_name_breaks_nothing(county):
    county.station.name = "石" * 60
    county.station.save()
    request = county.registered()
    body = "长" * 2000

    actions.answer(request, by=county.clerk, headline="一" * 30, body=body)

    assert request.progress.last().text == body


def test_numbers_in_staffs_words_are_masked_wherever_the_resident_reads_them(county):
    request = county.assigned()

    actions.ask(request, by=county.clerk, question="请回 13812345678 好吗")
    actions.supplement(request, text="打 13912345678")
    actions.submit_reply(
        request,
        by=county.unit_officer,
        outcome="cannot",
        headline="难",
        body="问 13712345678",
        basis="问 13612345678",
    )
    actions.send_back_draft(request, by=county.unit_head, note="别写 13512345678")

    said = " ".join(
        [*request.progress.values_list("text", flat=True), *request.notes.values_list("text", flat=True)]
    )
    reply = request.replies.get()
    said += reply.body + reply.basis + reply.check_note
    assert "****" in said
    assert not [
        n for n in ("13812345678", "13912345678", "13712345678", "13612345678", "13512345678") if n in said
    ]
    assert request.notes.get(kind="answer").spans == ["13912345678"]


def test_the_unit_cannot_sign_what_nobody_wrote(county):
    request = county.assigned()
    actions.submit_reply(request, by=county.unit_officer, outcome="solved", headline="好", body="好")
    request.replies.all().delete()

    with pytest.raises(NotOpen, match="没有等着签发"):
        actions.sign(request, by=county.unit_head)


def test_nobody_tells_a_resident_a_result_that_was_not_signed(county):
    request = county.replied()
    request.replies.update(signed_by=None, signed_at=None)

    with pytest.raises(NotOpen, match="没有签发"):
        actions.feed_back(request, by=county.clerk)


def test_the_head_sends_a_draft_back_and_the_officer_writes_a_new_one(county):
    request = county.assigned()
    actions.submit_reply(request, by=county.unit_officer, outcome="solved", headline="好了", body="好了")
    actions.send_back_draft(request, by=county.unit_head, note="谁去的？")
    assert request.state == "assigned"
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="灯亮了", body="老王去的"
    )
    actions.sign(request, by=county.unit_head)

    signed = request.replies.filter(signed_at__isnull=False).get()
    assert signed.headline == "灯亮了"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "至少回答一个"),
        ({"solved": "maybe"}, "没有这个选项"),
        ({"satisfied": "very"}, "没有这个选项"),
    ],
)
def test_a_rating_that_says_nothing_is_refused(given, message, county):
    request = county.told()

    with pytest.raises(ValidationError, match=message):
        actions.rate(request, **given)


def test_a_case_is_rated_once_a_round(county):
    request = county.told()
    actions.rate(request, solved="yes")

    with pytest.raises(NotOpen, match="已经评过"):
        actions.rate(request, solved="no")


def test_a_resident_may_not_be_impersonated_by_a_user_nor_a_user_by_nobody(county):
    request = county.told()

    with pytest.raises(NotAllowed):
        actions.rate(request, solved="yes", by=county.nobody, actor_kind=ActorKind.RESIDENT)
    with pytest.raises(NotAllowed):
        actions.rate(request, solved="yes", actor_kind=ActorKind.USER)


@pytest.mark.parametrize(
    ("into", "message"),
    [("itself", "不能合并到自己"), ("child", "已经并到这一件"), ("abroad", "不在同一个县")],
)
def test_what_cannot_be_merged(into, message, county):
    request = county.registered()
    child = county.registered()
    actions.merge(child, into=request, by=county.clerk)
    targets = {
        "itself": lambda: request,
        "child": lambda: child,
        "abroad": lambda: county.receive(station=county.foreign_station),
    }

    with pytest.raises(ValidationError, match=message):
        actions.merge(request, into=targets[into](), by=county.clerk)


def test_a_case_with_others_under_it_is_not_merged_away(county):
    master, child, third = county.registered(), county.registered(), county.registered()
    actions.merge(child, into=master, by=county.clerk)

    with pytest.raises(ValidationError, match="下面已经并有别的"):
        actions.merge(master, into=third, by=county.clerk)


def test_merging_into_a_merged_case_means_its_master(county):
    master, child, third = county.registered(), county.registered(), county.registered()
    actions.merge(child, into=master, by=county.clerk)

    actions.merge(third, into=child, by=county.clerk)

    assert third.master == master


def test_splitting_needs_something_to_split_off(county):
    with pytest.raises(ValidationError, match="一件一行"):
        actions.split(county.registered(), parts=[" "], by=county.clerk)


def test_a_unit_that_does_not_handle_or_is_the_same_is_not_given_the_case(county):
    county.units["water"].is_active = False
    county.units["water"].save()
    request = county.assigned()

    with pytest.raises(ValidationError, match="不承办"):
        actions.reassign(request, unit=county.units["water"], by=county.town_office)
    with pytest.raises(ValidationError, match="就是现在这个单位"):
        actions.reassign(request, unit=county.units["urban"], by=county.town_office)


def test_extending_needs_a_running_clock(county):
    request = county.assigned()
    Clock.objects.about(request).delete()

    with pytest.raises(NotOpen, match="没有正在走"):
        actions.request_extension(request, by=county.unit_officer, days=2, note="等料")


def test_whoever_opens_a_number_is_written_down_with_the_reason(county):
    request = county.receive()

    assert actions.reveal_contact(request, by=county.clerk, reason="回访") == ("王阿姨", "13800002746")

    row = AccessLog.objects.get()
    assert (row.actor, row.case_label, row.case_id, row.reason) == (
        county.clerk,
        "request",
        request.pk,
        "回访",
    )


def test_a_refused_look_writes_nothing(county):
    with pytest.raises(NotAllowed):
        actions.reveal_contact(county.assigned(), by=county.unit_officer, reason="想打电话")

    assert not AccessLog.objects.exists()


def test_additions_notes_urging_and_marks_each_leave_one_event_and_reach_who_must_know(county):
    request = county.assigned(follower=county.representative)
    done = [
        ("add", {"text": "昨晚又黑了"}, {"by": None}, {"clerk", "station_head", "unit_officer"}),
        ("note", {"text": "老问题"}, {"by": county.clerk}, set()),
        ("urge", {"note": "请快办"}, {"by": county.rep}, {"unit_officer", "unit_head"}),
        ("mark_urgent", {"note": "有人摔倒"}, {"by": county.clerk}, {"clerk", "station_head"}),
        ("contacted", {"note": "打通了"}, {"by": county.clerk}, set()),
        ("publish", {}, {"by": county.clerk}, set()),
        ("unpublish", {}, {"by": county.clerk}, set()),
        (
            "recategorise",
            {"category": Category.objects.get(code="roads"), "title": "路灯"},
            {"by": county.clerk},
            set(),
        ),
        ("follow", {"follower": county.representative}, {"by": county.clerk}, {"rep"}),
        ("refuse_extension", {"note": "不能等"}, {"by": county.town_office}, {"unit_officer"}),
    ]
    for verb, given, who, heard in done:
        seq, last = (
            request.event_seq,
            Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0,
        )

        getattr(actions, verb)(request, **given, **who)

        assert request.event_seq == seq + 1
        told = Message.objects.filter(pk__gt=last, channel="inbox").values_list(
            "recipient__username", flat=True
        )
        assert (verb, set(told)) == (verb, heard)
    assert (request.category.code, request.title, request.is_public) == ("roads", "路灯", False)


def test_when_nobody_has_the_case_urging_reaches_the_station(county):
    actions.urge(county.registered(), by=county.town_office, note="三天了")

    heard = Message.objects.filter(kind="intake.request_urged", channel="inbox")
    assert {m.recipient for m in heard} == {county.clerk, county.station_head}


def test_handing_down_from_the_county_gives_it_back_to_the_station(county):
    request = county.assigned()
    actions.escalate(request, by=county.town_office, note="要县里定")

    actions.hand_down(request, by=county.county_office, note="镇里能办")

    assert (request.state, request.unit) == ("registered", None)
    assert Message.objects.filter(context__handed_down=True, recipient=county.clerk).exists()


def test_rejecting_names_the_reason_to_the_resident(county):
    request = county.receive()

    actions.reject(request, by=county.clerk, note="没写是什么事，请重新写。")

    assert (request.state, request.progress.last().text) == ("rejected", "没写是什么事，请重新写。")
    assert Message.objects.filter(kind="intake.request_rejected").exists()


def test_carrying_on_without_the_answer_may_be_decided_by_the_station(county):
    request = county.registered()
    actions.ask(request, by=county.clerk, question="哪一盏？")

    actions.carry_on(request, by=county.clerk)

    assert request.state == "registered"


def test_an_action_needs_no_transaction_of_the_caller_but_is_one(county, monkeypatch):
    request = county.receive()

    def fails(*args, **kwargs):
        raise RuntimeError("the outbox is broken")

    monkeypatch.setattr("core.outbox.post", fails)
    with pytest.raises(RuntimeError):
        actions.register(request, by=county.clerk)

    assert ConstituentRequest.objects.get(pk=request.pk).state == "received"
    assert Event.objects.about(request).count() == 1


def test_taking_in_a_request_costs_few_statements(county, django_assert_max_num_queries):
    county.receive()

    with django_assert_max_num_queries(16):
        county.receive()


@pytest.mark.parametrize(("verb", "most"), [("register", 20), ("assign", 28), ("feed_back", 20)])
def test_the_hottest_steps_cost_few_statements(verb, most, county, django_assert_max_num_queries):
    made = {"register": county.receive, "assign": county.registered, "feed_back": county.replied}[verb]()
    by = county.town_office if verb == "assign" else county.clerk
    given = {"unit": county.units["urban"]} if verb == "assign" else {}

    with django_assert_max_num_queries(most):
        getattr(actions, verb)(made, by=by, **given)


def test_the_database_itself_refuses_states_nobody_knows_and_endings_without_a_time(county):
    request = county.receive()
    for assignment in ("state = 'lost'", "state = 'closed'", "closed_at = now()", "master_id = id"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE intake_constituentrequest SET {assignment} WHERE id = {request.pk}")
