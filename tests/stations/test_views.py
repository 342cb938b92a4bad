from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from representatives.models import CongressTerm, Constituency, Mandate, Person
from stations import selectors
from stations.models import Posting, Reception, Station, Venue
from tests.county import LONG_AGO, make_area, make_representative, make_station

pytestmark = pytest.mark.django_db


def reception(station, *, hours, length=2, people=(), **fields):
    start = timezone.now() + timedelta(hours=hours)
    row = Reception.objects.create(
        station=station, starts_at=start, ends_at=start + timedelta(hours=length), **fields
    )
    row.people.add(*people)
    return row


def venue(station, **fields):
    given = {"name": "石桥社区党群服务中心", "address": "石桥社区党群服务中心一楼", "step_free": "门口有坡道"}
    station.venue = Venue.objects.create(area=station.area, **(given | fields))
    station.save()


def order(page, *names):
    text = page.content.decode()
    places = [text.index(name) for name in names]
    return places == sorted(places)


# --- the finder


def test_every_town_leads_to_its_stations(client, county):
    page = client.get("/stations/")

    assert page.status_code == 200
    assert f"?area={county.towns[0].code}" in page.content.decode()

    town = client.get("/stations/", {"area": county.towns[0].code}).content.decode()
    assert "石桥镇代表联络站" in town
    assert "柳溪镇代表联络站" not in town
    assert f"?area={county.villages[0].code}" in town


def test_a_village_is_told_its_own_station_and_can_say_it_there(client, county):
    page = client.get("/stations/", {"area": county.villages[0].code}).content.decode()

    assert "牛场村的事，找这个站" in page
    assert "?s=0312" in page


def test_a_village_without_any_station_is_told_where_to_go(client, county):
    Station.objects.all().update(is_public=False)

    page = client.get("/stations/", {"area": county.villages[0].code}).content.decode()

    assert "先交给县代表工委" in page


def test_a_station_is_found_by_name_pinyin_address_village_and_number(client, county):
    venue(county.station)

    for words in ("石桥镇", "shiqiao", "党群服务中心"):
        assert "/stations/0312/" in client.get("/stations/", {"q": words}).content.decode(), words
    assert f"?area={county.villages[0].code}" in client.get("/stations/", {"q": "牛场"}).content.decode()
    assert client.get("/stations/", {"q": "０３１２"}).headers["Location"] == "/stations/0312/"


@pytest.mark.parametrize("words", ["没有这里", "\0", "'; DROP TABLE--", "%", "\ud800", "x" * 500])
def test_what_is_not_found_is_said_and_never_an_error(client, county, words):
    page = client.get("/stations/", {"q": words.encode("utf-8", "surrogatepass")})

    assert page.status_code == 200


def test_a_division_that_does_not_exist_is_not_found(client, county):
    assert client.get("/stations/", {"area": "990127999000"}).status_code == 404
    assert client.get("/stations/", {"area": "石桥"}).status_code == 404


def test_who_receives_now_stands_first(client, county):
    reception(county.other_station, hours=-1, people=[county.representative])

    page = client.get("/stations/")

    assert order(page, "柳溪镇代表联络站", "石桥镇代表联络站")
    assert "正在接待" in page.content.decode()
    assert "杨春梅" in page.content.decode()


def test_a_long_list_goes_on_without_losing_or_repeating_a_station(client, county):
    Station.objects.all().update(is_public=False)
    codes = [f"1{number:03}" for number in range(45)]
    for code in codes:
        make_station(code, f"第{code}站", county.towns[0])
    reception(Station.objects.get(code="1030"), hours=-1)
    seen, path = [], "/stations/"
    while path:
        page = client.get(path)
        seen += [station.code for station in page.context["stations"]]
        path = "/stations/" + page.context["older_url"] if page.context.get("older_url") else ""

    assert sorted(seen) == codes
    assert seen[0] == "1030"


