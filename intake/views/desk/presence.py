"""Who else looks at a case just now: in the cache only, so that looking never writes to the database."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.core.cache import cache

logger = logging.getLogger(__name__)
SECONDS = 90


def also_looking(case: Any, user: Any) -> list[str]:
    """Note that this person looks, and give the names of the others. Without a cache nobody is seen, nothing breaks."""
    key, now = f"presence:{case.label}:{case.pk}", time.time()
    try:
        seen: dict[int, tuple[str, float]] = cache.get(key) or {}
        seen = {who: (name, at) for who, (name, at) in seen.items() if now - at < SECONDS}
        seen[user.pk] = (str(user), now)
        cache.set(key, seen, timeout=SECONDS)
    except Exception:  # each client raises its own kinds; presence is a courtesy
        logger.warning("presence: the cache does not answer")
        return []
    return [name for who, (name, _at) in seen.items() if who != user.pk]
