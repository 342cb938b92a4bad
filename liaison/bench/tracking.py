"""G4: the private page of a case against a bare one of two queries, and as the tables grow."""

from __future__ import annotations

import random
import statistics
from typing import Any

from liaison.bench import load
from liaison.bench.load import Call
from liaison.bench.measure import Cost, Pairs, at_most, by_turns, cost_of
from liaison.bench.run import Run
from liaison.bench.server import BARE, PRODUCT, Server, serving
from liaison.engines.host import EngineError
from liaison.quality import Row

CODES = 400


def facts() -> list[tuple[str, str]]:
    """(address with us, with the bare project) of cases spread over all years."""
    from intake.models import ConstituentRequest

    last = ConstituentRequest.objects.order_by("-pk").values_list("pk", flat=True)[0]
    draw = random.Random(7)
    wanted = {draw.randrange(1, last + 1) for _each in range(CODES)}
    found = ConstituentRequest.objects.filter(pk__in=wanted).only("receipt_code", "public_id")
    return [(f"/t/{case.receipt_code}", f"/cases/{case.public_id}/") for case in found]


def measure(run: Run) -> list[Row]:
    bench, each = run.bench, run.some(400, 60)
    small, large = run.template(run.small), run.template()
    told = {name: bench.call("liaison.bench.tracking:facts", bench.env(name)) for name in {small, large}}
    with (
        serving(bench, PRODUCT, large) as product,
        serving(bench, BARE, large) as bare,
        serving(bench, PRODUCT, small) as less,
    ):
        servers = ((product, told[large], 0), (bare, told[large], 1), (less, told[small], 0))
        for server, addresses, which in servers:
            _get(server, addresses, which, 60)
        tails: dict[int, list[float]] = {0: [], 1: []}

        def cost(server: Server, addresses: list[Any], which: int) -> Cost:
            done: list[load.Load] = []
            found = cost_of(
                lambda: done.append(_get(server, addresses, which, each)), each, cpu=server.cpu,
                postmaster=bench.postmaster,
            )  # fmt: skip
            if server is not less:
                tails[which].append(done[0].percentile(0.95))
            return found

        by_bare = by_turns(
            lambda: cost(product, told[large], 0), lambda: cost(bare, told[large], 1), pairs=run.pairs
        )
        growth = by_turns(
            lambda: cost(product, told[large], 0), lambda: cost(less, told[small], 0), pairs=run.pairs
        )
    return _rows(run, by_bare, growth, tails)


def _rows(run: Run, by_bare: Pairs, growth: Pairs, tails: dict[int, list[float]]) -> list[Row]:
    ours, theirs = statistics.median(tails[0]), statistics.median(tails[1])
    return [
        at_most("G4", f"private page ÷ bare page, CPU, {run.size()} rows", 2.0, by_bare.ratio(), measured=by_bare.told(),
                note=f"{by_bare.costs()}; statements: at most 4, tests/house/test_budgets.py"),
        at_most("G4.p95", "private page, p95 ÷ bare's, 8 connections", 3.0, ours / theirs,
                measured=f"{ours / theirs:.2f} × ({ours:.0f} : {theirs:.0f} ms)"),
        at_most("G4.growth", f"private page, {run.size(run.small)} → {run.size()} rows, CPU", 1.3, growth.ratio(),
                measured=growth.told()),
    ]  # fmt: skip


def _get(server: Server, addresses: list[Any], which: int, count: int) -> load.Load:
    done = load.send(
        server.port,
        lambda number: Call("GET", addresses[number % len(addresses)][which]),
        count=count,
        connections=8,
    )
    if set(done.statuses) != {200}:
        raise EngineError(f"Pages were answered {dict(done.statuses)}.")
    return done
