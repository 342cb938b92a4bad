"""A clerk at the triage desk in a real browser: by keyboard, without script, on a phone, and beside a colleague."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import pytest
from django.urls import reverse

from intake import actions
from intake.models import ConstituentRequest
from tests.browser import DESKTOP, PHONE, until, violations

pytestmark = pytest.mark.browser

DESK = "/desk/requests/?view=register"
LAMP = "牛场组进村路口的路灯有半个多月不亮了，晚上老人孩子走路看不见，上周有人摔了一跤。希望尽快修好。"


@pytest.mark.django_db(transaction=True)
def test_a_case_is_registered_and_assigned_by_keyboard_within_twenty_seconds(browser_page, county):
    case = county.receive(body=LAMP)
    county.receive(body="自来水浑浊三天了，老人拉肚子。")
    page = browser_page(DESK, user=county.station_head, width=DESKTOP)
    began = time.monotonic()

    page.keyboard.press("j")
    until(
        page,
        f"document.querySelector('#pane').textContent.includes('{case.reference}')",
    )
    page.keyboard.press("a")
    until(
        page,
        "!!document.activeElement.closest('form[data-step=register]')",
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(
        page, "!!document.querySelector('form[data-step=assign]') && document.activeElement.name === 'unit'"
    )
    assert page.locator("[data-told-unit]").inner_text() == "县城市管理局"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#pane').textContent.includes('交办，好了')")

    took = time.monotonic() - began
    case.refresh_from_db()
    assert (case.state, case.unit) == ("assigned", county.units["urban"])
    assert took < 20
    until(page, f"!document.querySelector('#queue').textContent.includes('{case.reference}')")


@pytest.mark.django_db(transaction=True)
def test_keys_are_letters_while_somebody_writes(browser_page, county):
    case = county.receive(body=LAMP)
    page = browser_page(f"{DESK}&case={case.public_id}", user=county.station_head, width=DESKTOP)

    page.locator("#q").fill("")
    page.locator("#q").press_sequentially("ajmtb")

    assert page.locator("#q").input_value() == "ajmtb"
    assert page.locator("form[data-step]").count() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("key", "verb"), [("m", "merge"), ("t", "refer"), ("a", "register")])
def test_each_key_opens_its_step(browser_page, county, key, verb):
    case = county.receive(body=LAMP)
    page = browser_page(f"{DESK}&case={case.public_id}", user=county.station_head, width=DESKTOP)

    page.keyboard.press(key)

    until(page, f"!!document.querySelector('form[data-step={verb}]')")


@pytest.mark.django_db(transaction=True)
def test_a_draft_survives_leaving_and_a_colleagues_change_keeps_the_words(browser_page, county):
    case = county.receive(body=LAMP)
    page = browser_page(f"{DESK}&case={case.public_id}", user=county.clerk, width=DESKTOP, quiet=True)
    page.keyboard.press("t")
    until(page, "!!document.querySelector('form[data-step=refer]')")
    page.locator("textarea[name=note]").fill("这件事要去县信访局，地址在县城中山路。")
    until(page, "document.querySelector('form[data-step=refer]').textContent.includes('草稿已存')")

    page.reload()
    page.keyboard.press("t")
    until(page, "!!document.querySelector('form[data-step=refer]')")
    assert "县城中山路" in page.locator("textarea[name=note]").input_value()
    page.locator("select[name=door]").select_option("petition")
    actions.note(ConstituentRequest.objects.get(pk=case.pk), text="刚问过", by=county.station_head)
    page.locator("form[data-step=refer] button[type=submit]").click()

    until(page, "!!document.querySelector('#err')")
    assert "刚有人改过" in page.locator("#err").inner_text()
    assert "县城中山路" in page.locator("textarea[name=note]").input_value()
    page.locator("form[data-step=refer] button[type=submit]").click()
    until(page, "document.querySelector('#pane').textContent.includes('转其他渠道，好了')")
    case.refresh_from_db()
    assert case.state == "referred"


@pytest.mark.django_db(transaction=True)
def test_a_number_opens_in_its_place_with_a_reason(browser_page, county):
    case = county.receive(body=LAMP)
    page = browser_page(f"{DESK}&case={case.public_id}", user=county.clerk, width=DESKTOP)

    page.locator("#contact a.reveal").click()
    until(page, "!!document.querySelector('#contact input[name=reason]')")
    page.locator("#contact input[name=reason]").fill("打电话问地点")
    page.locator("#contact button").click()

    until(page, "document.querySelector('#contact').textContent.includes('13800002746')")


@pytest.mark.django_db(transaction=True)
def test_the_whole_desk_works_without_script(browser_page, county):
    case = county.receive(body=LAMP)
    page = browser_page(DESK, user=county.station_head, width=DESKTOP, script=False)

    page.get_by_text(case.title).first.click()
    page.get_by_role("link", name="登记受理").click()
    page.get_by_role("button", name="登记受理").click()
    page.wait_for_url("**/desk/requests/?**")
    page.goto(reverse("intake:step", args=[case.public_id, "assign"]))
    page.get_by_role("button", name="交办").click()
    page.wait_for_url(f"**{case.get_absolute_url()}")

    case.refresh_from_db()
    assert case.state == "assigned"
    assert "好了" in page.locator(".says").inner_text()


@pytest.mark.django_db(transaction=True)
def test_on_a_phone_the_case_takes_the_place_of_the_list(browser_page, county):
    case = county.receive(body=LAMP)
    page = browser_page(DESK, user=county.clerk, width=PHONE)
    assert page.locator("#queue").is_visible()
    assert not page.locator("#pane").is_visible()

    page.get_by_text(case.title).first.click()

    until(page, "document.querySelector('main').classList.contains('tri--case')")
    assert page.locator("#pane").is_visible()
    assert not page.locator("#queue").is_visible()
    page.get_by_role("link", name="列表").click()
    page.wait_for_url("**view=register")
    assert page.locator("#queue").is_visible()


@pytest.mark.django_db(transaction=True)
def test_what_came_in_is_offered_not_pushed(browser_page, county):
    county.receive(body=LAMP)
    page = browser_page(DESK, user=county.clerk, width=DESKTOP)
    newcomer = county.receive(body="公厕锁了一个多月，没有人打扫。")

    page.evaluate(
        "htmx.trigger('#newbar', 'every'); htmx.ajax('GET', document.querySelector('#newbar').getAttribute('hx-get'), '#newbar')"
    )

    until(page, "document.querySelector('#newbar').textContent.includes('新来 1 件')")
    assert newcomer.reference not in page.locator("[data-rows]").inner_text()
    page.locator(".newbar").click()
    page.wait_for_url("**sort=new**")
    assert newcomer.reference in page.locator("[data-rows]").inner_text()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_desks_pages_are_usable_by_everybody(browser_page, county, width):
    case, half = county.receive(body=LAMP), actions.rate(county.told(), solved="partly", by=None)
    registered = county.registered()
    county.receive(body=LAMP)
    pages = [
        DESK,
        f"{DESK}&case={case.public_id}",
        "/desk/requests/?view=redo",
        reverse("intake:step", args=[registered.public_id, "assign"]),
        reverse("intake:step", args=[case.public_id, "merge"]),
        registered.get_absolute_url(),
        reverse("intake:reveal", args=[case.public_id]),
        reverse("intake:counter"),
        reverse("intake:desk-filter"),
        reverse("intake:export"),
        reverse("intake:slip", args=[case.public_id]),
        reverse("intake:callback", args=[half.public_id]),
    ]
    page = browser_page(user=county.station_head, width=width)
    found = []
    for path in pages:
        page.goto(path)
        found += [f"{path}: {each}" for each in violations(page)]
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found += [f"{path}: {sideways} px sideways"] if sideways > 0 else []

    assert found == []


@pytest.mark.django_db(transaction=True)
def test_no_desk_page_scrolls_sideways_on_the_smallest_phone(browser_page, county):
    case, registered = county.receive(body=LAMP), county.registered()
    page = browser_page(user=county.station_head, width=320)
    for path in (
        DESK,
        f"{DESK}&case={case.public_id}",
        reverse("intake:step", args=[registered.public_id, "assign"]),
        reverse("intake:counter"),
        registered.get_absolute_url(),
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path


@pytest.mark.django_db(transaction=True)
def test_the_desk_loads_no_more_than_sixty_kilobytes_of_script(browser_page, county):
    county.receive(body=LAMP)
    page = browser_page(DESK, user=county.clerk, width=DESKTOP)

    urls = page.evaluate("[...document.scripts].map(each => each.src).filter(Boolean)")
    sizes = {url: len(gzip.compress(page.request.get(url).body())) for url in urls}

    assert any("htmx" in url for url in urls)
    assert sum(sizes.values()) <= 60 * 1024, sizes


def test_the_desks_script_runs_no_text():
    text = Path("static/js/desk.js").read_text(encoding="utf-8")

    assert "innerHTML" not in text
    assert "eval(" not in text
