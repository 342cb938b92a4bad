"""Lists taken along: short ones at once, long ones by a worker to a private file that ends with the day."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Membership, Unit
from core import exports, outbox
from core.models import AccessLog, Attachment, Draft, Message
from core.tasks import write_exports

pytestmark = pytest.mark.django_db

UNITS = reverse("admin:accounts_unit_export")
ASKED = {"format": "csv", "reason": "年度核对"}


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Four rows are many here."""
    monkeypatch.setattr(exports, "AT_ONCE", 3)


@pytest.fixture(autouse=True)
def nudged(monkeypatch):
    """No broker in these tests: what would have been said to it."""
    calls = []
    monkeypatch.setattr(write_exports, "apply_async", lambda **given: calls.append(given))
    return calls


def fourth_unit(county, name="县供电局"):
    return Unit.objects.create(code="power", name=name, area=county.county)


def taken(answer) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def letter_of(user) -> Message:
    return Message.objects.get(recipient=user, kind__startswith="core.export")


def test_a_short_list_comes_at_once_and_leaves_nothing_behind(county, sign_in):
    answer = sign_in(county.county_office).post(UNITS, ASKED)

    assert len(taken(answer).decode("utf-8-sig").splitlines()) == 4
    assert not Draft.objects.exists()
    assert not Attachment.objects.exists()


def test_no_list_is_taken_along_without_a_reason(county, sign_in):
    answer = sign_in(county.county_office).post(UNITS, {"format": "csv", "reason": " "})

    assert answer.status_code == 422
    assert "导出做什么用" in answer.content.decode()
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize("wanted", ["csv", "xlsx"])
def test_a_long_list_is_written_by_a_worker_and_fetched_from_the_inbox(
    county, sign_in, wanted, nudged, django_capture_on_commit_callbacks
):
    fourth_unit(county, name="=HYPERLINK(1)")
    mine = sign_in(county.county_office)

    with django_capture_on_commit_callbacks(execute=True):
        ordered = mine.post(UNITS, ASKED | {"format": wanted}, query_params={"q": "水务"})
        again = mine.post(UNITS, ASKED | {"format": wanted})

    assert taken(ordered)  # narrowed to one unit: at once
    assert (again.status_code, again.headers["Location"]) == (303, reverse("reports:messages"))
    assert nudged
    assert AccessLog.objects.latest("pk").reason == "4 行，年度核对（单位）"
    assert exports.write_waiting() == 1
    page = mine.get(reverse("reports:messages")).content.decode()
    assert "导出好了：单位" in page
    assert "4 行" in page
    opened = mine.post(reverse("reports:message", args=[letter_of(county.county_office).pk]))
    file = mine.get(opened.headers["Location"])
    assert "attachment" in file.headers["Content-Disposition"]
    assert f"county_office.{wanted}" in file.headers["Content-Disposition"]
    content = taken(file)
    if wanted == "csv":
        names = {row["名称"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))}
    else:
        book = load_workbook(io.BytesIO(content))
        assert "county_office" in book.active.oddFooter.right.text
        names = {row[1].value for row in book.active.iter_rows(min_row=2)}
    assert names == {"县城市管理局", "县水务局", "石桥镇人民政府", "'=HYPERLINK(1)"}
    assert not Draft.objects.exists()


def order_of(county, sign_in) -> Attachment:
    fourth_unit(county)
    sign_in(county.county_office).post(UNITS, ASKED)
    exports.write_waiting()
    return Attachment.objects.get()


@pytest.mark.parametrize("who", ["foreign_office", "clerk", "sysadmin", "nobody"])
def test_a_written_list_is_its_orderers_alone(county, sign_in, client, who):
    file = order_of(county, sign_in)
    address = reverse("core:file", args=[file.public_id])

    assert sign_in(getattr(county, who)).get(address).status_code == 404
    assert client.get(address).status_code == 404
    assert taken(sign_in(county.county_office).get(address))


def test_whoever_lost_the_right_meanwhile_fetches_nothing(county, sign_in):
    file = order_of(county, sign_in)
    Membership.objects.filter(user=county.county_office).update(valid_to=timezone.localdate())

    assert sign_in(county.county_office).get(reverse("core:file", args=[file.public_id])).status_code == 404


