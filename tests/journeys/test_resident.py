"""A resident in a real browser: with script and without, with a network and without, on a small phone and a large screen."""

from __future__ import annotations

import gzip
import re
from io import BytesIO
from pathlib import Path

import pytest
from django.db import OperationalError
from PIL import Image

from core.models import Attachment, Message
from intake import actions
from intake.actions import drafting
from intake.models import ConstituentRequest
from tests.browser import DESKTOP, PHONE, until, violations

pytestmark = pytest.mark.browser

BODY = "牛场组进村路口的路灯有半个多月不亮了，晚上老人孩子走路看不见，上周有人摔了一跤。希望尽快修好。"


@pytest.fixture(autouse=True)
def _no_waiting(settings):
    """A machine types faster than a person may."""
    settings.PUBLIC_FORM_MIN_SECONDS = 0


def picture(color: str, side: int = 2400) -> dict:
    out = BytesIO()
    Image.new("RGB", (side, side // 2), color).save(out, "JPEG")
    return {"name": f"{color}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def fill_what(page) -> None:
    page.get_by_label("水电气、路灯").check()
    page.get_by_label("把情况说一说").fill(BODY)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/2/")


def fill_where(page) -> None:
    page.get_by_label("村、社区").select_option(label="石桥镇 · 牛场村")
    page.get_by_label("具体位置").fill("小卖部对面")


def fill_contact(page) -> None:
    page.get_by_label("怎么称呼您").fill("王阿姨")
    page.get_by_label("手机号").fill("138 0000 2746")


def to_check(page) -> None:
    fill_what(page)
    fill_where(page)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/3/")
    fill_contact(page)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/check/")


def test_without_script_from_intake_to_receipt_tracking_and_rating(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312", script=False)
    fill_what(page)
    fill_where(page)
    page.locator("input[type=file]").set_input_files([picture("navy"), picture("red")])
    page.get_by_role("button", name="下一步").click()
    fill_contact(page)
    page.get_by_role("button", name="下一步").click()
    assert page.locator("img.mini").count() == 2
    page.get_by_role("button", name="确认提交").click()

    page.wait_for_url("**/requests/received/")
    number = page.locator(".slip__no").inner_text()
    request = ConstituentRequest.objects.get(reference=number)
    assert Attachment.objects.about(request).count() == 2

    page.go_back()
    assert (
        "/requests/received/" in page.url
        or page.get_by_role("heading", level=1).inner_text() == "交之前，核对一遍"
    )
    page.goto("/track/")
    page.get_by_label("编号").fill(number)
    page.get_by_label("手机号后四位，或查询码").fill("2746")
    page.get_by_role("button", name="查进度").click()
    page.wait_for_url("**/t/*")
    assert request.title in page.get_by_role("heading", level=1).inner_text()

    actions.register(request, by=county.clerk)
    actions.answer(request, by=county.clerk, headline="换了灯头，灯亮了", body="维修班当天去换的。")
    page.reload()
    page.get_by_label("没解决", exact=True).check()
    page.get_by_label("不满意", exact=True).check()
    page.get_by_role("button", name="提交评价").click()
    assert page.get_by_text("已经退回重办").first.is_visible()
    assert ConstituentRequest.objects.count() == 1


def test_with_script_photos_are_shrunk_and_a_double_tap_gives_one_request(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312")
    fill_what(page)
    fill_where(page)
    page.locator("input[type=file]").set_input_files([picture("navy"), picture("red")])
    until(page, "document.querySelectorAll('[data-photos] img').length === 2")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/3/")
    fill_contact(page)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/check/")

    page.get_by_role("button", name="确认提交").dblclick(no_wait_after=True)

    page.wait_for_selector(".slip__no")
    request = ConstituentRequest.objects.get()
    assert Message.objects.filter(channel="sms").count() == 1
    photos = Attachment.objects.about(request)
    assert photos.count() == 2
    assert max(photo.width for photo in photos) == 1600
    until(page, "!Object.keys(localStorage).some(k => k.startsWith('draft:intake'))")

    page.go_back()
    page.wait_for_selector(".slip__no")
    assert ConstituentRequest.objects.count() == 1


def test_two_tabs_give_one_request(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312")
    to_check(page)
    other = page.context.new_page()
    other.goto("/requests/new/check/")

    page.get_by_role("button", name="确认提交").click()
    page.wait_for_selector(".slip__no")
    other.get_by_role("button", name="确认提交").click()

    other.wait_for_selector(".slip__no")
    assert other.locator(".slip__no").inner_text() == page.locator(".slip__no").inner_text()
    assert ConstituentRequest.objects.count() == 1


def test_what_was_typed_survives_a_reload(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312")
    page.get_by_label("把情况说一说").fill(BODY)
    page.wait_for_selector("[data-saved]:not([hidden])")

    page.reload()

    assert page.get_by_label("把情况说一说").input_value() == BODY


def test_a_server_without_its_database_is_like_no_network_and_the_phone_keeps_all(
    county, browser_page, monkeypatch
):
    page = browser_page("/requests/new/1/?s=0312", service_workers=True, quiet=True)
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "caches.match('/requests/new/3/', {ignoreSearch: true}).then(found => !!found)")

    def down(_token):
        raise OperationalError("the database system is shutting down")

    with monkeypatch.context() as without:
        without.setattr(drafting, "find", down)
        fill_what(page)
        fill_where(page)
        page.get_by_role("button", name="下一步").click()
        page.wait_for_url("**/requests/new/3/")
        fill_contact(page)
        page.get_by_role("button", name="下一步").click()
        page.wait_for_url("**/requests/queued/")
        page.get_by_role("button", name="先存好").click()
        page.wait_for_selector("#waiting:not([hidden])")
        assert not ConstituentRequest.objects.exists()

    page.goto("/requests/queued/")
    page.wait_for_selector(".slip__no", timeout=20_000)
    assert ConstituentRequest.objects.get().place == "小卖部对面"


def test_cut_off_after_the_first_step_it_waits_on_the_phone_and_is_handed_in_once(county, browser_page):
    """experience.md check 8."""
    page = browser_page("/requests/new/1/?s=0312", service_workers=True, quiet=True)
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "caches.match('/requests/new/3/', {ignoreSearch: true}).then(found => !!found)")
    fill_what(page)
    page.context.set_offline(True)
    fill_where(page)
    page.locator("input[type=file]").set_input_files([picture("navy"), picture("red")])
    until(page, "document.querySelectorAll('[data-photos] img').length === 2")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/3/")
    fill_contact(page)
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/queued/")
    page.get_by_text("2 张", exact=True).wait_for()  # the script reads it from the phone's store
    page.get_by_role("button", name="先存好").click()
    page.wait_for_selector("#waiting:not([hidden])")
    assert not ConstituentRequest.objects.exists()

    context = page.context
    page.close()
    page = context.new_page()
    page.goto("/requests/queued/")
    page.wait_for_selector("[data-items] .slip")
    assert "牛场组进村路口的路灯" in page.locator("[data-title]").inner_text()
    context.set_offline(False)

    page.wait_for_selector(".slip__no", timeout=20_000)
    request = ConstituentRequest.objects.get()
    assert (request.contact_phone, request.place, request.village.name) == (
        "13800002746",
        "小卖部对面",
        "牛场村",
    )
    assert Attachment.objects.about(request).count() == 2
    assert Message.objects.filter(channel="sms").count() == 1
    page.goto("/requests/queued/")
    page.wait_for_selector("#nothing:not([hidden])")


def test_without_a_network_at_the_last_press_it_is_queued_and_sent_later(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312", service_workers=True, quiet=True)
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "caches.match('/requests/queued/').then(found => !!found)")
    to_check(page)
    page.context.set_offline(True)

    page.get_by_role("button", name="确认提交").click()
    page.wait_for_url("**/requests/queued/")
    page.wait_for_selector("#waiting:not([hidden])")
    page.context.set_offline(False)

    page.wait_for_selector(".slip__no", timeout=20_000)
    assert ConstituentRequest.objects.count() == 1


def test_the_worker_keeps_nothing_of_a_person(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312", service_workers=True)
    until(page, "navigator.serviceWorker.controller !== null")
    to_check(page)
    page.get_by_role("button", name="确认提交").click()
    page.wait_for_selector(".slip__no")
    page.get_by_role("link", name="查看办理进度").click()
    page.wait_for_url("**/t/*")

    kept = page.evaluate(
        """async () => { const out = [];
        for (const name of await caches.keys()) { const cache = await caches.open(name);
          for (const request of await cache.keys()) out.push([request.url, await (await cache.match(request)).text()]); }
        return out; }"""
    )

    assert kept
    for url, text in kept:
        assert not re.search(r"/(t|track|desk|admin)(/|$)", url.split("//", 1)[1].split("/", 1)[1])
        assert "王阿姨" not in text
        assert "138 0000 2746" not in text
        assert BODY not in text


# --- every page, at every width and size


@pytest.fixture
def every_page(county):
    """Paths of every resident page in its states."""
    from django.utils import timezone

    told = county.told()
    waiting = actions.ask(county.registered(), by=county.clerk, question="是哪一盏灯不亮？")
    late = county.assigned(now=timezone.now() - timezone.timedelta(days=40))
    referred = actions.refer(county.registered(), by=county.clerk, door="petition", note="请到县信访局。")
    redoing = actions.rate(county.told(), solved="no")
    received = county.receive(contact=actions.Contact("王阿姨"))
    actions.follow(late, follower=county.representative, by=county.clerk)
    paths = [
        "/requests/new/1/?s=0312",
        "/requests/new/2/?s=0312",
        "/requests/new/3/",
        "/requests/queued/",
        "/offline/",
    ]
    paths += ["/track/", f"/t/{received.receipt_code}/receipt", f"/t/{told.receipt_code}/more"]
    paths += [f"/t/{waiting.receipt_code}/withdrawal", f"/t/{told.receipt_code}/print"]
    return paths + [f"/t/{each.receipt_code}" for each in (told, waiting, late, referred, redoing, received)]


SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


WIDTHS = [(320, ""), (320, "1"), (PHONE, "2"), (PHONE, "3"), (640, ""), (DESKTOP, "")]


def test_no_page_scrolls_sideways(every_page, browser_page, live_server):
    wide = []
    for width, size in WIDTHS:
        page = browser_page("/track/", width=width)
        if size:
            page.context.add_cookies([{"name": "size", "value": size, "url": live_server.url}])
        for path in every_page:
            page.goto(path, wait_until="domcontentloaded")
            if page.evaluate(SIDEWAYS):
                wide.append((width, size, path))
        page.context.close()

    assert wide == []


def test_everybody_can_use_every_page(every_page, browser_page):
    found = {}
    for width in (PHONE, DESKTOP):
        page = browser_page("/track/", width=width)
        for path in every_page:
            page.goto(path)
            if problems := violations(page):
                found[width, path] = problems

    assert found == {}


SMALL = """() => Array.from(document.querySelectorAll(
  'main a, main button, .bar button, main input:not([type=hidden]), main select, main textarea'))
  .filter(e => { const r = e.getBoundingClientRect(), inline = getComputedStyle(e).display === 'inline';
    return r.width && r.height && !e.closest('.trap') && !inline && (r.height < 44 || r.width < 44); })
  .map(e => e.outerHTML.slice(0, 100))"""


def test_what_is_pressed_is_large_enough(every_page, browser_page):
    page = browser_page("/track/")

    small = {}
    for path in every_page:
        page.goto(path)
        if found := page.evaluate(SMALL):
            small[path] = found

    assert small == {}


def test_errors_take_the_focus_and_lead_to_their_fields(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312", quiet=True)

    page.get_by_role("button", name="下一步").click()

    page.wait_for_selector("#err")
    assert page.title().startswith("有 2 处要改：第 1 步，共 3 步")
    assert page.evaluate("document.activeElement.id") == "err"
    page.get_by_role("link", name="请写写是什么事").click()
    assert page.evaluate("document.activeElement.name") == "body"


def tab_to(page, selector: str) -> None:
    """Go there with the Tab key alone; what has the focus is never covered by the action bar."""
    for _press in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            covered = page.evaluate(
                """() => { const e = document.activeElement, r = e.getBoundingClientRect(), bar = document.querySelector('.bar');
                return !!bar && !bar.contains(e) && getComputedStyle(bar).position === 'fixed'
                  && r.top >= bar.getBoundingClientRect().top; }"""
            )
            assert not covered, selector
            return
    raise AssertionError(f"The Tab key never came to {selector}.")


def test_the_keyboard_alone_is_enough_to_report_track_and_rate(county, browser_page):
    page = browser_page("/requests/new/1/?s=0312", width=DESKTOP)
    tab_to(page, "input[name=category]")
    page.keyboard.press("Space")
    tab_to(page, "textarea[name=body]")
    page.keyboard.type("路灯不亮了，请来修。")
    tab_to(page, ".btn--main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/new/2/")
    tab_to(page, "select[name=village]")
    page.keyboard.press("ArrowDown")
    tab_to(page, ".btn--main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/new/3/")
    tab_to(page, "input[name=name]")
    page.keyboard.type("王阿姨")
    tab_to(page, ".btn--main")
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/new/check/")
    tab_to(page, ".btn--main")
    page.keyboard.press("Enter")
    page.wait_for_selector(".slip__no")
    request = ConstituentRequest.objects.get()

    actions.register(request, by=county.clerk)
    actions.answer(request, by=county.clerk, headline="换了灯头，灯亮了", body="维修班当天去换的。")
    page.goto("/track/")
    tab_to(page, "input[name=number]")
    page.keyboard.type(request.reference)
    tab_to(page, "input[name=secret]")
    page.keyboard.type(request.receipt_code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/t/*")
    tab_to(page, "input[name=solved]")
    page.keyboard.press("Space")
    tab_to(page, ".btn--main")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=谢谢您的评价")
    request.refresh_from_db()
    assert request.solved == "yes"


def test_a_resident_page_is_light(county, browser_page):
    sizes = {}
    page = browser_page()
    page.on("response", lambda answer: sizes.__setitem__(answer.url, len(gzip.compress(answer.body()))))

    page.goto("/requests/new/1/?s=0312", wait_until="networkidle")

    scripts = sum(size for url, size in sizes.items() if url.endswith(("intake.js", "app.js")))
    assert scripts <= 25 * 1024
    assert sum(sizes.values()) <= 60 * 1024, sizes
    assert len(sizes) <= 15


def test_the_receipt_prints_on_one_page(county, browser_page):
    request = county.receive()
    page = browser_page(f"/t/{request.receipt_code}/receipt")

    pdf = page.pdf(format="A4")

    assert len(re.findall(rb"/Type\s*/Page[^s]", pdf)) == 1


def test_the_scripts_of_the_house_stay_small():
    static = Path(__file__).parents[2] / "static" / "js"

    assert (
        sum(len(gzip.compress((static / name).read_bytes())) for name in ("app.js", "intake.js")) <= 25 * 1024
    )
