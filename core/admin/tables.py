"""Tables out of the admin: django-import-export's forms and resources, written by `core.cells`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.resources import ModelResource
from import_export.widgets import Widget

from core.cells import write_csv, write_xlsx


class _Plain(Widget):
    """Values go to the cell as they are; `safe_cell` makes words of them."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return str(value) if isinstance(value, models.Model) else value


class _TableOut(Format):
    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding

    def can_export(self) -> bool:
        return True

    def get_read_mode(self) -> str:
        return "rb"


class ExcelOut(_TableOut):
    def get_title(self) -> str:
        return _("Excel 表格（xlsx）")

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def answer(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
        """The rows go to a file on disk as they come, and from there to the browser."""
        return FileResponse(
            write_xlsx(headings, rows),
            as_attachment=True,
            filename=name,
            content_type=self.get_content_type(),
            headers={"Cache-Control": "no-store"},
        )


class CsvOut(_TableOut):
    def get_title(self) -> str:
        return _("CSV 文本")

    def get_extension(self) -> str:
        return "csv"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def answer(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
        """Line by line, as the browser takes them."""
        return StreamingHttpResponse(
            write_csv(headings, rows),
            content_type=self.get_content_type(),
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
        )


def table_of(model: type[models.Model], names: Iterable[str]) -> type[ModelResource]:
    """A resource of these fields under their Chinese names, as an office would keep the table."""
    columns = {name: _column(model, name) for name in names}
    meta = type("Meta", (), {"model": model, "fields": list(columns), "export_order": list(columns)})
    return type(f"{model.__name__}Table", (ModelResource,), {**columns, "Meta": meta})


def _column(model: type[models.Model], name: str) -> Field:
    field: Any = model._meta.get_field(name)
    shown = f"get_{name}_display" if getattr(field, "choices", None) else name
    return Field(attribute=shown, column_name=str(field.verbose_name), widget=_Plain(), readonly=True)
