"""Who changed a row of reference data, when and how: read from the tables that pghistory's triggers fill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core.admin.base import HouseAdmin


@dataclass(frozen=True)
class Change:
    """One field that a version changed, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Version:
    at: Any
    who: str
    label: str
    changes: list[Change]


LABELS = {"insert": _lazy("新增"), "update": _lazy("修改"), "delete": _lazy("删除")}


def versions_of(obj: models.Model) -> list[Version]:
    """What pghistory's triggers kept of a row, newest first, each with what it changed and by whom."""
    events = type(obj).pgh_event_model.objects.filter(pgh_obj_id=obj.pk)  # type: ignore[attr-defined]
    kept = list(events.select_related("pgh_context").order_by("pgh_id"))
    people = {row.pgh_context.metadata.get("user") for row in kept if row.pgh_context_id and row.pgh_context}
    names = {user.pk: str(user) for user in get_user_model().objects.filter(pk__in=people - {None})}
    fields = [field for field in obj._meta.concrete_fields if not field.primary_key]
    versions = []
    for before, row in zip([None, *kept], kept, strict=False):
        who = names.get(row.pgh_context.metadata.get("user"), "") if row.pgh_context else ""
        changes = list(_changes(fields, before, row))
        versions.append(
            Version(row.pgh_created_at, who, str(LABELS.get(row.pgh_label, row.pgh_label)), changes)
        )
    return versions[::-1]


def _changes(fields: list[Any], before: Any, after: Any) -> Iterator[Change]:
    for field in fields:
        old = getattr(before, field.attname, None) if before is not None else None
        new = getattr(after, field.attname, None)
        if old != new:
            yield Change(str(field.verbose_name), _words(field, old), _words(field, new))


def _words(field: Any, value: Any) -> str:
    if value in (None, ""):
        return "—"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(field, models.ForeignKey):
        row = field.remote_field.model._default_manager.filter(pk=value).first()
        return str(row) if row is not None else str(value)
    return str(dict(field.flatchoices).get(value, value))


class AuditedAdmin(HouseAdmin):
    """History from the triggers' own tables: whatever changed the row, admin, command or SQL, stands there."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        if not self.has_view_permission(request, obj):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("改动记录：%s") % obj,
            "versions": versions_of(obj),
            "module_name": str(capfirst(self.opts.verbose_name_plural)),
            "object": obj,
            "opts": self.opts,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/versions.html", context)
