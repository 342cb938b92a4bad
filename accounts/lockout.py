"""Lock-out of the log-in: five failures of one account, thirty tries of one address. Counted in PostgreSQL.

django-axes keeps the failures; its settings name the functions here. Whether the account exists changes nothing:
an unknown name is locked like a known one, with the same words.
"""

from __future__ import annotations

import ipaddress
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt, AccessFailureLog
from django.db.models import Max
from django.utils import timezone

from core.publicdoor import client_address
from core.throttle import Limit
from core.views import problem_page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PER_ADDRESS = Limit("login.address", 30, 60, durable=True)
PER_SECOND_FACTOR = Limit("login.second_factor", 5, 15 * 60, durable=True)

FIRST = timedelta(minutes=15)
LONGEST = timedelta(hours=8)
# Lock-outs of the last day count towards the doubling.
MEMORY = timedelta(days=1)


def login_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str | None:
    """The account's own name, whatever it was called when logging in: both names share one count (AXES_USERNAME_CALLABLE)."""
    return (credentials or {}).get("username") or getattr(request, "login_name", None)


def address(request: HttpRequest) -> str | None:
    """The caller's address, or nothing when it is none: PostgreSQL takes only real ones (AXES_CLIENT_IP_CALLABLE)."""
    try:
        return str(ipaddress.ip_address(client_address(request)))
    except ValueError:
        return None


def cooloff(request: HttpRequest) -> timedelta:
    """15 minutes at the first lock-out of the day, twice as long at each further one (AXES_COOLOFF_TIME)."""
    return _cooloff(login_name(request))


def _cooloff(name: str | None) -> timedelta:
    lockouts = AccessFailureLog.objects.filter(
        username=name, locked_out=True, attempt_time__gt=timezone.now() - MEMORY
    ).count()
    return min(FIRST * 2 ** max(0, lockouts - 1), LONGEST)


def locked_out(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]) -> HttpResponse:
    """429 and when to come back (AXES_LOCKOUT_CALLABLE)."""
    name = login_name(request, credentials)
    last = AccessAttempt.objects.filter(username=name).aggregate(last=Max("attempt_time"))["last"]
    left = (last or timezone.now()) + _cooloff(name) - timezone.now()
    return problem_page(request, 429, minutes=max(1, math.ceil(left.total_seconds() / 60)))


def forgive(name: str) -> None:
    """Open a locked account again and forget that it was locked."""
    AccessAttempt.objects.filter(username=name).delete()
    AccessFailureLog.objects.filter(username=name, locked_out=True).update(locked_out=False)


class LockoutHandler(AxesDatabaseHandler):
    """Axes' own, but one account's cool-off never clears another's failures: theirs may be locked for longer."""

    def clean_expired_user_attempts(
        self, request: Any = None, credentials: dict[str, Any] | None = None
    ) -> int:
        name = login_name(request, credentials)
        ended = timezone.now() - _cooloff(name)
        count, _kinds = AccessAttempt.objects.filter(username=name, attempt_time__lt=ended).delete()
        return count
