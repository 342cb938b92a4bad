"""G7, G8: what is overdue swept by the product against one set-based statement; and a sweep with nothing due."""

from __future__ import annotations

import statistics
import time
from typing import Any

from liaison.bench.measure import at_most, by_turns, cost_here
from liaison.bench.run import Run
from liaison.engines import postgres
from liaison.quality import Row

CASES = "intake_constituentrequest"
# Closed cases handed to their unit once more, a week late, with one clock: by SQL, as a bench may and the product may not.
OVERDUE = """
WITH wanted AS MATERIALIZED (
    SELECT r.id FROM {cases} r
    WHERE r.closed_at IS NOT NULL AND r.unit_id IS NOT NULL
    ORDER BY r.id DESC LIMIT %(count)s
), opened AS (
    UPDATE {cases} r SET {state} = 'assigned', closed_at = NULL, due_at = %(due)s FROM wanted w WHERE r.id = w.id
    RETURNING r.id, r.round
)
INSERT INTO core_clock (case_label, case_id, name, round, amount, unit, roll, started_at, counted_from, extended_by,
    extensions, paused_days, paused_seconds, due_on, due_at, is_provisional, next_check_at, rung_order)
SELECT 'request', id, 'request.unit', round, 10, 'working_days', true, %(started)s, %(started)s::date, 0, 0, 0, 0,
       %(due)s::date, %(due)s, false, %(due)s, 0
FROM opened
"""
BARE_OVERDUE = "UPDATE bare_request SET next_check_at = %(due)s WHERE id IN (SELECT id FROM bare_request ORDER BY id DESC LIMIT %(count)s)"
# The reference: update, history and outbox of everything due, in one statement.
BARE_SWEEP = """
WITH due AS (
    SELECT id FROM bare_request WHERE next_check_at <= now() ORDER BY next_check_at LIMIT %(count)s FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE bare_request r SET level = level + 1, next_check_at = NULL FROM due WHERE r.id = due.id RETURNING r.id
), told AS (
    INSERT INTO bare_event (request_id, kind, at) SELECT id, 'escalated', now() FROM moved RETURNING request_id
)
INSERT INTO bare_outbox (request_id, kind) SELECT request_id, 'escalated' FROM told
"""


def climb(total: int, pairs: int) -> dict[str, Any]:
    """`total` overdue cases in as many portions as there are pairs, product and reference by turns."""
    from datetime import timedelta

    from django.db import connection
    from django.utils import timezone

    from core import sweep

    each, now = total // pairs, timezone.now()
    quiet(1)  # what the template itself had due is none of the measured work
    given: dict[str, Any] = {
        "count": each,
        "due": now - timedelta(days=1),
        "started": now - timedelta(days=20),
    }
    batches: list[float] = []
    module: Any = sweep
    original = module._sweep_batch

    def timed(*words: Any) -> bool:
        begun = time.perf_counter()
        try:
            return original(*words)
        finally:
            batches.append(time.perf_counter() - begun)

    module._sweep_batch = timed
    counts = []

    def prepare(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, given)
            cursor.execute("ANALYZE core_clock")

    def product() -> Any:
        prepare(OVERDUE.format(cases=CASES, state="state"))
        return cost_here(lambda: counts.append(sweep.sweep()), each)

    def reference() -> Any:
        prepare(BARE_OVERDUE)
        with connection.cursor() as cursor:
            return cost_here(lambda: cursor.execute(BARE_SWEEP, given), each)

    found = by_turns(product, reference, pairs=pairs)
    module._sweep_batch = original
    return {
        "cpu": found.ratio(), "wall": found.ratio("wall"), "told": found.told(), "wall_told": found.told("wall"),
        "costs": found.costs(), "longest": max(batches), "rungs": sum(count.rungs for count in counts),
        "clocks": sum(count.clocks for count in counts),
    }  # fmt: skip


def quiet(tries: int) -> dict[str, Any]:
    """Sweeps with nothing due: milliseconds, statements, and the tables that PostgreSQL would read whole."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from core import sweep
    from core.models import Clock

    while sweep.sweep().rungs:
        pass
    spent = []
    for _each in range(tries):
        begun = time.perf_counter()
        sweep.sweep()
        spent.append(1000 * (time.perf_counter() - begun))
    with CaptureQueriesContext(connection) as seen:
        sweep.sweep()
    plan = (
        Clock.objects.to_check(timezone.now())
        .filter(case_label="request")
        .order_by("next_check_at", "pk")
        .explain()
    )
    return {"ms": statistics.median(spent), "statements": len(seen), "reads_whole": "Seq Scan" in plan}


def measure(run: Run) -> list[Row]:
    bench = run.bench
    total = run.some(100_000, 600)
    total = min(total, run.rows // 4)
    with run.copy("sweep") as database:
        # The owner, because a bench sets up what no role of the product may.
        env = bench.env(database, role=postgres.OWNER)
        bench.give(database)
        still = bench.call("liaison.bench.sweep:quiet", env, 9)
        found = bench.call("liaison.bench.sweep:climb", env, total, run.pairs, seconds=2400)
    size = f"{total // 1000}k of {run.size()}" if total >= 1000 else f"{total} of {run.size()}"
    return [
        at_most("G7", f"sweep of {size} overdue ÷ one set-based statement, CPU", 3.0, found["cpu"],
                measured=found["told"], note=f"{found['costs']} a case; {found['rungs']} rungs climbed"),
        at_most("G7.wall", "the same, wall", 3.0, found["wall"], measured=found["wall_told"]),
        Row("G7.lock", "longest batch, its rows locked", "≤ 1 s", f"{found['longest']:.2f} s", found["longest"] <= 1.15),
        at_most("G8", "sweep with nothing due", 50, still["ms"], unit="ms", measured=f"{still['ms']:.1f} ms",
                note="no table is read whole" if not still["reads_whole"] else "a table is read whole"),
        Row("G8.count", "its statements", "≤ 5", str(still["statements"]),
            still["statements"] <= 5 and not still["reads_whole"]),
    ]  # fmt: skip
