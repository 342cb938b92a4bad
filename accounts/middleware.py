"""Rules of a staff session: idle time, ended sessions, second factor, first password, and who may reach the admin."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_otp import user_has_device

from accounts.access import is_staff_person
from accounts.models import LoginSession
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
            logout(request)
            return redirect(settings.LOGIN_URL)
        if now - session.seen_at > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
            LoginSession.objects.filter(pk=session.pk).update(ended_at=now)
            logout(request)
            messages.info(request, _("太久没有操作，请重新登录。"))
            return redirect(settings.LOGIN_URL)
        if now - session.seen_at > SEEN_EVERY:
            LoginSession.objects.filter(pk=session.pk).update(seen_at=now)
        return _duty_first(request)


def _duty_first(request: HttpRequest) -> HttpResponse | None:
    """What must be done before anything else: change a first password, set up or give the second factor."""
    open_paths = {
        reverse(name)
        for name in ("accounts:logout", "accounts:password", "accounts:second-factor", "accounts:enrol")
    }
    if request.path in open_paths or request.path.startswith(settings.STATIC_URL):
        return None
    if request.user.must_change_password:
        return redirect("accounts:password")
    if request.user.is_verified():
        return None
    if user_has_device(request.user):
        return redirect("accounts:second-factor")
    if settings.STAFF_SECOND_FACTOR == "enforce" and is_staff_person(request.user):
        return redirect("accounts:enrol")
    return None


def _is_allowed_network(request: HttpRequest) -> bool:
    if not settings.ADMIN_ALLOWED_NETWORKS:
        return True
    try:
        address = ipaddress.ip_address(client_address(request))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network) for network in settings.ADMIN_ALLOWED_NETWORKS)
