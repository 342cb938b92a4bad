"""An answer goes from the officer's draft to the head's signature in a real browser, with script and without."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse
from PIL import Image

from core.models import Attachment
from tests.browser import DESKTOP, PHONE, until, violations

pytestmark = pytest.mark.browser

HEADLINE = "换了灯头和 40 米电缆，路灯亮了"
BODY = "6月2日路灯所到现场换了灯头和电缆，当晚试亮正常。以后每月巡查一次，坏了可打 0000-555-0166。"


def picture(color: str) -> dict[str, Any]:
    out = BytesIO()
    Image.new("RGB", (600, 400), color).save(out, "JPEG")
    return {"name": f"{color}.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_written_previewed_sent_and_signed(browser_page, county):
    case = county.assigned()
    page = browser_page("/unit/", user=county.unit_officer, width=DESKTOP)
    page.get_by_text(case.title).click()
    page.get_by_label("已经解决").check()
    page.get_by_label("一句话结果").fill(HEADLINE)
    assert page.get_by_text(f"{len(HEADLINE)} / 30 字").is_visible()
    page.get_by_label("怎么办的").fill(BODY)
    until(page, "document.querySelector('#saved').textContent.includes('草稿已存')")
    assert "写明了结果" in page.locator("#checklist").inner_text()
    assert "还没有办理后照片" in page.locator("#checklist").inner_text()
    page.locator("input[name=after]").set_input_files(picture("orange"))
    page.wait_for_url("**#photos")
    until(page, "document.querySelectorAll('#photos img').length === 1")
    assert page.get_by_label("一句话结果").input_value() == HEADLINE
    assert "有办理后照片" in page.locator("#checklist").inner_text()
    page.get_by_role("button", name="看群众看到的样子").click()
    until(page, "document.querySelector('#preview').textContent.includes('现在还没有发出去')")
    assert HEADLINE in page.locator("#preview").inner_text()
    page.get_by_role("button", name="送审").click()
    page.get_by_text("等负责人签发").first.wait_for()

    head = browser_page(
        reverse("intake:unit-reply", args=[case.public_id]), user=county.unit_head, width=PHONE
    )
    assert head.locator("img").count() >= 1
    head.get_by_role("button", name="签发答复").click()
    head.wait_for_url("**/unit/")

    case.refresh_from_db()
    assert case.state == "replied"
    assert case.replies.get().headline == HEADLINE
    assert Attachment.objects.about(case).get().role == "after"


@pytest.mark.django_db(transaction=True)
def test_the_date_and_the_basis_are_asked_only_when_they_matter(browser_page, county):
    case = county.assigned()
    page = browser_page(
        reverse("intake:unit-reply", args=[case.public_id]), user=county.unit_officer, width=PHONE
    )
    date, basis = page.locator("[name=planned_on]"), page.locator("[name=basis]")
    assert not date.is_visible()

    page.get_by_label("正在解决").check()
    assert date.is_visible()
    assert not basis.is_visible()

    page.get_by_label("眼下解决不了").check()
    assert basis.is_visible()
    assert not date.is_visible()


@pytest.mark.django_db(transaction=True)
def test_the_unit_answers_without_script(browser_page, county):
    case = county.assigned()
    url = reverse("intake:unit-reply", args=[case.public_id])
    page = browser_page(url, user=county.unit_officer, width=DESKTOP, script=False)
    page.get_by_label("已经解决").check()
    page.get_by_label("一句话结果").fill(HEADLINE)
    page.get_by_label("怎么办的").fill(BODY)
    page.locator("input[name=after]").set_input_files(picture("orange"))
    page.get_by_role("button", name="把选好的照片传上去").click()
    assert page.get_by_label("一句话结果").input_value() == HEADLINE
    page.get_by_role("button", name="看群众看到的样子").click()
    assert HEADLINE in page.locator("main").inner_text()
    page.get_by_role("link", name="接着写").click()
    page.get_by_role("button", name="送审").click()
    head = browser_page(url, user=county.unit_head, width=DESKTOP, script=False)
    head.get_by_label("要改什么").fill("写明谁去的")
    head.get_by_role("button", name="退回修改").click()

    page.goto(url)
    assert "写明谁去的" in page.locator("main").inner_text()
    assert page.get_by_label("怎么办的").input_value() == BODY


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [320, PHONE, DESKTOP])
def test_the_units_pages_are_usable_by_everybody(browser_page, county, width):
    case, answered = county.assigned(), county.replied()
    page = browser_page(user=county.unit_head, width=width)
    found = []
    for path in (
        "/unit/",
        "/unit/?view=sign",
        reverse("intake:unit-reply", args=[case.public_id]),
        reverse("intake:unit-reply", args=[answered.public_id]),
        reverse("intake:unit-step", args=[case.public_id, "hand_back"]),
        reverse("intake:unit-step", args=[case.public_id, "request_extension"]),
    ):
        page.goto(path)
        found += [f"{path}: {each}" for each in violations(page)]
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        found += [f"{path}: {sideways} px sideways"] if sideways > 0 else []

    assert found == []