def test_the_list_costs_the_same_for_ten_stations_and_for_a_hundred(client, county, count_queries):
    def fill(numbers):
        for number in numbers:
            station = make_station(f"2{number:03}", f"站{number}", county.towns[0])
            reception(station, hours=-1, people=[county.representative])
            venue(station)

    fill(range(10))
    with count_queries() as few:
        client.get("/stations/", {"area": county.towns[0].code})
    fill(range(10, 100))
    with count_queries() as many:
        client.get("/stations/", {"area": county.towns[0].code})
    with count_queries() as searched:
        client.get("/stations/", {"q": "站"})
    with count_queries() as village:
        client.get("/stations/", {"area": county.villages[0].code})

    assert len(few) == len(many) <= 8
    assert len(searched) <= 8
    assert len(village) <= 8


def test_the_nearest_come_first_and_the_place_is_in_no_address(client, county):
    venue(county.station, latitude="26.50000", longitude="107.20000")
    venue(county.other_station, latitude="26.60000", longitude="107.20000")

    page = client.post("/stations/near/", {"latitude": "26.599", "longitude": "107.2"})

    assert order(page, "柳溪镇代表联络站", "石桥镇代表联络站")
    assert "离您约 111 米" in page.content.decode()
    assert "26.599" not in page.content.decode()
    assert not page.cookies


@pytest.mark.parametrize(
    "given", [{}, {"latitude": "abc", "longitude": "1"}, {"latitude": "nan", "longitude": "999"}]
)
def test_a_place_that_is_none_is_answered_in_words(client, county, given):
    page = client.post("/stations/near/", given)

    assert page.status_code == 422
    assert "没有收到位置" in page.content.decode()


def test_another_site_may_not_ask_for_the_nearest(county):
    from django.test import Client

    page = Client(headers={"sec-fetch-site": "cross-site"}).post("/stations/near/", {})

    assert page.status_code == 403
    assert Client().get("/stations/near/").status_code == 302


# --- the page


def test_the_station_says_who_is_there_until_when_and_what_comes_next(client, county):
    venue(county.station)
    reception(county.station, hours=-1, people=[county.representative])
    reception(county.station, hours=30, topic="农村饮水", place="集市东口蓝色帐篷", kind="market_day")

    page = client.get("/stations/0312/").content.decode()

    for words in (
        "石桥镇代表联络站", "0312", "正在接待", "杨春梅", "县人大代表", "村医", "门口有坡道", "农村饮水",
        "集市东口蓝色帐篷", "不公开代表手机号", 'href="tel:00005550120"', "在本站反映问题",
        f"?s=0312&amp;r={county.representative.public_id}",
    ):  # fmt: skip
        assert words in page, words


def test_nobody_on_duty_names_the_next_time(client, county):
    row = reception(county.station, hours=30)

    page = client.get("/stations/0312/").content.decode()

    assert "现在没人值班" in page
    assert f"下一次：{timezone.localtime(row.starts_at).month}月" in page


def test_a_closed_station_points_to_the_one_that_took_over(client, county):
    Station.objects.filter(pk=county.station.pk).update(
        closed_on=timezone.localdate(), taken_over_by=county.other_station
    )

    page = client.get("/s/0312", follow=True).content.decode()

    assert "撤并" in page
    assert "/stations/0313/" in page
    assert "?s=0313" in page
    assert "?s=0312" not in page


def test_hidden_and_unknown_stations_are_not_found(client, county):
    Station.objects.filter(pk=county.station.pk).update(is_public=False)

    for path in ("/stations/0312/", "/s/0312", "/stations/9999/", "/s/nope", "/stations/0312/qr.png"):
        assert client.get(path).status_code == 404, path


