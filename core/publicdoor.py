"""The guard of the public forms: no cookie, no account; origin, a signed and timed nonce, and a honeypot instead."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from core.views import problem_page

NONCE_FIELD = "stamp"
HONEYPOT_FIELD = "website"
NONCE_MAX_AGE = 12 * 3600


def public_form(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view anybody may post to: cross-site posts are refused by their Origin, not by a cookie (decisions 15)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST" and not comes_from_us(request):
            return problem_page(request, 403, _("这一页是从别处打开的。请回到首页再试一次。"))
        return view(request, *args, **kwargs)

    guarded.is_public_form = True  # type: ignore[attr-defined]
    return login_not_required(guarded)


def comes_from_us(request: HttpRequest) -> bool:
    """Sec-Fetch-Site where the browser sends it, else Origin, else Referer; a form without any of them is refused."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin") or request.headers.get("Referer")
    if not origin:
        return False
    return urlsplit(origin).netloc == request.get_host()


def new_stamp() -> str:
    """A signed time of rendering, for a hidden field."""
    return signing.dumps(int(time.time()), salt="public-form")


def is_too_fast(stamp: str) -> bool:
    """Whether the form came back faster than a person can write, or its stamp is forged. An old stamp is no offence."""
    try:
        rendered = signing.loads(stamp, salt="public-form")
    except signing.BadSignature:
        return True
    return time.time() - rendered < settings.PUBLIC_FORM_MIN_SECONDS


def is_from(request: HttpRequest, networks: Collection[str]) -> bool:
    """Whether the caller's address lies in one of these networks, as 10.1.0.0/16."""
    try:
        address = ipaddress.ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in networks)


def client_address(request: HttpRequest) -> str:
    """The caller's address, behind as many proxies as the deployment says it has."""
    forwarded = [
        part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
    ]
    hops = settings.TRUSTED_PROXIES
    if hops and len(forwarded) >= hops:
        return forwarded[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))
