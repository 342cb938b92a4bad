"""The log-in, one's own account and the admin in a real browser: nothing for axe to find, nothing wider than the screen."""

from __future__ import annotations

import os
from datetime import date

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import LoginSession
from accounts.recovery import enrol_token
from core.models import CalendarDay
from tests.browser import DESKTOP, PHONE, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OPEN_PAGES = {"log-in": "/login/", "enrol-over": "/enrol/spoilt/"}
OWN_PAGES = {
    "account": "/account/",
    "password": "/account/password/",
    "second-factor-new": "/account/second-factor/new/",
}
# Page → who looks at it.
ADMIN_PAGES = {
    "workbench": ("/admin/", "county_office"),
    "areas": ("/admin/accounts/area/", "county_office"),
    "area-add": ("/admin/accounts/area/add/", "county_office"),
    "units": ("/admin/accounts/unit/?q=局", "county_office"),
    "unit-add": ("/admin/accounts/unit/add/", "county_office"),
    "categories": ("/admin/accounts/category/", "sysadmin"),
    "users": ("/admin/accounts/user/", "security_admin"),
    "user-add": ("/admin/accounts/user/add/", "security_admin"),
    "sessions": ("/admin/accounts/loginsession/", "auditor"),
    "calendar": ("/admin/core/calendarday/", "county_office"),
    "calendar-import": ("/admin/core/calendarday/import/", "county_office"),
    "calendar-export": ("/admin/core/calendarday/export/", "county_office"),
    "events": ("/admin/core/event/", "auditor"),
    "messages": ("/admin/core/message/", "sysadmin"),
}


def look(browser_page, page, name, width):
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}-{width}.png", full_page=True)
    said_by_the_page = list(browser_page.problems)
    page.wait_for_timeout(100)  # jQuery's callbacks come after the load event
    assert violations(page) == []
    page.wait_for_timeout(100)
    # axe itself tries an inline style on some pages with a select, and is refused as it should be.
    browser_page.problems[:] = said_by_the_page
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{name} scrolls sideways by {too_wide} px at {width}"


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_before_the_log_in(browser_page, county, width):
    for name, path in OPEN_PAGES.items():
        look(browser_page, browser_page(path, width=width, quiet=name == "enrol-over"), name, width)
    page = browser_page(f"/enrol/{enrol_token(county.rep)}/", width=width)
    look(browser_page, page, "enrol", width)

    page = browser_page("/login/", width=width, quiet=True)
    page.fill("[name=username]", "clerk")
    page.fill("[name=password]", "wrong")
    page.click("#f button")
    page.wait_for_selector("#err")
    look(browser_page, page, "log-in-error", width)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_about_ones_own_account(browser_page, county, width):
    TOTPDevice.objects.create(user=county.clerk, confirmed=False, name="phone")

    for name, path in OWN_PAGES.items():
        look(browser_page, browser_page(path, user=county.clerk, width=width), name, width)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_of_the_admin(browser_page, county, width):
    CalendarDay.objects.create(day=date(2026, 10, 1), is_workday=False, name="国庆节", source="通知")
    LoginSession.objects.create(user=county.clerk, session_key="x", device="Chrome · Windows")
    county.registered()

    for name, (path, who) in ADMIN_PAGES.items():
        look(browser_page, browser_page(path, user=county.users[who], width=width), name, width)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_of_one_row(browser_page, county, width):
    for name, who, path in (
        ("area", "county_office", f"/admin/accounts/area/{county.towns[0].pk}/change/"),
        ("area-history", "county_office", f"/admin/accounts/area/{county.towns[0].pk}/history/"),
        ("user", "security_admin", f"/admin/accounts/user/{county.clerk.pk}/change/"),
        ("user-history", "security_admin", f"/admin/accounts/user/{county.clerk.pk}/history/"),
        ("user-seen", "auditor", f"/admin/accounts/user/{county.clerk.pk}/change/"),
        ("rules", "sysadmin", "/admin/core/rulepack/"),
    ):
        page = browser_page(path, user=county.users[who], width=width)
        look(browser_page, page, name, width)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_pages_of_bulk_actions(browser_page, county, width):
    for name, action in (("disable", "disable"), ("log-in-sheets", "print_log_ins")):
        page = browser_page("/admin/accounts/user/?q=clerk", user=county.security_admin, width=width)
        page.check("input.action-select >> nth=0")
        page.select_option("select[name=action]", action)
        page.click("button[name=index]")
        page.wait_for_load_state()
        look(browser_page, page, name, width)


def test_a_unit_is_given_its_place_by_typing_a_name(browser_page, county):
    page = browser_page("/admin/accounts/unit/add/", user=county.county_office, width=DESKTOP)

    page.fill("[name=code]", "forestry")
    page.fill("[name=name]", "县林业局")
    page.click(".select2-selection")
    page.fill(".select2-search__field", "云岭")
    page.click(".select2-results__option:has-text('云岭县')")
    page.click("[name=_save]")
    page.wait_for_selector("text=县林业局")

    look(browser_page, page, "unit-added", DESKTOP)
