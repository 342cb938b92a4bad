"""Sessions of staff for the benches: made where the session engine makes them, not by typing passwords."""

from __future__ import annotations


def sessions(*usernames: str) -> dict[str, str]:
    """The cookie header of each of these people."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from accounts.models import LoginSession, User

    found = {}
    for username in usernames:
        user, client = User.objects.get(username=username), Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        key = str(client.session.session_key)
        LoginSession.objects.create(session_key=key, user=user, seen_at=timezone.now())
        found[username] = f"{settings.SESSION_COOKIE_NAME}={key}"
    return found
