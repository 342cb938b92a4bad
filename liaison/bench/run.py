"""What one run measures at: how many rows, how often, on which databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from liaison.bench.place import Bench

SMALL = 10_000
SHORT = 2_000


@dataclass(frozen=True)
class Run:
    bench: Bench
    rows: int
    is_short: bool = False

    @property
    def small(self) -> int:
        """The size that growth is measured from."""
        return min(SMALL, self.rows)

    @property
    def pairs(self) -> int:
        return 3 if self.is_short else 5

    def some(self, usual: int, short: int) -> int:
        return short if self.is_short else usual

    def template(self, rows: int = 0) -> str:
        return self.bench.template(rows or self.rows)

    @contextmanager
    def copy(self, name: str, rows: int = 0) -> Iterator[str]:
        """A copy of the template, thrown away at the end of the block."""
        made = self.bench.copy(self.template(rows), name)
        try:
            yield made
        finally:
            self.bench.drop(made)

    def size(self, rows: int = 0) -> str:
        rows = rows or self.rows
        return f"{rows // 10**6}M" if rows % 10**6 == 0 else f"{rows // 1000}k"
