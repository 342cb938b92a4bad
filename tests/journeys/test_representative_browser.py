"""A representative's day on the phone: write down at the stall, hand over the slip, follow, talk, press."""

from __future__ import annotations

import re

import pytest

from core.models import Event
from intake import actions
from intake.models import ConstituentRequest, RequestNote
from tests.county import make_late

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = "杨家坪的公厕锁了一个多月，赶场天没地方上厕所。"


def fill(page, words=WORDS):
    page.get_by_label("群众说了什么").fill(words)
    page.get_by_label("其他", exact=True).check()
    page.get_by_label("在哪里").fill("老粮站旁")
    page.get_by_label("已念给对方听，对方同意登记").check()


@pytest.mark.parametrize("script", [True, False])
def test_written_down_at_the_stall_and_handed_over(browser_page, county, script):
    page = browser_page("/my/", user=county.rep, script=script)
    page.get_by_role("link", name="快登", exact=True).click()

    fill(page)
    page.get_by_role("button", name="存好，出回执").click()

    page.wait_for_url(re.compile(r"/slip/$"))
    request = ConstituentRequest.objects.get()
    assert page.get_by_text(request.reference).is_visible()
    assert page.locator(".qr svg").bounding_box()["width"] >= 200
    resident = browser_page(f"/t/{request.receipt_code}", script=script)
    assert resident.get_by_text(request.reference).first.is_visible()


def test_two_presses_give_one_request(browser_page, county):
    page = browser_page("/my/quick/", user=county.rep)
    fill(page)

    page.get_by_role("button", name="存好，出回执").dblclick()

    page.wait_for_url(re.compile(r"/slip/$"))
    assert ConstituentRequest.objects.count() == 1


def test_back_and_sent_again_gives_one_request(browser_page, county):
    page = browser_page("/my/quick/", user=county.rep, script=False)
    fill(page)
    page.get_by_role("button", name="存好，出回执").click()
    page.wait_for_url(re.compile(r"/slip/$"))
    first = page.url

    page.go_back()
    if not page.get_by_label("群众说了什么").input_value():
        fill(page)
    page.get_by_role("button", name="存好，出回执").click()

    page.wait_for_url(re.compile(r"/slip/$"))
    # The page is never kept by the browser, so a fresh form may come back; the same one never counts twice.
    assert ConstituentRequest.objects.count() == (1 if page.url == first else 2)


def test_without_a_network_the_words_stay_and_nothing_is_pretended(browser_page, county):
    page = browser_page("/my/quick/", user=county.rep, quiet=True)
    fill(page)
    page.wait_for_timeout(800)

    page.context.set_offline(True)
    page.get_by_role("button", name="存好，出回执").click()

    page.get_by_text("没有连上网，还没有登记。").first.wait_for()
    assert page.get_by_label("群众说了什么").input_value() == WORDS
    assert not ConstituentRequest.objects.exists()

    page.context.set_offline(False)
    page.reload()
    assert page.get_by_label("群众说了什么").input_value() == WORDS
    page.get_by_label("已念给对方听，对方同意登记").check()
    page.get_by_role("button", name="存好，再记一件").click()

    page.get_by_text("登记好了，编号").wait_for()
    assert page.get_by_label("群众说了什么").input_value() == ""
    assert ConstituentRequest.objects.count() == 1
    page.reload()
    assert page.get_by_label("群众说了什么").input_value() == ""


def test_a_mistake_is_said_at_the_top_and_at_the_field(browser_page, county):
    page = browser_page("/my/quick/", user=county.rep, quiet=True)
    page.get_by_label("群众说了什么").fill(WORDS)
    page.get_by_label("手机号").fill("1380000274")

    page.get_by_role("button", name="存好，出回执").click()

    summary = page.locator("#err")
    summary.wait_for()
    assert "有 3 处要改" in page.title()
    assert summary.evaluate("each => each === document.activeElement")
    summary.get_by_role("link", name=re.compile("手机号要 11 位")).click()
    assert page.get_by_label("手机号").evaluate("each => each === document.activeElement")
    assert page.get_by_label("群众说了什么").input_value() == WORDS


def test_what_waits_is_dealt_with_by_one_verb(browser_page, county):
    unhappy = actions.follow(county.told(), follower=county.representative, by=county.clerk)
    actions.rate(unhappy, solved="no", satisfied="dissatisfied")
    late = actions.follow(
        county.assigned(body="石桥小学门口早晚堵车，孩子过马路危险。"),
        follower=county.representative,
        by=county.clerk,
    )
    make_late(late)
    page = browser_page("/my/", user=county.rep)

    page.get_by_role("link", name=re.compile("去回话")).click()
    page.get_by_label("打电话").check()
    page.get_by_label("说了什么").fill("他说灯只亮了一天，又灭了。")
    page.get_by_role("button", name="记下来").click()
    page.get_by_text("记下了。").wait_for()
    page.get_by_role("link", name="今天", exact=True).click()
    page.get_by_role("link", name=re.compile("催一催")).click()
    page.get_by_label("说明").fill("孩子们天天要走，请今天就去看看。")
    page.get_by_role("button", name="催办").click()
    page.get_by_text("已经催办").wait_for()
    page.get_by_role("link", name="今天", exact=True).click()

    assert page.get_by_text("今天没有等您处理的").is_visible()
    assert RequestNote.objects.get(request=unhappy, kind="staff").text.startswith("打电话：")
    assert Event.objects.about(late).filter(kind="intake.request.urge", actor=county.rep).exists()
