"""The unit's desk: due lists, the answer and its draft, photos, the signature, and what a unit never sees."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from core.models import AccessLog, Attachment, Draft
from intake import actions
from intake.models import AccusedUnit, ConstituentRequest
from intake.selectors import desk as reads
from intake.selectors.unit import points_of

pytestmark = pytest.mark.django_db

WORDS = {
    "outcome": "solved",
    "headline": "换了灯头和 40 米电缆，路灯亮了",
    "body": "6月2日路灯所到现场换了灯头和电缆，以后每月巡查一次，坏了可打 0000-555-0166。",
}


def reply(case: ConstituentRequest) -> str:
    return reverse("intake:unit-reply", args=[case.public_id])


def step(case: ConstituentRequest, verb: str) -> str:
    return reverse("intake:unit-step", args=[case.public_id, verb])


def photo(colour: str = "orange") -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "JPEG")
    return SimpleUploadedFile("灯.jpg", out.getvalue(), content_type="image/jpeg")


# --- who may


@pytest.mark.parametrize(
    "who", ["clerk", "town_office", "county_office", "leader", "rep", "sysadmin", "nobody"]
)
def test_the_unit_desk_is_for_units(county, sign_in, who):
    case, other = county.assigned(), sign_in(getattr(county, who))

    assert other.get("/unit/").status_code == 403
    assert other.get(reply(case)).status_code == 403
    assert other.post(reply(case), WORDS).status_code == 403


def test_a_case_of_another_unit_is_not_there(county, sign_in):
    case, other = county.assigned(), sign_in(county.other_officer)

    for url in (reply(case), step(case, "hand_back")):
        assert other.get(url).status_code == 404
        assert other.post(url, WORDS).status_code == 404
    for name in ("unit-draft", "unit-photos", "unit-preview"):
        assert other.post(reverse(f"intake:{name}", args=[case.public_id]), WORDS).status_code == 404


def test_a_unit_complained_about_never_finds_the_case(county, sign_in):
    case = county.assigned()
    AccusedUnit.objects.create(request=case, unit=county.units["urban"])
    unit = sign_in(county.unit_officer)

    assert unit.get(reply(case)).status_code == 404
    assert case.reference not in unit.get("/unit/").content.decode()


def test_the_case_page_leads_a_unit_to_its_own(county, sign_in):
    case = county.assigned()

    assert sign_in(county.unit_officer).get(case.get_absolute_url())["Location"] == reply(case)


# --- lists


def test_each_case_stands_in_the_list_of_its_work(county, sign_in):
    todo, signing, done = county.assigned(), county.assigned(), county.replied()
    actions.submit_reply(signing, by=county.unit_officer, **WORDS)
    unit = sign_in(county.unit_officer)

    lists = {name: unit.get(f"/unit/?view={name}").content.decode() for name in ("todo", "sign", "done")}

    for name, case in (("todo", todo), ("sign", signing), ("done", done)):
        assert [each for each, page in lists.items() if case.reference in page] == [name]


def test_a_list_costs_the_same_for_three_rows_and_thirty(county, sign_in, count_queries):
    unit, views = sign_in(county.unit_officer), ("todo", "sign", "done", "nothing")

    def cost() -> list[int]:
        seen = []
        for view in views:
            with count_queries() as queries:
                assert unit.get(f"/unit/?view={view}").status_code == 200
            seen.append(len(queries))
        return seen

    for _each in range(3):
        county.assigned()
    cost()
    few = cost()
    for _each in range(20):
        county.assigned()

    assert cost() == few


def test_a_row_names_its_clock_and_its_date(county, sign_in):
    case = county.assigned()

    page = sign_in(county.unit_officer).get("/unit/").content.decode()

    face = reads.due_faces([case])[case.pk]
    assert face.name == "request.unit"
    assert f"单位答复：还剩 {face.days_left} 个工作日" in page
    assert case.station.name in page


# --- the resident behind the case


def test_a_unit_sees_neither_name_nor_number_unless_the_resident_opened_them(county, sign_in):
    closed = county.assigned()
    opened = county.assigned(contact=actions.Contact("李叔", "13800001111", "sms", "handlers"))
    secret = county.assigned(
        contact=actions.Contact("赵姐", "13800003333", "sms", "handlers"), is_confidential=True
    )
    unit = sign_in(county.unit_officer)

    shut = unit.get(reply(closed)).content.decode()
    assert "王阿姨" not in shut
    assert "2746" not in shut
    assert "只给联络站看" in shut
    seen = unit.get(reply(opened)).content.decode()
    assert "李叔" in seen
    assert "138****1111" in seen
    assert "13800001111" not in seen
    hidden = unit.get(reply(secret)).content.decode()
    assert "赵姐" not in hidden
    assert "3333" not in hidden


def test_a_unit_opens_a_number_with_a_reason_or_not_at_all(county, sign_in):
    closed = county.assigned()
    opened = county.assigned(contact=actions.Contact("李叔", "13800001111", "sms", "handlers"))
    unit = sign_in(county.unit_officer)

    refused = unit.post(reverse("intake:reveal", args=[closed.public_id]), {"reason": "想问问"})
    shown = unit.post(reverse("intake:reveal", args=[opened.public_id]), {"reason": "约时间上门"})

    assert refused.status_code == 403
    assert "13800001111" in shown.content.decode()
    assert AccessLog.objects.get().case_id == opened.pk


def test_notes_among_staff_stay_at_the_station(county, sign_in):
    case = county.assigned()
    actions.note(case, text="这位阿姨来过三次", by=county.clerk)

    assert "这位阿姨来过三次" not in sign_in(county.unit_officer).get(reply(case)).content.decode()


# --- the answer


def test_an_answer_is_written_sent_and_signed(county, sign_in):
    case, officer, head = county.assigned(), sign_in(county.unit_officer), sign_in(county.unit_head)

    sent = officer.post(reply(case), WORDS | {"version": case.event_seq})
    case.refresh_from_db()
    assert sent.status_code == 303
    assert case.state == "signing"
    assert "等负责人签发" in officer.get(reply(case)).content.decode()
    assert "签发答复" in head.get(reply(case)).content.decode()
    signed = head.post(step(case, "sign"), {"version": case.event_seq})

    case.refresh_from_db()
    assert signed.status_code == 303
    assert case.state == "replied"
    assert case.replies.get().signed_by == county.unit_head
    assert "已签发的答复" in officer.get(reply(case)).content.decode()


def test_the_head_sends_back_and_the_words_stay(county, sign_in):
    case = county.assigned()
    officer, head = sign_in(county.unit_officer), sign_in(county.unit_head)
    officer.post(reply(case), WORDS)
    case.refresh_from_db()

    head.post(step(case, "send_back_draft"), {"note": "写明谁去的", "version": case.event_seq})

    page = officer.get(reply(case)).content.decode()
    case.refresh_from_db()
    assert case.state == "assigned"
    assert "写明谁去的" in page
    assert WORDS["headline"] in page


def test_an_officer_may_not_sign(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    officer.post(reply(case), WORDS)
    case.refresh_from_db()

    assert "签发答复" not in officer.get(reply(case)).content.decode()
    assert officer.post(step(case, "sign"), {"version": case.event_seq}).status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"headline": ""}, "有 1 处要改"),
        ({"headline": "字" * 31}, "有 1 处要改"),
        ({"outcome": ""}, "有 1 处要改"),
        ({"outcome": "planned"}, "“正在解决”要写明哪天完成"),
        ({"outcome": "planned", "planned_on": "2020-01-01"}, "完成日期要在今天以后"),
        ({"outcome": "cannot"}, "“眼下解决不了”要写明依据"),
        ({"body": "坏\x00字"}, "有 1 处要改"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_stays(county, sign_in, change, words):
    case = county.assigned()

    answer = sign_in(county.unit_officer).post(reply(case), WORDS | change)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    case.refresh_from_db()
    assert case.state == "assigned"


def test_a_case_changed_meanwhile_keeps_the_answer(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    stale = case.event_seq
    actions.urge(case, by=county.town_office, note="快一点")

    answer = officer.post(reply(case), WORDS | {"version": stale})

    page = answer.content.decode()
    case.refresh_from_db()
    assert answer.status_code == 409
    assert WORDS["body"] in page
    assert f'name="version" value="{case.event_seq}"' in page
    assert officer.post(reply(case), WORDS | {"version": case.event_seq}).status_code == 303


def test_not_ours_leads_to_handing_back_and_keeps_what_was_written(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)

    answer = officer.post(reply(case), WORDS | {"outcome": "hand_back"})

    assert answer["Location"] == step(case, "hand_back")
    assert "该哪个单位办" in officer.get(answer["Location"]).content.decode()
    officer.post(step(case, "hand_back"), {"note": "路灯归镇里管", "right_unit": "石桥镇人民政府"})
    case.refresh_from_db()
    assert case.state == "returned"
    assert Draft.objects.get().payload["body"] == WORDS["body"]


@pytest.mark.parametrize(
    ("verb", "fields", "state"),
    [
        ("ask", {"question": "哪一盏灯？"}, "waiting"),
        ("request_extension", {"days": 5, "note": "等电缆"}, "assigned"),
    ],
)
def test_a_unit_asks_back_and_asks_for_time(county, sign_in, verb, fields, state):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    assert officer.get(step(case, verb)).status_code == 200
    assert officer.post(step(case, verb), {}).status_code == 422

    answer = officer.post(step(case, verb), fields | {"version": case.event_seq})

    case.refresh_from_db()
    assert answer.status_code == 303
    assert case.state == state


def test_a_step_of_others_is_none_of_the_units(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)

    assert officer.get(step(case, "refer")).status_code == 403
    assert officer.get(step(case, "explode")).status_code == 404
    assert officer.post(step(case, "reassign"), {"unit": county.units["water"].pk}).status_code == 403


# --- draft, list before sending, preview


def test_the_draft_is_kept_while_writing_and_the_list_answers(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    url = reverse("intake:unit-draft", args=[case.public_id])

    kept = officer.post(url, WORDS | {"points": ["0"]}, headers={"HX-Request": "true"}).content.decode()

    assert "草稿已存" in kept
    assert "写明了结果" in kept
    assert "还没有办理后照片" in kept
    page = officer.get(reply(case)).content.decode()
    assert WORDS["headline"] in page
    assert 'value="0" form="reply" checked' in " ".join(page.split())
    assert WORDS["headline"] not in sign_in(county.unit_head).get(reply(case)).content.decode()
    assert officer.post(url, WORDS).status_code == 303


def test_the_draft_survives_whatever_happens_to_the_case(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    officer.post(reverse("intake:unit-draft", args=[case.public_id]), WORDS)

    actions.urge(case, by=county.town_office, note="快一点")

    assert WORDS["body"] in officer.get(reply(case)).content.decode()


def test_the_draft_goes_with_the_answer(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    officer.post(reverse("intake:unit-draft", args=[case.public_id]), WORDS)

    officer.post(reply(case), WORDS)

    assert Draft.objects.count() == 0


def test_nothing_in_the_list_before_sending_blocks(county, sign_in):
    case = county.assigned()

    answer = sign_in(county.unit_officer).post(reply(case), WORDS | {"body": "修好了。"})

    assert answer.status_code == 303


def test_each_point_of_the_resident_stands_in_the_list():
    said = "路灯不亮了。还有公厕锁了一个多月！什么时候能开？好。"

    assert points_of(said) == ["路灯不亮了", "还有公厕锁了一个多月", "什么时候能开"]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_preview_shows_what_the_resident_will_read_and_sends_nothing(county, sign_in, headers):
    case = county.assigned()
    url = reverse("intake:unit-preview", args=[case.public_id])
    planned = (timezone.localdate() + timedelta(days=9)).isoformat()

    page = (
        sign_in(county.unit_officer)
        .post(url, WORDS | {"outcome": "planned", "planned_on": planned}, headers=headers)
        .content.decode()
    )

    assert WORDS["headline"] in page
    assert WORDS["body"] in page
    assert "前办好，到时再告诉您" in page
    case.refresh_from_db()
    assert (case.state, case.replies.count()) == ("assigned", 0)


def test_a_preview_of_half_an_answer_says_what_is_missing(county, sign_in):
    case = county.assigned()

    page = (
        sign_in(county.unit_officer)
        .post(reverse("intake:unit-preview", args=[case.public_id]), {})
        .content.decode()
    )

    assert "送审以前还有 3 处要改" in page


# --- photos


def test_photos_are_kept_at_once_shown_and_taken_back(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    url = reverse("intake:unit-photos", args=[case.public_id])

    added = officer.post(url, WORDS | {"before": photo("black"), "after": photo()})

    assert added.status_code == 303
    kept = {each.role: each for each in Attachment.objects.about(case)}
    assert set(kept) == {"before", "after"}
    page = officer.get(reply(case)).content.decode()
    assert kept["after"].public_id in page
    assert "有办理后照片" in page
    assert WORDS["headline"] in page
    officer.post(url, WORDS | {"remove": kept["before"].public_id})
    assert [each.role for each in Attachment.objects.about(case)] == ["after"]


def test_a_file_that_is_no_photo_is_refused_and_the_words_stay(county, sign_in):
    case = county.assigned()
    bad = SimpleUploadedFile("x.jpg", b"MZ", content_type="image/jpeg")

    answer = sign_in(county.unit_officer).post(
        reverse("intake:unit-photos", args=[case.public_id]), WORDS | {"after": bad}
    )

    assert answer.status_code == 422
    assert "这个不是照片" in answer.content.decode()
    assert WORDS["body"] in answer.content.decode()


def test_more_photos_than_six_are_refused(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    url = reverse("intake:unit-photos", args=[case.public_id])
    officer.post(url, {"after": [photo() for _each in range(4)]})

    answer = officer.post(url, {"after": [photo() for _each in range(4)]})

    assert answer.status_code == 422
    assert "多了 2 张" in answer.content.decode()
    assert Attachment.objects.about(case).count() == 4


def test_a_photo_of_the_resident_cannot_be_taken_away(county, sign_in):
    case = county.assigned()
    theirs = Attachment.objects.create(
        case_label=case.label, case_id=case.pk, path="x", sha256="0" * 64, size=1
    )

    sign_in(county.unit_officer).post(
        reverse("intake:unit-photos", args=[case.public_id]), {"remove": theirs.public_id}
    )

    assert Attachment.objects.filter(pk=theirs.pk).exists()


def test_photos_are_closed_once_the_answer_is_sent(county, sign_in):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    officer.post(reply(case), WORDS | {"after": photo()})
    assert Attachment.objects.about(case).count() == 1

    answer = officer.post(reverse("intake:unit-photos", args=[case.public_id]), {"after": photo("red")})

    assert answer.status_code == 422
    assert Attachment.objects.about(case).count() == 1


def test_the_reply_page_costs_the_same_however_much_happened(county, sign_in, count_queries):
    case, officer = county.assigned(), sign_in(county.unit_officer)
    actions.note(case, text="一", by=county.clerk)
    officer.get(reply(case))
    with count_queries() as few:
        officer.get(reply(case))
    for place in range(15):
        actions.add(case, text=f"又说了一句 {place}", by=None)

    with count_queries() as many:
        officer.get(reply(case))

    assert len(many) == len(few)


def test_pages_of_a_unit_go_on_and_back(county, sign_in, monkeypatch):
    monkeypatch.setattr(reads.page_of, "__kwdefaults__", reads.page_of.__kwdefaults__ | {"size": 2})
    cases: list[Any] = [county.assigned() for _each in range(5)]
    unit, seen, url = sign_in(county.unit_officer), set(), "/unit/"
    for _each in range(3):
        page = unit.get(url)
        text = page.content.decode()
        seen |= {case.pk for case in cases if case.reference in text}
        url = page.context["older_url"]

    assert seen == {case.pk for case in cases}
    assert url == ""
