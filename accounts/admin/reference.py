"""Divisions, units and categories: what the whole house refers to."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts import actions, boundaries
from accounts.forms import AreaForm
from accounts.models import Area, Category, Unit, User
from accounts.permissions import Permission as P
from core.admin import AuditedAdmin


def _me(request: HttpRequest) -> User:
    """Whoever acts: no page of the admin opens to anybody unknown."""
    return cast("User", request.user)


class InForceFilter(admin.SimpleListFilter):
    title = _lazy("是否在用")
    parameter_name = "force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("now", _("在用")), ("ended", _("已停用"))]

    def queryset(self, request: HttpRequest, areas: Any) -> Any:
        if self.value() == "now":
            return areas.in_force()
        return areas.filter(valid_to__lte=timezone.localdate()) if self.value() == "ended" else areas


@admin.register(Area)
class AreaAdmin(AuditedAdmin):
    view_right = P.REFERENCE_VIEW
    manage_right = P.AREA_MANAGE
    column_icon = "pin"
    form = AreaForm
    list_display = ("code", "name", "full_name", "level", "valid_from", "valid_to")
    list_display_links = ("code", "name")
    list_filter = ("level", InForceFilter)
    search_fields = ("code__startswith", "name", "pinyin__startswith")
    search_help_text = _lazy("区划代码开头、名称或拼音开头")
    fields = ("code", "name", "level", "parent", "full_name", "valid_from", "valid_to", "successors")
    readonly_fields = ("full_name", "successors")
    actions = ("move",)
    ordering = ("code",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Area]:
        areas: Any = super().get_queryset(request)
        is_choosing = request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"
        return areas.in_force() if is_choosing else areas

    def get_readonly_fields(self, request: HttpRequest, obj: Area | None = None) -> Any:
        # The code is the path of everything below: a changed code is another division (撤并、更名).
        return (*self.readonly_fields, "code", "level", "parent") if obj is not None else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Area | None = None) -> Any:
        return self.fields if obj is not None else ("code", "name", "level", "parent", "valid_from")

    def save_model(self, request: HttpRequest, obj: Area, form: Any, change: bool) -> None:
        actions.save_area(obj, by=_me(request))

    @admin.action(description=_lazy("撤并、更名到另一个区划"), permissions=["change"])
    def move(self, request: HttpRequest, chosen: QuerySet[Area]) -> HttpResponse | None:
        """One division at a time, with a page that says how much would move."""
        if chosen.count() != 1:
            messages.error(request, _("一次只能撤并一个，请只勾一个。"))
            return None
        old = chosen.get()
        if not self.has_change_permission(request, old):
            raise PermissionDenied
        form = self._successor_form(request, old)
        words = _("“%(name)s”停用，站点、单位、任职和办件都转到您选的区划，名字相同的下级一一对应。") % {
            "name": old
        }
        rows = boundaries.counts([(old, old)])
        details = [_("%(what)s：%(n)d 条") % {"what": what, "n": number} for what, number in rows.items()]
        if page := self.confirm(
            request, chosen, action="move", title=_("撤并、更名"), words=words, form=form, details=details
        ):
            return page
        moved = actions.move_boundary(old, form.cleaned_data["new"], by=_me(request))
        said = "，".join(f"{what} {number}" for what, number in moved.items()) or _("没有要转的")
        messages.success(
            request,
            _("%(name)s 已并入 %(new)s：%(said)s。")
            % {"name": old, "new": form.cleaned_data["new"], "said": said},
        )
        return None

    def _successor_form(self, request: HttpRequest, old: Area) -> forms.Form:
        areas = Area.objects.in_force().filter(level=old.level).exclude(pk=old.pk)

        class SuccessorForm(forms.Form):
            new = forms.CharField(
                label=_("转到哪个区划"), max_length=12, help_text=_("填 12 位区划代码。"), initial=""
            )

            def clean_new(self) -> Area:
                new = areas.filter(code=self.cleaned_data["new"].strip()).first()
                if new is None:
                    raise ValidationError(_("没有这个在用的同级区划，请核对 12 位代码。"))
                return new

        return SuccessorForm(request.POST if request.POST.get("confirmed") else None)


@admin.register(Unit)
class UnitAdmin(AuditedAdmin):
    view_right = P.REFERENCE_VIEW
    manage_right = P.UNIT_MANAGE
    column_icon = "building"
    list_display = ("name", "short_name", "kind", "area", "phone", "is_handling", "is_active")
    list_filter = ("kind", "is_handling", "is_active")
    list_select_related = ("area",)
    search_fields = ("name", "short_name", "code", "pinyin__startswith", "area__name")
    search_help_text = _lazy("名称、简称、代号或所在区划")
    fields = ("code", "name", "short_name", "kind", "area", "phone", "is_handling", "is_active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Unit]:
        units: Any = super().get_queryset(request)
        is_choosing = request.resolver_match is not None and request.resolver_match.url_name == "autocomplete"
        return units.in_use() if is_choosing else units

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: bool) -> None:
        obj.set_keys()
        super().save_model(request, obj, form, change)


@admin.register(Category)
class CategoryAdmin(AuditedAdmin):
    view_right = P.REFERENCE_VIEW
    manage_right = P.CATEGORY_MANAGE
    column_icon = "list"
    list_display = ("name", "code", "parent", "order", "default_unit", "is_sensitive", "is_active")
    list_filter = ("is_active", "is_sensitive")
    list_select_related = ("parent", "default_unit")
    search_fields = ("name", "code")
    fields = ("code", "name", "parent", "icon", "order", "default_unit", "is_sensitive", "is_active")
