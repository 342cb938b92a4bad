"""G11: a register of ten thousand people read, judged and written, against stock django-import-export."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from liaison.bench.measure import MARGIN, cost_here
from liaison.bench.run import Run
from liaison.engines import postgres
from liaison.quality import Row

OFFICE = "0301.county"


def take_in(rows: int) -> dict[str, Any]:
    """Rows per CPU second, statements, and what the same file costs the second time."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    book = _people(rows)
    with CaptureQueriesContext(connection) as seen:
        first = cost_here(lambda: _product(book, write=True), rows)
    again = cost_here(lambda: _product(book, write=True), rows)
    preview = cost_here(lambda: _product(book, write=False), rows)
    return {
        "product": 1000 / first.both, "preview": 1000 / preview.both,
        "again": again.both / first.both, "statements": len(seen), "wall": first.wall * rows / 1000,
    }  # fmt: skip


def take_in_stock(rows: int) -> float:
    """Rows per CPU second of the package as it comes; in a process of the bare project."""
    book = _plain(rows)
    return 1000 / cost_here(lambda: _stock(book), rows).both


def _people(rows: int) -> bytes:
    from liaison.demo.bulk import GIVEN, SURNAMES
    from representatives.models import Body
    from stations.models import Station
    from stations.sheets.people import RepresentativeResource

    body = Body.objects.filter(level="county").order_by("pk")[0].name
    codes = list(Station.objects.in_use().order_by("pk").values_list("code", flat=True)[:60])
    headings = [column.heading for column in RepresentativeResource.columns]
    empty = dict.fromkeys(headings, "")
    lines = []
    for number in range(rows):
        name = SURNAMES[number % 40] + GIVEN[number // 40 % 44] + GIVEN[number // 1760 % 44]
        lines.append(
            empty
            | {
                "姓名": name, "机构": body, "届次": "18", "任期开始": "2024-01-08", "性别": "女",
                "代表证号": f"B{number:06d}", "手机号": f"139{number:08d}", "职业": "教师",
                "站点编号": codes[number % len(codes)], "公开": "是",
            }
        )  # fmt: skip
    return _workbook(headings, [list(line.values()) for line in lines])


def _plain(rows: int) -> bytes:
    from liaison.bench.bare.models import BareStation

    codes = list(BareStation.objects.order_by("pk").values_list("code", flat=True)[:60])
    lines = [
        [codes[n % len(codes)], f"B{n:06d}", "路灯", "路灯坏了", "村口", "王阿姨", f"139{n:08d}"]
        for n in range(rows)
    ]
    return _workbook(["station", "code", "title", "body", "place", "name", "phone"], lines)


def _workbook(headings: list[str], lines: list[list[str]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for line in [headings, *lines]:
        sheet.append(line)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _product(content: bytes, *, write: bool) -> None:
    """As the page does it: parse, judge every row, and write when nothing is at fault."""
    from django.core.files.base import ContentFile

    from accounts.models import User
    from core.cells import read_table
    from stations.sheets.people import RepresentativeResource

    resource = RepresentativeResource
    rows = read_table(
        ContentFile(content), resource.headings(), optional=resource.optional(), max_rows=20_000
    )
    result = RepresentativeResource().import_data(
        rows, dry_run=not write, user=User.objects.get(username=OFFICE)
    )
    faulty = [line.faults for line in result.faulty]
    if faulty:
        raise ValueError(f"{len(faulty)} rows were refused, the first: {faulty[0]}")


def _stock(content: bytes) -> None:
    """The package as its manual has it: a model resource, a foreign key by code, rows one by one."""
    from import_export import fields, resources, widgets
    from tablib import Dataset

    from liaison.bench.bare.models import BareRequest, BareStation

    class BareResource(resources.ModelResource):
        station = fields.Field("station", "station", widgets.ForeignKeyWidget(BareStation, "code"))

        class Meta:
            model = BareRequest
            import_id_fields = ("code",)
            fields = ("station", "code", "title", "body", "place", "name", "phone")

    result = BareResource().import_data(Dataset().load(content, format="xlsx"), raise_errors=True)
    if result.has_errors():
        raise ValueError("stock import failed")


def measure(run: Run) -> list[Row]:
    bench, rows = run.bench, run.some(10_000, 500)
    with run.copy("sheets", run.small) as database:
        bench.give(database)
        env = bench.env(database, role=postgres.OWNER)
        bare = env | {"DJANGO_SETTINGS_MODULE": "liaison.bench.bare.settings"}
        told = bench.call("liaison.bench.sheets:take_in", env, rows)
        stock = bench.call("liaison.bench.sheets:take_in_stock", bare, run.some(2000, 200))
    ratio = told["product"] / stock
    return [
        Row("G11", f"import of {rows} people, rows per CPU second ÷ stock", "≥ 10 ×", f"{ratio:.1f} ×",
            ratio >= 10 / MARGIN, f"{told['product']:.0f} : {stock:.0f} rows per CPU s; {told['wall']:.1f} s wall; "
            f"preview alone {told['preview']:.0f}"),
        Row("G11.count", "its statements", "≤ 60", str(told["statements"]), told["statements"] <= 60),
        Row("G11.again", "the same file once more ÷ the first time, CPU", "≤ 1.2 ×", f"{told['again']:.2f} ×",
            told["again"] <= 1.2 * MARGIN),
    ]  # fmt: skip
