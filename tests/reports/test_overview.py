"""The overview: right people, right numbers, each with its base and the list behind it."""

from __future__ import annotations

import io
import re
from html import unescape

import pytest
from django.core.cache import caches
from django.urls import reverse
from openpyxl import load_workbook

from intake import actions
from intake.models import ConstituentRequest
from reports import charts
from reports.selectors.figures import Month
from tests.county import make_late

pytestmark = pytest.mark.django_db

URL = "/overview/"


@pytest.fixture(autouse=True)
def _no_kept_figures():
    caches["pages"].clear()


@pytest.fixture
def leader(county, sign_in):
    return sign_in(county.leader)


def late(request, days=9):
    return make_late(request, days=days)


def a_year(county):
    for _number in range(4):
        actions.rate(county.told(), solved="yes", satisfied="satisfied")
    actions.rate(county.told(), solved="partly", satisfied="basically")
    actions.rate(county.told(), solved="no", satisfied="dissatisfied")
    county.told()
    late(county.assigned())
    actions.reject(county.receive(), by=county.clerk, note="没有具体的事")
    county.receive(
        station=county.other_station, category=county.categories["roads"], village=county.villages[2]
    )


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("leader", 200),
        ("county_office", 200),
        ("town_office", 200),
        ("station_head", 200),
        ("clerk", 403),
        ("unit_head", 403),
        ("rep", 403),
        ("auditor", 403),
        ("sysadmin", 403),
        ("nobody", 403),
    ],
)
def test_who_sees_the_overview(county, sign_in, who, status):
    person = sign_in(county.users[who])

    assert person.get(URL).status_code == status
    assert person.get(reverse("reports:overview-table", args=["csv"])).status_code == status


def test_a_stranger_is_sent_to_log_in(county, client):
    assert client.get(URL).status_code == 302


def test_every_figure_is_shown_with_its_base(county, leader):
    a_year(county)

    page = re.sub(r"<[^>]+>", "", leader.get(URL).content.decode())

    for words in (
        "应办 9，办结 4",
        "没办完 5",
        "到期 8，按时 7",
        "6 人评，5 人满意",
        "83.3%",
        "6 人答，4 人说解决了；加部分解决 83.3%",
        "告诉过结果 7，评价 6",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("standing", "count"),
    [
        ("", 10),
        ("finished", 4),
        ("open", 5),
        ("set_aside", 1),
        ("late_answer", 1),
        ("told", 7),
        ("unrated", 1),
        ("dissatisfied", 1),
        ("satisfied", 5),
        ("solved", 4),
        ("unsolved", 1),
    ],
)
def test_behind_a_figure_stands_the_very_list(county, leader, standing, count):
    a_year(county)
    page = leader.get(f"/desk/requests/?view=all&standing={standing}&since=2020-01-01").content.decode()

    listed = set(re.findall(r"case=([a-z0-9]{10})", page))

    assert len(listed) == count


def test_every_link_of_the_overview_opens(county, leader):
    a_year(county)
    page = leader.get(URL).content.decode()
    links = {unescape(link) for link in re.findall(r'href="(/desk/[^"]+)"', page)}

    assert len(links) > 10
    for link in links:
        assert leader.get(link).status_code == 200, link


def test_a_cell_of_the_heat_grid_leads_to_its_matters(county, leader):
    a_year(county)
    page = leader.get(URL).content.decode()
    roads = county.categories["roads"].pk

    link = next(
        unescape(link)
        for link in re.findall(r'href="(/desk/[^"]+)"', page)
        if f"category={roads}" in link and "town=990127102000" in link
    )

    listed = set(re.findall(r"case=([a-z0-9]{10})", leader.get(link).content.decode()))
    assert listed == {ConstituentRequest.objects.get(station=county.other_station).public_id}


def test_what_is_late_is_named_with_who_has_it_and_for_how_long(county, leader):
    request = late(county.assigned(), days=9)

    page = re.sub(r"<[^>]+>", "", leader.get(URL).content.decode())

    assert request.title in page
    assert "县城市管理局" in page
    assert re.search(r"超期 [5-8] 个工作日", page)


def test_disputed_and_escalated_matters_are_named(county, leader):
    request = county.told()
    actions.rate(request, solved="no", satisfied="dissatisfied")
    actions.escalate(request, by=county.town_office)

    page = leader.get(URL).content.decode()

    assert "县级待交办 0 天" in page
    assert reverse("intake:request", args=[request.public_id]) in page


