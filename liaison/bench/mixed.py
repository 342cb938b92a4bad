"""G15: requests keep coming in while sweep, import and the counting of figures run beside them."""

from __future__ import annotations

import statistics
import threading
from typing import Any

from liaison.bench import intake, load
from liaison.bench.measure import MARGIN
from liaison.bench.run import Run
from liaison.bench.server import PRODUCT, serving
from liaison.engines import postgres
from liaison.quality import Row


def figures(times: int) -> int:
    """The overview counted again and again, as if its half minute were over each time."""
    from liaison.bench import figures as counting

    counting.count_up(times)
    return times


def measure(run: Run) -> list[Row]:
    bench, each = run.bench, run.some(300, 60)
    with run.copy("mixed") as database:
        bench.give(database)
        calls = intake.product_calls(bench.call("liaison.bench.intake:facts", bench.env(database)))
        owner = bench.env(database, role=postgres.OWNER)
        jobs: tuple[tuple[Any, ...], ...] = (
            ("liaison.bench.sweep:climb", owner, min(run.some(20_000, 300), run.rows // 4), 1),
            ("liaison.bench.sheets:take_in", owner, run.some(5_000, 200)),
            ("liaison.bench.mixed:figures", bench.env(database), run.some(3, 1)),
        )
        with serving(bench, PRODUCT, database) as product:
            load.send(product.port, calls, count=40)
            idle = [load.send(product.port, calls, count=each) for _turn in range(3)]
            workers = [threading.Thread(target=_job, args=(bench, job), daemon=True) for job in jobs]
            for worker in workers:
                worker.start()
            busy = []
            while any(worker.is_alive() for worker in workers):
                busy.append(load.send(product.port, calls, count=each))
            for worker in workers:
                worker.join()
    before = statistics.median(one.percentile(0.95) for one in idle)
    during = statistics.median(one.percentile(0.95) for one in busy)
    errors = sum(one.errors for one in (*idle, *busy))
    ratio = during / before
    return [
        Row("G15", "intake p95 while sweep, import and figures run ÷ idle", "≤ 3 ×", f"{ratio:.2f} ×",
            ratio <= 3 * MARGIN, f"{before:.0f} → {during:.0f} ms over {len(busy) * each} requests, two cores for all"),
        Row("G15.errors", "answers of 500 and above meanwhile", "0", str(errors), errors == 0),
    ]  # fmt: skip


def _job(bench: Any, job: tuple[Any, ...]) -> None:
    bench.call(job[0], job[1], *job[2:], seconds=1200)
