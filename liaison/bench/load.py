"""Requests over kept-alive connections from threads of this process, whose own CPU is not counted."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

SECONDS = 30


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Load:
    """What came of it: milliseconds of each request, and how often each status."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    def percentile(self, part: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0

    @property
    def errors(self) -> int:
        return sum(count for status, count in self.statuses.items() if status >= 500)


def send(port: int, calls: Callable[[int], Call], *, count: int, connections: int = 4) -> Load:
    """`count` requests, the n-th made by `calls(n)`, over so many connections at once."""
    load, lock, numbers = Load(), threading.Lock(), iter(range(count))

    def one_connection() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        try:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                spent, status = _one(connection, calls(number))
                with lock:
                    load.latencies.append(spent)
                    load.statuses[status] += 1
        finally:
            connection.close()

    begun = time.perf_counter()
    threads = [threading.Thread(target=one_connection) for _each in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - begun
    return load


def _one(connection: http.client.HTTPConnection, call: Call) -> tuple[float, int]:
    begun = time.perf_counter()
    try:
        connection.request(call.method, call.path, call.body.encode() or None, call.headers)
        answer = connection.getresponse()
        answer.read()
        status = answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        status = 599  # no answer is the worst answer
    return 1000 * (time.perf_counter() - begun), status
