"""F11 on the phone, F39: a browser that keeps what was typed while the database or the network is away, however often its tab dies."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from liaison.faults.database import stop_now
from liaison.faults.ground import Ground, Site
from liaison.faults.oracle import Finding

NO_BROWSER = "no browser: `python3 dev.py test --e2e` installs what drives one"
BODY = "第{n}号杆的路灯有半个多月不亮了，晚上老人孩子走路看不见。"


@contextmanager
def phone(site: Site) -> Iterator[Any]:
    """A context of Chromium with a phone's storage; nothing is typed yet. Raises ImportError without playwright."""
    from playwright.sync_api import sync_playwright

    import testenv

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=testenv.chromium(), args=flags)
        context = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="zh-CN", base_url=f"http://127.0.0.1:{site.port}",
            reduced_motion="reduce", extra_http_headers={"X-Forwarded-For": "10.1.2.3"},
        )  # fmt: skip
        context.set_default_timeout(20_000)
        try:
            yield context
        finally:
            browser.close()


def until(page: Any, expression: str, seconds: float = 30) -> bool:
    """Playwright's own waiting would need `unsafe-eval`."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if page.evaluate(expression):
            return True
        page.wait_for_timeout(100)
    return False


def ready_offline(context: Any, station: str) -> Any:
    page = context.new_page()
    page.goto(f"/requests/new/1/?s={station}")
    until(page, "navigator.serviceWorker.controller !== null")
    until(page, "caches.match('/requests/new/3/', {ignoreSearch: true}).then(found => !!found)")
    return page


def write(page: Any, number: int) -> None:
    """All three steps from the first page on, and the press of the last button."""
    page.locator("input[name=category]").first.check()
    page.locator("[name=body]").fill(BODY.format(n=number))
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/2/")
    page.locator("select[name=village]").select_option(index=1)
    page.locator("[name=place]").fill("小卖部对面")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/new/3/")
    page.locator("[name=name]").fill("王阿姨")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/requests/queued/")


def keep(page: Any) -> None:
    """「先存好」."""
    page.get_by_role("button", name="先存好").click()
    page.wait_for_selector("#waiting:not([hidden])")


def taken_in(ground: Ground, database: str, after: int) -> tuple[int, int]:
    """(requests, different ones) that a phone sent."""
    row = ground.ask(
        database,
        "SELECT count(*), count(DISTINCT body) FROM intake_constituentrequest WHERE id > %s AND body LIKE '第%%号杆的路灯有%%'",
        [after],
    )[0]
    return int(row[0]), int(row[1])


def f39(ground: Ground) -> Finding:
    """Written without a network, the tab killed again and again, then handed in when the network is back."""
    drafts, kills = ground.of(50, 3), ground.of(10, 1)
    database = ground.copy("f39")
    with ground.child(database) as child:
        told = child.call("facts")
    station = told["stations"][0]
    with ground.site(database, more={"PUBLIC_FORM_MIN_SECONDS": "0"}) as site:
        try:
            with phone(site) as context:
                page = ready_offline(context, station)
                context.set_offline(True)
                for number in range(1, drafts + 1):
                    page.goto(f"/requests/new/1/?s={station}")
                    write(page, number)
                    keep(page)
                    if number % (drafts // kills) == 0:
                        page.close()
                        page = context.new_page()
                kept = taken_in(ground, database, told["last"])[0]
                context.set_offline(False)
                begun = time.monotonic()
                page.goto("/requests/queued/")
                while taken_in(ground, database, told["last"])[
                    0
                ] < drafts and time.monotonic() - begun < ground.of(600, 40):
                    page.wait_for_timeout(500)
                took = time.monotonic() - begun
                page.wait_for_timeout(3000)
        except ImportError:
            return Finding(NO_BROWSER, False)
        stored, different = taken_in(ground, database, told["last"])
    measured = (
        f"{drafts} written offline, {kills} tabs killed: {stored} records, {stored - different} doubled, "
        f"{took:.0f} s after the network came back"
    )
    return Finding(
        measured,
        stored == different == drafts and kept == 0,
        "eight hours are not waited: nothing on the phone counts them",
    )


def f11_phone(ground: Ground) -> Finding:
    """Typed while PostgreSQL is down: the phone keeps it, and hands it in by itself."""
    database = ground.copy("f11_phone")
    with ground.child(database) as child:
        told = child.call("facts")
    station = told["stations"][0]
    with ground.site(database, more={"PUBLIC_FORM_MIN_SECONDS": "0"}) as site:
        try:
            with phone(site) as context:
                page = ready_offline(context, station)
                page.goto(f"/requests/new/1/?s={station}")
                stop_now(ground)
                try:
                    write(page, 1)
                    keep(page)
                finally:
                    ground.cluster.revive()
                before = taken_in(ground, database, told["last"])[0]
                begun = time.monotonic()
                while taken_in(ground, database, told["last"])[0] < 1 and time.monotonic() - begun < 90:
                    page.wait_for_timeout(500)
                took = time.monotonic() - begun
                page.wait_for_timeout(2000)
        except ImportError:
            return Finding(NO_BROWSER, False)
        stored, _different = taken_in(ground, database, told["last"])
    return Finding(
        f"kept on the phone, and {stored} record {took:.0f} s after the database was back",
        stored == 1 and not before,
    )
