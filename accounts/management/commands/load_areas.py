"""Load a file of administrative divisions, after saying what it would retire and rename."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import areas, boundaries

SHOWN = 20


class Command(BaseCommand):
    help = "Load divisions from a CSV or XLSX file (code, name, level, parent_code). Twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument(
            "--on",
            type=date.fromisoformat,
            default=None,
            help="the day from which it holds, 2026-01-01 (default: today)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        made = areas.plan(self._lines(options["file"]))
        self._report(made)
        if options["dry_run"]:
            self.stdout.write("Dry run: nothing was written.")
            return
        areas.carry_out(made, on=options["on"] or timezone.localdate())
        self.stdout.write(
            f"Loaded: {len(made.new)} new, {len(made.changed)} changed, {len(made.retired)} retired, {made.unchanged} unchanged."
        )

    def _lines(self, path: Path) -> list[areas.Line]:
        try:
            with path.open("rb") as opened:
                return areas.read(File(opened))
        except OSError as problem:
            raise CommandError(f"Cannot read {path}: {problem.strerror}.") from problem
        except ValidationError as problem:
            more = len(problem.messages) - SHOWN
            words = problem.messages[:SHOWN] + ([f"… 还有 {more} 处"] if more > 0 else [])
            raise CommandError("\n".join([f"{path} was not loaded:", *words])) from problem

    def _report(self, made: areas.Plan) -> None:
        self._list(
            "rename", [f"{area.code} {area.full_name} → {line.full_name}" for area, line in made.renamed]
        )
        self._list("retire", [f"{area.code} {area.full_name}" for area in made.retired])
        used = boundaries.in_use(made.retired)
        self._list(
            "retire though still in use, move them over in the admin (区划调整)",
            [f"{area.code} {area.full_name}: {', '.join(by)}" for area, by in used.items()],
        )

    def _list(self, verb: str, lines: list[str]) -> None:
        if not lines:
            return
        self.stdout.write(f"To {verb}: {len(lines)}")
        for line in lines[:SHOWN]:
            self.stdout.write(f"  {line}")
        if len(lines) > SHOWN:
            self.stdout.write(f"  … and {len(lines) - SHOWN} more")