def test_several_plates_on_one_door_name_each_other(client, county):
    venue(county.station)
    make_station(
        "0314", "石桥基层立法联系点", county.towns[0], kind="legislative_point", venue=county.station.venue
    )

    assert "石桥基层立法联系点" in client.get("/stations/0312/").content.decode()
    assert "石桥镇代表联络站" in client.get("/stations/0314/").content.decode()


def test_what_an_upper_app_tells_stands_on_the_page(client, county, monkeypatch):
    board = selectors.Board(
        "本站最近办成", "全部 86 件", (selectors.BoardLine("牛场组路灯亮了", "11 天办结"),), "/results/"
    )
    monkeypatch.setattr(selectors, "_boards", [lambda station: board])

    page = client.get("/stations/0312/").content.decode()

    assert "牛场组路灯亮了" in page
    assert "全部 86 件" in page


def test_no_phone_of_a_representative_is_on_any_public_page(client, county):
    county.representative.phone = "13800002746"
    county.representative.save()
    reception(county.station, hours=-1, people=[county.representative])

    for path in (
        "/stations/", "/stations/0312/", "/stations/0312/representatives/", "/stations/0312/receptions/",
        "/representatives/", county.representative.get_absolute_url(),
    ):  # fmt: skip
        page = client.get(path)
        assert page.status_code == 200, path
        assert "2746" not in page.content.decode(), path


PUBLIC = [
    "/stations/", "/stations/0312/", "/stations/0312/receptions/", "/stations/0312/representatives/", "/s/0312",
    "/stations/0312/qr.svg", "/stations/0312/qr.png", "/stations/0312/poster/", "/stations/0312/card/",
    "/representatives/",
]  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
def test_looking_sets_no_cookie_and_writes_nothing(client, county, path, count_queries):
    with count_queries() as seen:
        page = client.get(path)

    assert page.status_code in (200, 302)
    assert not page.cookies
    assert not [
        query["sql"]
        for query in seen
        if query["sql"].lstrip('"').upper().startswith(("INSERT", "UPDATE", "DELETE"))
    ]


def test_a_station_page_costs_the_same_for_one_representative_and_for_thirty(client, county, count_queries):
    venue(county.station)
    day = reception(county.station, hours=-1, people=[county.representative])
    with count_queries() as few:
        client.get("/stations/0312/")
    body = county.representative.mandates.get().term.body
    for number in range(30):
        person = make_representative(f"代表{number}", body)
        Posting.objects.create(station=county.station, person=person, begins_on=LONG_AGO)
        day.people.add(person)
    reception(county.station, hours=20, people=[county.representative])
    with count_queries() as many:
        client.get("/stations/0312/")

    assert len(many) <= len(few) <= 16


# --- the code


def test_the_short_link_leads_to_the_page_in_any_case(client, county):
    make_station("03AB", "石桥场流动站", county.towns[0], kind="mobile")

    assert client.get("/s/0312").headers["Location"] == "/stations/0312/"
    assert client.get("/s/03ab").headers["Location"] == "/stations/03AB/"


def test_the_code_carries_the_short_address_and_fits_the_poster(client, county, settings):
    settings.SITE_URL = "https://rd.example.gov.cn"
    address = f"{settings.SITE_URL}/s/0312"

    svg, png = client.get("/stations/0312/qr.svg"), client.get("/stations/0312/qr.png")

    assert svg.headers["Content-Type"] == "image/svg+xml"
    assert png.content.startswith(b"\x89PNG")
    assert len(address) <= 32
    # Version 3 has 29 modules and four of quiet zone on each side: 96 mm make modules of 2.59 mm.
    import segno

    assert segno.make(address, error="m", micro=False, boost_error=False).symbol_size(border=4)[0] == 37


def test_the_poster_names_station_hours_and_phone(client, county):
    from datetime import date, time

    county.station.reception_plans.create(
        pattern="weeks",
        weekday=5,
        begins_on=date(2026, 1, 1),
        starts_at_time=time(9),
        ends_at_time=time(11, 30),
    )
    for path in ("/stations/0312/poster/", "/stations/0312/card/"):
        page = client.get(path).content.decode()
        for words in ("有事找代表", "石桥镇代表联络站", "0312", "0000-555-0120", "每周五", "9:00–11:30"):
            assert words in page, (path, words)


