"""The anonymous door without script: three steps, check, receipt; every wrong thing said plainly, nothing lost."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from django.core import signing
from django.test import Client
from PIL import Image

from core.models import Attachment, Draft, Event, Message, Submission
from intake.models import ConstituentRequest, RequestLink
from intake.views.public.door import COOKIE

pytestmark = pytest.mark.django_db

BODY = "牛场组进村路口的路灯半个多月不亮了，晚上看不见路。"
OLD_STAMP = signing.dumps(1_700_000_000, salt="public-form")


def photo(color: str = "navy", size: tuple[int, int] = (40, 30), kind: str = "JPEG", name: str = "a.jpg"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    out = BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return SimpleUploadedFile(name, out.getvalue())


def say(client, **changes):
    data = {"category": "utilities", "body": BODY, "stamp": OLD_STAMP, "s": "0312"} | changes
    return client.post("/requests/new/1/", data)


def where(client, **changes):
    return client.post("/requests/new/2/", {"village": "990127101201", "place": "小卖部对面"} | changes)


def reach(client, **changes):
    data = {"name": "王阿姨", "phone": "138 0000 2746", "notify": "sms", "visibility": "station"} | changes
    return client.post("/requests/new/3/", data)


def key_on(page) -> str:
    return re.search(r'name="key" value="([^"]*)"', page.content.decode())[1]


def hand_in(client):
    page = client.get("/requests/new/check/")
    assert page.status_code == 200, page
    return client.post("/requests/new/check/", {"key": key_on(page)})


def through(client, *, one=None, two=None, three=None):
    say(client, **(one or {}))
    where(client, **(two or {}))
    reach(client, **(three or {}))
    return hand_in(client)


def errors_of(page) -> str:
    text = page.content.decode()
    return re.sub(r"<[^>]+>", " ", text[text.index('id="err"') : text.index("</ul>", text.index('id="err"'))])


def test_three_steps_and_a_check_give_one_request_and_a_receipt(county, client):
    assert client.get("/requests/new/1/?s=0312").status_code == 200

    answer = through(client)

    assert (answer.status_code, answer.url) == (303, "/requests/received/")
    request = ConstituentRequest.objects.get()
    assert (request.station, request.channel, request.state) == (county.station, "qr", "received")
    assert (request.category.code, request.village.name, request.place) == (
        "utilities",
        "牛场村",
        "小卖部对面",
    )
    assert (request.contact_name, request.contact_phone, request.notify) == ("王阿姨", "13800002746", "sms")
    assert request.visibility == "station"
    assert request.consent_version
    page = client.get("/requests/received/").content.decode()
    assert request.reference in page
    assert "138****2746" in page
    assert "13800002746" not in page
    assert f"/t/{request.receipt_code}" in page


def test_reading_a_page_sets_no_cookie_and_writes_nothing(county, client, count_queries):
    for path in (
        "/requests/new/1/",
        "/requests/new/2/",
        "/requests/new/3/",
        "/track/",
        "/requests/queued/",
        "/offline/",
    ):
        with count_queries() as seen:
            page = client.get(path)
        assert page.status_code == 200
        assert not page.cookies
        assert not [each for each in seen.captured_queries if not each["sql"].startswith("SELECT")]
    assert not Draft.objects.exists()


def test_the_cookie_is_opaque_and_closed_and_the_draft_is_sealed(county, client):
    answer = say(client)

    cookie = answer.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == 7 * 24 * 3600
    draft = Draft.objects.get()
    assert cookie.value not in draft.key
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT payload FROM core_draft")
        assert "路灯".encode() not in bytes(cursor.fetchone()[0])


def test_pressing_twice_going_back_and_a_second_tab_give_one_request(county, client):
    say(client)
    where(client)
    reach(client)
    key = key_on(client.get("/requests/new/check/"))

    answers = [client.post("/requests/new/check/", {"key": key}) for _press in range(3)]

    assert {answer.url for answer in answers} == {"/requests/received/"}
    assert ConstituentRequest.objects.count() == 1
    assert Message.objects.filter(channel="sms").count() == 1
    assert client.get("/requests/new/check/").url == "/requests/received/"


def test_reloading_the_receipt_shows_the_same(county, client):
    through(client)

    def shown():
        return re.sub(r"nonce-\S+", "", client.get("/requests/received/").content.decode())

    assert shown() == shown()


def test_another_matter_begins_blank_and_gets_a_number_of_its_own(county, client):
    through(client)
    assert BODY not in client.get("/requests/new/1/").content.decode()

    through(client, one={"body": "村口的垃圾桶三天没有人来收了。"})

    assert ConstituentRequest.objects.count() == 2


def test_without_a_phone_the_receipt_shows_the_code_and_says_what_follows(county, client):
    through(client, three={"phone": "", "notify": "sms"})

    request = ConstituentRequest.objects.get()
    page = client.get("/requests/received/").content.decode()
    assert request.notify == "none"
    assert request.track_index == ""
    assert "您没有留手机号" in page
    assert request.receipt_code[:4] in page


def test_without_a_station_the_village_finds_it(county, client):
    through(client, one={"s": ""}, two={"village": "990127102201"})

    request = ConstituentRequest.objects.get()
    assert request.station == county.other_station
    assert request.channel == "web"


def test_a_station_that_serves_the_village_comes_before_the_town_s(county, client):
    from tests.county import make_station

    point = make_station("0399", "牛场村代表联络点", county.villages[0], kind="point")
    point.serves.add(county.villages[0])

    through(client, one={"s": ""})

    assert ConstituentRequest.objects.get().station == point


def test_the_code_of_a_closed_station_leads_to_the_one_that_took_over(county, client):
    from django.utils import timezone

    county.other_station.closed_on = timezone.localdate()
    county.other_station.taken_over_by = county.station
    county.other_station.save()

    through(client, one={"s": "0313"})

    assert ConstituentRequest.objects.get().station == county.station


def test_a_representative_s_code_fills_in_station_and_follower(county, client):
    page = client.get(f"/requests/new/1/?r={county.representative.public_id}")
    assert "石桥镇代表联络站" in page.content.decode()

    through(client, one={"s": "", "r": county.representative.public_id})

    request = ConstituentRequest.objects.get()
    assert (request.station, request.follower) == (county.station, county.representative)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"category": ""}, "请选一类。说不清就选“其他”"),
        ({"category": "nonsense"}, "nonsense"),
        ({"body": ""}, "请写写是什么事"),
        ({"body": "灯"}, "再多写几个字，让办的人看得懂"),
        ({"body": "灯" * 532}, "最多 500 字，请删掉 32 字"),
        ({"body": "路灯坏了\x00很久"}, "里面有不能显示的字符"),
        ({"body": "路灯坏了\x1b[31m"}, "里面有不能显示的字符"),
    ],
)
def test_what_is_wrong_with_the_first_step_is_said_and_nothing_is_lost(county, client, changes, words):
    page = say(client, **changes)

    assert page.status_code == 422
    assert words in errors_of(page)
    text = page.content.decode()
    assert "<title>" in text
    assert re.search(r"<title>\s*有 1 处要改：", text)
    assert 'aria-invalid="true"' in text or "category" in changes
    assert "has-err" in text
    assert not Draft.objects.exists()
    if changes.get("body") != "":
        assert changes.get("body", BODY)[:4].replace("\x00", "") in text


def test_two_wrong_fields_are_counted_and_linked(county, client):
    say(client)
    where(client)

    page = reach(client, name="", phone="138 0000 274")

    text = page.content.decode()
    assert page.status_code == 422
    assert re.search(r"<title>\s*有 2 处要改：第 3 步", text)
    assert "手机号要 11 位数字，现在是 10 位" in text
    assert 'href="#id_phone"' in text
    assert 'value="138 0000 274"' in text


def test_the_village_must_be_chosen(county, client):
    say(client)

    for village in ("", "990128101000", "abc", "9" * 400):
        page = where(client, village=village)
        assert page.status_code == 422
        assert "请选村或社区" in errors_of(page)
        assert "小卖部对面" in page.content.decode()


def test_a_matter_somewhere_else_goes_to_the_station_of_the_code(county, client):
    through(client, two={"village": "elsewhere"})

    request = ConstituentRequest.objects.get()
    assert (request.station, request.village) == (county.station, None)


def test_photos_are_made_anew_and_travel_with_the_request(county, client):
    say(client)
    answer = where(client, photos=[photo("navy"), photo("red", kind="PNG", name="b.png")])
    assert answer.status_code == 303
    draft = Draft.objects.get()
    assert Attachment.objects.filter(case_label="draft", case_id=draft.pk).count() == 2
    page = client.get("/requests/new/2/").content.decode()
    shown = re.findall(r'src="(/requests/new/photos/[^"]+)"', page)
    assert len(shown) == 2
    seen = client.get(shown[0])
    assert seen.headers["Content-Type"] == "image/jpeg"
    assert b"".join(seen.streaming_content).startswith(b"\xff\xd8")
    assert Client().get(shown[0]).status_code == 404

    reach(client)
    hand_in(client)

    request = ConstituentRequest.objects.get()
    assert Attachment.objects.about(request).count() == 2
    assert not Attachment.objects.filter(case_label="draft").exists()


def test_one_bad_photo_does_not_cost_the_good_ones_nor_the_words(county, client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    say(client)

    page = where(client, photos=[photo(), SimpleUploadedFile("x.jpg", b"<svg onload=alert(1)>")])

    assert page.status_code == 422
    assert "第 2 张：这个不是照片，请选 JPG 或 PNG" in errors_of(page)
    assert "小卖部对面" in page.content.decode()
    assert Attachment.objects.count() == 1
    assert page.content.decode().count("/requests/new/photos/") == 1


def test_a_wrong_village_does_not_cost_the_photos(county, client):
    say(client)

    page = where(client, village="", photos=[photo()])

    assert page.status_code == 422
    assert page.content.decode().count("/requests/new/photos/") == 1


def test_six_photos_are_enough_and_one_sent_twice_is_one(county, client):
    say(client)
    colors = ["navy", "red", "green", "gold", "gray", "pink"]
    where(client, photos=[photo(color) for color in colors[:3]])
    where(client, photos=[photo(color) for color in colors[2:5]])
    assert Attachment.objects.count() == 5

    page = where(client, photos=[photo("pink"), photo("teal"), photo("tan")])

    assert page.status_code == 422
    assert "最多 6 张，多了 2 张" in errors_of(page)
    assert Attachment.objects.count() == 6


def test_a_photo_can_be_taken_out_again(county, client):
    say(client)
    where(client, photos=[photo("navy"), photo("red")])
    gone = Attachment.objects.order_by("pk").first()

    page = where(client, remove=gone.public_id, place="桥头")

    assert page.status_code == 200
    assert "桥头" in page.content.decode()
    assert not Attachment.objects.filter(pk=gone.pk).exists()


def test_what_comes_back_too_fast_is_asked_to_press_again_and_loses_nothing(county, client):
    page = client.get("/requests/new/1/?s=0312")
    stamp = re.search(r'name="stamp" value="([^"]+)"', page.content.decode())[1]

    answer = say(client, stamp=stamp)

    assert answer.status_code == 422
    assert "请再按一次" in errors_of(answer)
    assert BODY in answer.content.decode()
    assert stamp in answer.content.decode()


@pytest.mark.parametrize("changes", [{"website": "http://spam"}, {"stamp": "forged"}, {"stamp": ""}])
def test_a_program_that_fills_the_trap_or_forges_the_stamp_goes_no_further(county, client, changes):
    assert say(client, **changes).status_code == 422
    assert not Draft.objects.exists()


def test_a_post_from_another_site_is_refused(county):
    stranger = Client(headers={"sec-fetch-site": "cross-site"})

    assert stranger.post("/requests/new/1/", {"category": "utilities"}).status_code == 403
    assert Client(headers={"origin": "https://evil.example"}).post("/track/", {}).status_code == 403


def test_a_huge_body_is_refused_without_falling_over(county, client):
    page = say(client, body="灯" * 1_000_000)

    assert page.status_code in (413, 422)


def test_the_eleventh_in_an_hour_is_asked_to_wait_and_its_words_are_kept(county, client):
    for n in range(10):
        through(client, one={"body": f"{BODY}这是第 {n} 回。"}, three={"phone": f"1380000{n:04}"})
    assert ConstituentRequest.objects.count() == 10

    answer = through(client, three={"phone": "13911112222"})

    assert answer.status_code == 429
    assert "您写的都还在" in answer.content.decode()
    assert int(answer.headers["Retry-After"]) > 0
    assert ConstituentRequest.objects.count() == 10
    assert BODY in client.get("/requests/new/check/").content.decode()


def test_check_leads_back_to_the_step_that_is_missing(county, client):
    assert client.get("/requests/new/check/").url == "/requests/new/1/"
    say(client)
    assert client.get("/requests/new/check/").url == "/requests/new/2/"
    where(client)
    assert client.get("/requests/new/check/").url == "/requests/new/3/"


def test_mending_a_step_from_the_check_page_leads_back_to_it(county, client):
    say(client)
    where(client)
    reach(client)
    page = client.get("/requests/new/1/?back=check")
    assert 'name="back" value="check"' in page.content.decode()

    answer = say(client, back="check", body="换一种说法：路灯不亮，请来修。")

    assert answer.url == "/requests/new/check/"
    assert "换一种说法" in client.get("/requests/new/check/").content.decode()


def test_numbers_in_the_words_are_sealed(county, client):
    through(client, one={"body": "请打 13911112222 找我儿子问路灯的事。"})

    request = ConstituentRequest.objects.get()
    assert "13911112222" not in request.body
    assert request.body_spans == ["13911112222"]


def test_an_expired_draft_goes_with_its_photos(county, client):
    from datetime import timedelta

    from django.utils import timezone

    from core.images import open_private
    from core.tasks import purge_personal_data

    say(client)
    where(client, photos=[photo()])
    path = Attachment.objects.get().path
    Draft.objects.update(expires_at=timezone.now() - timedelta(days=1))

    purge_personal_data()

    assert not Draft.objects.exists()
    assert not Attachment.objects.exists()
    with pytest.raises(FileNotFoundError):
        open_private(path)


# --- the same matter


def publish(county, **given):
    from intake import actions

    request = county.told(body="牛场组进村路口路灯坏了，天黑以后看不见路。", **given)
    return actions.publish(request, by=county.clerk)


def test_published_answers_to_the_same_thing_are_shown_and_can_be_joined(county, client):
    known = publish(county)
    say(client)

    page = client.get("/requests/new/2/").content.decode()
    assert known.title in page
    assert "换了灯头，灯亮了" in page
    assert known.body not in page
    where(client, joins=known.public_id)
    reach(client)
    hand_in(client)

    mine = ConstituentRequest.objects.exclude(pk=known.pk).get()
    link = RequestLink.objects.get()
    assert (link.request, link.origin, link.kind) == (mine, known, "same")
    assert mine.state == "received"
    assert mine.reference != known.reference


def test_what_is_not_published_is_never_shown(county, client):
    county.told(body="牛场组进村路口路灯坏了，天黑以后看不见路。")
    say(client)

    assert "和您说的像" not in client.get("/requests/new/2/").content.decode()
    assert client.post("/requests/new/similar/", {"body": BODY, "s": "0312"}).status_code == 204


def test_while_writing_the_same_is_shown_without_keeping_anything(county, client):
    known = publish(county)

    part = client.post("/requests/new/similar/", {"body": BODY, "s": "0312"})

    assert known.title in part.content.decode()
    assert not part.cookies
    assert not Draft.objects.exists()


# --- the budget


def test_handing_in_costs_no_more_than_twenty_statements(county, client, count_queries):
    """The budget line by line (performance.md G3): what grows it must be argued for here."""
    known = publish(county)
    say(client, r=county.representative.public_id)
    where(client, joins=known.public_id, photos=[photo()])
    reach(client)
    key = key_on(client.get("/requests/new/check/"))

    with count_queries() as seen:
        answer = client.post("/requests/new/check/", {"key": key})

    assert answer.status_code == 303
    lines = [each["sql"] for each in seen.captured_queries]
    assert len(lines) <= 20, "\n".join(line[:150] for line in lines)


def test_the_answer_is_kept_sealed_for_a_retry(county, client):
    through(client)

    kept = Submission.objects.get()
    request = ConstituentRequest.objects.get()
    assert (kept.scope, kept.case_id) == ("web", request.pk)
    assert kept.answer["number"] == request.reference
    assert Event.objects.about(request).count() == 1


# --- where it goes


def test_the_code_of_a_reception_day_fills_in_its_station_and_stays_with_the_case(county, client):
    from django.utils import timezone

    from stations.models import Reception

    now = timezone.now()
    day = Reception.objects.create(
        station=county.other_station, starts_at=now, ends_at=now + timezone.timedelta(hours=3)
    )

    through(client, one={"s": "", "a": day.public_id}, two={"village": "990127102201"})

    request = ConstituentRequest.objects.get()
    assert (request.station, request.came_by, request.channel) == (county.other_station, day.public_id, "qr")


@pytest.mark.parametrize(
    "query", ["s=9999", "s=0901x", "r=nobody", "a=nothing", "s=%00", "s=../../etc", "r=" + "a" * 500]
)
def test_an_unknown_code_in_the_address_is_passed_over(county, client, query):
    assert client.get(f"/requests/new/1/?{query}").status_code == 200
    assert client.get(f"/requests/new/2/?{query}").status_code == 200


def test_where_there_are_too_many_villages_a_town_is_chosen_first(county, client, monkeypatch):
    from intake.selectors import places

    monkeypatch.setattr(places, "LONGEST_LIST", 2)
    say(client, s="")
    page = client.get("/requests/new/2/").content.decode()
    assert "先选乡镇、街道" in page
    assert "牛场村" not in page

    answer = client.post("/requests/new/2/", {"town": "990127102000", "choose_town": "1"})
    page = client.get(answer.url).content.decode()
    assert "柳溪村" in page
    where(client, village="990127102201", town="990127102000")
    reach(client)
    hand_in(client)

    assert ConstituentRequest.objects.get().station == county.other_station


def test_villages_of_several_towns_stand_under_their_towns(county, client):
    assert '<optgroup label="柳溪镇">' in client.get("/requests/new/2/").content.decode()


def test_only_ways_that_work_are_offered(county, client, settings):
    def offered():
        page = client.get("/requests/new/3/").content.decode()
        return set(re.findall(r'name="notify" value="(\w+)"', page))

    assert offered() == {"sms", "phone", "none"}
    settings.PRODUCTION = True
    assert offered() == {"phone", "none"}
    settings.SMS_GATEWAY_URL = "https://sms.example"
    assert offered() == {"sms", "phone", "none"}


def test_the_worker_is_served_from_the_root_with_the_files_it_keeps(client):
    answer = client.get("/sw.js")

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    text = answer.content.decode()
    for part in (
        "/requests/new/1/",
        "/requests/new/3/",
        "/requests/queued/",
        "/offline/",
        "css/base.css",
        "js/intake.js",
    ):
        assert part in text


def test_drafts_of_one_address_are_limited_and_the_page_says_when_to_come_back(county, client, monkeypatch):
    from core.throttle import Limit
    from intake.views.public import door

    monkeypatch.setattr(door, "BY_ADDRESS", Limit("draft.test", 1, 3600))
    say(client)

    answer = where(client)

    assert answer.status_code == 429
    assert "60 分钟" in answer.content.decode()
