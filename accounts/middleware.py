"""Rules of a staff session: idle time, ended sessions, second factor, first password, and who may reach the admin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, logout
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode

from accounts.access import is_staff_person
from accounts.http import gave_second_factor, has_second_factor, log_in_of
from accounts.models import LoginSession, User
from accounts.passwords import ROTATION
from core.publicdoor import is_from

SEEN_EVERY = timedelta(minutes=5)


class WhoAsksMiddleware(AuthenticationMiddleware):
    """Django's, but the person the session engine has read along is not looked up again."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _read_along(request) or get_user(request))  # type: ignore[assignment]


def _read_along(request: HttpRequest) -> User | None:
    """The person of the session under the conditions Django itself makes; None leaves every other case to Django."""
    log_in, session = log_in_of(request), request.session
    if log_in is None or not log_in.user.is_active or session.get(SESSION_KEY) != str(log_in.user.pk):
        return None
    user: User = log_in.user
    is_theirs = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    return user if is_theirs else None


class StaffSessionMiddleware:
    """Runs after log-in is known and before any view. Costs no statement of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(f"/{settings.ADMIN_PATH}") and not _is_allowed_network(request):
            raise Http404
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return _kept_by_nobody(self._signed_in(request) or self.get_response(request))
        return self.get_response(request)

    def _signed_in(self, request: HttpRequest) -> HttpResponse | None:
        session = log_in_of(request)
        now = timezone.now()
        if session is None or session.user_id != request.user.pk or session.ended_at is not None:
            return _signed_out(request, "ended")
        if now - session.seen_at > timedelta(minutes=settings.SESSION_IDLE_MINUTES):
            LoginSession.objects.filter(pk=session.pk).update(ended_at=now)
            return _signed_out(request, "idle")
        if now - session.seen_at > SEEN_EVERY:
            LoginSession.objects.filter(pk=session.pk).update(seen_at=now)
        return _duty_first(request)


def _kept_by_nobody(response: HttpResponse) -> HttpResponse:
    """A page of somebody signed in stays in no cache: the next person at this computer presses Back as well."""
    if response.get("Content-Type", "").startswith("text/html"):
        response.setdefault("Cache-Control", "no-store, private")
    return response


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
    has_factor = has_second_factor(request)
    if has_factor and not gave_second_factor(request):
        return "accounts:second-factor"
    if user.must_change_password or _is_password_old(user):
        return "accounts:password"
    if not has_factor and settings.STAFF_SECOND_FACTOR == "enforce" and is_staff_person(user):
        return "accounts:enrol"
    return ""


def _is_password_old(user: User) -> bool:
    return settings.SECURITY_PROFILE == "dengbao" and timezone.now() - user.password_changed_at > ROTATION


def _is_allowed_network(request: HttpRequest) -> bool:
    networks = settings.ADMIN_ALLOWED_NETWORKS
    return not networks or is_from(request, networks)
