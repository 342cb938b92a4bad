"""G13: Chinese search finds all that a substring scan finds, and much sooner; a database blind to Chinese is refused."""

from __future__ import annotations

import random
import re
import statistics
import sys
import time
from typing import Any

from liaison.bench.measure import MARGIN
from liaison.bench.run import Run
from liaison.engines.host import EngineError
from liaison.quality import Row

LENGTHS = (1, 2, 3, 4, 6, 8, 10, 12)
TEXTS = ["reference", "title", "body", "place"]


def find(each: int) -> dict[str, Any]:
    """Recall and precision against a substring scan, the slowest twentieth of both for rare words."""
    from django.db.models import Q, TextField, Value
    from django.db.models.functions import Concat

    from core.search import search, words_of
    from intake.models import ConstituentRequest

    rows = ConstituentRequest.objects.order_by("-pk")
    joined = Concat(*[part for name in TEXTS for part in (name, Value("\n"))], output_field=TextField())

    def ours(query: str) -> Any:
        return search(rows, query, vector="search", texts=TEXTS)

    def scan(query: str) -> Any:
        wanted = Q()
        for word in words_of(query):
            wanted &= Q(_whole__contains=word)
        return rows.alias(_whole=joined).filter(wanted)

    wrong, rare, plain = [], [], []
    # A number is in one row only: something rare is always among them.
    numbers = list(rows.values_list("reference", flat=True)[:each])
    for query in _queries(each) + numbers:
        expected = set(scan(query).values_list("pk", flat=True))
        found = set(ours(query).values_list("pk", flat=True))
        if found != expected:
            wrong.append(query)
        if len(expected) <= 500:
            rare.append(_spent(ours(query)))
            plain.append(_spent(scan(query)))
    capped = statistics.median(_spent_counting(ours(query)) for query in ("路灯", "灯"))
    return {
        "wrong": wrong, "queries": (len(LENGTHS) + 2) * each, "rare": _tail(rare), "plain": _tail(plain), "capped": capped,
    }  # fmt: skip


def _queries(each: int) -> list[str]:
    """Pieces of bodies that are there, of each length, and two pieces of one body."""
    from intake.models import ConstituentRequest

    draw = random.Random(2746)
    last = ConstituentRequest.objects.order_by("-pk").values_list("pk", flat=True)[0]
    picked = [draw.randrange(1, last + 1) for _each in range(each * 8)]
    texts = ConstituentRequest.objects.filter(pk__in=picked).values_list("body", flat=True)
    # Runs of plain characters: signs have several widths, which search takes for one another and a scan does not.
    bodies = [run for text in texts for run in re.findall("[一-龥]+", text) if len(run) > 12]

    def piece(body: str, length: int) -> str:
        start = draw.randrange(len(body) - length)
        return body[start : start + length]

    found = [piece(draw.choice(bodies), length) for length in LENGTHS for _each in range(each)]
    for _each in range(each):
        body = draw.choice(bodies)
        found.append(f"{piece(body, 2)} {piece(body, 3)}")
    return found


def _spent(rows: Any) -> float:
    begun = time.perf_counter()
    list(rows.values_list("pk", flat=True)[:25])
    return 1000 * (time.perf_counter() - begun)


def _spent_counting(rows: Any) -> float:
    begun = time.perf_counter()
    rows.order_by()[:1001].count()
    return 1000 * (time.perf_counter() - begun)


def _tail(spent: list[float]) -> float:
    ordered = sorted(spent)
    return ordered[int(len(ordered) * 0.95)] if ordered else 0.0


def measure(run: Run) -> list[Row]:
    bench, each = run.bench, run.some(6, 3)
    env = bench.env(run.template())
    large = bench.call("liaison.bench.searching:find", env, each, seconds=2400)
    small = bench.call("liaison.bench.searching:find", bench.env(run.template(run.small)), each)
    growth = large["capped"] / max(small["capped"], 0.1)
    part = large["rare"] / max(large["plain"], 0.1)
    wrong = large["wrong"] + small["wrong"]
    return [
        Row("G13", f"search against a substring scan, {run.size()} rows, {large['queries']} queries of 1 to 12 characters "
            "and of two words", "recall 1.000", "1.000" if not wrong else f"{len(wrong)} queries differ", not wrong,
            "precision 1.000 too: the same rows" if not wrong else "; ".join(wrong[:5])),
        Row("G13.rare", "p95 for words of few rows ÷ the scan's", "≤ 0.2 ×", f"{part:.3f} ×", part <= 0.2 * MARGIN,
            f"{large['rare']:.1f} : {large['plain']:.1f} ms"),
        Row("G13.growth", f"capped count of frequent words, {run.size(run.small)} → {run.size()}", "≤ 3 ×",
            f"{growth:.2f} ×", growth <= 3 * MARGIN, f"{small['capped']:.1f} → {large['capped']:.1f} ms"),
        _blind(run),
    ]  # fmt: skip


def _blind(run: Run) -> Row:
    """A database whose LC_CTYPE is C must not be taken for one that can search."""
    bench, name = run.bench, "bench_copy_blind"
    bench.drop(name)
    bench._ask(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        bench.run_child(
            [sys.executable, "manage.py", "check", "--database", "default"], bench.env(name), seconds=120
        )
        said = ""
    except EngineError as refused:
        said = str(refused)
    finally:
        bench.drop(name)
    is_refused = "CTYPE" in said.upper()
    return Row(
        "G13.blind", "a database with LC_CTYPE C", "refused", "refused" if is_refused else "taken", is_refused
    )
