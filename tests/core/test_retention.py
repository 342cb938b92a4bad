"""Nobody's name or number in plain anywhere; and after its time nothing of the person is left, while the chain holds."""

import base64
import logging
import os
from datetime import timedelta
from io import BytesIO, StringIO

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from PIL import Image

from core import outbox, retention
from core.images import clean_image, store_bytes
from core.ledger import broken_links, broken_words
from core.logs import JsonFormatter
from core.models import Attachment, Draft, Event, EventText, Heartbeat, Message, Submission
from core.models.draft import PHOTOS_OF_DRAFT
from core.tasks import purge_personal_data
from intake import actions
from intake.actions import Contact
from intake.models import ConstituentRequest
from stations.models import Station
from tests.leaks import unwrapped

NAME, PHONE, INSIDE = "欧阳翠花", "13987654321", "13712349876"
IDENTITY = "11010519491231002X"


def photo():
    file = BytesIO()
    Image.new("RGB", (40, 30), "green").save(file, "JPEG")
    return clean_image(SimpleUploadedFile("p.jpg", file.getvalue()))


@pytest.fixture(autouse=True)
def _own_files(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "files"
    settings.PRIVATE_ROOT.mkdir()


def whole_life(county):
    """A request through every kind of words: said, asked, answered, noted, replied, rated, opened, sent."""
    request = county.receive(
        contact=Contact(NAME, PHONE, "sms", "handlers"),
        body=f"我家门口的路灯不亮，请打 {INSIDE}，身份证 {IDENTITY}。", place=f"{INSIDE} 门口", photos=[photo()],
    )  # fmt: skip
    actions.register(request, by=county.clerk, title=f"路灯不亮 {INSIDE}")
    actions.note(request, by=county.clerk, text=f"打过 {INSIDE}")
    actions.assign(request, unit=county.units["urban"], by=county.town_office, instruction=f"先打 {INSIDE}")
    actions.ask(request, by=county.clerk, question=f"还是打 {INSIDE} 吗？")
    actions.supplement(request, text=f"打 {INSIDE}")
    actions.hand_back(request, by=county.unit_officer, note=f"{NAME} 的事不归我们，电话 {PHONE}")
    actions.refuse_return(request, by=county.town_office, note=f"就归你们，{PHONE}")
    actions.submit_reply(
        request,
        by=county.unit_officer,
        outcome="cannot",
        headline="灯亮了",
        body=f"已打 {INSIDE} 告知",
        basis=f"见 {INSIDE}",
    )
    actions.send_back_draft(request, by=county.unit_head, note=f"别写 {INSIDE}")
    actions.submit_reply(
        request, by=county.unit_officer, outcome="solved", headline="灯亮了", body=f"打了 {INSIDE}"
    )
    actions.sign(request, by=county.unit_head)
    actions.feed_back(request, by=county.clerk, method="phone", note=f"打 {PHONE} 说了")
    actions.log_call(request, by=county.clerk, outcome="reached", note=f"打 {INSIDE}")
    actions.reveal_contact(request, by=county.clerk, reason="回访")
    actions.rate(request, solved="yes", satisfied="satisfied", remark=f"谢谢，{INSIDE}")
    outbox.deliver(now=timezone.localtime().replace(hour=12) + timedelta(days=1))
    Submission.objects.create(
        scope="web",
        key="k",
        body_digest="d",
        case_label="request",
        case_id=request.pk,
        answer={"phone": PHONE, "name": NAME},
    )
    Draft.objects.create(
        key="d",
        case_label="request",
        payload={"body": f"{NAME} {PHONE}"},
        expires_at=timezone.now() + timedelta(days=7),
    )
    return request


def everything():
    """All rows of all tables as text, and again with every base64 and hexadecimal run decoded."""
    parts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            parts += [row[0] for row in cursor.fetchall()]
    return unwrapped("\n".join(parts))


@pytest.fixture
def log():
    """Everything logged, as production writes it."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)
    root.setLevel(before)


def test_after_a_whole_life_no_name_and_no_number_stands_in_plain_in_any_table_or_log(county, log):
    request = whole_life(county)

    held = everything()

    assert request.reference in held
    for secret in (NAME, PHONE, INSIDE, IDENTITY, request.receipt_code):
        assert secret not in held
        assert secret not in log.getvalue()
    assert "sms to 139****4321" in log.getvalue()


def test_the_scan_would_find_what_is_hidden_in_a_session_or_a_message(county):
    """The scan itself is shown to work: plain, in base64, and as bytes."""
    request = county.receive()
    hidden = base64.b64encode(f"contact={PHONE}".encode()).decode()
    Message.objects.filter(case_id=request.pk).update(context={"x": hidden})
    assert PHONE in everything()

    Message.objects.all().delete()
    assert PHONE not in everything()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intake_constituentrequest SET contact_phone = %s", [PHONE.encode()])
    assert PHONE in everything()


def test_sealed_values_of_the_same_number_do_not_look_the_same(county):
    for _n in range(2):
        county.receive(contact=Contact(NAME, PHONE, "sms"))

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT contact_phone), count(DISTINCT phone_index) FROM intake_constituentrequest"
        )
        assert cursor.fetchone() == (2, 1)


def test_anonymising_leaves_nothing_of_the_person_and_the_chain_holds(county):
    request = whole_life(county)
    Submission.objects.all().delete()
    Draft.objects.all().delete()
    path = Attachment.objects.about(request).get().path
    events = Event.objects.about(request).count()
    words = ["我家门口", "不归我们", "灯亮了", "告知", "谢谢", "门口"]
    assert all(word in everything() for word in ("我家门口", "灯亮了", "谢谢"))

    retention.anonymise(request)

    held = everything()
    request = ConstituentRequest.objects.get(pk=request.pk)
    for word in words:
        assert word not in held, word
    assert (request.contact_name, request.contact_phone, request.receipt_code, request.body_spans) == (
        "",
        "",
        "",
        [],
    )
    assert (request.phone_index, request.track_index, request.spaced) == ("", "", "")
    assert not (django_settings.PRIVATE_ROOT / path).exists()
    assert Event.objects.about(request).count() == events
    assert not EventText.objects.exists()
    assert broken_links(ConstituentRequest) == broken_words(ConstituentRequest) == []
    # What statistics need stays.
    assert (request.category.code, request.village, request.solved, request.satisfied) == (
        "utilities", county.villages[0], "yes", "satisfied",
    )  # fmt: skip
    assert request.closed_at is not None
    assert request.ratings.get().solved == "yes"
    assert outbox.deliver(now=timezone.now() + timedelta(days=9)) == 0


def closed_long_ago(county, days):
    request = actions.rate(county.told(), solved="yes")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_constituentrequest SET closed_at = now() - make_interval(days => %s) WHERE id = %s",
            [days, request.pk],
        )
    return request


def test_the_nightly_job_erases_what_is_past_its_time_and_only_that(county, settings, capsys):
    settings.RETENTION_DAYS = 730
    old, young, held, running = (
        closed_long_ago(county, 731), closed_long_ago(county, 729), closed_long_ago(county, 2000), county.told(),
    )  # fmt: skip
    ConstituentRequest.objects.filter(pk=held.pk).update(legal_hold=True)

    call_command("purge_personal_data", dry_run=True)
    assert capsys.readouterr().out == "request: 1 would be anonymised\n"
    assert not ConstituentRequest.objects.exclude(anonymised_at=None).exists()

    call_command("purge_personal_data")
    assert capsys.readouterr().out == "request: 1 anonymised\n"
    assert list(ConstituentRequest.objects.exclude(anonymised_at=None)) == [old]
    assert Heartbeat.objects.get(name="purge_personal_data").note == "1 cases"
    for kept in (young, held, running):
        assert ConstituentRequest.objects.get(pk=kept.pk).contact_phone == "13800002746"

    purge_personal_data()
    assert Heartbeat.objects.get(name="purge_personal_data").note == "0 cases"


def test_drafts_submissions_and_files_nobody_names_go_when_their_time_is_over(county):
    now = timezone.now()
    for key, expires in (("old", now - timedelta(seconds=1)), ("young", now + timedelta(days=1))):
        draft = Draft.objects.create(key=key, case_label="request", payload={}, expires_at=expires)
        Attachment.objects.create(
            case_label=PHOTOS_OF_DRAFT, case_id=draft.pk, path=store_bytes(b"photo"), sha256="", size=5
        )
        Submission.objects.create(
            scope="web", key=key, body_digest="", answer={},
            created_at=now - (timedelta(days=8) if key == "old" else timedelta()),
        )  # fmt: skip
    lost, fresh = store_bytes(b"lost"), store_bytes(b"fresh")
    two_days_ago = now.timestamp() - 2 * 86_400
    os.utime(django_settings.PRIVATE_ROOT / lost, (two_days_ago, two_days_ago))

    purge_personal_data()

    assert [draft.key for draft in Draft.objects.all()] == ["young"]
    assert [each.key for each in Submission.objects.all()] == ["young"]
    kept = {Attachment.objects.get().path, fresh}
    assert {
        f.relative_to(django_settings.PRIVATE_ROOT).as_posix()
        for f in django_settings.PRIVATE_ROOT.rglob("*.jpg")
    } == kept


def picture_of(label: str, days: int) -> Attachment:
    return Attachment.objects.create(
        case_label=label, case_id=1, path=store_bytes(b"photo"), sha256="", size=5, is_public=True,
        created_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def age(*paths: str) -> None:
    two_days_ago = timezone.now().timestamp() - 2 * 86_400
    for path in paths:
        os.utime(django_settings.PRIVATE_ROOT / path, (two_days_ago, two_days_ago))


def test_a_public_picture_nobody_shows_any_more_goes_with_its_file(county):
    shown, taken_down, fresh = picture_of("station", 2), picture_of("station", 2), picture_of("person", 0)
    Station.objects.filter(pk=county.station.pk).update(
        photo=taken_down
    )  # a history that names it keeps nothing
    Station.objects.filter(pk=county.station.pk).update(photo=shown)
    evidence = picture_of("request", 2)
    age(shown.path, taken_down.path, evidence.path)

    purge_personal_data()

    assert set(Attachment.objects.all()) == {shown, fresh, evidence}
    assert not (django_settings.PRIVATE_ROOT / taken_down.path).exists()
    assert all((django_settings.PRIVATE_ROOT / each.path).exists() for each in (shown, fresh, evidence))


def test_a_file_whose_row_was_deleted_goes_the_next_night_and_not_before(county):
    row = picture_of("station", 0)
    row.delete()

    purge_personal_data()
    assert (django_settings.PRIVATE_ROOT / row.path).exists()

    age(row.path)
    purge_personal_data()
    assert not (django_settings.PRIVATE_ROOT / row.path).exists()


def test_a_receipt_code_in_a_path_is_not_logged(log):
    logging.getLogger("django.request").warning("Not Found: /t/7KQ4M2XD9ABCD\nforged line 13987654321")

    line = log.getvalue()
    assert "7KQ4" not in line
    assert "139****4321" in line
    assert line.count("\n") == 1


def test_a_trace_is_cleaned_as_well(log):
    try:
        raise ValueError(f"bad phone {PHONE}")
    except ValueError:
        logging.getLogger("x").exception("failed")

    assert PHONE not in log.getvalue()
    assert "ValueError" in log.getvalue()
