"""G1, G3: a request taken in with all its duties against the bare post, over HTTP; and its statements, foreign keys' too."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import count
from typing import Any

from liaison.bench import load
from liaison.bench.load import Call
from liaison.bench.measure import at_most, by_turns, cost_of
from liaison.bench.run import Run
from liaison.bench.server import BARE, PRODUCT, Server, serving
from liaison.engines.host import EngineError
from liaison.quality import Row

BODY = "牛场组进村路口的路灯有半个多月不亮了，晚上老人孩子走路看不见，上周有人摔了一跤。希望尽快修好。"
JSON = {"Content-Type": "application/json"}
MARKS = r"^\s*(BEGIN|COMMIT|SAVEPOINT|RELEASE|ROLLBACK|SET|SELECT \$1)\M"

Calls = Callable[[int], Call]


def facts() -> dict[str, Any]:
    """The stations, kinds of matter and villages that requests name."""
    from accounts.models import Area, Category
    from stations.models import Station

    stations = list(Station.objects.public().in_use().order_by("pk").values_list("pk", "code"))
    return {
        "stations": stations,
        "categories": list(Category.objects.filter(is_active=True).values_list("code", flat=True)),
        "villages": list(Area.objects.filter(level="village").values_list("code", flat=True)[:50]),
    }


def product_calls(told: dict[str, Any]) -> Calls:
    draw, keys = random.Random(7), count(random.SystemRandom().randrange(10**9) * 10**6)

    def call(_number: int) -> Call:
        body = {
            "station": _skewed(told["stations"], draw)[1], "category": draw.choice(told["categories"]), "body": BODY,
            "place": "小卖部对面", "village": draw.choice(told["villages"]), "consent": True, "notify": "sms",
            "contact": {"name": "王阿姨", "phone": "13800002746"},
        }  # fmt: skip
        return Call(
            "POST", "/api/v1/requests/", json.dumps(body), JSON | {"Idempotency-Key": f"bench-{next(keys)}"}
        )

    return call


def bare_calls(told: dict[str, Any]) -> Calls:
    draw = random.Random(7)

    def call(_number: int) -> Call:
        body = {
            "station": _skewed(told["stations"], draw)[0], "category": draw.choice(told["categories"]), "body": BODY,
            "title": "牛场组进村路口的路灯", "place": "小卖部对面", "name": "王阿姨", "phone": "13800002746",
        }  # fmt: skip
        return Call("POST", "/requests/", json.dumps(body), JSON)

    return call


def _skewed(stations: list[Any], draw: random.Random) -> Any:
    return stations[0] if draw.random() < 0.2 else draw.choice(stations)


def measure(run: Run) -> list[Row]:
    bench, each = run.bench, run.some(400, 80)
    with run.copy("intake") as database:
        told = bench.call("liaison.bench.intake:facts", bench.env(database))
        ours, theirs = product_calls(told), bare_calls(told)
        with serving(bench, PRODUCT, database) as product, serving(bench, BARE, database) as bare:
            _post(product, ours, 40)
            _post(bare, theirs, 40)
            pairs = by_turns(
                lambda: cost_of(
                    lambda: _post(product, ours, each), each, cpu=product.cpu, postmaster=bench.postmaster
                ),
                lambda: cost_of(
                    lambda: _post(bare, theirs, each), each, cpu=bare.cpu, postmaster=bench.postmaster
                ),
                pairs=run.pairs,
            )
            note = f"{pairs.costs()}; {each} posts a run, 4 connections"
            speed = 1 / pairs.ratio("wall")
            rows = [
                at_most("G1", f"intake ÷ bare DRF post, CPU, {run.size()} rows", 2.0, pairs.ratio(), measured=pairs.told(),
                        note=note),
                Row("G1.rps", "intake, requests a second ÷ bare's", "≥ 0.5 ×", f"{speed:.2f} ×", speed >= 0.5 / 1.15),
            ]  # fmt: skip
            rows.append(_statements(run, database, product, bare, ours, theirs))
    return rows


def _post(server: Server, calls: Calls, posts: int) -> None:
    done = load.send(server.port, calls, count=posts)
    if set(done.statuses) != {201}:
        raise EngineError(f"Posts were answered {dict(done.statuses)}.")


def _statements(run: Run, database: str, product: Server, bare: Server, ours: Calls, theirs: Calls) -> Row:
    """Counted by the server itself, those of foreign keys among them; transaction marks apart."""
    bench = run.bench
    what = "statements of one intake, foreign keys' own included"
    if not bench.can_count:
        return Row("G3", what, "≤ 20", "not counted", None, "this PostgreSQL has no pg_stat_statements")
    bench.ask(database, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    bench.count_statements("all")
    try:
        found = [
            _counted(run, database, server, calls) for server, calls in ((product, ours), (bare, theirs))
        ]
    finally:
        bench.count_statements("none")
    (own, marks), (bare_own, bare_marks) = found
    note = f"besides {marks:.0f} transaction marks; the bare post {bare_own:.0f} and {bare_marks:.0f}"
    return Row("G3", what, "≤ 20", f"{own:.0f}", own <= 20, note)


def _counted(run: Run, database: str, server: Server, calls: Calls, posts: int = 20) -> tuple[float, float]:
    bench = run.bench
    bench.ask(database, "SELECT pg_stat_statements_reset()")
    _post(server, calls, posts)
    rows = bench.ask(
        database,
        f"SELECT query ~* '{MARKS}', sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
        "WHERE d.datname = current_database() AND query NOT LIKE '%pg_stat_statements%' GROUP BY 1",
    )
    counted = {bool(is_mark): float(calls_made) / posts for is_mark, calls_made in rows}
    return counted.get(False, 0.0), counted.get(True, 0.0)
