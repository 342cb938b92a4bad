"""Words every page needs: whose portal this is, and how large the reader wants the letters."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

SIZE_COOKIE = f"{settings.COOKIE_OF_HOST}size"
# 标准 17, 大 21, 特大 25.5, 超大 30 px of body text; the empty value is the standard and needs no cookie.
SIZES = {"": _("标准字号"), "1": _("大字"), "2": _("特大字"), "3": _("超大字")}


def reading_size(request: HttpRequest) -> str:
    """The reader's choice. A page that differs by it and is cached whole must be cached once for each size."""
    chosen = request.COOKIES.get(SIZE_COOKIE, "")
    return chosen if chosen in SIZES else ""


def words() -> dict[str, str]:
    return {
        "brand": settings.SITE_BRAND,
        "owner": settings.SITE_OWNER,
        "phone": settings.SITE_PHONE,
        "tel": "".join(filter(str.isdigit, settings.SITE_PHONE)),
    }


def site(request: HttpRequest) -> dict[str, Any]:
    size = reading_size(request)
    return {
        "site": words(),
        "reading_size": size,
        "reading_size_label": SIZES[size],
        "next_size": (int(size or 0) + 1) % len(SIZES),
    }
