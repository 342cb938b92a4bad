"""Every public page of the registry in Chromium: phone, narrow phone, desktop, large type; axe; without script."""

import os
from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from stations.models import Posting, Reception, ReceptionPlan, Venue
from tests.browser import violations
from tests.county import LONG_AGO, build_county, make_representative, make_station

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATHS = [
    "/stations/", "/stations/?area=990127101000", "/stations/?area=990127101201", "/stations/?q=石桥",
    "/stations/?q=没有", "/stations/0312/", "/stations/0313/", "/stations/0399/", "/stations/0312/receptions/",
    "/stations/0312/representatives/", "/representatives/", "/representatives/?area=990127101201",
    "/representatives/?q=没有", "person",
]  # fmt: skip


@pytest.fixture
def town(transactional_db):
    county = build_county()
    county.station.venue = Venue.objects.create(
        name="石桥社区党群服务中心", area=county.towns[0], address="石桥社区党群服务中心一楼", step_free="门口有坡道",
        latitude="26.50000", longitude="107.20000",
    )  # fmt: skip
    county.station.opening = "周一至周五 9:00–17:00"
    county.station.functions = "接待、会议、展示"
    county.station.introduction = "周边六个村的事都可以到这里说。"
    county.station.save()
    county.station.serves.add(*county.villages[:2])
    body = county.representative.mandates.get().term.body
    people = [county.representative]
    for name, job in (
        ("罗国栋", "合作社理事长"),
        ("艾力·吾买尔", "教师"),
        ("陈玉兰", "社区医生"),
        ("龙小妹", "银匠"),
    ):
        person = make_representative(name, body, occupation=job, sex="female" if name == "龙小妹" else "male")
        person.topics.add(county.categories["utilities"], county.categories["roads"])
        Posting.objects.create(
            station=county.station, person=person, begins_on=LONG_AGO, duty_days="每月 15 日"
        )
        people.append(person)
    now = timezone.now()
    duty = Reception.objects.create(
        station=county.station, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=2)
    )
    duty.people.add(*people[:2])
    for days, kind, topic in (
        (1, "market_day", ""),
        (4, "reception_day", "农村饮水"),
        (9, "mobile_visit", ""),
    ):
        day = Reception.objects.create(
            station=county.station, kind=kind, topic=topic, starts_at=now + timedelta(days=days),
            ends_at=now + timedelta(days=days, hours=2), place="集市东口蓝色帐篷" if kind == "market_day" else "",
        )  # fmt: skip
        day.people.add(*people[2:4])
    make_station(
        "0314", "石桥基层立法联系点", county.towns[0], kind="legislative_point", venue=county.station.venue
    )
    make_station("0315", "牛场联络点", county.villages[0], kind="point", parent=county.station)
    make_station(
        "0399", "石桥旧站", county.towns[0], closed_on=date(2026, 3, 1), taken_over_by=county.station
    )
    ReceptionPlan.objects.create(
        station=county.station, weekday=5, begins_on=date(2026, 1, 1), starts_at_time=time(9),
        ends_at_time=time(11, 30),
    )  # fmt: skip
    return county


def address(path, county):
    return county.representative.get_absolute_url() if path == "person" else path


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


SMALL = """() => [...document.querySelectorAll('main a, main button, main input:not([type=hidden]), main select')]
  .filter(e => e.offsetParent && !e.closest('p, dd, h1, h2, h3, .note, .vh'))
  .filter(e => Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 44)
  .map(e => e.outerHTML.slice(0, 90))"""


@pytest.mark.parametrize(("width", "size"), [(390, ""), (1440, ""), (320, "1"), (390, "3")])
def test_every_page_is_for_everybody(browser_page, live_server, town, width, size):
    """axe finds nothing, targets are large enough, nothing scrolls sideways, however narrow and however large the type."""
    faults = []
    page = browser_page(width=width)
    if size:
        page.context.add_cookies([{"name": "size", "value": size, "url": live_server.url}])
    for number, path in enumerate(PATHS):
        page.goto(address(path, town))
        if overflow(page) > 0:
            faults.append(f"{path}: {overflow(page)} px too wide")
        if not size:
            faults += [f"{path}: {fault}" for fault in violations(page)]
        if width == 390:
            faults += [f"{path}: small target {target}" for target in page.evaluate(SMALL)]
        _shoot(f"{number:02}-{width}-{size}", page)
    assert not faults, "\n".join(faults)


