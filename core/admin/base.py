"""The base of every admin: our permission table instead of Django's, scoped rows everywhere, capped lists.

`HouseAdmin` asks `admin_site.holds(user, right, over=…)`; the site (liaison) knows the table, so `core` need not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.filters import FieldListFilter, RelatedFieldListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _

from core.admin.tables import TakenAlong
from core.navigation import Group
from core.views import problem_page

MAX_LISTED = 1_000


class CappedPaginator(Paginator):
    """Counts to a thousand and stops: nobody pages further, and a full count of a million rows takes seconds."""

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        return rows.order_by()[: MAX_LISTED + 1].count() if isinstance(rows, models.QuerySet) else len(rows)

    @cached_property
    def count(self) -> int:
        return min(self._counted, MAX_LISTED)

    @property
    def is_capped(self) -> bool:
        return self._counted > MAX_LISTED


class ScopedRelatedFilter(RelatedFieldListFilter):
    """The choices of a filter by relation: what this person may see, and never a list of thousands."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        if not isinstance(model_admin, _HouseRights):
            return super().field_choices(field, request, model_admin)
        rows = model_admin.choices_of(field.remote_field.model, request)
        return [(row.pk, str(row)) for row in rows[:MAX_LISTED]]


FieldListFilter.register(lambda field: bool(field.remote_field), ScopedRelatedFilter, take_priority=True)


