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


@pytest.mark.django_db
def test_a_public_page_sets_no_cookie_and_writes_nothing(client, county, django_assert_max_num_queries):
    for name in (
        "reports:home",
        "stations:list",
        "representatives:list",
        "intake:new",
        "intake:track",
        "reports:statistics",
    ):
        answer = client.get(reverse(name))

        assert answer.status_code == 200, name
        assert not answer.cookies, name
