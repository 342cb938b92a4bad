"""The public pages: what they say, what they cost, and that they remember nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from intake import actions
from intake.models import ConstituentRequest
from representatives.models import Person
from stations.models import Reception

pytestmark = pytest.mark.django_db

PAGES = [
    "reports:home",
    "reports:results",
    "reports:statistics",
    "reports:statistics-csv",
    "reports:help",
    "reports:privacy",
    "reports:accessibility",
    "reports:how-we-count",
]


@pytest.fixture(autouse=True)
def _no_kept_pages():
    caches["pages"].clear()


def solved(county, **given):
    request = county.told(**given)
    actions.rate(request, solved="yes", satisfied="satisfied")
    actions.publish(request, by=county.clerk)
    return request


@pytest.mark.parametrize("name", PAGES)
def test_public_pages_set_no_cookie_and_write_nothing(county, client, count_queries, name):
    with count_queries() as seen:
        response = client.get(reverse(name))
        b"".join(response)

    assert response.status_code == 200
    assert not response.cookies
    assert [query["sql"] for query in seen if not query["sql"].lstrip().startswith("SELECT")] == []
    assert len(seen) <= 8


def test_the_home_is_light(county, client):
    for number in range(5):
        solved(county, body=f"第 {number} 盏路灯不亮了")

    page = client.get("/?s=0312")

    assert len(page.content) < 30_000


def test_the_home_lists_the_towns_until_a_station_is_chosen(county, client):
    page = client.get("/").content.decode()

    assert "选您的乡镇或街道" in page
    assert "石桥镇" in page
    assert "柳溪镇" in page
    assert "河口镇" not in page


def test_a_chosen_station_is_remembered_by_post_only(county, client):
    assert "石桥镇代表联络站" in client.get("/?s=0312").content.decode()
    assert not client.cookies

    answer = client.post(reverse("reports:choose-station"), {"station": "0312"})

    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert client.cookies["station"]["httponly"]
    assert "石桥镇代表联络站" in client.get("/").content.decode()
    client.post(reverse("reports:choose-station"), {"station": ""})
    assert "选您的乡镇或街道" in client.get("/").content.decode()


@pytest.mark.parametrize("code", ["9999", "<script>", "0" * 500, "\x00", "％"])
def test_a_station_that_is_none_leads_to_the_choice(county, client, code):
    page = client.get("/", {"s": code})

    assert page.status_code == 200
    assert "选您的乡镇或街道" in page.content.decode()


def test_what_a_stranger_adds_to_the_address_does_not_stand_in_the_page_of_others(county, client):
    client.get("/?s=0312&x=evil")
    client.get("/?x=evil")
    client.get("/statistics/?period=year&x=evil")

    assert "evil" not in client.get("/?s=0312").content.decode()
    assert "evil" not in client.get("/").content.decode()
    assert "evil" not in client.get("/statistics/?period=year").content.decode()


def test_the_home_says_who_receives_now_and_until_when(county, client):
    now = timezone.now()
    held = Reception.objects.create(
        station=county.station, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )
    held.people.add(county.representative)

    page = client.get("/?s=0312").content.decode()

    assert "正在接待，到" in page
    assert "杨春梅" in page


def test_the_home_says_when_the_next_reception_is(county, client):
    tomorrow = timezone.now() + timedelta(days=1)
    Reception.objects.create(
        station=county.station, starts_at=tomorrow, ends_at=tomorrow + timedelta(hours=2)
    )

    assert "下一次接待" in client.get("/?s=0312").content.decode()


def test_the_home_is_drawn_once_in_half_a_minute(county, client, count_queries):
    first = client.get("/?s=0312").content
    with count_queries() as seen:
        second = client.get("/?s=0312").content

    assert first == second
    assert len(seen) == 0


def test_each_reading_size_has_its_own_page(county, client):
    client.get("/")
    client.post(reverse("core:size"), {"size": "2"})

    assert 'data-size="2"' in client.get("/").content.decode()


def test_solved_matters_show_no_person(county, client):
    request = solved(county, body="王阿姨家门口 13800002746 路灯不亮，晚上看不见。")
    page = client.get("/").content.decode() + client.get("/results/").content.decode()

    assert "换了灯头，灯亮了" in page
    assert "牛场村" in page
    for word in ("13800002746", "2746", "王阿姨", request.reference, request.public_id, request.receipt_code):
        assert word not in page


@pytest.mark.parametrize(
    ("change", "value"), [("is_public", False), ("is_confidential", True), ("is_minor", True)]
)
def test_what_is_not_for_everybody_stays_away(county, client, change, value):
    request = solved(county)
    ConstituentRequest.objects.filter(pk=request.pk).update(**{change: value})

    assert "换了灯头，灯亮了" not in client.get("/results/").content.decode()


def test_only_what_the_resident_called_solved_is_listed(county, client):
    request = county.told()
    actions.publish(request, by=county.clerk)
    actions.rate(request, solved="", satisfied="satisfied")

    assert "换了灯头，灯亮了" not in client.get("/results/").content.decode()


def test_results_cost_the_same_for_one_and_for_many(county, client, count_queries):
    solved(county)
    with count_queries() as few:
        client.get("/results/")
    for _number in range(4):
        solved(county)
    with count_queries() as many:
        client.get("/results/")

    assert len(few) == len(many)


@pytest.mark.parametrize("mark", ["0", "-1", "x", "9" * 40, "\x00", "٣"])
def test_a_mark_typed_wrong_is_the_first_page(county, client, mark):
    assert client.get("/results/", {"before": mark}).status_code == 200


def test_results_lead_on_to_older_ones(county, client, monkeypatch):
    from reports.views import public

    monkeypatch.setattr(public, "RESULTS_PAGE", 2)
    made = [solved(county) for _number in range(3)]

    first = client.get("/results/").content.decode()
    second = client.get(f"/results/?before={made[1].pk}").content.decode()

    assert f"?before={made[1].pk}" in first
    assert "较新的" in second
    assert "较早的" not in second


def test_statistics_hide_a_town_with_fewer_than_five_and_the_next_one(county, client):
    for _number in range(6):
        county.receive()
    for _number in range(2):
        county.receive(station=county.other_station, village=county.villages[2])

    page = client.get("/statistics/").content.decode()
    table = b"".join(client.get("/statistics.csv")).decode()

    assert "柳溪镇" in page
    assert "件数少，不单独列出" in page
    assert "柳溪镇" not in table
    assert "石桥镇" not in table


def test_statistics_show_every_town_when_all_are_large_enough(county, client):
    for _number in range(5):
        county.receive()
        county.receive(station=county.other_station, village=county.villages[2])

    table = b"".join(client.get("/statistics.csv")).decode()

    assert "石桥镇,5,5,0,少于 5" in table
    assert "柳溪镇,5" in table


def test_the_privacy_notice_names_the_version_that_is_kept_with_the_case(county, client):
    page = client.get("/privacy/").content.decode()

    assert f"版本 {county.receive().consent_version}" in page
    assert "2 年" in page


def test_every_rate_of_the_pages_is_defined(county, client):
    page = client.get("/how-we-count/").content.decode()

    for name in ("收到", "应办", "办结率", "按时率", "参评率", "满意率", "不满意率", "真解决率", "超期"):
        assert f">{name}</h2>" in page


def test_people_who_are_not_public_are_not_named_on_the_home(county, client):
    now = timezone.now()
    Person.objects.filter(pk=county.representative.pk).update(is_public=False)
    held = Reception.objects.create(
        station=county.station, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1)
    )
    held.people.add(county.representative)

    assert "杨春梅" not in client.get("/?s=0312").content.decode()
