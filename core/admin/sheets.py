"""The two steps of an import in the admin: upload and look, then confirm. Between them the file lies sealed in a draft."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from import_export.admin import ImportMixin
from import_export.results import RowResult

from core.cells import MAX_BYTES, read_table, write_csv, write_xlsx
from core.models import Draft
from core.sheets import MAX_ROWS, Line, SheetResource, SheetResult

LABEL = "sheet-import"
KEPT_FOR = timedelta(hours=2)
# A page of so many rows still opens on an office machine; the download has them all.
SHOWN = 500

STATES = {
    RowResult.IMPORT_TYPE_NEW: (_lazy("新增"), "green"),
    RowResult.IMPORT_TYPE_UPDATE: (_lazy("更新"), "amber"),
    RowResult.IMPORT_TYPE_SKIP: (_lazy("不变"), ""),
    RowResult.IMPORT_TYPE_INVALID: (_lazy("错误"), "wine"),
}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_lazy("表格"),
        help_text=_lazy("Excel（.xlsx）或 CSV，不超过 10 MB。"),
        error_messages={"required": _lazy("请选一个表格文件"), "empty": _lazy("这个文件是空的")},
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if upload.size > MAX_BYTES:
            raise ValidationError(_("文件超过 10 MB，请分成几个再上传"))
        return upload


class SheetImportMixin(ImportMixin):
    """`resource_class` is a SheetResource; `import_right` the permission it needs."""

    resource_class: ClassVar[type[SheetResource]]
    import_right: ClassVar[str] = ""
    import_template_name = "representatives/import.html"
    import_export_change_list_template = None  # our own change_list_object_tools.html has the links

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.holds(request, self.import_right)

    def get_urls(self) -> list[Any]:
        name = "{}_{}_import_template".format(*self.get_model_info())
        own = path("import/template/", self.admin_site.admin_view(self.import_template), name=name)
        return [own, *super().get_urls()]

    # --- the empty table

    def import_template(self, request: HttpRequest) -> FileResponse:
        """Headings and a row to write over."""
        self._require(request)
        columns = self.resource_class.columns
        file = write_xlsx(
            [column.heading for column in columns],
            [[column.example for column in columns]],
            title=str(self.resource_class.label),
        )
        return FileResponse(
            file,
            as_attachment=True,
            filename=_("%(what)s导入模板.xlsx") % {"what": self.resource_class.label},
        )

    # --- first step

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self._require(request)
        if request.method != "POST":
            return self._page(request, UploadForm())
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._page(request, form, status=422)
        upload = form.cleaned_data["file"]
        try:
            result = self._judge(request, upload, dry_run=True)
        except ValidationError as problem:
            form.add_error("file", problem)
            return self._page(request, form, status=422)
        upload.seek(0)
        token = secrets.token_urlsafe(16)
        Draft.objects.create(
            key=_key(request, token),
            owner_id=request.user.pk,
            case_label=LABEL,
            payload={"name": upload.name[:120], "content": base64.b64encode(upload.read()).decode()},
            expires_at=timezone.now() + KEPT_FOR,
        )
        return self._page(request, form, result=result, token=token)

    def _judge(self, request: HttpRequest, file: Any, *, dry_run: bool) -> SheetResult:
        resource = self.resource_class()
        rows = read_table(file, resource.headings(), optional=resource.optional(), max_rows=MAX_ROWS)
        return resource.import_data(rows, dry_run=dry_run, user=request.user)

    # --- second step

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """Judge the kept file again, for the register may have changed; write it whole, once."""
        self._require(request)
        if request.method != "POST":
            return HttpResponseRedirect(self._url("import"))
        token = request.POST.get("token", "")[:40]
        with transaction.atomic():
            # The row is the lock: of two confirmations the second finds nothing.
            kept = (
                Draft.objects.select_for_update()
                .filter(key=_key(request, token), owner_id=request.user.pk, expires_at__gt=timezone.now())
                .first()
            )
            if kept is None:
                messages.error(request, _("这个文件已经导入过，或放得太久了。请重新上传。"))
                return HttpResponseRedirect(self._url("import"))
            file = ContentFile(base64.b64decode(kept.payload["content"]), name=kept.payload["name"])
            if "download" in request.POST:
                return self._checked(self._judge(request, file, dry_run=True))
            try:
                result = self._judge(request, file, dry_run=False)
            except ValidationError as problem:
                messages.error(request, problem.messages[0])
                return HttpResponseRedirect(self._url("import"))
            if result.has_validation_errors():
                return self._page(request, UploadForm(), result=result, token=token, status=409)
            kept.delete()
            self._log(request, result)
        return HttpResponseRedirect(self._url("changelist"))

    def _log(self, request: Any, result: SheetResult) -> None:
        counts = {
            "new": result.totals["new"],
            "changed": result.totals["update"],
            "same": result.totals["skip"],
        }
        words = _("导入完成：新增 %(new)d 行，更新 %(changed)d 行，不变 %(same)d 行。") % counts
        messages.success(request, words)
        LogEntry.objects.create(
            user_id=request.user.pk,
            content_type=ContentType.objects.get_for_model(self.model),
            object_repr=str(self.resource_class.label),
            action_flag=CHANGE,
            change_message=words,
        )

    def _checked(self, result: SheetResult) -> StreamingHttpResponse:
        """Every row with its state, to mend in the office."""
        headings = [column.heading for column in self.resource_class.columns]
        rows = (
            [
                line.number,
                STATES[line.outcome][0],
                "；".join(line.faults),
                *(line.cells[name] for name in headings),
            ]
            for line in result.lines
        )
        name = _("核对结果.csv")
        return StreamingHttpResponse(
            write_csv([_("行号"), _("状态"), _("要改的"), *headings], rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
        )

    # --- the page

    def _page(
        self, request: HttpRequest, form: UploadForm, *, result: SheetResult | None = None, token: str = "",
        status: int = 200,
    ) -> HttpResponse:  # fmt: skip
        context = {
            **self.admin_site.each_context(request),
            "title": _("批量导入%(what)s") % {"what": self.resource_class.label},
            "opts": self.model._meta,
            "form": form,
            "columns": self.resource_class.columns,
            "template_url": self._url("import_template"),
            "token": token,
            **(self._preview(result) if result is not None else {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, self.import_template_name, context, status=status)

    def _preview(self, result: SheetResult) -> dict[str, Any]:
        lines = sorted(result.lines, key=lambda line: (not line.faults, line.number))
        headings = [column.heading for column in self.resource_class.columns]
        used = [name for name in headings if any(line.cells[name] for line in lines)]
        return {
            "counts": [(*STATES[state], result.totals[state]) for state in STATES],
            "faulty": len(result.faulty),
            "headings": used,
            "lines": [_shown(line, used, self.resource_class) for line in lines[:SHOWN]],
            "left_out": max(0, len(lines) - SHOWN),
        }

    def _require(self, request: HttpRequest) -> None:
        if not self.has_import_permission(request):
            raise PermissionDenied

    def _url(self, name: str) -> str:
        return reverse(
            "admin:{}_{}_{}".format(*self.get_model_info(), name), current_app=self.admin_site.name
        )


def _key(request: HttpRequest, token: str) -> str:
    return f"sheet:{request.user.pk}:{token}"


def _shown(line: Line, headings: list[str], resource: type[SheetResource]) -> dict[str, Any]:
    """A row as the preview draws it: its state, its faults, its cells with those that change marked."""
    changed = {name.rpartition(".")[2] for name in line.changed}
    by_heading = {column.heading: column.name in changed for column in resource.columns}
    label, tone = STATES[line.outcome]
    return {
        "number": line.number,
        "label": label,
        "tone": tone,
        "faults": line.faults,
        "cells": [(line.cells[name], by_heading[name]) for name in headings],
    }