def test_a_written_list_ends_after_a_day_and_its_file_with_it(county, sign_in):
    from core import retention
    from core.images import open_private

    file = order_of(county, sign_in)
    with open_private(file.path) as stored:
        assert stored.read(3) == "\ufeff".encode()
    Attachment.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))

    assert sign_in(county.county_office).get(reverse("core:file", args=[file.public_id])).status_code == 404
    retention.drop_orphans(now=timezone.now() + timedelta(days=1, minutes=1))
    assert not Attachment.objects.exists()
    with pytest.raises(FileNotFoundError):
        open_private(file.path)


def test_the_worker_writes_only_what_the_person_may_still_see(county, sign_in):
    fourth_unit(county)
    sign_in(county.county_office).post(UNITS, ASKED)
    Membership.objects.filter(user=county.county_office).update(valid_to=timezone.localdate())

    assert exports.write_waiting() == 1

    assert not Attachment.objects.exists()
    subject, text = outbox.render(letter_of(county.county_office))
    assert subject == "没有导出：单位"
    assert "再导出一次" in text


def test_an_order_that_fails_does_not_keep_the_next_waiting(county, sign_in, monkeypatch):
    fourth_unit(county)
    sign_in(county.county_office).post(UNITS, ASKED)
    sign_in(county.sysadmin).post(UNITS, ASKED)
    Draft.objects.filter(owner=county.county_office).update(
        payload={"source": "nothing", "title": "单位", "count": 4}
    )

    assert exports.write_waiting() == 2

    assert letter_of(county.county_office).kind == "core.export_failed"
    assert letter_of(county.sysadmin).kind == "core.export_ready"


def test_a_broker_that_is_down_only_delays(county, sign_in, monkeypatch, django_capture_on_commit_callbacks):
    def fail(**given):
        raise ConnectionError

    monkeypatch.setattr(write_exports, "apply_async", fail)
    fourth_unit(county)

    with django_capture_on_commit_callbacks(execute=True):
        assert sign_in(county.county_office).post(UNITS, ASKED).status_code == 303

    assert exports.write_waiting() == 1
    from liaison.celery import app

    assert "core.tasks.write_exports" in {entry["task"] for entry in app.conf.beat_schedule.values()}


def test_more_than_a_sheet_holds_is_refused_in_words(county, sign_in, monkeypatch):
    monkeypatch.setattr(exports, "MOST", 2)

    answer = sign_in(county.county_office).post(UNITS, ASKED)

    assert answer.status_code == 422
    assert "请先筛一筛" in answer.content.decode()


def test_requests_go_the_same_way(county, sign_in):
    for _each in range(4):
        county.receive()
    desk, url = sign_in(county.clerk), reverse("intake:export") + "?view=register"

    ordered = desk.post(url, ASKED)

    assert ordered.status_code == 303
    assert exports.write_waiting() == 1
    file = Attachment.objects.get()
    assert file.case_label == "export.requests"
    rows = list(
        csv.DictReader(
            io.StringIO(taken(desk.get(reverse("core:file", args=[file.public_id]))).decode("utf-8-sig"))
        )
    )
    assert len(rows) == 4
    assert "2746" not in str(rows)


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("county_office", name)
        for name in (
            "stations_station", "stations_reception", "stations_posting", "stations_stationstaff",
            "representatives_person", "representatives_mandate", "representatives_body",
            "representatives_constituency", "accounts_area", "accounts_unit", "accounts_category",
            "core_calendarday", "core_rulepack",
        )
    ]
    + [("security_admin", "accounts_user"), ("security_admin", "accounts_membership"), ("auditor", "core_event")],
)  # fmt: skip
def test_every_list_of_the_staff_is_taken_along_as_xlsx_and_csv(county, sign_in, monkeypatch, who, name):
    monkeypatch.setattr(exports, "AT_ONCE", 5_000)
    mine, address = sign_in(getattr(county, who)), reverse(f"admin:{name}_export")

    assert address in mine.get(reverse(f"admin:{name}_changelist")).content.decode()
    lines = list(csv.reader(io.StringIO(taken(mine.post(address, ASKED)).decode("utf-8-sig"))))
    sheet = load_workbook(io.BytesIO(taken(mine.post(address, ASKED | {"format": "xlsx"})))).active

    assert [cell.value for cell in sheet[1]] == lines[0]
    assert sheet.max_row == len(lines)
    assert AccessLog.objects.filter(actor=getattr(county, who), what__startswith="export").count() == 2
