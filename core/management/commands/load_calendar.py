"""Load the yearly holiday notice (CSV or XLSX) and compute every running deadline anew. Safe to run again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core import deadlines, rulebook
from core.cells import Row, read_day, read_table
from core.models import CalendarDay

DAY, WORKED, NAME, SOURCE = "日期", "上班", "说明", "依据"
WORDS = {"是": True, "上班": True, "1": True, "否": False, "放假": False, "休息": False, "0": False}


class Command(BaseCommand):
    help = (
        "Load days off and make-up workdays from a table with the headings 日期, 上班 (是/否) and 依据, and say which"
        " deadlines moved. All or nothing."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file")
        parser.add_argument("--source", default="", help="依据, for rows without one")
        parser.add_argument("--dry-run", action="store_true", help="say what would move, change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        days = self._read(Path(options["file"]), options["source"])
        with transaction.atomic():
            changed = store(days)
            moved = deadlines.recompute_all()
            for each in moved:
                label = each.case.workflow.clocks.get(each.clock.name, each.clock.name)
                reference = getattr(each.case, "reference", each.case.public_id)
                self.stdout.write(f"{reference} {label}: {each.before} → {each.after}")
            transaction.set_rollback(options["dry_run"])
        rulebook.clear()
        done = "would change" if options["dry_run"] else "changed"
        self.stdout.write(f"{len(days)} days read, {changed} {done}, {len(moved)} deadlines moved.")

    def _read(self, path: Path, source: str) -> list[CalendarDay]:
        try:
            rows = read_table(ContentFile(path.read_bytes()), [DAY, WORKED], optional=[NAME, SOURCE])
        except OSError as problem:
            raise CommandError(f"Cannot read {path}: {problem}") from problem
        except ValidationError as problem:
            raise CommandError(" ".join(problem.messages)) from problem
        days: dict[date, CalendarDay] = {}
        errors: list[str] = []
        for row in rows:
            try:
                day = read_row(row, source)
                if day.day in days:
                    raise ValidationError("这一天写了两次")
                days[day.day] = day
            except ValidationError as problem:
                errors.append(f"第 {row.number} 行：{'；'.join(problem.messages)}")
        if errors:
            raise CommandError("\n".join(errors))
        return list(days.values())


def read_row(row: Row, source: str) -> CalendarDay:
    """One day of the notice, unsaved. Raises ValidationError in words for the office."""
    worked = WORDS.get(row.cells[WORKED])
    if worked is None:
        raise ValidationError("“上班”一列要填“是”或“否”")
    if not (row.cells[SOURCE] or source):
        raise ValidationError("要写明依据，例如“国办发明电〔2026〕 号”")
    day = CalendarDay(
        day=read_day(row.cells[DAY]),
        is_workday=worked,
        name=row.cells[NAME],
        source=row.cells[SOURCE] or source,
    )
    day.clean_fields(exclude=["id", "day"])
    return day


def store(days: list[CalendarDay]) -> int:
    """Write the days, the file's word over what was there; gives how many are new or different."""
    known = {each.day: each for each in CalendarDay.objects.filter(day__in=[day.day for day in days])}
    changed = 0
    for day in days:
        before = known.get(day.day)
        if before is None:
            day.save()
        elif (before.is_workday, before.name, before.source) != (day.is_workday, day.name, day.source):
            before.is_workday, before.name, before.source = day.is_workday, day.name, day.source
            before.save()
        else:
            continue
        changed += 1
    return changed
