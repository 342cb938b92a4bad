"""The pages of reports in a real browser: everybody can use them, at every width and letter size."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from intake import actions
from stations.models import Reception
from tests.browser import violations
from tests.county import make_late

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')].filter(each => {
  const box = each.getBoundingClientRect(), style = getComputedStyle(each);
  if (!box.width || style.opacity === '0' || style.visibility === 'hidden' || each.closest('.skip')) return false;
  if (each.tagName === 'A' && style.display === 'inline') return false;
  return box.height < 44 || box.width < 44;
}).map(each => each.outerHTML.slice(0, 120))"""
SIDEWAYS = "() => document.documentElement.scrollWidth > window.innerWidth"


@pytest.fixture
def busy(county):
    """A representative with something of every kind, and a county with figures."""
    caches["pages"].clear()
    now = timezone.now()
    for start in (now - timedelta(hours=1), now + timedelta(days=1)):
        held = Reception.objects.create(
            station=county.station, starts_at=start, ends_at=start + timedelta(hours=3)
        )
        held.people.add(county.representative)

    def followed(request):
        return actions.follow(request, follower=county.representative, by=county.clerk)

    late = followed(county.assigned(now=now - timedelta(days=15)))
    make_late(late)
    actions.add(followed(county.assigned()), text="昨晚又跳闸了。")
    actions.rate(followed(county.told()), solved="no", satisfied="dissatisfied")
    for _number in range(2):
        solved = county.told()
        actions.rate(solved, solved="yes", satisfied="satisfied")
        actions.publish(solved, by=county.clerk)
    county.receive(station=county.other_station, village=county.villages[2])
    county.extra["late"] = late
    return county


def pages(county):
    rep = county.rep
    return {
        "/": None,
        "/?s=0312": None,
        "/results/": None,
        "/statistics/": None,
        "/help/": None,
        "/privacy/": None,
        "/accessibility/": None,
        "/how-we-count/": None,
        "/my/": rep,
        "/my/cases/?tab=speak": rep,
        f"/my/cases/{county.extra['late'].public_id}/": rep,
        "/my/schedule/": rep,
        "/my/record/": rep,
        "/my/messages/": rep,
        "/my/quick/": rep,
        "/overview/": county.leader,
    }


def visit(browser_page, county, *, width):
    """Every page in turn, one browser window for each person."""
    windows = {}
    for path, user in pages(county).items():
        if user not in windows:
            windows[user] = browser_page(user=user, width=width)
        windows[user].goto(path, wait_until="load")
        yield path, windows[user]


@pytest.mark.parametrize("width", [390, 1440])
def test_axe_finds_nothing(browser_page, busy, width):
    found = [
        f"{path}: {each}"
        for path, page in visit(browser_page, busy, width=width)
        for each in violations(page)
    ]

    assert found == []


def test_nothing_scrolls_sideways_and_targets_are_large_enough(browser_page, busy):
    found = []
    for path, page in visit(browser_page, busy, width=390):
        found += [f"{path}: {each}" for each in page.evaluate(SMALL)]
        page.evaluate("() => { document.documentElement.dataset.size = '3'; }")
        if page.evaluate(SIDEWAYS):
            found.append(f"{path} is wider than 390 in the largest letters")
        page.evaluate("() => { delete document.documentElement.dataset.size; }")
        page.set_viewport_size({"width": 320, "height": 844})
        if page.evaluate(SIDEWAYS):
            found.append(f"{path} is wider than 320")
        page.set_viewport_size({"width": 390, "height": 844})

    assert found == []


def test_the_home_works_without_script_and_remembers_the_station(browser_page, busy):
    page = browser_page("/", script=False)

    page.get_by_role("button", name="石桥镇").click()

    assert page.url.endswith("/")
    assert page.get_by_role("heading", name="石桥镇代表联络站").is_visible()
    page.get_by_role("link", name="我要反映").first.click()
    assert "/requests/new/1/" in page.url


def test_a_number_of_the_overview_leads_to_its_list(browser_page, busy):
    page = browser_page("/overview/", user=busy.leader, width=1440)

    page.get_by_role("region", name="各地各类件数表").get_by_role("link").first.click()

    assert "/desk/requests/" in page.url
    assert "town=990127101000" in page.url
    page.go_back()
    page.get_by_text("看数字表").click()
    assert page.get_by_role("cell").first.is_visible()


def test_the_overview_prints_its_figures(browser_page, busy):
    page = browser_page("/overview/", user=busy.leader, width=1440)

    page.emulate_media(media="print")

    assert page.get_by_text("各地办理").is_visible()
    assert not page.get_by_role("button", name="打印").is_visible()
