"""The counter, the telephone, batches, and lists taken away."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image

from core.models import AccessLog, Attachment, Event
from intake import actions
from intake.models import ConstituentRequest, RequestCall
from intake.selectors.desk import to_call

pytestmark = pytest.mark.django_db

COUNTER = "/desk/requests/new/"


def photo(name: str = "灯.jpg") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 30), "orange").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


@pytest.fixture
def said(county) -> dict[str, Any]:
    return {
        "key": "counter-key-0001",
        "station": county.station.pk,
        "channel": "walk_in",
        "category": county.categories["utilities"].pk,
        "body": "牛场组的路灯不亮了，晚上看不见路，请来修。",
        "village": county.villages[0].pk,
        "place": "小卖部对面",
        "name": "王阿姨",
        "phone": "138 0000 2746",
        "notify": "sms",
        "visibility": "station",
        "register_now": "on",
        "consent": "on",
    }


# --- counter


def test_the_counter_writes_down_registers_and_prints(county, sign_in, said):
    desk = sign_in(county.clerk)
    assert desk.get(COUNTER).status_code == 200

    answer = desk.post(COUNTER, said | {"present": county.representative.pk, "photos": photo()})

    case = ConstituentRequest.objects.get()
    assert answer.status_code == 303
    assert (case.state, case.channel, case.follower) == ("registered", "walk_in", county.representative)
    assert case.contact_phone == "13800002746"
    assert Attachment.objects.about(case).count() == 1
    slip = desk.get(answer["Location"]).content.decode()
    assert case.reference in slip
    assert case.receipt_code[:4] in slip
    assert "<svg" in slip


def test_sending_twice_takes_one_request(county, sign_in, said):
    desk = sign_in(county.clerk)

    first, second = desk.post(COUNTER, said), desk.post(COUNTER, said)

    assert first["Location"] == second["Location"]
    assert ConstituentRequest.objects.count() == 1


def test_another_matter_under_the_same_key_is_refused(county, sign_in, said):
    desk = sign_in(county.clerk)
    desk.post(COUNTER, said)

    answer = desk.post(COUNTER, said | {"body": "另一件事：公厕锁了一个多月。"})

    assert answer.status_code == 422
    assert ConstituentRequest.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"consent": ""}, "请先念给对方听"),
        ({"name": ""}, "请写称呼"),
        ({"body": "灯"}, "再多写几个字"),
        ({"category": ""}, "请选一类"),
        ({"phone": "1380000"}, "手机号要 11 位数字，现在是 7 位"),
        ({"phone": ""}, "要发短信、打电话，请留手机号"),
        ({"body": "坏\x00字坏字坏字"}, ""),
        ({"station": "999999"}, ""),
        ({"channel": "api"}, ""),
    ],
)
def test_what_is_missing_is_said_beside_its_field(county, sign_in, said, change, words):
    answer = sign_in(county.clerk).post(COUNTER, said | change)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "有 1 处要改" in answer.content.decode()
    assert ConstituentRequest.objects.count() == 0


def test_a_file_that_is_no_photo_is_named_by_its_place(county, sign_in, said):
    bad = SimpleUploadedFile("x.jpg", b"MZ not a photo", content_type="image/jpeg")

    answer = sign_in(county.clerk).post(COUNTER, said | {"photos": [photo(), bad]})

    assert answer.status_code == 422
    assert "第 2 张：这个不是照片" in answer.content.decode()


def test_too_many_photos_are_counted(county, sign_in, said):
    answer = sign_in(county.clerk).post(COUNTER, said | {"photos": [photo() for _each in range(8)]})

    assert "最多 6 张，多了 2 张" in answer.content.decode()


def test_a_unit_complained_about_is_named_at_once_and_never_sees_it(county, sign_in, said):
    sign_in(county.clerk).post(COUNTER, said | {"accused": [county.units["urban"].pk]})

    case = ConstituentRequest.objects.get()
    assert [each.unit for each in case.accused.all()] == [county.units["urban"]]


def test_without_a_phone_and_without_registering(county, sign_in, said):
    plain = {name: value for name, value in said.items() if name != "register_now"}

    sign_in(county.clerk).post(COUNTER, plain | {"phone": "", "notify": "none"})

    case = ConstituentRequest.objects.get()
    assert (case.state, case.has_contact) == ("received", False)


@pytest.mark.parametrize(
    ("who", "status"),
    [("town_office", 200), ("county_office", 200), ("leader", 403), ("unit_officer", 403), ("sysadmin", 403)],
)
def test_who_may_write_down_what_somebody_says(county, sign_in, who, status):
    assert sign_in(getattr(county, who)).get(COUNTER).status_code == status


def test_nobody_registers_at_a_station_of_elsewhere(county, sign_in, said):
    answer = sign_in(county.clerk).post(COUNTER, said | {"station": county.other_station.pk})

    assert answer.status_code == 422


def test_a_receipt_printed_again_is_written_down(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    url = reverse("intake:slip", args=[case.public_id])

    assert case.receipt_code[:4] not in desk.get(url).content.decode()
    assert desk.post(url, {"reason": ""}).status_code == 422
    page = desk.post(url, {"reason": "群众丢了回执"}).content.decode()

    assert case.receipt_code[:4] in page
    assert AccessLog.objects.get().what == "receipt"
    assert sign_in(county.leader).get(url).status_code == 403
    assert sign_in(county.other_clerk).get(url).status_code == 404


# --- call-backs


def call(case: ConstituentRequest) -> str:
    return reverse("intake:callback", args=[case.public_id])


def half_content(county: Any) -> ConstituentRequest:
    return actions.rate(county.told(), solved="partly", satisfied="basically", by=None)


def test_the_list_holds_the_half_content_and_those_to_be_told_by_phone(county, sign_in):
    called, phoned = (
        half_content(county),
        county.told(contact=actions.Contact("李叔", "13800001111", "phone")),
    )
    county.told()

    assert set(to_call(county.clerk)) == {called, phoned}
    page = sign_in(county.clerk).get("/desk/callbacks/").content.decode()
    assert called.reference in page
    assert phoned.reference in page


def test_the_script_says_who_calls_and_what_for(county, sign_in):
    case = half_content(county)

    page = sign_in(county.clerk).get(call(case)).content.decode()

    assert "问题解决了吗？" in page
    assert "换了灯头，灯亮了" in page
    assert "138****2746" in page
    assert "13800002746" not in page
    assert "checked" not in page


def test_a_new_answer_closes_or_sends_back(county, sign_in):
    desk, content, not_solved = sign_in(county.clerk), half_content(county), half_content(county)

    first = desk.post(
        call(content),
        {"outcome": "reached", "solved": "yes", "satisfied": "satisfied", "version": content.event_seq},
    )
    second = desk.post(
        call(not_solved), {"outcome": "reached", "solved": "no", "version": not_solved.event_seq}
    )

    content.refresh_from_db()
    not_solved.refresh_from_db()
    assert (first.status_code, second.status_code) == (303, 303)
    assert (content.state, not_solved.state, not_solved.round) == ("closed", "redoing", 2)


def test_talked_to_and_nothing_new_is_settled_by_what_was_written(county, sign_in):
    case = half_content(county)

    sign_in(county.clerk).post(
        call(case), {"outcome": "reached", "note": "说下个月再看", "version": case.event_seq}
    )

    case.refresh_from_db()
    assert case.state == "closed"


def test_a_call_in_vain_keeps_the_case_and_counts_the_day(county, sign_in):
    case, desk = half_content(county), sign_in(county.clerk)

    desk.post(call(case), {"outcome": "no_answer", "version": case.event_seq})

    case.refresh_from_db()
    assert case.state == "callback"
    assert "没打通 1 天" in desk.get(call(case)).content.decode()
    assert "今天打过了" in desk.get(call(case)).content.decode()


def test_three_tries_on_three_days_and_it_may_be_closed_unrated(county, sign_in):
    told_at = timezone.now() - timedelta(days=3)
    case = county.told(contact=actions.Contact("李叔", "13800001111", "phone"), now=told_at)
    desk = sign_in(county.clerk)
    lapse = reverse("intake:step", args=[case.public_id, "lapse"])
    for days in (2, 1):
        when = timezone.now() - timedelta(days=days)
        RequestCall.objects.create(request=case, outcome="no_answer", by=county.clerk, at=when)
    assert lapse not in desk.get(call(case)).content.decode()

    desk.post(call(case), {"outcome": "no_answer", "version": case.event_seq})

    assert lapse in desk.get(call(case)).content.decode()
    case.refresh_from_db()
    assert desk.post(lapse, {"version": case.event_seq}).status_code == 303
    case.refresh_from_db()
    assert (case.state, case.satisfied) == ("closed", "")


def test_an_answer_of_somebody_not_reached_is_refused(county, sign_in):
    case = half_content(county)

    answer = sign_in(county.clerk).post(call(case), {"outcome": "no_answer", "solved": "yes"})

    assert answer.status_code == 422
    assert case.calls.count() == 0


def test_a_case_rated_meanwhile_is_not_rated_over(county, sign_in):
    case = half_content(county)
    stale = case.event_seq
    actions.rate(case, solved="yes", by=None)

    answer = sign_in(county.clerk).post(
        call(case), {"outcome": "reached", "solved": "no", "note": "说没好", "version": stale}
    )

    assert answer.status_code == 409
    assert "说没好" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == "closed"


def test_call_backs_are_the_stations(county, sign_in):
    case = half_content(county)

    assert sign_in(county.other_clerk).get(call(case)).status_code == 404
    assert sign_in(county.unit_officer).get("/desk/callbacks/").status_code == 403
    assert sign_in(county.leader).get("/desk/callbacks/").status_code == 403


def test_the_call_list_costs_the_same_for_three_and_thirty(county, sign_in, count_queries):
    desk = sign_in(county.clerk)
    for _each in range(3):
        half_content(county)
    desk.get("/desk/callbacks/")
    with count_queries() as few:
        desk.get("/desk/callbacks/")
    for _each in range(17):
        half_content(county)

    with count_queries() as many:
        desk.get("/desk/callbacks/")

    assert len(many) == len(few)


# --- batches


def ticked(cases: list[ConstituentRequest], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"ids": [case.public_id for case in cases], "confirm": "1"}
    return found | {f"v-{case.public_id}": case.event_seq for case in cases} | more


def test_several_cases_go_to_one_unit_in_one_action(county, sign_in):
    cases, desk = [county.registered() for _each in range(4)], sign_in(county.town_office)
    url = reverse("intake:batch", args=["assign"])
    asked = desk.post(url, {"ids": [case.public_id for case in cases]})
    assert "把 4 件交给一个单位" in asked.content.decode()

    answer = desk.post(url, ticked(cases, unit=county.units["urban"].pk))

    assert answer.status_code == 303
    for case in cases:
        case.refresh_from_db()
    assert {case.state for case in cases} == {"assigned"}
    events = Event.objects.filter(kind="intake.request.assign")
    assert events.count() == 4
    assert events.values("action_id").distinct().count() == 1


def test_a_case_that_cannot_go_is_left_and_said(county, sign_in):
    fine, changed, received = county.registered(), county.registered(), county.receive()
    stale = ticked([fine, changed, received], unit=county.units["urban"].pk)
    actions.note(changed, text="刚改过", by=county.clerk)
    desk = sign_in(county.town_office)

    answer = desk.post(reverse("intake:batch", args=["assign"]), stale, follow=True)

    page = answer.content.decode()
    assert "交办了 1 件" in page
    assert f"{changed.reference}：这一件刚有人改过" in page
    assert f"{received.reference}：" in page


def test_thirty_nine_become_twenty_two(county, sign_in):
    cases, desk = [county.registered() for _each in range(39)], sign_in(county.clerk)

    answer = desk.post(reverse("intake:batch", args=["merge"]), ticked(cases[:18], into=cases[0].public_id))

    assert answer.status_code == 303
    left = ConstituentRequest.objects.exclude(state="merged")
    assert left.count() == 22
    assert cases[0].merged.count() == 17
    merges = Event.objects.filter(kind="intake.request.merge")
    assert merges.values("action_id").distinct().count() == 1


def test_nothing_of_elsewhere_is_changed_by_a_batch(county, sign_in):
    foreign = county.receive(station=county.other_station)
    mine = county.registered()

    sign_in(county.town_office).post(
        reverse("intake:batch", args=["assign"]), ticked([mine, foreign], unit=county.units["urban"].pk)
    )

    foreign.refresh_from_db()
    mine.refresh_from_db()
    assert (mine.state, foreign.state) == ("assigned", "received")


def test_batches_need_their_right_and_something_ticked(county, sign_in):
    case = county.registered()
    url = reverse("intake:batch", args=["assign"])

    assert sign_in(county.clerk).post(url, ticked([case])).status_code == 403
    assert (
        sign_in(county.leader).post(reverse("intake:batch", args=["merge"]), ticked([case])).status_code
        == 403
    )
    assert sign_in(county.town_office).post(url, {"ids": []}).status_code == 303
    assert sign_in(county.town_office).post(url, ticked([case], unit="")).status_code == 422
    assert sign_in(county.town_office).post(reverse("intake:batch", args=["explode"])).status_code == 404
    assert sign_in(county.town_office).get(url).status_code == 405


# --- taking a list away


def exported(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_list_is_taken_away_with_a_reason_that_is_kept(county, sign_in):
    case = county.receive(body="=HYPERLINK(1) 路灯不亮了，请来修。")
    county.receive(station=county.other_station)
    desk, url = sign_in(county.clerk), reverse("intake:export") + "?view=register"
    assert desk.post(url, {"reason": "", "format": "csv"}).status_code == 422
    assert AccessLog.objects.count() == 0

    answer = desk.post(url, {"reason": "月度台账", "format": "csv"})

    rows = list(csv.DictReader(io.StringIO(exported(answer).decode("utf-8-sig"))))
    assert [row["编号"] for row in rows] == [case.reference]
    assert rows[0]["内容"].startswith("'=")
    assert "王阿姨" not in str(rows)
    assert "2746" not in str(rows)
    log = AccessLog.objects.get()
    assert (log.actor, log.what) == (county.clerk, "export requests.register")
    assert log.reason == "1 行，月度台账（待登记）"


def test_a_list_is_taken_away_as_a_workbook(county, sign_in):
    case = county.assigned()
    url = reverse("intake:export") + "?view=all"

    answer = sign_in(county.clerk).post(url, {"reason": "月度台账", "format": "xlsx"})

    rows = list(load_workbook(BytesIO(exported(answer)), read_only=True).active.values)
    assert rows[0][0] == "编号"
    assert rows[1][0] == case.reference
    assert "县城市管理局" in rows[1]


def test_what_is_narrowed_is_taken_away_narrowed(county, sign_in):
    county.receive(body="路灯不亮了，请来修一修。")
    water = county.receive(body="自来水浑浊三天了，老人拉肚子。")
    url = reverse("intake:export") + "?view=all&q=水浑"

    answer = sign_in(county.clerk).post(url, {"reason": "看看水的事", "format": "csv"})

    rows = list(csv.DictReader(io.StringIO(exported(answer).decode("utf-8-sig"))))
    assert [row["编号"] for row in rows] == [water.reference]


@pytest.mark.parametrize(
    ("who", "status"), [("leader", 403), ("unit_officer", 403), ("auditor", 403), ("clerk", 200)]
)
def test_who_may_take_a_list_away(county, sign_in, who, status):
    assert sign_in(getattr(county, who)).get(reverse("intake:export")).status_code == status


def test_an_export_costs_the_same_for_three_rows_and_thirty(county, sign_in, count_queries):
    desk, url = sign_in(county.clerk), reverse("intake:export") + "?view=all"
    said = {"reason": "月度台账", "format": "csv"}
    for _each in range(3):
        county.receive()
    exported(desk.post(url, said))
    with count_queries() as few:
        exported(desk.post(url, said))
    for _each in range(27):
        county.receive()

    with count_queries() as many:
        exported(desk.post(url, said))

    assert len(many) == len(few)
