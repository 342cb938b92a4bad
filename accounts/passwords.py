"""Password rules beyond Django's own: words everybody around here would try, and what a stricter profile asks."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta
from typing import IO, Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import PasswordHistory
from core.pinyin import sort_key
from core.privacy import fold

MAX_LENGTH = 128
REMEMBERED = 5
ROTATION = timedelta(days=90)
_PLAIN_WORDS = (
    "人大",
    "代表",
    "家站",
    "renda",
    "daibiao",
    "jiazhan",
    "liaison",
    "password",
    "mima",
    "qwerty",
    "asdf",
)


class PlainWordsValidator:
    """Refuses a password made of the house's own words, the place's name, or one character over and over."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(_("密码最多 128 个字符。"), code="too_long")
        flat = fold(password).lower()
        left = flat
        for word in (*_PLAIN_WORDS, fold(settings.SITE_BRAND).lower(), sort_key(settings.SITE_BRAND)):
            left = left.replace(word, "")
        if len(re.sub(r"[\d\W_]", "", left)) < 4 and len(left) < 10:
            raise ValidationError(
                _("这个密码太好猜：别用单位名、地名、“人大”这类词加几个数字。"), code="plain_words"
            )
        if len(set(flat)) < 5:
            raise ValidationError(_("这个密码太好猜：同样的字符太多。"), code="repeats")

    def get_help_text(self) -> str:
        return _("别用单位名、地名或简单重复的字符。")


class BreachListValidator:
    """BREACHED_PASSWORDS_FILE: a sorted file of SHA-1 digests, as Have I Been Pwned gives it away. Nothing is asked of
    anybody outside; SHA-1 is the list's, not ours.
    """

    def validate(self, password: str, user: Any = None) -> None:
        path = settings.BREACHED_PASSWORDS_FILE
        if path and _is_in(path, hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()):
            raise ValidationError(_("这个密码在别处泄露过，请换一个。"), code="breached")

    def get_help_text(self) -> str:
        return _("别用在别的网站用过的密码。")


def _is_in(path: str, wanted: str) -> bool:
    """By halving: the whole list has a thousand million lines."""
    with open(path, "rb") as file:
        low, high = 0, file.seek(0, os.SEEK_END)
        while low < high:
            middle = (low + high) // 2
            if b"" < _digest_after(file, middle) < wanted.encode():
                low = middle + 1
            else:
                high = middle
        return _digest_after(file, low) == wanted.encode()


def _digest_after(file: IO[bytes], place: int) -> bytes:
    """The digest of the first line that begins at a place or after it."""
    file.seek(max(place - 1, 0))
    if place:
        file.readline()
    return file.readline()[:40].upper()


class ProfileValidator:
    """SECURITY_PROFILE=dengbao: three kinds of characters, and none of the last five passwords."""

    def validate(self, password: str, user: Any = None) -> None:
        if settings.SECURITY_PROFILE != "dengbao":
            return
        kinds = sum(bool(re.search(kind, password)) for kind in (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]"))
        if kinds < 3:
            raise ValidationError(_("密码要有大写字母、小写字母、数字、符号中的三种。"), code="kinds")
        if user is not None and user.pk is not None and self._was_used(password, user):
            raise ValidationError(_("这个密码最近用过，请换一个。"), code="reused")

    def _was_used(self, password: str, user: Any) -> bool:
        earlier = PasswordHistory.objects.filter(user=user).order_by("-at").values_list("password", flat=True)
        return any(check_password(password, each) for each in earlier[:REMEMBERED])

    def password_changed(self, password: str, user: Any = None) -> None:
        if settings.SECURITY_PROFILE == "dengbao" and user is not None and user.pk is not None:
            PasswordHistory.objects.create(user=user, password=user.password)

    def get_help_text(self) -> str:
        if settings.SECURITY_PROFILE != "dengbao":
            return ""
        return _("要有大写字母、小写字母、数字、符号中的三种，不能用最近五次用过的。")
