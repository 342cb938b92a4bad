"""Tables out and in for the admin: django-import-export's two steps over the guards of `core.cells`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import tablib
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from import_export.admin import ImportMixin
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.resources import ModelResource
from import_export.widgets import Widget

from core.cells import read_table, write_csv, write_xlsx


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

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        with write_xlsx(dataset.headers or [], dataset) as file:
            return file.read()


class CsvOut(_TableOut):
    def get_title(self) -> str:
        return _("CSV 文本")

    def get_extension(self) -> str:
        return "csv"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        return b"".join(write_csv(dataset.headers or [], dataset))


def table_of(model: type[models.Model], names: Iterable[str]) -> type[ModelResource]:
    """A resource of these fields under their Chinese names, as an office would keep the table."""
    columns = {name: _column(model, name) for name in names}
    meta = type("Meta", (), {"model": model, "fields": list(columns), "export_order": list(columns)})
    return type(f"{model.__name__}Table", (ModelResource,), {**columns, "Meta": meta})


def _column(model: type[models.Model], name: str) -> Field:
    field: Any = model._meta.get_field(name)
    shown = f"get_{name}_display" if getattr(field, "choices", None) else name
    return Field(attribute=shown, column_name=str(field.verbose_name), widget=_Plain(), readonly=True)


class TableIn(Format):
    """XLSX or CSV as offices keep them, read behind the guards of `core.cells`. Subclass with the headings."""

    headings: ClassVar[Sequence[str]] = ()
    optional: ClassVar[Sequence[str]] = ()

    def __init__(self, encoding: str | None = None) -> None:
        self.encoding = encoding

    def get_title(self) -> str:
        return _("Excel 或 CSV 表格")

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        rows = read_table(ContentFile(in_stream), self.headings, optional=self.optional)
        names = [*self.headings, *self.optional]
        return tablib.Dataset(*[[row.cells[name] for name in names] for row in rows], headers=names)


class HouseImportMixin(ImportMixin):
    """Upload, look, confirm: nothing is written before the second step, and then all of it or nothing."""

    import_export_change_list_template = None
    table_in: ClassVar[type[TableIn]]

    def get_import_formats(self) -> list[type[Format]]:
        return [self.table_in]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.may_manage(request)

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        if not isinstance(e, ValidationError):
            raise e
        form.add_error("import_file", e)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except FileNotFoundError:
            messages.error(request, _("上传的文件已经过期，请重新上传。"))
            return HttpResponseRedirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))
