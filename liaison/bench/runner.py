"""`python3 dev.py bench`: what can be measured, the order, one table, one JSON. Knows no Django: it starts those that do."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from liaison import quality
from liaison.bench import figures, intake, lists, mixed, searching, sheets, sweep, taking, tracking
from liaison.bench.place import Bench
from liaison.bench.run import SHORT, Run
from liaison.engines import host
from liaison.quality import Row

HOW = (
    "Each ratio is the median of at least five pairs in which product and reference take turns (three with `--short`); CPU "
    "is that of the web processes and of the whole PostgreSQL together. Served by gunicorn, two workers, DEBUG off, over "
    "loopback. A row counts as missed beyond its limit × 1.15. One station holds a fifth of all requests, one state "
    "nineteen of twenty."
)
WEAK = (
    "The cluster that is measured does not wait for the disk (fsync off), on both sides of every ratio.",
    "The words of the requests come from a small vocabulary.",
    "The overview is counted from the rows each half minute; a table folded from the events (G12) is open.",
    "A sweep works case by case in memory around a few statements, and so far from one statement for everything (G7).",
    "The stock import writes one plain table, ours people, mandates and postings with their history (G11).",
)


@dataclass(frozen=True)
class Measured:
    what: str
    measure: Callable[[Run], list[Row]]


BENCHES = {
    "intake": Measured("G1 G3  a request taken in ÷ the smallest DRF post; its statements", intake.measure),
    "tracking": Measured("G4     the private page ÷ a bare page; as the tables grow", tracking.measure),
    "lists": Measured(
        "G5     every list, filter, sort and last page of the desk as the tables grow", lists.measure
    ),
    "sweep": Measured("G7 G8  100,000 overdue ÷ one set-based statement; nothing due", sweep.measure),
    "sheets": Measured("G11    a register of 10,000 people ÷ stock django-import-export", sheets.measure),
    "figures": Measured(
        "G12    the overview ÷ naive aggregates; equal after random transitions", figures.measure
    ),
    "search": Measured("G13    Chinese search ÷ a substring scan, and as complete", searching.measure),
    "export": Measured("G14    100,000 rows taken along by a worker", taking.measure),
    "mixed": Measured("G15    intake while sweep, import and figures run", mixed.measure),
}


def run(checkout: str, words: list[str]) -> int:
    options = _options(words)
    if options.list:
        for name, each in BENCHES.items():
            print(f"  {name:<10} {each.what}")
        return 0
    unknown = [name for name in options.names if name not in BENCHES]
    if unknown:
        raise host.EngineError(f"No bench named {unknown[0]}; there are {', '.join(BENCHES)}.")
    bench = Bench(Path(checkout), host.state_dir(Path(checkout), os.environ))
    with bench.running():
        rows = SHORT if options.short else options.rows
        found = _measure(Run(bench, rows, options.short), options.names or list(BENCHES))
    missed = [row.id for row in found if row.passed is False]
    if not options.short:
        path = quality.write(
            "bench", found, title="Speed as ratios", command="python3 dev.py bench", how=HOW, weak=WEAK
        )
        print(f"Kept in {path.relative_to(checkout)}.")
    print(f"Missed: {', '.join(missed)}." if missed else "Nothing missed.")
    return 1 if missed else 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py bench", description="Measure, and keep what was found."
    )
    parser.add_argument("names", nargs="*", help="some of the benches; all when none is named")
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="requests in the large database (10000, 1000000)"
    )
    parser.add_argument("--short", action="store_true", help="small sizes, about a minute, nothing kept")
    parser.add_argument("--list", action="store_true", help="only say what can be measured")
    return parser.parse_args(words)


def _measure(run: Run, names: list[str]) -> list[Row]:
    found: list[Row] = []
    for name in names:
        begun = time.monotonic()
        rows = BENCHES[name].measure(run)
        found += rows
        for row in rows:
            mark = {True: "ok    ", False: "MISSED", None: "      "}[row.passed]
            print(f"{mark}  {row.id:<11} {row.measured:<28} {row.limit:<10} {row.what}", flush=True)
            if row.note:
                print(f"        {'':<11} {row.note}", flush=True)
        print(f"        {name} took {time.monotonic() - begun:.0f} s", flush=True)
    return found
