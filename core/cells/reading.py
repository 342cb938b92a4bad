"""Tables in: what people send us is read behind guards."""

from __future__ import annotations

import csv
import io
import re
import string
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from typing import Any
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from core.cells.writing import unguarded
from core.privacy import fold

MAX_BYTES = 10 * 1024 * 1024
MAX_PARTS = 200
MAX_UNPACKED = 50 * 1024 * 1024
MAX_RATIO = 100
# Calamine lays a sheet out whole, from its first cell to its last: two cells far apart would take gigabytes.
MAX_CELLS = 2_000_000
MAX_CHARACTERS = 50_000_000
MAX_ROWS = 5_000
HEADING_WITHIN = 20  # titles, units and notes may stand above the headings
LONGEST_EXACT = 10**15  # beyond it a number cell no longer holds every digit


@dataclass(frozen=True)
class Row:
    """One line of a table: its number as the spreadsheet shows it, and its cells by heading."""

    number: int
    cells: dict[str, str]


def read_table(
    upload: Any, headings: Sequence[str], *, optional: Sequence[str] = (), max_rows: int = MAX_ROWS
) -> list[Row]:
    """The rows of an XLSX or CSV file under the expected headings, within the first twenty rows.

    Cells come as text: full-width letters and digits folded, dates as 2026-11-24. Empty rows and
    columns nobody asked for are left out. Raises ValidationError in plain words for a bad file.
    """
    if upload.size > MAX_BYTES:
        raise _refused("too_big", _("文件超过 10 MB，请分成几个再上传"))
    upload.seek(0)
    raw = upload.read()
    known = {_heading(name): name for name in (*headings, *optional)}
    tables = _sheets(raw) if raw[:4] == b"PK\x03\x04" else iter([_csv_lines(_decoded(raw), known)])
    for lines in tables:
        top = list(islice(lines, HEADING_WITHIN))
        matches = [sum(_heading(cell) in known for cell in line) for line in top]
        if any(matches):
            at = matches.index(max(matches))
            columns = _columns(top[at], at + 1, known, headings)
            return _rows(top[at + 1 :], lines, at + 2, columns, [*headings, *optional], max_rows)
    names = "、".join(headings)
    raise _refused("no_heading", _("没有找到表头。表头要有：%(names)s") % {"names": names})


def read_day(text: str) -> date:
    """A date as people write it: 2026-11-24, 2026/11/24, 2026.11.24, 2026年11月24日, 20261124."""
    match = re.fullmatch(
        r"(\d{4})(?:[-/.年]\s*(\d{1,2})[-/.月]\s*(\d{1,2})日?|(\d\d)(\d\d))", fold(text).strip()
    )
    try:
        if match is None:
            raise ValueError(text)
        year, *rest = (int(part) for part in match.groups() if part is not None)
        return date(year, *rest)
    except ValueError as problem:
        raise _refused(
            "date", _("“%(text)s”不是日期，请写成 2026-11-24 这样") % {"text": text[:20]}
        ) from problem


def _refused(code: str, message: str) -> ValidationError:
    return ValidationError(message, code=code)


def _heading(text: str) -> str:
    """手机号（11位）＊ → 手机号: marks, hints and spaces in a heading are for people."""
    return re.sub(r"\(.*?\)|[\s*:]", "", fold(text))


def _columns(
    line: Sequence[str], number: int, known: dict[str, str], required: Sequence[str]
) -> dict[int, str]:
    columns = {place: known[_heading(cell)] for place, cell in enumerate(line) if _heading(cell) in known}
    names = list(columns.values())
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _refused(
            "duplicate_heading",
            _("第 %(n)s 行表头里“%(name)s”出现了不止一次") % {"n": number, "name": twice[0]},
        )
    missing = [name for name in required if name not in names]
    if missing:
        words = {"n": number, "names": "、".join(missing)}
        raise _refused("missing_heading", _("第 %(n)s 行表头里少了：%(names)s") % words)
    return columns


def _rows(
    first: Iterable[Sequence[str]],
    rest: Iterable[Sequence[str]],
    number: int,
    columns: dict[int, str],
    names: Sequence[str],
    max_rows: int,
) -> list[Row]:
    rows: list[Row] = []
    for lines in (first, rest):
        for line in lines:
            cells = {name: line[place] if place < len(line) else "" for place, name in columns.items()}
            if any(cells.values()):
                rows.append(Row(number, {name: cells.get(name, "") for name in names}))
            if len(rows) > max_rows:
                raise _refused("too_many_rows", _("一次最多 %(n)s 行，请分几次导入") % {"n": max_rows})
            number += 1
    if not rows:
        raise _refused("no_rows", _("表头下面没有内容"))
    return rows


_WIDE = {ord(char) + 0xFEE0: char for char in string.ascii_letters + string.digits}
_WIDE[0x3000] = " "


def _clean(text: str) -> str:
    """Full-width letters, digits and spaces folded; Chinese punctuation stays as it was written."""
    return unguarded(text.replace("\0", "").translate(_WIDE).strip())


# --- CSV and other text


def _csv_lines(text: str, known: Collection[str]) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, known), strict=True)
    try:
        for line in reader:
            yield [_clean(cell) for cell in line]
    except csv.Error as problem:
        words = {"n": reader.line_num}
        raise _refused("broken", _("第 %(n)s 行附近的引号不成对，读不下去") % words) from problem


def _separator(text: str, known: Collection[str]) -> str:
    """The one that parts most of the expected headings."""
    top = text[:10_000].splitlines()[:HEADING_WITHIN]

    def headings_with(separator: str) -> int:
        return sum(_heading(cell.strip('"')) in known for line in top for cell in line.split(separator))

    return max([",", "\t", ";"], key=headings_with)


