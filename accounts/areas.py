"""A file of divisions held against the table: what is new, what has another name, what is no longer there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Area
from core.cells import Row, read_table
from core.pinyin import sort_key

HEADINGS = ("code", "name", "level", "parent_code")
MAX_AREAS = 1_000_000
BATCH = 2_000
LEVELS = [str(level) for level in Area.Level.values]


@dataclass(frozen=True)
class Line:
    """One division as the file has it."""

    code: str
    name: str
    level: str
    parent_code: str
    full_name: str


@dataclass
class Plan:
    """What loading would do; nothing is written before `carry_out`."""

    new: list[Line] = field(default_factory=list)
    changed: list[tuple[Area, Line]] = field(default_factory=list)
    retired: list[Area] = field(default_factory=list)
    unchanged: int = 0

    @property
    def renamed(self) -> list[tuple[Area, Line]]:
        return [(area, line) for area, line in self.changed if area.name != line.name]


def read(upload: Any) -> list[Line]:
    """The lines of a CSV or XLSX file, parents before children. Raises ValidationError naming the lines that are wrong."""
    rows = read_table(upload, HEADINGS, max_rows=MAX_AREAS)
    by_code = {row.cells["code"]: row for row in rows}
    problems = [*_twice(rows), *(words for row in rows if (words := _problem(row, by_code)))]
    if problems:
        raise ValidationError(problems)
    lines: dict[str, Line] = {}
    for row in sorted(rows, key=lambda row: LEVELS.index(row.cells["level"])):
        cells = row.cells
        above = lines[cells["parent_code"]].full_name if cells["parent_code"] else ""
        lines[cells["code"]] = Line(
            cells["code"],
            cells["name"],
            cells["level"],
            cells["parent_code"],
            f"{above}{cells['name']}"[:160],
        )
    return list(lines.values())


def _twice(rows: list[Row]) -> Iterable[str]:
    seen: dict[str, int] = {}
    for row in rows:
        first = seen.setdefault(row.cells["code"], row.number)
        if first != row.number:
            yield _("第 %(n)d 行：代码和第 %(first)d 行重复。") % {"n": row.number, "first": first}


def _problem(row: Row, by_code: dict[str, Row]) -> str:
    cells, words = row.cells, {"n": row.number}
    if not re.fullmatch(r"\d{12}", cells["code"]) or not cells["name"] or len(cells["name"]) > 60:
        return _("第 %(n)d 行：代码要 12 位数字，名称要有，最多 60 字。") % words
    if cells["level"] not in LEVELS:
        return _("第 %(n)d 行：级别要是 province、prefecture、county、township、village 之一。") % words
    if cells["code"][Area.PREFIX_LENGTH[cells["level"]] :].strip("0"):
        return _("第 %(n)d 行：代码和级别对不上。") % words
    above = by_code.get(cells["parent_code"])
    if cells["level"] == LEVELS[0]:
        return "" if not cells["parent_code"] else _("第 %(n)d 行：省级没有上级。") % words
    if above is None or above.cells["level"] != LEVELS[LEVELS.index(cells["level"]) - 1]:
        return _("第 %(n)d 行：文件里要有它的上一级。") % words
    if not cells["code"].startswith(above.cells["code"][: Area.PREFIX_LENGTH[above.cells["level"]]]):
        return _("第 %(n)d 行：代码不是以上级的代码开头。") % words
    return ""


def plan(lines: list[Line]) -> Plan:
    """Compare with the divisions in force. Only what lies below a county that the file has may be retired."""
    present = {area.code: area for area in Area.objects.in_force().select_related("parent")}
    made = Plan()
    for line in lines:
        area = present.get(line.code)
        if area is None:
            made.new.append(line)
        elif _differs(area, line):
            made.changed.append((area, line))
        else:
            made.unchanged += 1
    counties = {line.code for line in lines if line.level == Area.Level.COUNTY}
    listed = {line.code for line in lines}
    made.retired = [
        area
        for area in present.values()
        if area.level in (Area.Level.TOWN, Area.Level.VILLAGE)
        and area.county_code in counties
        and area.code not in listed
    ]
    return made


def _differs(area: Area, line: Line) -> bool:
    parent_code = area.parent.code if area.parent is not None else ""
    return (area.name, area.full_name, area.level, parent_code) != (
        line.name,
        line.full_name,
        line.level,
        line.parent_code,
    )


def carry_out(made: Plan, *, on: date) -> None:
    """Write the plan in a handful of statements, all of it or nothing."""
    with pghistory.context(command="load_areas"), transaction.atomic():
        for level in LEVELS:
            _insert([line for line in made.new if line.level == level], on)
        _update(made.changed)
        Area.objects.filter(pk__in=[area.pk for area in made.retired]).update(valid_to=on)


def _insert(lines: list[Line], on: date) -> None:
    parents = _parents(line.parent_code for line in lines)
    Area.objects.bulk_create(
        (
            Area(
                code=line.code,
                name=line.name,
                full_name=line.full_name,
                pinyin=sort_key(line.name),
                level=line.level,
                parent_id=parents.get(line.parent_code),
                valid_from=on,
            )
            for line in lines
        ),
        batch_size=BATCH,
    )


def _update(changed: list[tuple[Area, Line]]) -> None:
    parents = _parents(line.parent_code for _area, line in changed)
    for area, line in changed:
        area.name, area.full_name, area.level = line.name, line.full_name, line.level
        area.pinyin, area.parent_id = sort_key(line.name), parents.get(line.parent_code)
    Area.objects.bulk_update(
        [area for area, _line in changed],
        ["name", "full_name", "pinyin", "level", "parent"],
        batch_size=BATCH,
    )


def _parents(codes: Iterable[str]) -> dict[str, int]:
    return dict(Area.objects.in_force().filter(code__in=set(codes)).values_list("code", "pk"))
