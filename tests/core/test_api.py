import json

import pytest
from rest_framework.authtoken.models import Token

pytestmark = pytest.mark.django_db


def post(client, path, body, **headers):
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(path, raw, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    "raw",
    [
        '{"number": "1", "number": "2", "secret": "1"}', '{"number": NaN}', "[]", '"x"', "nonsense", b"\xff\xfe", "",
        "[" * 100_000, '{"number": 1e999}', '{"number": "\\ud800", "secret": "0000"}',
    ],
)  # fmt: skip
def test_what_is_not_a_clean_json_object_is_refused_in_words(client, raw):
    response = post(client, "/api/v1/track/", raw)

    assert response.status_code in (400, 422)
    assert response["Content-Type"].startswith("application/problem+json")
    assert response.json()["title"]


def test_half_a_character_is_refused_before_an_answer_could_repeat_it(county, client):
    """As a choice, as the name of a field: an answer that names it could not be written."""
    whole = {
        "station": "0312",
        "category": "utilities",
        "body": "路灯不亮了。",
        "contact": {"name": "王"},
        "consent": True,
    }
    for body in (
        {"notify": "\ud800"},
        {"visibility": "好\udfff"},
        {"\ud800": 1},
        {"contact": {"\udc00": "王"}},
    ):
        response = post(client, "/api/v1/requests/", whole | body, **{"idempotency-key": "half-characters"})

        assert response.status_code == 400
        assert "半个字符" in response.json()["title"]


def test_another_content_type_is_refused(client):
    assert client.post("/api/v1/track/", {"number": "1", "secret": "2"}).status_code == 415


def test_staff_lists_need_a_log_in_and_say_how(client):
    response = client.get("/api/v1/cases/")

    assert response.status_code == 401
    assert response["WWW-Authenticate"]
    assert response["Content-Type"].startswith("application/problem+json")


def test_a_token_opens_what_its_user_may_see(county, client):
    request = county.receive()
    token = Token.objects.create(user=county.clerk)

    response = client.get("/api/v1/cases/", headers={"authorization": f"Bearer {token.key}"})

    assert [row["number"] for row in response.json()["results"]] == [request.reference]


def test_a_token_of_a_disabled_user_opens_nothing(county, client):
    token = Token.objects.create(user=county.clerk)
    county.clerk.is_active = False
    county.clerk.save()

    assert client.get("/api/v1/cases/", headers={"authorization": f"Bearer {token.key}"}).status_code == 401


def test_too_many_tries_are_answered_429_with_the_time_to_wait(client, monkeypatch):
    from core.throttle import Limit
    from intake.api import TrackView

    monkeypatch.setattr(TrackView, "throttle_limit", Limit("test.track", 1, 60))
    post(client, "/api/v1/track/", {"number": "1", "secret": "0000"})

    response = post(client, "/api/v1/track/", {"number": "1", "secret": "0000"})

    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0


def test_an_anonymous_get_sets_no_cookie(county, client):
    for path in ("/api/v1/stations/", "/api/v1/areas/", "/api/v1/schema/", "/api/v1/docs/"):
        response = client.get(path)
        assert response.status_code == 200, path
        assert not response.cookies, path


def test_the_docs_page_loads_only_our_own_files(client):
    page = client.get("/api/v1/docs/").content.decode()

    assert "http://" not in page.replace("http://testserver", "")
    assert "https://" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "path", ["/api/v1/stations/", "/api/v1/areas/", "/api/v1/categories/", "/api/v1/representatives/"]
)
def test_lists_are_results_with_cursors(county, client, path):
    body = client.get(path).json()

    assert set(body) == {"results", "next", "previous"}
    assert body["results"]
    assert client.get(path, {"page_size": 1, "cursor": "nonsense"}).status_code == 404
