import json
import uuid

import pytest

from core.models import Message, Submission
from core.throttle import Limit
from intake import api
from intake.models import ConstituentRequest

pytestmark = pytest.mark.django_db

URL = "/api/v1/requests/"


def body(**changed):
    whole = {
        "station": "0312",
        "category": "utilities",
        "body": "牛场组路口的路灯不亮，晚上看不见。",
        "village": "990127101201",
        "place": "小卖部对面",
        "contact": {"name": "王阿姨", "phone": "13800002746"},
        "notify": "sms",
        "visibility": "station",
        "consent": True,
    }
    return {name: value for name, value in (whole | changed).items() if value is not ...}


def post(client, given, key=None, **headers):
    headers |= {"idempotency-key": key or uuid.uuid4().hex}
    return client.post(URL, json.dumps(given), content_type="application/json", headers=headers)


def test_a_request_is_taken_and_answered_with_its_receipt(county, client):
    response = post(client, body())

    assert response.status_code == 201
    made = ConstituentRequest.objects.get()
    receipt = response.json()
    assert receipt["number"] == made.reference
    assert receipt["receipt_code"] == made.receipt_code
    assert receipt["track_url"].endswith(f"/t/{made.receipt_code}")
    assert set(receipt["next"]) == {"step", "due_on"}
    assert made.channel == "api"
    assert Message.objects.filter(kind="intake.request_received").count() == 1


def test_the_same_key_and_body_give_the_identical_answer(county, client):
    first, second = post(client, body(), "same-key-1"), post(client, body(), "same-key-1")

    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert ConstituentRequest.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(county, client):
    post(client, body(), "same-key-1")

    response = post(client, body(body="水管漏了，请来看看。"), "same-key-1")

    assert response.status_code == 422
    assert "Idempotency-Key" in response.json()["errors"]
    assert ConstituentRequest.objects.count() == 1


def test_without_a_key_nothing_is_taken(county, client):
    response = client.post(URL, json.dumps(body()), content_type="application/json")

    assert response.status_code == 422
    assert "Idempotency-Key" in response.json()["errors"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"station": "9999"}, "station"),
        ({"station": ...}, "station"),
        ({"category": "nonsense"}, "category"),
        ({"body": "灯"}, "body"),
        ({"body": "字" * 501}, "body"),
        ({"body": "有\x00零字节的话"}, "body"),
        ({"body": ["路灯不亮了"]}, "body"),
        ({"body": 12345}, "body"),
        ({"village": "123"}, "village"),
        ({"village": "990127101000"}, "village"),
        ({"contact": {"name": "", "phone": ""}}, "contact"),
        ({"contact": {"name": "王", "phone": "1380000"}}, "contact"),
        ({"contact": "王阿姨"}, "contact"),
        ({"contact": {"name": "王", "wechat": "x"}}, "contact"),
        ({"contact": {"name": "王", "phone": ""}}, "contact"),
        ({"notify": "pigeon"}, "notify"),
        ({"notify": "wechat"}, "notify"),
        ({"visibility": "everybody"}, "visibility"),
        ({"consent": False}, "consent"),
        ({"consent": "yes please"}, "consent"),
        ({"consent": ...}, "consent"),
        ({"state": "closed"}, "state"),
    ],
)
def test_what_is_wrong_is_named_with_its_field_and_nothing_is_kept(county, client, changed, field):
    response = post(client, body(**changed))

    assert response.status_code == 422
    assert field in response.json()["errors"]
    assert not ConstituentRequest.objects.exists()
    assert not Submission.objects.exists()


def test_a_village_of_another_county_is_refused(county, client):
    from tests.county import make_area

    make_area("990128101201", "河口村", "village", county.elsewhere_town)

    assert "village" in post(client, body(village="990128101201")).json()["errors"]


def test_phone_may_be_left_out(county, client):
    response = post(client, body(contact={"name": "王阿姨"}, notify="none"))

    assert response.status_code == 201
    assert ConstituentRequest.objects.get().phone_index == ""


def test_a_station_is_not_flooded(county, client, monkeypatch):
    monkeypatch.setattr(api, "BY_STATION", Limit("test.station", 1, 60))
    post(client, body())

    assert post(client, body()).status_code == 429


def test_tracking_answers_in_the_resident_s_words(county, client):
    request = county.told()

    response = client.post(
        "/api/v1/track/",
        json.dumps({"number": request.reference, "secret": "2746"}),
        content_type="application/json",
    )

    told = response.json()
    assert (told["station"], told["can_rate"], told["is_closed"]) == (4, True, False)
    assert "换了灯头，灯亮了" in [line["title"] for line in told["progress"]]
    assert "王阿姨" not in response.content.decode()
    assert "13800002746" not in response.content.decode()


