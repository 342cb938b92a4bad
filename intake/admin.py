"""Requests in the admin: listed, searched, opened with the same state, clocks and steps as at the desk; never edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.permissions import Permission as P
from core.admin import ReadOnlyAdmin
from core.search import search
from intake.models import ConstituentRequest
from intake.models.states import STATES
from intake.pages import case_context


class StateFilter(admin.SimpleListFilter):
    """By state, in the words of the desk."""

    title = _("状态")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(state.name, state.label) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(ConstituentRequest)
class RequestAdmin(ReadOnlyAdmin):
    """Rows by `visible_to`; the words of a reply, a note or a rating are changed by steps only, so no table of them stands here."""

    view_right = P.REQUEST_VIEW
    export_right = P.REQUEST_EXPORT
    list_display = (
        "reference",
        "title",
        "category",
        "station",
        "state_words",
        "unit",
        "is_urgent",
        "created_at",
    )
    list_select_related = ("category", "station", "unit")
    list_filter = (StateFilter, "category", "channel", "is_urgent", "station", "unit")
    search_fields = ("reference",)
    search_help_text = _("编号、事由、内容、地点里的词")
    ordering = ("-id",)

    @admin.display(description=_("状态"), ordering="state")
    def state_words(self, case: ConstituentRequest) -> str:
        return case.state_label

    def get_queryset(self, request: HttpRequest) -> Any:
        """Without the sealed columns: a list decrypts nobody."""
        rows: Any = super().get_queryset(request)
        return rows.for_list()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Whole: the page of one case shows what a list leaves out."""
        user: Any = request.user
        rows = ConstituentRequest.objects.visible_to(user).for_page()
        return rows.filter(pk=object_id).first() if object_id.isdecimal() else None

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Chinese words by the desk's own index."""
        found = search(queryset, search_term, vector="search", texts=["reference", "title", "body", "place"])
        return found, False

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """The desk's export: with a reason that is kept, and without names and numbers."""
        if not self.has_export_permission(request):
            raise Http404
        return redirect(reverse("intake:export") + "?view=all")

    @method_decorator(require_safe)
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The case as the desk shows it, inside the admin."""
        case = self.get_object(request, unquote(object_id))
        if case is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            **case_context(request.user, case),
            "opts": self.opts,
            "title": case.title,
            "here": request.get_full_path(),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/intake/constituentrequest/change_form.html", context)
