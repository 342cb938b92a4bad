"""What the resident's pages share: the cookie of the draft, the address, pages that nobody may keep."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from core.publicdoor import client_address
from core.throttle import Limit, hit
from core.views import problem_page
from intake.actions import drafting

# Sent along with the pages of the form and with no others, which `__Host-` would not allow.
COOKIE = f"{settings.COOKIE_OF_PATH}draft"
# What one address may write into drafts: a whole village behind one carrier address, but not a program.
BY_ADDRESS = Limit("draft.address", 1200, 3600)


def token_of(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")[:80]


def remember(response: HttpResponse, token: str) -> None:
    """The opaque cookie of a draft: set by the first POST, never by a GET."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(drafting.KEPT.total_seconds()),
        path="/requests/",
        httponly=True,
        samesite="Lax",
        secure=settings.SECURE_COOKIES,
    )


def private(response: HttpResponse) -> HttpResponse:
    """For one pair of eyes: kept by no cache; the address goes to nobody, but our own forms still say their origin."""
    response["Cache-Control"] = "no-store, private"
    response["Referrer-Policy"] = "strict-origin"
    return response


def wants_json(request: HttpRequest) -> bool:
    """Our own script asks for an address to go to; a browser alone gets pages."""
    return request.headers.get("Accept", "") == "application/json"


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    return private(render(request, template, context, status=status))


def wrong(form: Any) -> JsonResponse:
    """What has to be mended, field by field, for the script that sends what was written without a network."""
    errors = {name: [str(each) for each in errors] for name, errors in form.errors.items()}
    return private(JsonResponse({"errors": errors}, status=422))  # type: ignore[return-value]


def too_many(request: HttpRequest, minutes: int) -> HttpResponse:
    """429; what was typed stands in the draft."""
    words = ngettext(
        "交得太多了，请 %(n)d 分钟后再来，或打电话。您写的都还在，不用重写。",
        "交得太多了，请 %(n)d 分钟后再来，或打电话。您写的都还在，不用重写。",
        minutes,
    ) % {"n": minutes}
    return problem_page(request, 429, words, minutes=minutes)


def slow_down(request: HttpRequest) -> HttpResponse | None:
    verdict = hit(BY_ADDRESS, client_address(request))
    return None if verdict.allowed else too_many(request, max(1, -(-verdict.retry_after // 60)))


def see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
