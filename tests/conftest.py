"""Fixtures every test may use: the small county, a signed-in client, a client that refuses broken pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import remembered
from tests.browser import browser_page as browser_page
from tests.browser import chromium as chromium
from tests.county import County, build_county

_BROKEN = re.compile(r"\{\{|\{%|\son[a-z]+=\"|\sstyle=\"|javascript:", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _fresh_memory() -> Iterator[None]:
    """What lives in the process must not leak from one test to the next."""
    remembered.clear()
    cache.clear()
    yield
    remembered.clear()


@pytest.fixture
def county(db: None) -> County:
    return build_county()


class HouseClient(Client):
    """Fails a test whose page carries an unrendered tag, an inline handler or style, or no language."""

    def request(self, **request: Any) -> HttpResponse:
        response = super().request(**request)
        if "text/html" in response.headers.get("Content-Type", "") and not response.streaming:
            text = response.content.decode()
            found = _BROKEN.search(text)
            assert found is None, (
                f"{request.get('PATH_INFO')}: {text[max(0, found.start() - 80) : found.end() + 80]}"
            )
            if "<html" in text:
                assert re.search(r"<html[^>]*\slang=", text), f"{request.get('PATH_INFO')}: no lang"
        return response


@pytest.fixture
def client() -> HouseClient:
    return HouseClient(headers={"sec-fetch-site": "same-origin"})


@pytest.fixture
def sign_in(client: HouseClient) -> Callable[[Any], HouseClient]:
    """A client signed in as a user, past the second factor."""
    from accounts.models import LoginSession

    def enter(user: Any) -> HouseClient:
        signed = HouseClient(headers={"sec-fetch-site": "same-origin"})
        signed.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        LoginSession.objects.get_or_create(
            session_key=signed.session.session_key, defaults={"user": user, "seen_at": timezone.now()}
        )
        return signed

    return enter


@pytest.fixture
def count_queries() -> Callable[[], CaptureQueriesContext]:
    """`with count_queries() as seen: …; len(seen)`: for holding a list to the same number at any length."""
    return lambda: CaptureQueriesContext(connection)
