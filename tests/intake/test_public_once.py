"""However often and however parallel the same matter is sent, it is one request with one answer."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client

from core.models import Attachment, Draft, Event, Message, Submission
from intake.models import ConstituentRequest
from tests.conftest import HouseClient
from tests.intake.test_public import BODY, OLD_STAMP, key_on, photo, reach, say, where

JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}


def whole(**changes):
    return {
        "key": str(uuid4()), "stamp": OLD_STAMP, "s": "0312", "category": "utilities", "body": BODY,
        "village": "990127101201", "place": "小卖部对面", "name": "王阿姨", "phone": "13800002746",
        "notify": "sms", "visibility": "station",
    } | changes  # fmt: skip


def send(client, data):
    return client.post("/requests/submit/", data, headers={"accept": "application/json"})


def in_parallel(job, times):
    answers, barrier = [], threading.Barrier(times)

    def run():
        barrier.wait()
        try:
            answers.append(job())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.django_db(transaction=True)
def test_twenty_presses_at_once_give_one_request_and_twenty_receipts(county):
    client = HouseClient(headers={"sec-fetch-site": "same-origin"})
    say(client)
    where(client, photos=[photo()])
    reach(client)
    key = key_on(client.get("/requests/new/check/"))
    cookies = client.cookies

    def press():
        one = Client(headers={"sec-fetch-site": "same-origin"})
        one.cookies = cookies
        answer = one.post("/requests/new/check/", {"key": key})
        return answer.status_code, answer.url

    assert in_parallel(press, 20) == [(303, "/requests/received/")] * 20
    request = ConstituentRequest.objects.get()
    assert Event.objects.about(request).count() == 1
    assert Message.objects.filter(channel="sms").count() == 1
    assert Attachment.objects.about(request).count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_retries_of_the_phone_at_once_get_one_number(county):
    data = whole()

    def retry():
        answer = Client(headers=JSON).post("/requests/submit/", data)
        return answer.json()["number"]

    numbers = in_parallel(retry, 20)

    assert len(numbers) == 20
    assert set(numbers) == {ConstituentRequest.objects.get().reference}
    assert Submission.objects.count() == 1


@pytest.mark.django_db
def test_a_retry_gets_the_same_number_and_the_addresses_to_go_on(county, client):
    data = whole()

    first, second = send(client, data), send(client, data)

    assert (first.status_code, second.status_code) == (201, 200)
    request = ConstituentRequest.objects.get()
    assert first.json()["number"] == second.json()["number"] == request.reference
    assert first.json()["next"] == f"/t/{request.receipt_code}/receipt"
    assert client.get("/requests/received/").status_code == 200


@pytest.mark.django_db
def test_other_words_under_the_same_key_are_the_matter_already_handed_in(county, client):
    data = whole()
    first = send(client, data)

    again = send(client, data | {"body": "换了一种说法，路灯还是不亮。"})

    assert again.json()["number"] == first.json()["number"]
    assert again.json()["again"] is True
    assert ConstituentRequest.objects.count() == 1


@pytest.mark.django_db
def test_the_queue_and_the_draft_of_one_matter_meet_under_its_key(county, client):
    """The network went after step two: the phone sends everything again, the photos are on the server already."""
    say(client)
    where(client, photos=[photo()])
    key = Draft.objects.get().payload["now"]["key"]

    answer = send(client, whole(key=key))

    assert answer.status_code == 201
    assert Attachment.objects.about(ConstituentRequest.objects.get()).count() == 1
    assert client.post("/requests/new/check/", {"key": key}).url == "/requests/received/"
    assert ConstituentRequest.objects.count() == 1


@pytest.mark.django_db
def test_what_is_half_written_is_not_disturbed_by_the_queue(county, client):
    say(client, body="另外一件：垃圾桶没有人收。")

    send(client, whole())

    assert "垃圾桶没有人收" in client.get("/requests/new/1/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"body": "灯"}, "body"),
        ({"body": "路灯\x00不亮很久了"}, "body"),
        ({"category": "x"}, "category"),
        ({"village": "1"}, "village"),
        ({"name": ""}, "name"),
        ({"phone": "138"}, "phone"),
        ({"visibility": "everybody"}, "visibility"),
        ({"notify": "wechat"}, "notify"),
        ({"key": "abc"}, "key"),
        ({"key": ""}, "key"),
    ],
)
def test_what_is_wrong_is_named_field_by_field(county, client, changes, field):
    answer = send(client, whole(**changes))

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert not ConstituentRequest.objects.exists()


@pytest.mark.django_db
def test_a_stale_key_on_the_check_page_makes_nothing(county, client):
    say(client)
    where(client)
    reach(client)

    for key in (str(uuid4()), "", "\x00", "x" * 5000):
        assert client.post("/requests/new/check/", {"key": key}).status_code == 303

    assert not ConstituentRequest.objects.exists()


@pytest.mark.django_db
def test_a_nul_in_any_field_of_the_door_is_no_error_of_ours(county, client):
    say(client)
    for path in (
        "/requests/new/1/",
        "/requests/new/2/",
        "/requests/new/3/",
        "/requests/new/check/",
        "/track/",
    ):
        for name in (
            "key",
            "s",
            "r",
            "a",
            "village",
            "town",
            "joins",
            "place",
            "remove",
            "name",
            "number",
            "secret",
        ):
            assert client.post(path, {name: "a\x00b"}).status_code < 500
            assert client.get(path, {name: "a\x00b"}).status_code < 500
    for name in ("body", "s"):
        assert client.post("/requests/new/similar/", {"body": BODY} | {name: "a\x00b"}).status_code < 500


@pytest.mark.django_db
def test_somebody_else_s_cookie_cannot_be_guessed_and_a_strange_one_harms_nothing(county, client):
    for value in ("x", "é" * 100, "%00", "a" * 4000):
        client.cookies["draft"] = value
        assert client.get("/requests/new/check/").status_code == 302
        assert say(client).status_code == 303
        client.cookies.clear()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "words",
    [
        "ئۇيغۇرچە خەت يازىمەن 13800002746", "བོད་ཡིག་གི་ཡི་གེ", "𠮷㐂䶮𫖯这几个字要留得住", "👨‍👩‍👧‍👦 路灯不亮了",
        "{{7*7}} <script>alert(1)</script> 路灯", "'; DROP TABLE core_event;-- 路灯", "\u202e亮不灯路这里倒过来",
        "＝HYPERLINK(路灯)", "cafe\u0301 的路灯不亮", "a" * 500, "路灯\r\n不亮\r很久",
    ],
)  # fmt: skip
def test_words_of_every_script_are_kept_and_shown_as_words(county, words):
    client = Client(headers={"sec-fetch-site": "same-origin"})

    answer = send(client, whole(body=words))

    assert answer.status_code == 201
    page = client.get("/requests/received/")
    assert page.status_code == 200
    body = ConstituentRequest.objects.get().body
    assert "\r" not in body
    assert "\u202e" not in body
    shown = client.get(f"/t/{ConstituentRequest.objects.get().receipt_code}").content.decode()
    assert "<script>alert" not in shown
    assert "13800002746" not in shown
