"""Measure, side by side with bare references, on a database of its own that is thrown away afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from liaison.bench import intake
from liaison.bench.measure import Ratio

BENCHES: dict[str, tuple[str, Callable[[int], list[Ratio]], int]] = {
    "intake": ("登记一件诉求，对比最小的写入", intake.run, 100),
}


class Command(BaseCommand):
    help = "Measure: `bench` names what can be measured, `bench NAME…` or `bench all` measures. Run as the owner."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("names", nargs="*")
        parser.add_argument(
            "--count", type=int, default=0, help="operations a run, instead of each bench's own"
        )
        parser.add_argument("--json", default="", help="write the figures to this file too")

    def handle(self, *args: Any, **options: Any) -> None:
        names = list(BENCHES) if options["names"] == ["all"] else options["names"]
        if not names:
            for name, (words, _run, count) in BENCHES.items():
                self.stdout.write(f"  {name:<10} {words}（每轮 {count} 次）")
            return
        unknown = [name for name in names if name not in BENCHES]
        if unknown:
            raise CommandError(f"No bench named {unknown[0]}; there are {', '.join(BENCHES)}.")
        found = self._measure(names, options["count"])
        for each in found:
            self.stdout.write(
                f"{'ok  ' if each.holds else 'OVER'}  {each.name:<10} {each.ratio:>7} ×  (limit {each.limit}, "
                f"{each.spread[0]}–{each.spread[1]})  {each.product_ms} ms : {each.reference_ms} ms, "
                f"{each.statements} statements  {each.what}"
            )
        if options["json"]:
            rows = [each.as_dict() for each in found]
            Path(options["json"]).write_text(json.dumps(rows, ensure_ascii=False, indent=2), encoding="utf-8")
        if not all(each.holds for each in found):
            raise CommandError("Over the limit, see above.")

    def _measure(self, names: list[str], count: int) -> list[Ratio]:
        before = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            call_command("seed_demo", scale="story", verbosity=0)
            found: list[Ratio] = []
            for name in names:
                _words, run, usual = BENCHES[name]
                found += run(count or usual)
            return found
        finally:
            connection.creation.destroy_test_db(before, verbosity=0)
