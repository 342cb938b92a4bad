"""Every route of the site, read from the URL conf itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


@dataclass(frozen=True)
class Route:
    name: str
    pattern: str
    view: Callable[..., Any]
    arguments: tuple[str, ...]

    @property
    def needs_log_in(self) -> bool:
        """What LoginRequiredMiddleware will ask of it. Django REST framework's views ask for themselves."""
        return getattr(self.view, "login_required", True)


def routes() -> list[Route]:
    return list(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: list[URLPattern | URLResolver], prefix: str, space: str) -> Iterator[Route]:
    for each in patterns:
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from _walk(each.url_patterns, prefix + str(each.pattern), inner)
        else:
            pattern = prefix + str(each.pattern)
            name = f"{space}{each.name}" if each.name else f"/{pattern}"
            yield Route(name, pattern, each.callback, tuple(each.pattern.converters))
