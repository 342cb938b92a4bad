"""Reference rows kept in the process for half a minute: what every request names and nobody changes by the minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

# An edit reaches every process within this time.
SECONDS = 30.0
MOST = 5_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_all: list[Remembered[Any, Any]] = []


class Remembered(Generic[Key, Value]):
    """`read`, asked at most once in half a minute for each key. What it did not find it is asked again.

    The rows are shared by the threads of the process: whoever gets one reads it and changes nothing.
    """

    def __init__(self, read: Callable[[Key], Value | None]) -> None:
        self._read = read
        self._kept: dict[Key, tuple[float, Value]] = {}
        _all.append(self)

    def __call__(self, key: Key) -> Value | None:
        now = time.monotonic()
        kept = self._kept.get(key)
        if kept is not None and now - kept[0] < SECONDS:
            return kept[1]
        found = self._read(key)
        if found is None:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= MOST:
            self._kept.clear()
        self._kept[key] = (now, found)
        return found

    def clear(self) -> None:
        self._kept.clear()


def clear() -> None:
    """Forget everything: between tests."""
    for each in _all:
        each.clear()