def test_a_wrong_number_and_a_wrong_secret_are_answered_alike(county, client):
    request = county.receive()

    answers = [
        client.post("/api/v1/track/", json.dumps(each), content_type="application/json")
        for each in (
            {"number": "26-1125-00000", "secret": "2746"},
            {"number": request.reference, "secret": "0000"},
        )
    ]

    assert [a.status_code for a in answers] == [404, 404]
    assert answers[0].content == answers[1].content


# --- staff


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("clerk", True), ("station_head", True), ("town_office", True), ("county_office", True), ("leader", True),
        ("unit_officer", True), ("unit_head", True), ("other_clerk", False), ("other_town_office", False),
        ("foreign_office", False), ("other_officer", False), ("auditor", False), ("security_admin", False),
        ("sysadmin", False), ("rep", False), ("nobody", False),
    ],
)  # fmt: skip
def test_listed_and_openable_are_the_same(county, sign_in, who, sees):
    request = county.assigned()
    client = sign_in(getattr(county, who))

    listed = client.get("/api/v1/cases/")
    opened = client.get(f"/api/v1/cases/{request.public_id}/").status_code
    stepped = client.get(f"/api/v1/cases/{request.public_id}/steps/").status_code

    works_with_requests = who not in ("auditor", "security_admin", "sysadmin", "nobody")
    assert listed.status_code == (200 if works_with_requests else 403)
    assert bool(listed.json().get("results")) is sees
    assert opened == stepped == (200 if sees else 404)


def test_a_unit_sees_no_contact_when_only_the_station_may(county, sign_in):
    request = county.assigned()
    path = f"/api/v1/cases/{request.public_id}/"

    assert sign_in(county.unit_officer).get(path).json()["contact"] is None
    assert sign_in(county.clerk).get(path).json()["contact"] == {"name": "王**", "phone": "138****2746"}


def test_a_list_costs_the_same_for_two_rows_and_for_twenty(county, sign_in, count_queries):
    client = sign_in(county.clerk)
    county.receive()
    county.receive()
    with count_queries() as few:
        client.get("/api/v1/cases/")
    for _n in range(18):
        county.receive()
    with count_queries() as many:
        client.get("/api/v1/cases/")

    assert len(few) == len(many) <= 9


def test_a_step_is_described_and_taken_as_on_the_site(county, sign_in):
    request = county.receive()
    client = sign_in(county.clerk)
    path = f"/api/v1/cases/{request.public_id}/steps/"

    offered = {each["name"]: each for each in client.get(path).json()}
    fields = {each["name"]: each for each in offered["register"]["fields"]}
    response = client.post(
        path + "register/",
        json.dumps({"category": county.categories["roads"].pk, "title": "路灯不亮", "version": 1}),
        content_type="application/json",
    )

    assert fields["category"]["required"]
    assert fields["title"]["max_length"] == 60
    assert response.status_code == 200
    assert response.json()["state"] == "registered"
    assert response.json()["category"] == "roads"


@pytest.mark.parametrize(
    ("verb", "given", "status"),
    [
        ("register", {}, 422),
        ("register", {"title": ["x"], "category": 1}, 422),
        ("register", {"nonsense": "x"}, 422),
        ("sign", {}, 409),
        ("assign", {"unit": 1}, 422),
        ("feed_back", {"method": "phone"}, 409),
        ("remind", {}, 404),
        ("__class__", {}, 404),
    ],
)
def test_a_step_that_cannot_be_taken_says_why(county, sign_in, verb, given, status):
    request = county.receive()

    response = sign_in(county.clerk).post(
        f"/api/v1/cases/{request.public_id}/steps/{verb}/", json.dumps(given), content_type="application/json"
    )

    assert response.status_code == status
    assert response.json()["title"]
    request.refresh_from_db()
    assert request.event_seq == 1


def test_a_stale_version_is_answered_409(county, sign_in):
    request = county.registered()

    response = sign_in(county.clerk).post(
        f"/api/v1/cases/{request.public_id}/steps/handle/",
        json.dumps({"version": 1}),
        content_type="application/json",
    )

    assert response.status_code == 409


def test_words_are_searched(county, sign_in):
    county.receive()
    county.receive(body="农贸市场的摊位摆到路上了。")
    client = sign_in(county.clerk)

    assert len(client.get("/api/v1/cases/", {"q": "摊位"}).json()["results"]) == 1
    assert len(client.get("/api/v1/cases/", {"q": "灯"}).json()["results"]) == 1


def test_a_session_without_csrf_token_takes_no_step(county):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(county.clerk, backend="django.contrib.auth.backends.ModelBackend")
    request = county.receive()

    response = strict.post(
        f"/api/v1/cases/{request.public_id}/steps/handle/", "{}", content_type="application/json"
    )

    assert response.status_code in (302, 403)