# --- representatives


def elected_in(village, person, name="牛场选区", seats=1):
    constituency = Constituency.objects.create(term=CongressTerm.objects.get(), name=name, seats=seats)
    constituency.areas.add(village)
    Mandate.objects.filter(person=person).update(constituency=constituency)
    return constituency


def test_a_village_finds_who_speaks_for_it(client, county):
    elected_in(county.villages[0], county.representative)
    make_representative("罗国栋", county.representative.mandates.get().term.body)

    page = client.get("/representatives/", {"area": county.villages[0].code}).content.decode()

    assert "杨春梅" in page
    assert "牛场选区" in page
    assert "罗国栋" not in page


def test_a_vacancy_is_said(client, county):
    elected_in(county.villages[0], county.representative, seats=2)

    page = client.get("/representatives/", {"area": county.villages[0].code}).content.decode()

    assert "牛场选区有 1 名代表空缺，正在补选" in page


def test_representatives_are_found_by_name_pinyin_level_and_topic(client, county):
    county.representative.topics.add(county.categories["utilities"])

    for given in ({"q": "春梅"}, {"q": "yangchun"}, {"level": "county"}, {"topic": "utilities"}):
        assert "杨春梅" in client.get("/representatives/", given).content.decode(), given
    for given in ({"q": "罗"}, {"level": "town"}, {"topic": "roads"}, {"level": "?", "q": "无"}):
        assert "村医" not in client.get("/representatives/", given).content.decode(), given


def test_who_left_office_or_is_not_public_is_not_shown(client, county):
    Person.objects.filter(pk=county.representative.pk).update(is_public=False)
    assert client.get(county.representative.get_absolute_url()).status_code == 404
    Person.objects.filter(pk=county.representative.pk).update(is_public=True)
    Mandate.objects.all().update(ends_on=timezone.localdate())
    assert client.get(county.representative.get_absolute_url()).status_code == 404
    assert client.get("/representatives/nosuchcode/").status_code == 404


def test_the_page_of_a_representative_leads_words_to_the_station(client, county):
    elected_in(county.villages[0], county.representative)

    page = client.get(county.representative.get_absolute_url()).content.decode()

    for words in (
        "杨春梅", "县人大代表", "村医", "牛场选区", "牛场村", "石桥镇代表联络站",
        f"?s=0312&amp;r={county.representative.public_id}", "不公开代表手机号",
    ):  # fmt: skip
        assert words in page, words
    assert client.get(f"/r/{county.representative.public_id}").headers["Location"] == (
        county.representative.get_absolute_url()
    )


def test_the_list_of_representatives_goes_on_and_costs_the_same(client, county, count_queries):
    body = county.representative.mandates.get().term.body
    area = make_area("990127102209", "小寨村", "village", county.towns[1])
    for number in range(5):
        make_representative(f"甲{number}", body).topics.add(county.categories["roads"])
    with count_queries() as few:
        client.get("/representatives/", {"area": county.county.code})
    for _number in range(60):
        person = make_representative("同名", body)
        person.topics.add(county.categories["roads"])
        Posting.objects.create(station=county.other_station, person=person, begins_on=LONG_AGO)
    county.other_station.serves.add(area)
    with count_queries() as many:
        client.get("/representatives/", {"area": county.county.code})
    seen, path = [], "/representatives/"
    while path:
        page = client.get(path)
        seen += [person.pk for person in page.context["people"]]
        path = "/representatives/" + page.context["older_url"] if page.context["older_url"] else ""

    assert len(seen) == len(set(seen)) == 66
    assert len(few) == len(many) <= 9
    assert reverse("representatives:list")