def test_an_office_of_a_town_sees_its_stations(county, sign_in):
    county.receive()
    county.receive(station=county.other_station, village=county.villages[2])

    page = sign_in(county.town_office).get(URL).content.decode()

    assert "石桥镇总览" in page
    assert "石桥镇代表联络站" in page
    assert "柳溪" not in page
    assert f"station={county.station.pk}" in page


def test_a_confidential_matter_is_not_named_to_a_leader(county, leader):
    request = late(county.assigned(is_confidential=True))

    assert request.public_id not in leader.get(URL).content.decode()


@pytest.mark.parametrize("period", ["year", "month", "12m", "nonsense", "\x00", "9" * 300])
def test_any_period_opens(county, leader, period):
    assert leader.get(URL, {"period": period}).status_code == 200


def test_the_overview_costs_the_same_for_few_and_for_many(county, leader, count_queries):
    late(county.assigned())
    county.receive(station=county.other_station, village=county.villages[2])
    leader.get(URL)
    caches["pages"].clear()
    with count_queries() as few:
        leader.get(URL)
    for _number in range(4):
        late(county.assigned())
        county.receive(
            station=county.other_station, village=county.villages[2], category=county.categories["roads"]
        )
    caches["pages"].clear()
    with count_queries() as many:
        leader.get(URL)
    with count_queries() as kept:
        leader.get(URL)

    assert len(few) == len(many)
    assert len([query for query in many if "intake_constituentrequest" in query["sql"]]) <= 5
    assert len(many) - len(kept) <= 8


def test_kept_figures_are_nobody_elses(county, leader, sign_in):
    county.receive(station=county.other_station, village=county.villages[2])
    assert "柳溪镇" in leader.get(URL).content.decode()

    assert "柳溪" not in sign_in(county.town_office).get(URL).content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_table_is_taken_away_with_the_same_numbers(county, leader, form):
    a_year(county)

    answer = leader.get(reverse("reports:overview-table", args=[form]))
    content = b"".join(answer)

    assert form in answer["Content-Disposition"]
    if form == "xlsx":
        rows = [[str(cell) for cell in row] for row in load_workbook(io.BytesIO(content)).active.values]
    else:
        rows = [line.split(",") for line in content.decode("utf-8-sig").splitlines()]
    assert rows[0][:3] == ["编号", "名称", "收到"]
    assert rows[1][:5] == ["990127101000", "石桥镇", "9", "8", "4"]
    assert rows[2][:3] == ["990127102000", "柳溪镇", "1"]


def test_no_other_form_of_table_exists(county, leader):
    assert leader.get("/overview/places.exe").status_code == 404


@pytest.mark.parametrize(
    ("highest", "step"), [(0, 1), (3, 1), (4, 1), (5, 2), (19, 5), (400, 100), (850, 500)]
)
def test_the_axis_has_few_round_marks(highest, step):
    assert charts.tick_step(highest) == step


def test_bars_stand_on_the_axis_and_keep_their_proportion():
    from datetime import date

    chart = charts.months([Month(date(2026, 1, 1), received=8, finished=4), Month(date(2026, 2, 1))])
    first, second = chart.columns

    assert first.received.height == pytest.approx(2 * first.finished.height, abs=0.2)
    assert first.received.y + first.received.height == pytest.approx(charts.BOTTOM)
    assert second.received.height == 0
    assert first.finished.x > first.received.x


def test_the_workbench_shows_the_years_figures_to_those_who_may_see_them(county):
    from reports.entries import figures_card

    a_year(county)

    card = figures_card(county.county_office)

    assert card is not None
    assert [(str(line.label), line.value, str(line.note)) for line in card.lines][:3] == [
        ("收到", 10, ""),
        ("办结率", "44.4%", "4 / 9"),
        ("按时率", "87.5%", "7 / 8"),
    ]
    assert figures_card(county.clerk) is None


def test_a_stations_page_shows_what_was_solved_there(county, client):
    solved = county.told()
    actions.rate(solved, solved="yes", satisfied="satisfied")
    actions.publish(solved, by=county.clerk)

    assert "换了灯头，灯亮了" in client.get("/stations/0312/").content.decode()
    assert "换了灯头，灯亮了" not in client.get("/stations/0313/").content.decode()
