"""A request whose user is known, for the type checker."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import User


class AuthenticatedHttpRequest(HttpRequest):
    user: User


def gave_second_factor(request: HttpRequest) -> bool:
    """Whether this session is past the second factor; django-otp's middleware hangs the device on the user."""
    return getattr(request.user, "otp_device", None) is not None
