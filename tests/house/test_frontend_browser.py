"""What app.js and the styles do in a real browser. Pages are answered from memory: no server, no database."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import engines
from django.test import RequestFactory
from django.utils.safestring import mark_safe

from tests.house.test_frontend import SAMPLES, STATIC, SampleForm

pytestmark = pytest.mark.browser

HOST = "http://liaison.test"
# The production policy without its nonces, which only pages with a script of their own would need.
POLICY = "; ".join(
    f"{name} {' '.join(value for value in values if isinstance(value, str))}"
    for name, values in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
)

Open = Callable[..., Any]


@pytest.fixture
def show(chromium: Any) -> Iterator[Open]:
    """`show(body, width=390, size="")`: a resident's page with this body, under the policy of production."""
    contexts = []

    def opened(body: str, *, width: int = 390, size: str = "", base: str = "base_public.html") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 844})
        contexts.append(context)
        page = context.new_page()
        page.posts, page.complaints = [], []
        html = draw(body, size=size, base=base)

        def answer(route: Any) -> None:
            request = route.request
            path = request.url.removeprefix(HOST).partition("?")[0]
            if request.method == "POST":
                page.posts.append((path, request.post_data or ""))
                route.fulfill(status=204)
            elif path.startswith("/static/"):
                name = path.removeprefix("/static/")
                route.fulfill(path=STATIC / name, content_type=mimetypes.guess_type(name)[0] or "text/plain")
            else:
                headers = {"Content-Security-Policy": POLICY}
                route.fulfill(body=html, content_type="text/html; charset=utf-8", headers=headers)

        page.on(
            "console",
            lambda message: page.complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.route("**/*", answer)
        page.goto(HOST + "/page/")
        return page

    yield opened
    for context in contexts:
        context.close()


def draw(body: str, *, size: str, base: str) -> str:
    request = RequestFactory().get("/page/")
    request.user = AnonymousUser()
    request.COOKIES["size"] = size
    page = "{% extends base %}{% block title %}试{% endblock %}{% block content %}<h1>试一试</h1>{{ body }}{% endblock %}"
    return (
        engines["django"]
        .from_string(page)
        .render({"base": base, "body": mark_safe(body), "messages": []}, request)
    )


def gallery() -> str:
    """Every component that stands inside a page, one after the other."""
    frame = {"_head", "_net", "_tabs", "_foot", "_bar", "_static_problem", "_me", "_side_links"}
    request = RequestFactory().get("/page/")
    parts = []
    for name in sorted(set(SAMPLES) - frame):
        part = engines["django"].get_template(f"components/{name}.html").render(dict(SAMPLES[name]), request)
        # Ids of the sample form repeat from one component to the next.
        parts.append(f'<div class="mt6">{part.replace("id_", f"{name}-id_")}</div>')
    return "".join(parts)


DRAFT = """
<form data-draft="note" action="/send/" method="post">
  <textarea class="in" name="body" maxlength="30" data-keep data-count="n"></textarea><span id="n"></span>
  <input class="in" name="phone">
  <input type="radio" name="kind" value="road" data-keep><input type="radio" name="kind" value="water" data-keep>
  <span data-saved hidden><span data-saved-at></span></span>
  <button type="submit" class="btn btn--main">交</button>
</form>"""


class TestScript:
    def test_the_size_changes_at_once_and_is_told_to_the_server(self, show):
        page = show("<p>字</p>")
        before = page.evaluate("getComputedStyle(document.body).fontSize")
        page.click("[data-size-form] button")
        assert page.get_attribute("html", "data-size") == "1"
        assert page.evaluate("getComputedStyle(document.body).fontSize") > before
        page.wait_for_selector("#live:text-is('大字')", state="attached")
        assert page.posts == [("/preferences/size/", "size=1")]
        for _press in range(3):
            page.click("[data-size-form] button")
        assert page.get_attribute("html", "data-size") is None
        assert "标准字号" in page.get_attribute("[data-size-form] button", "aria-label")

    def test_a_draft_survives_a_reload_and_never_holds_a_phone_number(self, show):
        page = show(DRAFT)
        page.fill("textarea", "路灯不亮")
        page.fill("[name=phone]", "13800002746")
        page.check("[value=water]")
        page.wait_for_selector("[data-saved]:visible")
        assert "已存在这部手机里" in page.text_content("[data-saved]")
        page.reload()
        assert page.input_value("textarea") == "路灯不亮"
        assert page.is_checked("[value=water]")
        assert page.input_value("[name=phone]") == ""
        assert "13800002746" not in page.evaluate("JSON.stringify(localStorage)")

    def test_letters_are_counted_and_the_end_is_announced(self, show):
        page = show(DRAFT)
        page.fill("textarea", "一二三四五六七八九十")
        assert page.text_content("#n") == "10 / 30 字"
        page.wait_for_selector("#live:text-is('还可以写 20 个字')", state="attached")

    def test_pressing_twice_sends_once(self, show):
        page = show(DRAFT)
        page.evaluate("() => { const b = document.querySelector('.btn--main'); b.click(); b.click(); }")
        page.wait_for_timeout(300)
        assert [path for path, _body in page.posts] == ["/send/"]
        assert "正在提交…" in page.text_content(".btn--main")

    def test_the_strip_tells_that_the_network_is_gone(self, show):
        page = show("<p>网</p>")
        assert not page.is_visible("#net")
        page.context.set_offline(True)
        page.wait_for_selector("#net:visible")
        page.context.set_offline(False)
        page.wait_for_selector("#net", state="hidden")

    def test_the_summary_of_errors_takes_the_focus(self, show):
        form = SampleForm({})
        page = show(engines["django"].get_template("components/_form.html").render({"form": form}))
        assert page.evaluate("document.activeElement.id") == "err"
        page.click("#err a >> nth=1")
        assert page.evaluate("document.activeElement.name") == "satisfied"


class TestLayout:
    @pytest.mark.parametrize(("width", "size"), [(320, ""), (320, "1"), (390, "3"), (640, ""), (1440, "")])
    @pytest.mark.parametrize("base", ["base_public.html", "base.html"])
    def test_nothing_scrolls_sideways_and_the_policy_forbids_nothing(self, show, width, size, base):
        page = show(gallery(), width=width, size=size, base=base)
        root = "document.documentElement"
        assert page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") == 0
        assert [
            text for text in page.complaints if "files/x" not in text and "Failed to load" not in text
        ] == []

    def test_targets_are_as_large_as_a_thumb(self, show):
        page = show(gallery())
        small = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
            .filter(e => e.checkVisibility() && !e.closest('p, dd, .note') && !e.matches('.skip'))
            .map(e => [e.closest('label') || e, e]).map(([box, e]) => [box.getBoundingClientRect(), e])
            .filter(([r]) => r.height < 43.5 || r.width < 43.5)
            .map(([r, e]) => `${e.outerHTML.slice(0, 80)} ${r.width}x${r.height}`)"""
        )
        assert small == []
