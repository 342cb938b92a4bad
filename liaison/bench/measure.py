"""Product and reference by turns; the median of their ratios; a row for the page of quality."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from liaison.bench.server import tree_cpu
from liaison.quality import Row

PAIRS = 5
# A noisy machine may add so much to a ratio before it counts as missed.
MARGIN = 1.15


@dataclass(frozen=True)
class Cost:
    """Milliseconds per operation: on the clock, of the process or web tree, of PostgreSQL."""

    wall: float
    cpu: float
    postgres: float

    @property
    def both(self) -> float:
        return self.cpu + self.postgres


def cost_of(operate: Callable[[], Any], count: int, *, cpu: Callable[[], float], postmaster: int) -> Cost:
    """What `operate`, which does `count` operations, takes of each."""
    before = time.perf_counter(), cpu(), tree_cpu(postmaster)
    operate()
    after = time.perf_counter(), cpu(), tree_cpu(postmaster)
    return Cost(*(1000 * (late - early) / count for early, late in zip(before, after, strict=True)))


def cost_here(operate: Callable[[], Any], count: int) -> Cost:
    """The same for work done in this process; its parent told it the server's process."""
    return cost_of(operate, count, cpu=time.process_time, postmaster=int(os.environ["BENCH_POSTMASTER"]))


@dataclass(frozen=True)
class Pairs:
    """Costs of the product and of the reference, measured by turns."""

    product: Sequence[Cost]
    reference: Sequence[Cost]

    def ratio(self, by: str = "both") -> float:
        return statistics.median(self.ratios(by))

    def ratios(self, by: str = "both") -> list[float]:
        pairs = zip(self.product, self.reference, strict=True)
        return [getattr(a, by) / max(getattr(b, by), 1e-6) for a, b in pairs]

    def told(self, by: str = "both") -> str:
        """`1.72 × (1.60–1.81)`."""
        ratios = self.ratios(by)
        return f"{statistics.median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"

    def costs(self) -> str:
        """Medians behind the ratio, for the note."""
        return f"product {_medians(self.product)}; reference {_medians(self.reference)}"


def _medians(costs: Sequence[Cost]) -> str:
    cpu, postgres, wall = (
        statistics.median(getattr(each, name) for each in costs) for name in ("cpu", "postgres", "wall")
    )
    return f"{cpu:.2f} + {postgres:.2f} ms CPU, {wall:.1f} ms wall"


def by_turns(product: Callable[[], Cost], reference: Callable[[], Cost], *, pairs: int = PAIRS) -> Pairs:
    """Each in turn, so that whatever else the machine does falls on both."""
    found = [(product(), reference()) for _pair in range(pairs)]
    return Pairs([a for a, _b in found], [b for _a, b in found])


def at_most(
    id: str, what: str, limit: float, found: float, *, measured: str, unit: str = "×", note: str = ""
) -> Row:
    """A row that holds while `found` is within the limit and the margin for noise."""
    return Row(id, what, f"≤ {limit:g} {unit}", measured, found <= limit * MARGIN, note)
