"""Sheets as offices keep them, made on the fly."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from core.cells import read_table
from core.sheets import MAX_ROWS


def xlsx(rows, name="sheet.xlsx"):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return SimpleUploadedFile(name, file.getvalue())


def csv(text, encoding="utf-8", name="sheet.csv"):
    return SimpleUploadedFile(name, text.encode(encoding))


def bomb():
    """A workbook whose one part unpacks to far more than it weighs."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"<row>" + b" " * 60_000_000)
    return SimpleUploadedFile("bomb.xlsx", file.getvalue())


def locked():
    """What Excel writes when a password was set: not a zip, but a compound file."""
    return SimpleUploadedFile(
        "locked.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le") + b"\0" * 600
    )


def read(resource, file):
    return read_table(file, resource.headings(), optional=resource.optional(), max_rows=MAX_ROWS)


def bring_in(resource, file, user, *, dry_run=False):
    return resource().import_data(read(resource, file), dry_run=dry_run, user=user)


def states(result):
    return [line.outcome for line in result.lines]


def faults(result):
    return {line.number: "；".join(line.faults) for line in result.faulty}
