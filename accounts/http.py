"""A request whose user is known, for the type checker, and what the session says of who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import LoginSession, User


class AuthenticatedHttpRequest(HttpRequest):
    user: User


def log_in_of(request: HttpRequest) -> Any:
    """The LoginSession this request belongs to, as the session engine read it; None when nobody is signed in."""
    session: Any = request.session
    session.get(DEVICE_ID_SESSION_KEY)  # a session is read when it is first asked
    found: LoginSession | None = session.log_in
    return found


def has_second_factor(request: HttpRequest) -> bool:
    """Whether the person has enrolled a second factor."""
    log_in = log_in_of(request)
    return log_in is not None and bool(log_in.factors)


def gave_second_factor(request: HttpRequest) -> bool:
    """Whether this session is past the second factor: by one that is still the person's."""
    log_in, given = log_in_of(request), request.session.get(DEVICE_ID_SESSION_KEY)
    return log_in is not None and given in [TOTPDevice(pk=pk).persistent_id for pk in log_in.factors]
