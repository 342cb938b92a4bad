"""The session engine: one statement brings the session, the log-in it belongs to, the person, their factors and roles.

Every signed-in page asks all of it, and five look-ups by key cost more than many a page itself. What is found is as fresh
as ever: nothing is kept from one request to the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db.models import OuterRef, Subquery
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import LoginSession, Membership

_more: dict[str, Callable[[], Any]] = {}


def bring_along(name: str, expression: Callable[[], Any]) -> None:
    """Called once by the AppConfig of an app above: `user.<name>` of a session's person is what the expression gives, in
    the same statement. `OuterRef("user")` is the person; it is built anew for each request, so it may name today.
    """
    _more[name] = expression


class SessionStore(db.SessionStore):
    """Django's own, with `log_in`: the LoginSession read along, with its person. None while nobody is signed in."""

    log_in: LoginSession | None = None

    def load(self) -> dict[str, Any]:
        found: Any = _log_in_of(self.session_key) if self.session_key else None
        if found is None or found.kept is None:
            return super().load()
        self.log_in = found
        return self.decode(found.kept)


def _log_in_of(key: str) -> LoginSession | None:
    """The log-in of a session key, with `kept` (what Django's session holds; None when it is over) and `factors` (ids of
    the person's confirmed second factors); its user with `held` (their memberships in force) and what apps above bring along.
    """
    kept = Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=timezone.now())
    factors = TOTPDevice.objects.filter(user=OuterRef("user"), confirmed=True)
    held = Membership.objects.in_force().filter(user=OuterRef("user")).order_by("pk")
    found: Any = (
        LoginSession.objects.filter(session_key=key)
        .select_related("user")
        .annotate(
            kept=Subquery(kept.values("session_data")[:1]),
            factors=ArraySubquery(factors.values("pk")),
            held=ArraySubquery(held.as_rows()),
            **{name: expression() for name, expression in _more.items()},
        )
        .first()
    )
    if found is not None:
        for name in ("held", *_more):
            setattr(found.user, name, getattr(found, name))
    return found
