"""Rate limits of the public door: the shared cache first, PostgreSQL when that is down or may not forget.

A source's window begins with its first try, in both places.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from django.db import connection
from django.utils import timezone
from rest_framework.throttling import BaseThrottle

from core.models.draft import RateBucket
from core.publicdoor import client_address

BREAKER_SECONDS = 30
SLOW_SECONDS = 0.5
# A cached counter holds when its window began and the count in one number, so that one INCR answers both.
_COUNTS = 10**9
_open_until = 0.0


@dataclass(frozen=True)
class Limit:
    """So many tries of one source in a window.

    `durable` counts in PostgreSQL only, for log-in and receipt guessing: emptying the cache gives nobody new
    tries. Once used up it shuts for a whole window from that moment (five tries, then fifteen minutes).
    """

    scope: str
    rate: int
    per_seconds: int
    durable: bool = False


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    retry_after: int  # seconds until the window ends
    count: int


def hit(limit: Limit, source: str) -> Verdict:
    """Count one try and say whether it is still within the limit.

    Call it outside the action's transaction: a rollback would forgive the try.
    """
    used = None if limit.durable else _ask_cache(_hit_cache, limit, source)
    count, seconds_left = used or _hit_database(limit, source)
    return Verdict(count <= limit.rate, seconds_left, count)


def peek(limit: Limit, source: str) -> Verdict:
    """Whether the next try would be within the limit, without counting it."""
    used = None if limit.durable else _ask_cache(_peek_cache, limit, source)
    count, seconds_left = used or _peek_database(limit, source)
    return Verdict(count < limit.rate, seconds_left, count)


def reset(limit: Limit, source: str) -> None:
    """Forgive a source its tries: after a log-in that succeeded."""
    RateBucket.objects.filter(scope=limit.scope, key_digest=_digest(source)).delete()
    if not limit.durable:
        _ask_cache(_reset_cache, limit, source)


def _digest(source: str) -> str:
    """Addresses and numbers are not kept in the clear."""
    return hmac.new(settings.BLIND_INDEX_KEY, b"throttle" + source.encode(), hashlib.sha256).hexdigest()[:32]


# --- the shared cache


def _ask_cache(question: Any, limit: Limit, source: str) -> tuple[int, int] | None:
    """The cache's answer, or nothing while it is down or slow: the breaker then keeps it out of the way."""
    global _open_until
    if time.monotonic() < _open_until:
        return None
    started = time.monotonic()
    try:
        answer: tuple[int, int] = question(limit, f"throttle:{limit.scope}:{_digest(source)}")
    except Exception:  # each client raises its own kinds; the limit must hold all the same
        _open_until = time.monotonic() + BREAKER_SECONDS
        return None
    if time.monotonic() - started > SLOW_SECONDS:
        _open_until = time.monotonic() + BREAKER_SECONDS
    return answer


# In one call what takes three through the cache's own methods: begin the window if none runs, count, say the count.
# Read back as text: Lua's own numbers are too short for it.
_COUNT_ONE = """
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
redis.call('INCR', KEYS[1])
return redis.call('GET', KEYS[1])
"""


def _hit_cache(limit: Limit, key: str) -> tuple[int, int]:
    store = caches["default"]
    if not isinstance(store, RedisCache):
        return _hit_any_cache(limit, key)
    name = store.make_and_validate_key(key)
    before_first = int(time.time()) * _COUNTS
    return _read(limit, int(_script_of(store)(keys=[name], args=[before_first, limit.per_seconds])))


def _script_of(store: Any) -> Any:
    """The script in this thread's cache, made once: a client for every call cost more than the call."""
    if not hasattr(store, "count_one"):
        store.count_one = store._cache.get_client(write=True).register_script(_COUNT_ONE)
    return store.count_one


def _hit_any_cache(limit: Limit, key: str) -> tuple[int, int]:
    first = int(time.time()) * _COUNTS + 1
    if cache.add(key, first, timeout=limit.per_seconds):
        return _read(limit, first)
    try:
        return _read(limit, cache.incr(key))
    except ValueError:  # it expired between the two calls
        cache.set(key, first, timeout=limit.per_seconds)
        return _read(limit, first)


def _peek_cache(limit: Limit, key: str) -> tuple[int, int]:
    counter = cache.get(key)
    return (0, limit.per_seconds) if counter is None else _read(limit, counter)


def _reset_cache(limit: Limit, key: str) -> tuple[int, int]:
    cache.delete(key)
    return 0, limit.per_seconds


def _read(limit: Limit, counter: int) -> tuple[int, int]:
    began, count = divmod(counter, _COUNTS)
    return count, max(1, began + limit.per_seconds - int(time.time()))


# --- PostgreSQL


def _hit_database(limit: Limit, source: str) -> tuple[int, int]:
    now = timezone.now()
    ends = now + timedelta(seconds=limit.per_seconds)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_ratebucket AS bucket (scope, key_digest, window_start, count, expires_at)
            VALUES (%(scope)s, %(key)s, %(now)s, 1, %(ends)s)
            ON CONFLICT (scope, key_digest) DO UPDATE SET
                (count, window_start, expires_at) = (
                    SELECT 1, %(now)s, %(ends)s WHERE bucket.expires_at <= %(now)s
                    UNION ALL
                    SELECT bucket.count + 1, bucket.window_start,
                        CASE WHEN %(shuts_at)s = bucket.count + 1 THEN %(ends)s ELSE bucket.expires_at END
                    WHERE bucket.expires_at > %(now)s
                )
            RETURNING count, expires_at
            """,
            {
                "scope": limit.scope,
                "key": _digest(source),
                "now": now,
                "ends": ends,
                "shuts_at": limit.rate if limit.durable else 0,
            },
        )
        count, expires_at = cursor.fetchone()
    return count, max(1, math.ceil((expires_at - now).total_seconds()))


def _peek_database(limit: Limit, source: str) -> tuple[int, int]:
    now = timezone.now()
    live = RateBucket.objects.filter(scope=limit.scope, key_digest=_digest(source), expires_at__gt=now)
    bucket = live.values_list("count", "expires_at").first()
    if bucket is None:
        return 0, limit.per_seconds
    return bucket[0], max(1, math.ceil((bucket[1] - now).total_seconds()))


# --- the API

STAFF_API = Limit("api.staff", 600, 60)
PUBLIC_API = Limit("api.public", 120, 60)


class HouseThrottle(BaseThrottle):
    """DRF's door to the same limits: a view may name its own `throttle_limit`."""

    def __init__(self) -> None:
        self._verdict: Verdict | None = None

    def allow_request(self, request: Any, view: Any) -> bool:
        known = request.user is not None and request.user.is_authenticated
        limit = getattr(view, "throttle_limit", None) or (STAFF_API if known else PUBLIC_API)
        source = f"user:{request.user.pk}" if known else client_address(request)
        self._verdict = hit(limit, source)
        return self._verdict.allowed

    def wait(self) -> float | None:
        return float(self._verdict.retry_after) if self._verdict is not None else None
