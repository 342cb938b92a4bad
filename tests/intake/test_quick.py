"""Quick registration at a stall: one request however often it is pressed, credited, and a receipt for that day only."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from core.models import Attachment, Event
from intake.models import ConstituentRequest
from representatives.models import DutyRecord
from stations.models import Posting, Reception
from tests.county import make_representative, make_user

pytestmark = pytest.mark.django_db

URL = "/my/quick/"


@pytest.fixture
def rep(county, sign_in):
    return sign_in(county.rep)


def said(**given):
    return {
        "key": "0b6f6a0e-1111-4222-8333-444455556666",
        "station": "0312",
        "body": "杨家坪的公厕锁了一个多月，赶场天没地方上厕所。",
        "category": "other",
        "village": "990127101202",
        "place": "老粮站旁",
        "phone": "",
        "agreed": "on",
        "then": "slip",
    } | given


def photo():
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "JPEG")
    return SimpleUploadedFile("公厕.jpg", out.getvalue(), content_type="image/jpeg")


def test_what_is_said_at_the_stall_is_taken_in_with_credit_and_a_slip(county, rep):
    answer = rep.post(URL, said(phone="138 0000 2746", photos=photo()))

    request = ConstituentRequest.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/my/quick/{request.public_id}/slip/")
    assert request.channel == "representative"
    assert request.follower == county.representative
    assert request.village == county.villages[1]
    assert request.contact_phone == "13800002746"
    assert request.notify == "sms"
    assert request.visibility == "station"
    assert Event.objects.about(request).first().actor == county.rep
    assert DutyRecord.objects.get().kind == "request_received"
    assert Attachment.objects.filter(case_label="request", case_id=request.pk).count() == 1


def test_the_slip_shows_number_code_and_qr(county, rep):
    slip = rep.post(URL, said(), follow=True).content.decode()
    request = ConstituentRequest.objects.get()

    assert request.reference in slip
    code = request.receipt_code
    assert f"{code[:4]}-{code[4:8]}-{code[8:]}" in slip
    assert 'role="img"' in slip


def test_during_a_market_visit_the_way_in_and_the_day_are_kept(county, rep):
    now = timezone.now()
    day = Reception.objects.create(
        station=county.station,
        kind=Reception.Kind.MARKET_DAY,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
    )
    day.people.add(county.representative)

    rep.post(URL, said())

    request = ConstituentRequest.objects.get()
    assert (request.channel, request.came_by) == ("market", day.public_id)


def test_a_double_tap_and_the_back_button_give_one_request(county, rep):
    first = rep.post(URL, said())
    again = rep.post(URL, said())

    assert ConstituentRequest.objects.count() == 1
    assert first["Location"] == again["Location"]
    assert DutyRecord.objects.count() == 1


def test_other_words_under_the_same_key_are_refused_and_stay(county, rep):
    rep.post(URL, said())
    answer = rep.post(URL, said(body="另一件事，桥面塌了一块。"))

    assert answer.status_code == 422
    assert "另一件事，桥面塌了一块。" in answer.content.decode()
    assert ConstituentRequest.objects.count() == 1


def test_to_write_down_another_one_leads_back_to_an_empty_form(county, rep):
    answer = rep.post(URL, said(then="again"), follow=True)
    page = answer.content.decode()
    request = ConstituentRequest.objects.get()

    assert answer.redirect_chain == [(f"{URL}?done={request.public_id}", 303)]
    assert f"编号 {request.reference}" in page
    assert "data-quick-done" in page
    assert "老粮站旁" not in page
    assert said()["key"] not in page
    assert "今天记的" in page


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"body": ""}, "请写写是什么事"),
        ({"body": "短"}, "再多写几个字"),
        ({"body": "长" * 501}, "最多 500 字，请删掉 1 字"),
        ({"body": "坏\x00字节的话"}, "不能显示的字符"),
        ({"category": ""}, "请选一类"),
        ({"category": "nonsense"}, "category"),
        ({"phone": "1380000274"}, "手机号要 11 位数字，现在是 10 位"),
        ({"agreed": ""}, "先念给对方听"),
        ({"station": "0313"}, "station"),
        ({"village": "990127102201"}, "village"),
        ({"key": ""}, "key"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost_or_written(county, rep, given, words):
    answer = rep.post(URL, said(**given))
    page = answer.content.decode()

    assert answer.status_code == 422
    assert words in page
    assert "处要改" in page
    assert "老粮站旁" in page
    assert not ConstituentRequest.objects.exists()


def test_a_file_that_is_no_photo_is_refused(county, rep):
    answer = rep.post(URL, said(photos=SimpleUploadedFile("a.jpg", b"MZ not a photo")))

    assert answer.status_code == 422
    assert "不是照片" in answer.content.decode()
    assert not ConstituentRequest.objects.exists()


@pytest.mark.parametrize("who", ["clerk", "county_office", "unit_officer", "leader", "nobody"])
def test_the_register_is_for_representatives(county, sign_in, who):
    person = sign_in(county.users[who])

    assert person.get(URL).status_code == 403
    assert person.post(URL, said()).status_code == 403
    assert not ConstituentRequest.objects.exists()


def test_a_stranger_is_sent_to_log_in(county, client):
    assert client.get(URL).status_code == 302
    assert client.post(URL, said()).status_code in (302, 403)


def test_a_representative_without_a_station_is_told_whom_to_ask(county, rep):
    Posting.objects.all().delete()

    page = rep.get(URL).content.decode()

    assert "您还没有编到家站点" in page
    assert rep.post(URL, said()).status_code == 422


def other_representative(county):
    body = county.representative.mandates.first().term.body
    user = make_user("罗国栋", ("representative", None), username="rep2")
    Posting.objects.create(
        station=county.station, person=make_representative("罗国栋", body, user=user), begins_on="2020-01-01"
    )
    return user


def test_the_slip_is_for_the_one_who_wrote_it_and_for_that_day(county, rep, sign_in):
    rep.post(URL, said())
    request = ConstituentRequest.objects.get()
    url = reverse("intake:quick-slip", args=[request.public_id])

    assert rep.get(url).status_code == 200
    assert "no-store" in rep.get(url)["Cache-Control"]
    assert sign_in(other_representative(county)).get(url).status_code == 404
    assert sign_in(county.clerk).get(url).status_code == 403
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assert sign_in(county.rep).get(url).status_code == 404


def test_what_a_clerk_took_in_for_me_gives_me_no_receipt_code(county, rep):
    request = county.receive(channel="market", follower=county.representative, by=county.clerk)

    assert rep.get(reverse("intake:quick-slip", args=[request.public_id])).status_code == 404
    assert request.title not in rep.get(URL).content.decode()


def test_the_form_costs_the_same_with_one_and_with_many(county, rep, count_queries):
    rep.post(URL, said(key="first"), follow=True)
    with count_queries() as one:
        rep.get(URL)
    for number in range(4):
        rep.post(URL, said(key=f"key-{number}"))
    with count_queries() as many:
        rep.get(URL)

    assert len(one) == len(many) <= 16