def _shoot(name, page):
    """Pictures for a person to look at, when SHOTS names a folder."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png", full_page=True)


def test_the_nearest_station_by_one_touch(browser_page, town):
    page = browser_page(
        "/stations/", geolocation={"latitude": 26.51, "longitude": 107.2}, permissions=["geolocation"]
    )

    page.get_by_role("button", name="按离我远近排").click()
    page.wait_for_selector("text=离您约")

    assert page.url.endswith("/stations/near/")


def test_without_script_a_village_finds_its_station_and_the_button_of_the_place_is_not_there(
    browser_page, town
):
    page = browser_page("/stations/", script=False)

    assert not page.get_by_role("button", name="按离我远近排").is_visible()
    page.get_by_label("村、社区、站名或站点编号").fill("牛场")
    page.get_by_role("button", name="找", exact=True).click()
    page.get_by_role("link", name="牛场村 石桥镇").click()
    page.get_by_role("link", name="石桥镇代表联络站").first.click()

    assert page.get_by_role("heading", level=1).inner_text() == "石桥镇代表联络站"


@pytest.mark.parametrize(("path", "millimetres", "paper"), [("poster", 96, "A4"), ("card", 60, "A5")])
def test_the_printed_code_is_large_enough_and_the_sheet_is_one_page(
    browser_page, town, path, millimetres, paper
):
    page = browser_page(f"/stations/0312/{path}/", width=1440)
    _shoot(path, page)

    width = page.locator(".poster__qr").evaluate("e => e.getBoundingClientRect().width * 25.4 / 96")
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)

    assert width >= millimetres - 0.5
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/") <= 1
    assert violations(page) == []


def test_the_registry_in_the_admin_is_for_everybody(browser_page, live_server, town):
    """The import's two steps, a station's page and the lists: axe, and no sideways scroll of the page."""
    from tests.stations.sheetfiles import xlsx
    from tests.stations.test_sheets import ROWS, STATIONS

    # Quiet: select2, which Django's autocompletes use, writes style attributes that the policy rightly ignores.
    page = browser_page("/admin/stations/station/import/", user=town.county_office, width=1440, quiet=True)
    faults = violations(page)
    _shoot("import-1", page)
    faulty = [STATIONS, *ROWS, ["0403", "亭子", "亭子", "火星"]]
    page.set_input_files(
        "input[type=file]", {"name": "a.xlsx", "mimeType": "application/x", "buffer": xlsx(faulty).read()}
    )
    page.get_by_role("button", name="上传，先核对").click()
    page.wait_for_selector("text=有 1 行要改")
    faults += violations(page)
    _shoot("import-2", page)
    page.set_input_files(
        "input[type=file]",
        {"name": "a.xlsx", "mimeType": "application/x", "buffer": xlsx([STATIONS, *ROWS]).read()},
    )
    page.get_by_role("button", name="上传，先核对").click()
    page.get_by_role("button", name="确认导入").click()
    page.wait_for_selector("text=新增 3 行")
    for number, path in enumerate(
        (
            "stations/station/", f"stations/station/{town.station.pk}/change/", "stations/receptionplan/add/",
            "stations/reception/", "representatives/person/",
            f"representatives/person/{town.representative.pk}/change/", "representatives/constituency/",
        )
    ):  # fmt: skip
        page.goto(f"/admin/{path}")
        faults += [f"{path}: {fault}" for fault in violations(page) if "select2" not in fault]
        if overflow(page) > 0:
            faults.append(f"{path}: {overflow(page)} px too wide")
        _shoot(f"admin-{number}", page)

    assert not faults, "\n".join(faults)
