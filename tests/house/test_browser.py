"""The browser fixture itself: it must be able to fail."""

from __future__ import annotations

import pytest

from tests.browser import violations

pytestmark = pytest.mark.browser


def test_axe_finds_a_picture_without_words(browser_page):
    page = browser_page()

    page.set_content(
        '<html lang="zh"><title>t</title><main><h1>h</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="></main></html>'
    )

    assert [line.split(" ")[0] for line in violations(page)] == ["image-alt"]


def test_axe_is_silent_on_a_sound_page(browser_page):
    page = browser_page()

    page.set_content('<html lang="zh"><title>t</title><main><h1>h</h1><p>p</p></main></html>')

    assert violations(page) == []


def test_a_page_cannot_reach_another_host(browser_page):
    page = browser_page(quiet=True)

    with pytest.raises(Exception, match="ERR_FAILED"):
        page.goto("http://example.invalid/")

    browser_page.problems.clear()
