"""Rules of a staff session: idle time, ended sessions, second factor, first password, and who may reach the admin."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.access import is_staff_person
from accounts.http import gave_second_factor
from accounts.models import LoginSession, User
from accounts.passwords import ROTATION
from core.publicdoor import client_address

SEEN_EVERY = timedelta(minutes=5)


class StaffSessionMiddleware:
    """Runs after log-in is known and before any view. Costs one query on a signed-in page, none on a public one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(f"/{settings.ADMIN_PATH}") and not _is_allowed_network(request):
            raise Http404
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return self._signed_in(request) or self.get_response(request)
        return self.get_response(request)

    def _signed_in(self, request: HttpRequest) -> HttpResponse | None:
        session = LoginSession.objects.filter(session_key=request.session.session_key).first()
        now = timezone.now()
        if session is None or session.ended_at is not None:
            return _signed_out(request, "ended")
        if now - session.seen_at > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
            LoginSession.objects.filter(pk=session.pk).update(ended_at=now)
            return _signed_out(request, "idle")
        if now - session.seen_at > SEEN_EVERY:
            LoginSession.objects.filter(pk=session.pk).update(seen_at=now)
        return _duty_first(request)


def _signed_out(request: HttpRequest, why: str) -> HttpResponse:
    """To the log-in page, and from there back to where the person was."""
    logout(request)
    words = {"why": why}
    if request.method in ("GET", "HEAD"):
        words["next"] = request.get_full_path()
    return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode(words)}")


def _duty_first(request: HttpRequest) -> HttpResponse | None:
    """The one page that has to come first, if any: give the second factor, change a first password, set up the factor.

    In this order: with the password alone nobody may change it or enrol another phone.
    """
    duty = _duty_of(request)
    if not duty or request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/"):
        return None
    if request.path in (reverse(duty), reverse("accounts:logout"), reverse("core:size")):
        return None
    return redirect(duty)


def _duty_of(request: HttpRequest) -> str:
    user: Any = request.user
    is_given = gave_second_factor(request)
    has_factor = is_given or TOTPDevice.objects.filter(user=user, confirmed=True).exists()
    if has_factor and not is_given:
        return "accounts:second-factor"
    if user.must_change_password or _is_password_old(user):
        return "accounts:password"
    if not has_factor and settings.STAFF_SECOND_FACTOR == "enforce" and is_staff_person(user):
        return "accounts:enrol"
    return ""


def _is_password_old(user: User) -> bool:
    return settings.SECURITY_PROFILE == "dengbao" and timezone.now() - user.password_changed_at > ROTATION


def _is_allowed_network(request: HttpRequest) -> bool:
    if not settings.ADMIN_ALLOWED_NETWORKS:
        return True
    try:
        address = ipaddress.ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in settings.ADMIN_ALLOWED_NETWORKS)
