"""Tables out: what we export runs no formula, and is written as it is read."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import IO, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

_STARTS_FORMULA = re.compile(r"^[\s\u200b-\u200f\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_IN_TITLE = re.compile(r"[\[\]:*?/\\]")
LONGEST_CELL = 32_767


def safe_cell(value: Any) -> Any:
    """A value as it may stand in an exported cell: a number, or text that no program takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime):
        return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%Y-%m-%d %H:%M}"
    text = _NOT_IN_XML.sub("", value.isoformat() if isinstance(value, date) else str(value))
    return (f"'{text}" if _STARTS_FORMULA.search(text) else text)[:LONGEST_CELL]


def unguarded(text: str) -> str:
    """What `safe_cell` wrote, as it was before: our own tables come in again without a change."""
    return text[1:] if text.startswith("'") and _STARTS_FORMULA.search(text[1:]) else text


def write_csv(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A CSV file line by line, for a streaming answer; the mark at its front tells Excel and WPS of UTF-8."""
    yield "\ufeff".encode()
    line = io.StringIO()
    writer = csv.writer(line)
    for row in _all(headings, rows):
        writer.writerow([safe_cell(value) for value in row])
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def write_xlsx(
    headings: Sequence[Any], rows: Iterable[Sequence[Any]], *, title: str = "Sheet1", footer: str = ""
) -> IO[bytes]:
    """An XLSX file, at its beginning, for the caller to close. Rows go to disk as they come; the footer is printed."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_NOT_IN_TITLE.sub(" ", title))
    sheet.oddFooter.right.text = footer.replace("&", "&&")
    for row in _all(headings, rows):
        sheet.append([_text_cell(sheet, safe_cell(value)) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return file


def _text_cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"  # `=` or `#N/A` at the front must not choose the type
    return cell


def _all(headings: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield headings
    yield from rows
