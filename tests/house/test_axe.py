"""Nothing on any page keeps anybody out: axe finds no violation, on a phone and on a desk."""

from __future__ import annotations

import pytest
from django.urls import reverse

from intake import actions
from tests.browser import DESKTOP, PHONE, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = pytest.mark.parametrize("width", [PHONE, DESKTOP], ids=["phone", "desk"])

PUBLIC = [
    "/", "/stations/", "/stations/0312/", "/stations/0312/receptions/", "/stations/0312/representatives/",
    "/stations/0312/poster/", "/representatives/", "/requests/new/1/", "/requests/new/1/?station=0312", "/track/", "/results/",
    "/statistics/", "/help/", "/privacy/", "/accessibility/", "/how-we-count/", "/login/", "/offline/", "/nowhere/",
]  # fmt: skip

DESKS = {
    "clerk": ["/desk/requests/", "/desk/requests/new/", "/desk/callbacks/", "/messages/", "/account/", "/account/password/", "/admin/"],
    "town_office": ["/desk/requests/", "/overview/"],
    "county_office": ["/overview/", "/desk/requests/", "/status/", "/admin/", "/admin/stations/station/", "/admin/stations/station/add/"],
    "unit_officer": ["/unit/"],
    "unit_head": ["/unit/"],
    "rep": ["/my/", "/my/cases/", "/my/quick/", "/my/schedule/", "/my/record/", "/my/messages/"],
    "leader": ["/overview/"],
    "auditor": ["/admin/", "/status/"],
    "security_admin": ["/admin/", "/admin/accounts/user/", "/admin/accounts/user/add/"],
    "sysadmin": ["/admin/", "/admin/accounts/area/", "/admin/core/rulepack/", "/admin/core/calendarday/"],
}  # fmt: skip


def all_violations(page, paths):
    found = []
    for path in paths:
        page.goto(path, wait_until="load")
        found += [f"{path}: {line}" for line in violations(page)]
    return found


@WIDTHS
def test_axe_finds_nothing_on_the_public_pages(browser_page, county, width):
    told = county.told()
    case = reverse("intake:case", args=[told.receipt_code])
    person = reverse("representatives:detail", args=[county.representative.public_id])

    assert all_violations(browser_page(width=width, quiet=True), [*PUBLIC, case, person]) == []


@WIDTHS
@pytest.mark.parametrize("who", DESKS, ids=str)
def test_axe_finds_nothing_on_the_desks(browser_page, county, width, who):
    assigned = county.assigned()
    actions.follow(assigned, follower=county.representative, by=county.clerk)
    county.replied()
    county.receive()
    mine = {
        "clerk": [reverse("intake:request", args=[assigned.public_id])],
        "unit_officer": [reverse("intake:unit-reply", args=[assigned.public_id])],
        "rep": [reverse("reports:my-case", args=[assigned.public_id])],
    }

    # Select2 writes inline styles, which the policy refuses and nobody misses: not what is looked for here.
    page = browser_page(
        width=width, user=county.users[who], quiet=any("/add/" in path for path in DESKS[who])
    )

    assert all_violations(page, [*DESKS[who], *mine.get(who, [])]) == []
