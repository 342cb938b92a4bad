"""The outbox: in the transaction, once, leased, backed off, buried, quiet at night, bundled by day."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail  # noqa: TID251  the box where test mail lands
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core import channels, outbox
from core.models import Heartbeat, Message
from core.outbox import BACKOFF, Notice, Recipient, deliver, post
from core.tasks import deliver_messages
from intake.actions import Contact
from tests.core.test_workflow import race
from tests.county import build_county

TZ = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 6, 1, 12, tzinfo=TZ)


class Probe(Notice):
    key, template = "test.probe", "core/notices/ladder_climbed.txt"
    channels = ("inbox", "email", "sms")


class UrgentProbe(Probe):
    key, urgent = "test.urgent", True


@pytest.fixture
def clerk(county):
    county.clerk.email, county.clerk.phone = "clerk@example.org", "13900001111"
    county.clerk.save()
    return county.clerk


@pytest.fixture
def sent(monkeypatch):
    """What would leave the house; `sent.fails` makes the provider fail."""

    class Provider(list):
        fails = None

    provider = Provider()

    def send(message, subject, text):
        if provider.fails is not None:
            raise provider.fails
        provider.append((message.dedupe, subject, text))

    monkeypatch.setattr(channels, "send", send)
    return provider


def waiting(county, number=1, *, kind="core.ladder_climbed_urgently", channel="email", now=NOON, **columns):
    case = columns.pop("case", None) or county.registered()
    return [
        Message.objects.create(
            **(
                {
                    "kind": kind, "channel": channel, "dedupe": f"k{time.monotonic_ns()}", "recipient": county.clerk,
                    "case_label": "request", "case_id": case.pk, "created_at": now, "next_try_at": now,
                    "context": {"clock": "request.triage", "due_on": "2026-06-03", "offset": 0, "requires_answer": False},
                }
                | columns
            )
        )
        for _n in range(number)
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_waiting_messages_of_the_county(request):
    if "county" in request.fixturenames:
        request.getfixturevalue("county")


def only(messages):
    """Leave nothing else waiting."""
    Message.objects.exclude(pk__in=[m.pk for m in messages]).delete()
    return messages


# --- posting


def test_posting_outside_a_transaction_is_a_mistake_of_the_programmer(transactional_db):
    with pytest.raises(RuntimeError, match="transaction"):
        post(Probe, to=[Recipient(user_id=1)], about=None, dedupe="x")


def test_a_notice_reaches_each_person_once_on_each_channel_they_have(county, clerk, settings):
    settings.SMS_GATEWAY_URL = "https://sms.example.org/"
    request = county.receive()
    Message.objects.all().delete()

    for _again in range(2):
        post(
            Probe,
            to=[Recipient.user(clerk), Recipient.user(clerk), Recipient.user(county.leader)],
            about=request,
            dedupe="1",
        )

    rows = {(m.recipient_id, m.channel): m for m in Message.objects.all()}
    assert set(rows) == {
        (clerk.pk, "inbox"), (clerk.pk, "email"), (clerk.pk, "sms"), (county.leader.pk, "inbox"),
    }  # fmt: skip
    assert rows[clerk.pk, "inbox"].sent_at is not None
    assert rows[clerk.pk, "email"].sent_at is None


def test_without_a_gateway_colleagues_get_no_sms_and_outsiders_no_inbox(county, clerk):
    request = county.receive()
    Message.objects.all().delete()

    post(Probe, to=[Recipient.user(clerk), Recipient.contact_of(request)], about=request, dedupe="1")

    assert set(Message.objects.values_list("channel", "contact_ref")) == {
        ("inbox", ""), ("email", ""), ("sms", f"request:{request.pk}"),
    }  # fmt: skip


def test_nothing_to_post_is_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        post(Probe, to=[], about=None, dedupe="x")


def test_a_message_has_somebody_to_hear_it(county):
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting(county, recipient=None)


def test_the_outbox_holds_no_address_and_no_word_of_the_resident(county):
    request = county.told()
    held = connection.cursor()
    held.execute("SELECT m::text FROM core_message m")
    rows = " ".join(row[0] for row in held.fetchall())

    assert f"request:{request.pk}" in rows
    for secret in ("13800002746", "王阿姨", "路灯", "小卖部", "灯头", request.receipt_code):
        assert secret not in rows


# --- sending


def test_a_waiting_message_goes_out_once(county, sent):
    (message,) = only(waiting(county))

    assert deliver(now=NOON) == 1
    assert deliver(now=NOON) == 0

    message.refresh_from_db()
    assert (message.sent_at, message.sending_at, message.attempts) == (NOON, None, 1)
    assert [dedupe for dedupe, _s, _t in sent] == [message.dedupe]


def test_ten_thousand_that_wait_are_not_sorted_for_each_one_sent(county, sent):
    waiting(county)
    with CaptureQueriesContext(connection) as seen:
        deliver(now=NOON)
    claim = next(each["sql"] for each in seen if "SKIP LOCKED" in each["sql"])

    with connection.cursor() as cursor:
        # Whatever the planner thinks of four rows: the order must be had without sorting.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {claim}")
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "message_waiting" in plan
    assert "Sort" not in plan


def test_a_message_in_the_future_waits(county, sent):
    only(waiting(county, now=NOON + timedelta(minutes=1)))

    assert deliver(now=NOON) == 0


def test_a_failing_provider_is_asked_again_ever_later_and_then_no_more(county, sent, caplog):
    (message,) = only(waiting(county))
    sent.fails = OSError("拒收 13812345678")
    now, gaps = NOON, []
    for _try in BACKOFF:
        deliver(now=now)
        message.refresh_from_db()
        if message.dead_at is None:
            gaps.append(message.next_try_at - now)
            assert deliver(now=message.next_try_at - timedelta(seconds=1)) == 0
            now = message.next_try_at

    assert gaps == list(BACKOFF[:-1])
    assert (message.dead_at, message.attempts, message.sent_at) == (now, 12, None)
    assert message.last_error == "OSError: 拒收 138****5678"
    assert "is dead" in caplog.text
    sent.fails = None
    assert deliver(now=now + timedelta(days=9)) == 0


def test_a_poison_row_at_the_head_delays_nobody(county, sent):
    poison, *good = only(
        [*waiting(county, kind="nobody.declares_this", now=NOON - timedelta(hours=1)), *waiting(county, 3)]
    )

    assert deliver(now=NOON) == 3

    poison.refresh_from_db()
    assert poison.last_error.startswith("KeyError")
    assert len(sent) == len(good) == 3


def test_a_case_that_is_gone_or_a_broken_context_only_fails_its_own_row(county, sent):
    only([*waiting(county, case_id=10**9), *waiting(county, context={"due_on": "soon"}), *waiting(county)])

    assert deliver(now=NOON) == 1
    errors = sorted(Message.objects.filter(sent_at=None).values_list("last_error", flat=True))
    assert [error.split(":")[0] for error in errors] == ["DoesNotExist", "ValueError"]


def test_somebody_without_an_address_is_given_up_at_once(county):
    (message,) = only(waiting(county, channel="sms", now=NOON))

    assert deliver(now=NOON) == 0

    message.refresh_from_db()
    assert (message.dead_at, message.last_error) == (NOON, "没有手机号")


def test_a_worker_that_dies_while_sending_frees_its_message_after_the_lease(county, sent):
    (message,) = only(waiting(county))
    outbox._claim(NOON)  # claimed, and then nothing: the worker was killed

    assert deliver(now=NOON + outbox.LEASE - timedelta(seconds=1)) == 0
    assert deliver(now=NOON + outbox.LEASE) == 1
    message.refresh_from_db()
    assert message.attempts == 2


def test_a_gateway_that_knows_no_keys_is_not_called_twice_in_doubt(county, sent, settings, caplog):
    settings.SMS_GATEWAY_IDEMPOTENT = False
    (message,) = only(waiting(county, channel="sms"))
    outbox._claim(NOON)

    assert deliver(now=NOON + outbox.LEASE) == 0

    message.refresh_from_db()
    assert message.dead_at is not None
    assert "人工核实" in message.last_error
    assert sent == []


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_each_message_once(sent):
    county = build_county()
    only(waiting(county, 30, case=county.registered()))

    results = race(*[lambda: deliver(now=NOON) for _worker in range(4)])

    assert sum(results) == 30
    assert len({dedupe for dedupe, _s, _t in sent}) == len(sent) == 30


# --- quiet hours


@pytest.mark.parametrize(
    ("hour", "channel", "urgent", "goes"),
    [
        (7, "sms", False, False), (8, "sms", False, True), (20, "sms", False, True), (21, "sms", False, False),
        (23, "sms", True, True), (23, "email", False, True),
    ],
)  # fmt: skip
def test_between_nine_and_eight_the_phone_is_silent_unless_it_is_urgent(
    hour, channel, urgent, goes, county, sent
):
    now = NOON.replace(hour=hour)
    (message,) = only(
        waiting(county, kind="intake.request_arrived", channel=channel, is_urgent=urgent, now=now)
    )

    assert deliver(now=now) == int(goes)
    assert deliver(now=NOON + timedelta(days=1)) == int(not goes)
    message.refresh_from_db()
    assert message.attempts == 1


def test_a_night_full_of_sms_keeps_no_mail_waiting(county, sent):
    case = county.registered()
    only(
        [
            *waiting(
                county, 40, case=case, kind="intake.request_arrived", channel="sms", now=NOON.replace(hour=20)
            ),
            *waiting(county, case=case, kind="intake.request_arrived", now=NOON.replace(hour=22)),
        ]
    )

    assert deliver(limit=5, now=NOON.replace(hour=22)) == 1


# --- one a day


def test_reminders_of_a_day_come_as_one_message(county, sent):
    cases = [county.registered() for _n in range(4)]
    rows = []
    for number, case in enumerate(cases):
        context = {
            "clock": "request.unit",
            "due_on": "2026-06-03",
            "offset": number - 1,
            "requires_answer": False,
        }
        rows += waiting(county, case=case, kind="core.ladder_climbed", context=context)
    only(rows)

    assert deliver(now=NOON) == 4

    ((dedupe, subject, text),) = sent
    assert dedupe == rows[0].dedupe
    assert subject == "有 4 件到期提醒"
    assert text.startswith("【云岭代表家站】有 2 件超期、2 件快到期：")
    assert f"{cases[0].reference}（单位答复 6月3日）" in text
    assert cases[3].reference not in text
    assert text.endswith("等。请登录办理。")


def test_one_reminder_reads_as_itself(county, sent):
    only(waiting(county, kind="core.ladder_climbed"))

    deliver(now=NOON)

    assert sent[0][1].startswith("今天到期")


def test_a_second_reminder_the_same_day_waits_for_tomorrow_morning(county, sent):
    only(waiting(county, kind="core.ladder_climbed"))
    deliver(now=NOON)
    waiting(county, 2, kind="core.ladder_climbed", now=NOON + timedelta(hours=1))
    urgent = waiting(
        county, kind="core.ladder_climbed_urgently", is_urgent=True, now=NOON + timedelta(hours=1)
    )
    Message.objects.filter(kind__startswith="intake").delete()

    assert deliver(now=NOON + timedelta(hours=2)) == 1
    assert sent[-1][0] == urgent[0].dedupe

    assert deliver(now=NOON.replace(day=2, hour=7)) == 0
    assert deliver(now=NOON.replace(day=2, hour=8)) == 2
    assert len(sent) == 3


@pytest.mark.parametrize(("hour", "day"), [(0, 1), (7, 1), (22, 2)])
def test_reminders_of_the_night_wait_for_the_morning_even_by_mail(hour, day, county, sent):
    now = NOON.replace(hour=hour)
    only(waiting(county, 2, kind="core.ladder_climbed", now=now))

    assert deliver(now=now) == 0
    assert set(Message.objects.values_list("next_try_at", flat=True)) == {NOON.replace(day=day, hour=8)}


def test_two_people_get_two_digests(county, sent):
    only(
        [
            *waiting(county, 2, kind="core.ladder_climbed"),
            *waiting(county, 2, kind="core.ladder_climbed", recipient=county.station_head),
        ]
    )

    assert deliver(now=NOON) == 4
    assert len(sent) == 2


def test_a_digest_that_fails_is_tried_again_whole(county, sent):
    rows = only(waiting(county, 2, kind="core.ladder_climbed"))
    sent.fails = OSError("down")
    deliver(now=NOON)
    sent.fails = None

    assert deliver(now=NOON + BACKOFF[0]) == 2
    assert {m.attempts for m in Message.objects.filter(pk__in=[r.pk for r in rows])} == {2}


# --- real mail, jobs, the broker


def test_a_colleague_gets_mail_with_the_key_and_a_resident_an_sms_in_the_log(county, clerk, caplog):
    request = county.receive(contact=Contact("王阿姨", "13800002746", "sms"))
    only([*waiting(county, case=request), *Message.objects.exclude(contact_ref="")])

    with caplog.at_level("INFO", logger="liaison.messages"):
        assert deliver(now=datetime.now(UTC).astimezone(TZ).replace(hour=12) + timedelta(days=1)) == 2

    assert mail.outbox[0].to == ["clerk@example.org"]
    assert mail.outbox[0].extra_headers["X-Message-Key"].startswith("k")
    assert "sms to 138****2746: 【云岭代表家站】" in caplog.text
    assert "13800002746" not in caplog.text


def test_the_job_and_the_command_drain_the_outbox(county, sent, capsys):
    only(waiting(county))

    deliver_messages()
    assert Heartbeat.objects.filter(name="deliver_messages").exists()
    waiting(county)
    call_command("deliver_messages")

    assert len([1 for _d, subject, _t in sent if "到期" in subject]) == 2
    assert "given up in all" in capsys.readouterr().out


@pytest.fixture
def broker_at(settings, monkeypatch):
    """Celery pointed to another broker for one test."""
    from liaison.celery import app

    def use(url):
        monkeypatch.setattr(outbox, "_broker_rests_until", 0.0)
        monkeypatch.setattr(outbox, "_nudged_at", 0.0)
        app.conf.broker_url = url
        app.conf.broker_write_url = url
        app.amqp._producer_pool = None
        if hasattr(app, "_pool"):
            app._pool = None

    from liaison import celery as house

    before = house.app.conf.broker_url
    yield use
    use(before)


@pytest.mark.parametrize("kind", ["refuses", "is silent"])
def test_a_broker_that_is_down_neither_fails_nor_holds_anybody_up(kind, broker_at, monkeypatch, caplog):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if kind == "refuses":
            server.close()
        broker_at(f"redis://127.0.0.1:{port}/0")
        outbox.nudge()  # what is imported and opened once is not what a person at a form waits for
        monkeypatch.setattr(outbox, "_broker_rests_until", 0.0)
        monkeypatch.setattr(outbox, "_nudged_at", 0.0)

        begun = time.monotonic()
        outbox.nudge()
        first = time.monotonic() - begun
        begun = time.monotonic()
        for _message in range(20):
            outbox.nudge()
        rest = time.monotonic() - begun

    assert "broker is not reachable" in caplog.text
    assert first < 0.5
    assert rest < 0.05


def test_a_worker_is_woken_at_once_and_then_not_more_than_twice_a_second(monkeypatch):
    calls = []
    monkeypatch.setattr("core.tasks.deliver_messages.apply_async", lambda **_options: calls.append(1))
    monkeypatch.setattr(outbox, "_broker_rests_until", 0.0)
    monkeypatch.setattr(outbox, "_nudged_at", 0.0)

    for _message in range(20):
        outbox.nudge()
    monkeypatch.setattr(outbox, "_nudged_at", time.monotonic() - outbox.NUDGE_SECONDS)
    outbox.nudge()

    assert len(calls) == 2


def test_messages_wake_a_worker_after_the_commit_and_inbox_alone_does_not(
    county, clerk, monkeypatch, django_capture_on_commit_callbacks
):
    calls = []
    monkeypatch.setattr(outbox, "nudge", lambda: calls.append(threading.current_thread()))
    with django_capture_on_commit_callbacks(execute=True):
        post(Probe, to=[Recipient.user(clerk)], about=None, dedupe="1")
        assert calls == []
    assert len(calls) == 1

    with django_capture_on_commit_callbacks(execute=True):
        post(Probe, to=[Recipient.user(county.leader)], about=None, dedupe="1")
    assert len(calls) == 1