def _decoded(raw: bytes) -> str:
    if not raw.strip():
        raise _refused("empty", _("这个文件是空的"))
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            raise _refused("password", _("这个表加了密码，请去掉密码再上传"))
        raise _refused("old_format", _("这是旧版 .xls 文件，请另存为 .xlsx 再上传"))
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise _refused("web_page", _("这其实是网页文件，请用表格软件打开，另存为 .xlsx 再上传"))
    encodings = ["utf-16"] if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _refused("not_a_table", _("这个文件不是表格，请上传 .xlsx 或 .csv"))


# --- XLSX


def _sheets(raw: bytes) -> Iterator[Iterator[list[str]]]:
    safe = _repacked(raw)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(safe))
        for name in book.sheet_names:
            yield _sheet_lines(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
    except (CalamineError, OSError, ValueError) as problem:
        raise _broken() from problem


def _sheet_lines(lines: Iterable[Sequence[Any]]) -> Iterator[list[str]]:
    for number, line in enumerate(lines, start=1):
        yield [_cell(value, number, place) for place, value in enumerate(line, start=1)]


def _cell(value: Any, row: int, column: int) -> str:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, float):
        if abs(value) >= LONGEST_EXACT:
            words = {"row": row, "column": column}
            message = _("第 %(row)s 行第 %(column)s 列的长数字已被表格软件改动，请把这一列设为文本后重填")
            raise _refused("long_number", message % words)
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date) else str(value)


def _broken() -> ValidationError:
    return _refused("broken", _("这个表打不开，可能没有传完整，请重新保存后再上传"))


def _too_large() -> ValidationError:
    return _refused("bomb", _("这个表展开以后太大，请删去多余的工作表和空白行再上传"))


def _repacked(raw: bytes) -> bytes:
    """The workbook's XML parts, each read and weighed here, in a plain archive of our own.

    What is unpacked is what was checked: sizes an archive lies about, parts hidden behind a second directory,
    pictures and binaries never reach the reader.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _check_directory(archive.infolist())
            parts = {
                info.filename: archive.read(info) for info in archive.infolist() if _is_xml(info.filename)
            }
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError) as problem:
        raise _broken() from problem
    weight = _Weight()
    # Cells refer to the shared strings, so those are weighed first.
    for name in sorted(parts, key=lambda name: "sharedstrings" not in name.lower()):
        weight.add(parts[name])
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w", zipfile.ZIP_STORED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return plain.getvalue()


def _is_xml(name: str) -> bool:
    return name.lower().endswith((".xml", ".rels"))


def _check_directory(parts: list[zipfile.ZipInfo]) -> None:
    """Refuse by the archive's own table of contents, before a byte is unpacked."""
    names = [part.filename.lower() for part in parts]
    if any(part.flag_bits & 1 for part in parts):
        raise _refused("password", _("这个表加了密码，请去掉密码再上传"))
    if any("vbaproject" in name for name in names):
        raise _refused("macros", _("这个表带有宏，请另存为不带宏的 .xlsx 再上传"))
    if any("externallinks/" in name for name in names):
        raise _refused("links", _("这个表引用了别的文件，请先把公式粘贴成数值"))
    if "xl/workbook.xml" not in names or {"content.xml", "xl/workbook.bin"} & set(names):
        raise _refused("not_xlsx", _("这个文件不是 .xlsx 表格，请另存为 .xlsx 再上传"))
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    strange = any(name.startswith("/") or "\\" in name or ".." in name.split("/") for name in names)
    unusual = any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts)
    if strange or unusual or len(set(names)) < len(names):
        raise _broken()
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1):
        raise _too_large()


@dataclass
class _Weight:
    """How much a workbook would take up once laid out, following its XML as the reader will."""

    lengths: list[int] = field(default_factory=list)
    characters: int = 0
    cells: int = 0  # of the parts before
    row: int = 0
    column: int = 0
    last_row: int = 0
    last_column: int = 0
    inside: str = ""
    is_shared: bool = False
    value: str = ""

    def add(self, part: bytes) -> None:
        self.cells += self.last_row * self.last_column
        self.row = self.column = self.last_row = self.last_column = 0
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(part, True)
        except (expat.ExpatError, ValueError) as problem:
            raise _broken() from problem

    def _doctype(self, *_declaration: Any) -> None:
        raise _refused("entities", _("这个表里有不该有的内容，不能导入"))  # entities: bombs and file reads

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 1)), 0
        elif name == "c":
            self._place(attributes.get("r", ""))
            self.is_shared = attributes.get("t") == "s"
        elif name == "si":
            self.lengths.append(0)
            self.inside = "si"
        elif name == "v":
            self.inside, self.value = "v", ""

    def _place(self, reference: str) -> None:
        """A cell stands where it says, or after the one before it in the row."""
        self.column += 1
        if reference:
            match = re.fullmatch(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})", reference)
            if match is None:
                raise _broken()
            self.column = 0
            for letter in match[1].upper():
                self.column = self.column * 26 + ord(letter) - 64
            self.last_row = max(self.last_row, int(match[2]))
        self.last_row, self.last_column = max(self.last_row, self.row), max(self.last_column, self.column)
        if self.cells + self.last_row * self.last_column > MAX_CELLS:
            raise _too_large()

    def _text(self, text: str) -> None:
        if self.inside == "si":
            self.lengths[-1] += len(text)
        elif self.inside == "v" and self.is_shared:
            self.value += text[:9]

    def _end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "v" and self.is_shared:
            place = int(self.value or 0)
            self.characters += self.lengths[place] if 0 <= place < len(self.lengths) else 0
            if self.characters > MAX_CHARACTERS:
                raise _too_large()
        if name == self.inside:
            self.inside = ""
