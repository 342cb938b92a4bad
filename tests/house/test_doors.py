"""Every door that opens without a log-in stands on a list written by hand."""

from __future__ import annotations

import pytest
from django.urls import reverse
from rest_framework.permissions import AllowAny

from tests.house.routes import routes

OPEN = {
    # what machines ask
    "core:healthz", "core:readyz", "intake:service-worker", "reports:metrics",
    # size of type, chosen station: cookies of the visitor's own, by POST
    "core:size", "reports:choose-station",
    # a private file: the view asks the rule of its case, and a resident's code counts
    "core:file",
    # entering
    "accounts:login", "accounts:first-password",
    # reading
    "reports:home", "reports:results", "reports:statistics", "reports:statistics-csv", "reports:help", "reports:privacy",
    "reports:accessibility", "reports:how-we-count",
    "stations:list", "stations:near", "stations:detail", "stations:receptions", "stations:representatives", "stations:poster",
    "stations:card", "stations:qr-svg", "stations:qr-png", "stations:short",
    "representatives:list", "representatives:detail", "representatives:short",
    # saying something
    "intake:new", "intake:new-where", "intake:new-contact", "intake:new-check", "intake:similar", "intake:draft-photo",
    "intake:submit", "intake:received", "intake:queued", "intake:offline",
    # with the number and digits, or the private code
    "intake:track", "intake:case", "intake:receipt", "intake:case-print", "intake:case-photo", "intake:case-photos",
    "intake:case-rate", "intake:case-answer", "intake:case-more", "intake:case-withdraw", "/t", "/t/", "/t/<str:code>/",
}  # fmt: skip

# Django REST framework's views ask for themselves; these ask nobody.
OPEN_API = {
    "api:requests", "api:track", "api:schema", "api:docs", "api:area-list", "api:category-list", "api:station-list",
    "api:station-detail", "api:representative-list", "api:representative-detail",
}  # fmt: skip
ADMIN_LOG_IN: set[str] = set()

# What answers a stranger's GET with anything but a page. The rest must be a page, or the test below would prove nothing of it.
NO_PAGE = {
    # leads on
    "/t": 302, "/t/": 302, "intake:new-check": 302, "intake:received": 302, "stations:near": 302,
    "representatives:short": 302, "stations:short": 302, "intake:case-withdraw": 303,
    # nothing there for a stranger
    "accounts:first-password": 404, "core:file": 404, "intake:case-photo": 404, "intake:draft-photo": 404, "reports:metrics": 404,
    # by POST alone
    "api:requests": 405, "api:track": 405, "core:size": 405, "reports:choose-station": 405, "intake:case-answer": 405,
    "intake:case-photos": 405, "intake:case-rate": 405, "intake:similar": 405, "intake:submit": 405,
    # no background process beats in a test
    "core:readyz": 503,
}  # fmt: skip


def opens_without_log_in(route):
    asked = getattr(getattr(route.view, "cls", None), "permission_classes", None)
    return not route.needs_log_in and (asked is None or asked == [] or AllowAny in asked)


def test_the_doors_without_log_in_are_those_listed():
    found = {route.name for route in routes() if opens_without_log_in(route)}

    assert found == OPEN | OPEN_API | ADMIN_LOG_IN


@pytest.mark.django_db
@pytest.mark.parametrize(
    "route",
    [r for r in routes() if not opens_without_log_in(r) and not r.arguments and ":" in r.name],
    ids=lambda r: r.name,
)
def test_a_closed_door_sends_a_stranger_to_the_log_in(client, route):
    try:
        address = reverse(route.name)
    except Exception:
        pytest.skip("needs an argument in its expression")

    answer = client.get(address)

    if route.pattern.startswith("api/"):
        assert answer.status_code in (401, 403)
    else:
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


def named(route, county):
    """What stands in the address of an open route: the county's own station, representative and case."""
    if "case" in route.name or route.name in {"intake:receipt", "/t/<str:code>/"}:
        return {"code": county.told().receipt_code, "public_id": "b" * 12}
    if route.name.startswith(("representatives:", "api:representative")):
        return {"public_id": county.representative.public_id}
    return {"code": county.station.code, "public_id": "b" * 12, "token": "x" * 43}


@pytest.mark.django_db
@pytest.mark.parametrize("route", [r for r in routes() if opens_without_log_in(r)], ids=lambda r: r.name)
def test_reading_without_a_log_in_sets_no_cookie_and_writes_nothing(client, county, count_queries, route):
    wanted = route.arguments or {
        "api:station-detail": ("code",),
        "api:representative-detail": ("public_id",),
    }.get(route.name, ())
    given = {name: value for name, value in named(route, county).items() if name in wanted}
    address = (
        reverse(route.name, kwargs=given)
        if not route.name.startswith("/")
        else "/" + route.pattern.replace("<str:code>", given.get("code", ""))
    )

    with count_queries() as seen:
        answer = client.get(address)

    assert answer.status_code == NO_PAGE.get(route.name, 200)
    assert not answer.cookies
    assert not [
        each["sql"]
        for each in seen.captured_queries
        if each["sql"].lstrip("( ").upper().startswith(("INSERT", "UPDATE", "DELETE"))
    ]
