"""Secrets people keep on paper: recovery codes for a lost phone, and the one-time link that sets a first password."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from core.codes import normalise_code, random_code

HOW_MANY = 10
LENGTH = 10  # 49 bits, and five tries in a quarter of an hour
LINK_DAYS = 14
_SALT = "accounts.enrol"


def new_codes() -> list[str]:
    return [random_code(LENGTH) for _place in range(HOW_MANY)]


def show(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def digest(user_id: int, typed: str) -> str:
    words = f"recovery:{user_id}:{normalise_code(typed)}"
    return hmac.new(settings.BLIND_INDEX_KEY, words.encode(), hashlib.sha256).hexdigest()


def enrol_token(user: User) -> str:
    """A signed one-time token: it stops working when the password changes, after a log-in, and after two weeks."""
    return signing.dumps([user.pk, _fingerprint(user)], salt=_SALT)


def user_of_token(token: str) -> User | None:
    try:
        pk, fingerprint = signing.loads(token, salt=_SALT, max_age=LINK_DAYS * 24 * 3600)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None or not constant_time_compare(fingerprint, _fingerprint(user)):
        return None
    return user


def _fingerprint(user: User) -> str:
    return salted_hmac(_SALT, f"{user.password}:{user.last_login}").hexdigest()[:16]
