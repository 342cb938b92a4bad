"""Tables out of the admin: django-import-export's resources, written by `core.exports`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from import_export.admin import ExportMixin
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import Widget

from core import exports
from core.exports import ExportForm, Table
from core.privacy import EncryptedTextField
from core.views import problem_page


class _Plain(Widget):
    """Values go to the cell as they are; `safe_cell` makes words of them."""

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        return str(value) if isinstance(value, models.Model) else value


def table_of(model: type[models.Model], names: Iterable[str]) -> type[ModelResource]:
    """A resource of these fields under their Chinese names, as an office would keep the table."""
    columns = {name: _column(model, name) for name in names}
    meta = type("Meta", (), {"model": model, "fields": list(columns), "export_order": list(columns)})
    return type(f"{model.__name__}Table", (ModelResource,), {**columns, "Meta": meta})


def _column(model: type[models.Model], name: str) -> Field:
    field: Any = model._meta.get_field(name)
    shown = f"get_{name}_display" if getattr(field, "choices", None) else name
    return Field(attribute=shown, column_name=str(field.verbose_name), widget=_Plain(), readonly=True)


class TakenAlong(ExportMixin):
    """A list that may be taken along, as it is narrowed, by django-import-export's resource of its rows."""

    # The fields of an export; empty means all but encrypted ones. `export_right` empty: who may look may take along.
    export_columns: ClassVar[Sequence[str]] = ()
    export_right: str = ""
    # Our own change_list_object_tools.html has the links.
    import_export_change_list_template = None

    admin_site: Any
    model: Any
    opts: Any

    def has_export_permission(self, request: HttpRequest) -> bool:
        if self.export_right:
            return self.holds(request, self.export_right)
        return self.has_view_permission(request)

    def get_export_columns(self) -> Sequence[str]:
        return self.export_columns or [
            field.name
            for field in self.model._meta.concrete_fields
            if not field.primary_key and not isinstance(field, (EncryptedTextField, models.BinaryField))
        ]

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[ModelResource]]:
        return [table_of(self.model, self.get_export_columns())]

    def get_export_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        related = [
            name
            for name in self.get_export_columns()
            if isinstance(self.model._meta.get_field(name), models.ForeignKey)
        ]
        rows = super().get_export_queryset(request)
        return rows.select_related(*related) if related else rows

    def export_action(self, request: HttpRequest) -> HttpResponseBase:
        """The list as it is narrowed, with a reason; a long one is written by a worker and fetched from the inbox."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        form = ExportForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                answer = exports.take_along(request, "admin", self.opts.label_lower, form)
            except IncorrectLookupParameters:
                return problem_page(request, 400)
            except ValidationError as problem:
                form.add_error(None, problem)
            else:
                return answer if answer is not None else exports.on_its_way(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("导出"),
            "form": form,
            "opts": self.opts,
        }
        request.current_app = self.admin_site.name
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, self.export_template_name, context, status=status)

    def export_table(self, request: HttpRequest) -> Table:
        """Row by row from a cursor of the database, so a list of any length fits into memory."""
        resource = self.get_export_resource_classes(request)[0]()
        rows = self.get_export_queryset(request)
        return Table(
            name=self.opts.label_lower,
            title=str(self.opts.verbose_name_plural),
            headings=resource.get_export_headers(),
            count=rows.count(),
            rows=lambda: map(resource.export_resource, rows.iterator(chunk_size=exports.FETCHED)),
            narrowed=request.GET.urlencode(),
        )


def _listed(name: str) -> TakenAlong:
    """The admin of a list by its name. Raises LookupError for a name that is none's."""
    listed = admin.site._registry[apps.get_model(name)]
    if not isinstance(listed, TakenAlong):
        raise LookupError(name)
    return listed


def _may_take(user: Any, name: str) -> bool:
    request = HttpRequest()
    request.user = user
    return _listed(name).has_export_permission(request)


def _table(request: HttpRequest, name: str) -> Table:
    listed = _listed(name)
    if not listed.has_export_permission(request):
        raise PermissionDenied
    return listed.export_table(request)


exports.register("admin", exports.Source(_table, _may_take))
