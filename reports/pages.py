"""Whole public pages kept for half a minute in each process: dearer to draw than to keep, the same for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core.context import reading_size


def cached_page(
    request: HttpRequest, template: str, make: Callable[[], dict[str, Any]], *, key: str, keep: bool = True
) -> HttpResponse:
    """The page from the memory of this process, or drawn anew from what `make` gives.

    `key` names what the page differs by besides its path and the reading size. `keep` is false for an address nobody
    links to: its query would stand in the page that others get.
    """
    cache = caches["pages"]
    name = f"page:{request.path}:{key}:{reading_size(request)}"
    content = cache.get(name) if keep else None
    if content is None:
        content = render_to_string(template, make(), request)
        if keep:
            cache.set(name, content)
    return HttpResponse(content)
