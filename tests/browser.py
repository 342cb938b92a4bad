"""A real browser on the live server: pages at a width, as a person, with or without script; axe on top.

    def test_it(browser_page, county):
        page = browser_page("/desk/requests/", user=county.clerk, width=1440)
        assert violations(page) == []

A test fails by itself when its page logs an error, breaks the Content-Security-Policy or asks another host.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

import testenv

PHONE, DESKTOP = 390, 1440
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def until(page: Any, expression: str, seconds: float = 20) -> None:
    """Wait for what a script of the page does. Playwright's own waiting would need `unsafe-eval`."""
    ends = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < ends, expression
        page.wait_for_timeout(50)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    # Playwright's synchronous face runs a loop in this thread, and Django would take every query for a mistake.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=testenv.chromium(),
            args=FLAGS,
        )
        yield browser
        browser.close()


@pytest.fixture
def browser_page(chromium: Any, live_server: Any) -> Iterator[Callable[..., Any]]:
    """`browser_page(path, user=, width=, script=, service_workers=, quiet=)` gives an opened Playwright page.

    `quiet` is for a test that expects failed requests or script errors and looks at them itself.
    """
    contexts: list[Any] = []
    problems: list[str] = []

    def open_page(
        path: str = "",
        *,
        user: Any = None,
        width: int = PHONE,
        script: bool = True,
        service_workers: bool = False,
        quiet: bool = False,
        **options: Any,
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 844 if width < 800 else 900},
            java_script_enabled=script,
            has_touch=width < 800,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            base_url=live_server.url,
            service_workers="allow" if service_workers else "block",
            **options,
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        stray: list[str] = [] if quiet else problems
        context.route("**/*", lambda route: _only_here(route, live_server.url, problems))
        context.on("console", lambda message: stray.append(message.text) if message.type == "error" else None)
        context.on("weberror", lambda error: stray.append(str(error.error)))
        if user is not None:
            context.add_cookies([_session_cookie(user, live_server.url)])
        page = context.new_page()
        if path:
            page.goto(path, wait_until="load")
        return page

    open_page.problems = problems  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert not problems, problems


def _only_here(route: Any, own: str, problems: list[str]) -> None:
    url = route.request.url
    if urlsplit(url).netloc == urlsplit(own).netloc or not url.startswith("http"):
        route.continue_()
    else:
        problems.append(f"asked another host: {url}")
        route.abort()


def _session_cookie(user: Any, url: str) -> dict[str, str]:
    """A session past the second factor, as the fixture `sign_in` makes it."""
    from accounts.models import LoginSession

    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    LoginSession.objects.get_or_create(
        session_key=key, defaults={"user": user, "seen_at": timezone.now(), "device": "test"}
    )
    return {
        "name": settings.SESSION_COOKIE_NAME,
        "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
        "url": url,
    }


def violations(page: Any) -> list[str]:
    """What axe finds, one line each: the rule, where, and why. Empty on a page everybody can use."""
    # Evaluated by the browser's own debugger, so the page's Content-Security-Policy stays as it is.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})",
        AXE_TAGS,
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['target'][0]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
