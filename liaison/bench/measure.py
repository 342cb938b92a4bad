"""Alternating pairs: CPU of this process and of its PostgreSQL backend, wall time, statements."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

PAIRS = 5
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """What one run of `count` operations took, in milliseconds per operation."""

    wall: float
    cpu: float
    postgres_cpu: float

    @property
    def total_cpu(self) -> float:
        return self.cpu + self.postgres_cpu


@dataclass(frozen=True)
class Ratio:
    """The median over the pairs, with the medians it comes from."""

    name: str
    what: str
    ratio: float
    limit: float
    product_ms: float
    reference_ms: float
    statements: int
    spread: tuple[float, float]

    @property
    def holds(self) -> bool:
        """Within the limit and a margin for a noisy machine."""
        return self.ratio <= self.limit * 1.15

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "holds": self.holds}


def backend_cpu() -> float:
    """Seconds of CPU our connection's backend has used; 0 where its process cannot be seen."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICK


def cost_of(operation: Callable[[], Any], count: int) -> Cost:
    postgres, cpu, wall = backend_cpu(), time.process_time(), time.perf_counter()
    for _each in range(count):
        operation()
    spent = time.perf_counter() - wall, time.process_time() - cpu, backend_cpu() - postgres
    return Cost(*(1000 * each / count for each in spent))


def statements_of(operation: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as seen:
        operation()
    return len(seen)


def compare(
    name: str,
    what: str,
    product: Callable[[], Any],
    reference: Callable[[], Any],
    *,
    count: int,
    limit: float,
    by: str = "total_cpu",
) -> Ratio:
    """The median ratio of product to reference over alternating pairs, after one warm-up of each."""
    product()
    reference()
    pairs = [(cost_of(product, count), cost_of(reference, count)) for _pair in range(PAIRS)]
    ratios = [getattr(a, by) / max(getattr(b, by), 1e-6) for a, b in pairs]
    return Ratio(
        name=name,
        what=what,
        ratio=round(statistics.median(ratios), 2),
        limit=limit,
        product_ms=round(statistics.median(getattr(a, by) for a, _b in pairs), 2),
        reference_ms=round(statistics.median(getattr(b, by) for _a, b in pairs), 2),
        statements=statements_of(product),
        spread=(round(min(ratios), 2), round(max(ratios), 2)),
    )