def visible_rows(model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
    rows = model._default_manager.all()
    return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows


def is_key(model: type[models.Model], value: Any) -> bool:
    """Whether this can be a key of the model at all: Django's admin looks up what was sent and fails on anything else."""
    try:
        model._meta.pk.to_python(value)
    except ValidationError:
        return False
    return True


class _KeysOnly:
    field: Any

    def optgroups(self, name: str, value: Sequence[Any], attr: Any = None) -> Any:
        model = self.field.remote_field.model
        return super().optgroups(name, [each for each in value if is_key(model, each)], attr)  # type: ignore[misc]


class _One(_KeysOnly, AutocompleteSelect):
    pass


class _Several(_KeysOnly, AutocompleteSelectMultiple):
    pass


class _HouseRights:
    """Rights and rows for admins and inlines alike. Django's permissions, groups and `is_superuser` are never asked.

    `view_right` lets look, `manage_right` lets look, add and change. Deleting is off unless `may_delete` says so:
    what was in use is ended, not deleted.
    """

    view_right: str | Sequence[str] = ""
    manage_right: str = ""
    may_add = True
    may_change = True
    may_delete = False

    admin_site: Any
    model: Any

    def holds(self, request: HttpRequest, right: str, obj: Any = None) -> bool:
        place = self.place_of(obj) if obj is not None else None
        return bool(right) and bool(self.admin_site.holds(request.user, right, over=place))

    def place_of(self, obj: Any) -> Any:
        """The area, unit or placed thing over which the right must be held; None when it has no place."""
        return obj if hasattr(obj, "county_code") else getattr(obj, "area", None)

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.holds(request, self.manage_right, obj)

    def may_see(self, user: Any) -> bool:
        """Whether there is anything for this person: any right to look, anywhere. Which rows is `get_queryset`'s matter."""
        looking = [self.view_right] if isinstance(self.view_right, str) else self.view_right
        return any(right and self.admin_site.holds(user, right) for right in (*looking, self.manage_right))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_see(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_add and self.may_manage(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and self.may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and self.may_manage(request, obj)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)  # type: ignore[misc]
        if not rows.query.order_by:
            # In so many words: a list that groups its rows would drop the model's own order.
            rows = rows.order_by(*(self.model._meta.ordering or ["pk"]))
        return rows.visible_to(request.user) if hasattr(rows, "visible_to") else rows

    def choices_of(self, model: type[models.Model], request: HttpRequest) -> models.QuerySet[Any]:
        """What a form or filter may offer of a related model: what its own admin would list for this person."""
        related = self.admin_site._registry.get(model)
        return related.get_queryset(request) if related is not None else visible_rows(model, request)

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> Any:
        return self.choices_of(db_field.remote_field.model, request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _One(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", _Several(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def get_autocomplete_fields(self, request: HttpRequest) -> list[str]:
        """Every relation to something searchable: no page draws a select of 7,808 divisions."""
        return [
            field.name
            for field in self.model._meta.get_fields()
            if isinstance(field, (models.ForeignKey, models.ManyToManyField))
            and getattr(self.admin_site._registry.get(field.remote_field.model), "search_fields", None)
        ]


class HouseAdmin(_HouseRights, TakenAlong, admin.ModelAdmin):
    """The base of every registered admin. Say `view_right` and `manage_right`; the rest follows."""

    paginator = CappedPaginator
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    save_on_top = False
    # An icon puts the list into the left column; the others are found on the workbench under 全部资料.
    column_icon = ""
    column_label: Any = ""  # the list's name there, when it is not the model's
    column_group = Group.DATA

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # --- doors

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if any("\0" in word for key, values in request.GET.lists() for word in (key, *values)):
            return problem_page(request, 400)
        if not all(is_key(self.model, each) for each in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            return problem_page(request, 400)
        context = {"title": self.opts.verbose_name_plural, **(extra_context or {})}
        response = super().changelist_view(request, context)
        # Django's page for a filter it cannot read knows nothing of the request, and speaks of the database.
        if getattr(response, "template_name", "") == "admin/invalid_setup.html":
            return problem_page(request, 400)
        return response

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        """Out of scope or gone: there is no such page."""
        raise Http404

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The model's form, which also refuses a place this person does not manage."""
        base = super().get_form(request, obj, change=change, **kwargs)
        may_manage = self.may_manage

        class PlacedForm(base):  # type: ignore[misc,valid-type]
            def _post_clean(self) -> None:
                super()._post_clean()
                if not self.errors and not may_manage(request, self.instance):
                    self.add_error(None, _("您管不到这个地方，请选您辖区里的。"))

        return PlacedForm

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """None also for a row shown with what was typed into it and refused: no address may follow from that."""
        if obj is None or not hasattr(obj, "get_absolute_url"):
            return None
        try:
            return str(obj.get_absolute_url())
        except NoReverseMatch:
            return None

    # --- actions

    def confirm(
        self,
        request: HttpRequest,
        queryset: models.QuerySet[Any],
        *,
        action: str,
        title: str,
        words: str,
        form: Any = None,
        details: Sequence[str] = (),
    ) -> HttpResponse | None:
        """The page between a bulk action and its doing, which names what will change. None once it was confirmed.

        An action begins with `if page := self.confirm(request, queryset, action="…", …): return page`.
        """
        if request.POST.get("confirmed") and (form is None or form.is_valid()):
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "words": words,
            "rows": queryset[:MAX_LISTED],
            "details": details,
            "form": form,
            "action": action,
            "opts": self.opts,
            "media": self.media,
        }
        status = 422 if form is not None and form.errors else 200
        return TemplateResponse(request, "admin/confirm.html", context, status=status)


class ReadOnlyAdmin(HouseAdmin):
    """Looking only: ledgers, logs and what the system writes itself."""

    may_add = may_change = False


class HouseInline(_HouseRights, admin.TabularInline):
    """Rows below another row. Without rights of its own it may what its parent's admin may."""

    extra = 0
    show_change_link = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """As many rows as were sent, whatever the count sent beside them says: Django draws two thousand on demand."""
        base = super().get_formset(request, obj, **kwargs)

        class SentRows(base):  # type: ignore[misc,valid-type]
            def total_form_count(self) -> int:
                count: int = super().total_form_count()
                if not self.is_bound:
                    return count
                start = f"{self.prefix}-"
                rows = {
                    name.removeprefix(start).partition("-")[0] for name in self.data if name.startswith(start)
                }
                return min(count, sum(row.isdecimal() for row in rows))

        return SentRows

    def _parent(self) -> Any:
        return self.admin_site._registry[self.parent_model]

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.manage_right:
            return self.holds(request, self.manage_right)
        return self._parent().has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if self.view_right or self.manage_right:
            return super().has_view_permission(request, obj)
        return self._parent().has_view_permission(request, obj)
