"""Registers as offices keep them, in by one pass: every cell read, every row judged, all of it written or nothing.

A `SheetResource` is a django-import-export resource with its row-by-row engine replaced: maps are loaded in a constant
number of statements, rows are checked in memory, and what is new or changed is written in bulk. Empty cells leave what
stands there as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import pghistory
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from import_export.resources import Resource
from import_export.results import Result, RowResult

from core.cells import Row, read_day
from core.privacy import fold, normalise_phone

MAX_ROWS = 20_000
# Constraints over time cost a millisecond a row on a busy machine: a batch stays far below the statement limit.
BATCH = 1_000

# --- what a cell may say


class Refused(Exception):
    """A cell that cannot be taken, in words that say what to do."""


def text(longest: int) -> Callable[[str], str]:
    def read(cell: str) -> str:
        if len(cell) > longest:
            raise Refused(
                _("最多 %(most)d 个字，现在是 %(now)d 个，请删短") % {"most": longest, "now": len(cell)}
            )
        return cell

    return read


_NUMERALS = str.maketrans("〇零○一二三四五六七八九", "000123456789")


def _plain_date(cell: str) -> str:
    """二〇二四年三月 → 2024年3月; 十二月 → 12月."""
    words = fold(cell).translate(_NUMERALS)
    words = re.sub(r"(\d?)十(\d?)", lambda m: str(int(m[1] or 1) * 10 + int(m[2] or 0)), words)
    return re.sub(r"\s+", "", words)


def day(cell: str) -> date:
    """2024.3.1, 2024年3月1日, 二〇二四年三月一日; a month without a day is its first."""
    words = _plain_date(cell)
    if month := re.fullmatch(r"(\d{4})[-/.年](\d{1,2})月?", words):
        words = f"{month[1]}-{month[2]}-1"
    try:
        return read_day(words)
    except ValidationError as problem:
        raise Refused(_("“%(cell)s”不是日期，请写成 2024-03-01 这样") % {"cell": cell[:20]}) from problem


def clock(cell: str) -> time:
    words = re.fullmatch(r"(?:.*[ T])?(\d{1,2})[:时点](\d{1,2})?(?::\d{2})?分?", fold(cell))
    try:
        if words is None:
            raise ValueError(cell)
        return time(int(words[1]), int(words[2] or 0))
    except ValueError as problem:
        raise Refused(_("“%(cell)s”不是时间，请写成 9:00 这样") % {"cell": cell[:20]}) from problem


def choice(choices: type[models.TextChoices]) -> Callable[[str], str]:
    known = {fold(str(label)): value for value, label in choices.choices} | {
        value: value for value in choices.values
    }

    def read(cell: str) -> str:
        found = known.get(fold(cell))
        if found is None:
            names = "、".join(str(label) for label in choices.labels)
            raise Refused(_("没有“%(cell)s”，请从这些里选：%(names)s") % {"cell": cell[:20], "names": names})
        return found

    return read


def yes(cell: str) -> bool:
    if cell in ("是", "公开", "1", "√", "y", "Y"):
        return True
    if cell in ("否", "不公开", "0", "×", "n", "N"):
        return False
    raise Refused(_("“%(cell)s”请改成“是”或“否”") % {"cell": cell[:20]})


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(cell: str) -> int:
        words = re.sub(r"^第|[届名人个㎡平方米]+$", "", fold(_plain_date(cell)))
        if not re.fullmatch(r"\d{1,9}", words) or not least <= int(words) <= most:
            bounds = {"cell": cell[:20], "least": least, "most": most}
            raise Refused(_("“%(cell)s”请改成 %(least)d 到 %(most)d 的数字") % bounds)
        return int(words)

    return read


def degrees(most: int) -> Callable[[str], Decimal]:
    def read(cell: str) -> Decimal:
        try:
            found = Decimal(fold(cell))
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or abs(found) > most:
            raise Refused(_("“%(cell)s”不是经纬度，请写成 26.50000 这样") % {"cell": cell[:20]})
        return round(found, 5)

    return read


def mobile(cell: str) -> str:
    found = normalise_phone(cell)
    if not found:
        digits = len(re.sub(r"\D", "", fold(cell)))
        raise Refused(_("手机号要 11 位数字，现在是 %(n)d 位") % {"n": digits})
    return found


def office_phone(cell: str) -> str:
    words = fold(cell)
    if not re.fullmatch(r"[\d\-()+ 转,]{5,30}", words):
        raise Refused(_("“%(cell)s”不像电话号码，请只写数字和短横线") % {"cell": cell[:20]})
    return words


def names(cell: str) -> tuple[str, ...]:
    """One cell, several things: parted as people part them."""
    return tuple(dict.fromkeys(part for part in re.split(r"[、，,;；/\s]+", cell) if part))


# --- the resource


@dataclass(frozen=True)
class Column:
    """One column: its heading, how a cell is read, and what the template shows as an example.

    Headings belong to the file, not to the page: they are the same in every language.
    """

    name: str
    heading: str
    read: Callable[[str], Any]
    required: bool = False
    example: str = ""


@dataclass
class Line:
    """One row of the sheet and what will come of it."""

    number: int
    cells: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    # What stands in the database already, and which of the sheet's words differ from it.
    found: Any = None
    changed: list[str] = field(default_factory=list)
    outcome: str = RowResult.IMPORT_TYPE_SKIP

    def refuse(self, heading: str, words: str) -> None:
        self.faults.append(_("“%(heading)s”：%(words)s") % {"heading": heading, "words": words})

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)


class SheetRow(RowResult):
    """What the preview shows of a row."""

    number: int
    line: Line


class SheetResult(Result):
    @property
    def lines(self) -> list[Line]:
        return [row.line for row in self.rows]

    @property
    def faulty(self) -> list[Line]:
        return [line for line in self.lines if line.faults]

    def has_validation_errors(self) -> bool:
        return bool(self.totals[RowResult.IMPORT_TYPE_INVALID])


class SheetResource(Resource):
    """Say the columns; load the maps, tell new from known, write: the rest is here."""

    columns: ClassVar[Sequence[Column]] = ()
    label: ClassVar[Any] = ""
    user: Any = None

    def load(self, lines: list[Line]) -> None:
        """Fill the maps for these rows in a constant number of statements."""
        raise NotImplementedError

    def key(self, line: Line) -> Hashable:
        """What makes a row the same row again; None when its cells do not say."""
        raise NotImplementedError

    def judge(self, line: Line) -> None:
        """Find what the row names and whether it is new; `line.refuse` what cannot be."""
        raise NotImplementedError

    def write(self, lines: list[Line]) -> None:
        """Write the rows that are new or changed, in bulk."""
        raise NotImplementedError

    @classmethod
    def headings(cls) -> list[str]:
        return [column.heading for column in cls.columns if column.required]

    @classmethod
    def optional(cls) -> list[str]:
        return [column.heading for column in cls.columns if not column.required]

    def import_data(self, dataset: Any, dry_run: bool = False, **kwargs: Any) -> SheetResult:
        """Judge every row; write them when it is no rehearsal and none is at fault, all or nothing."""
        self.user = kwargs.get("user")
        lines = [self._read(row) for row in dataset]
        try:
            # History names who imported; without a context its triggers also begin and lose a sub-transaction for
            # every row, which doubles the time of ten thousand.
            with pghistory.context(user=getattr(self.user, "pk", None)), transaction.atomic():
                self.load(lines)
                self._judge_all(lines)
                result = self._result(lines)
                if not dry_run and not result.has_validation_errors():
                    self.write([line for line in lines if line.outcome != RowResult.IMPORT_TYPE_SKIP])
        except IntegrityError as problem:
            # Somebody wrote the same between our look and our writing.
            raise ValidationError(
                _("写入时和别人刚改的记录冲突了，什么都没有写进去。请重新上传，看一遍预览。"), code="conflict"
            ) from problem
        return result

    def _read(self, row: Row) -> Line:
        line = Line(row.number, row.cells)
        for column in self.columns:
            cell = row.cells[column.heading]
            if not cell:
                if column.required:
                    line.refuse(column.heading, _("没有填，请补上"))
                continue
            try:
                line.values[column.name] = column.read(cell)
            except Refused as problem:
                line.refuse(column.heading, str(problem))
        return line

    def _judge_all(self, lines: list[Line]) -> None:
        first: dict[Hashable, int] = {}
        for line in lines:
            key = self.key(line)
            if key is not None:
                at = first.setdefault(key, line.number)
                if at != line.number:
                    line.faults.append(_("和第 %(n)d 行是同一条，请删去一行") % {"n": at})
            if not line.faults:
                self.judge(line)
            if line.faults:
                line.outcome = RowResult.IMPORT_TYPE_INVALID

    def _result(self, lines: list[Line]) -> SheetResult:
        result = SheetResult()
        result.total_rows = len(lines)
        result.diff_headers = [column.heading for column in self.columns]
        for line in lines:
            row = SheetRow()
            row.number, row.line, row.import_type = line.number, line, line.outcome
            result.append_row_result(row)
            result.totals[line.outcome] += 1
        return result


def differing(line: Line, found: Any, fields: Iterable[str]) -> list[str]:
    """Which of the sheet's words are not those of the row already there; cells left empty say nothing."""
    return [name for name in fields if name in line.values and line.values[name] != getattr(found, name)]


def insert(model: type[models.Model], rows: Sequence[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=BATCH)


def rewrite(model: type[models.Model], rows: Sequence[Any], fields: Iterable[str]) -> None:
    """Known rows in one upsert by key: a statement per thousand rows, where bulk_update writes a CASE per cell."""
    model._default_manager.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=list(fields)
    )
