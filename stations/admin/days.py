"""Reception days and the rules they recur by."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission as P
from core.admin.sheets import SheetImportMixin
from stations import actions, rules, sheets
from stations.admin.base import AtStationAdmin, typed
from stations.forms import PlanForm, ReasonForm, ReceptionForm
from stations.models import Reception, ReceptionPlan


@admin.register(ReceptionPlan)
class ReceptionPlanAdmin(AtStationAdmin):
    manage_right = P.RECEPTION_MANAGE
    column_icon = "refresh"
    list_display = ("station", "in_words", "kind", "starts_at_time", "ends_at_time", "day_off", "ends_on")
    list_filter = ("kind", "pattern")
    list_select_related = ("station",)
    search_fields = ("station__name", "station__code", "topic")
    search_help_text = _lazy("站名、编号或主题")
    fields = (
        "station", "kind", "pattern", "every", "weekday", "month_day", "day_off", "begins_on", "ends_on",
        "starts_at_time", "ends_at_time", "topic", "place", "people", "is_public",
    )  # fmt: skip
    actions = ("plan",)

    @admin.display(description=_lazy("规律"))
    def in_words(self, plan: ReceptionPlan) -> str:
        return plan.in_words()

    @admin.action(description=_lazy("按规律排接待日"), permissions=["change"])
    def plan(self, request: Any, chosen: QuerySet[ReceptionPlan]) -> HttpResponse | None:
        rows = self.mine(request, chosen.select_related("station"))
        form = PlanForm(typed(request))
        words = _("从今天起排到您选的日子。逢节假日按每条规律的办法顺延、照常或取消。")
        if page := self.confirm(request, rows, action="plan", title=_("排接待日"), words=words, form=form):
            return page
        made, blocked = 0, []
        try:
            for plan in rows:
                planned = actions.plan_receptions(plan, by=request.user, **form.cleaned_data)
                made += len(planned.made)
                blocked += [f"{day.month}月{day.day}日" for day in planned.blocked]
        except ValidationError as problem:
            messages.error(request, problem.messages[0])
            return None
        messages.success(request, _("排好 %(n)d 场。") % {"n": made})
        if blocked:
            messages.warning(
                request, _("这些天已经有别的接待，没有再排：%(days)s。") % {"days": "、".join(blocked[:20])}
            )
        return None


class WhenFilter(admin.SimpleListFilter):
    title = _lazy("时间")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("coming", _("还没到")), ("past", _("已过")), ("off", _("已取消"))]

    def queryset(self, request: HttpRequest, days: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "coming":
            return days.filter(ends_at__gt=now, cancelled_reason="")
        if self.value() == "past":
            return days.filter(ends_at__lte=now, cancelled_reason="")
        return days.exclude(cancelled_reason="") if self.value() == "off" else days


@admin.register(Reception)
class ReceptionAdmin(SheetImportMixin, AtStationAdmin):
    manage_right = P.RECEPTION_MANAGE
    column_icon = "calendar"
    form = ReceptionForm
    resource_class = sheets.ReceptionResource
    import_right = P.RECEPTION_MANAGE
    list_display = ("starts_at", "ends_at", "station", "kind", "topic", "place", "who", "cancelled_reason")
    list_filter = (WhenFilter, "kind")
    list_select_related = ("station",)
    date_hierarchy = "starts_at"
    search_fields = ("station__name", "station__code", "topic", "place")
    search_help_text = _lazy("站名、编号、主题或地点")
    ordering = ("-starts_at", "-pk")
    fields = (
        "station",
        "kind",
        "topic",
        "place",
        "starts_at",
        "ends_at",
        "people",
        "is_public",
        "cancelled_reason",
    )
    readonly_fields = ("cancelled_reason",)
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reception]:
        return super().get_queryset(request).prefetch_related("people")

    @admin.display(description=_lazy("接待代表"))
    def who(self, reception: Reception) -> str:
        return "、".join(person.name for person in reception.people.all()) or "—"

    def has_import_permission(self, request: HttpRequest) -> bool:
        return rules.holds(request.user, P.RECEPTION_MANAGE)

    @admin.action(description=_lazy("取消"), permissions=["change"])
    def cancel(self, request: Any, chosen: QuerySet[Reception]) -> HttpResponse | None:
        rows = self.mine(request, chosen.select_related("station"))
        form = ReasonForm(typed(request))
        words = _("取消以后，站点页面不再列出，时间空出来可以另排。")
        if page := self.confirm(request, rows, action="cancel", title=_("取消接待"), words=words, form=form):
            return page
        try:
            for reception in rows:
                actions.cancel_reception(reception, by=request.user, **form.cleaned_data)
        except ValidationError as problem:
            messages.error(request, problem.messages[0])
            return None
        messages.success(request, _("已取消 %(n)d 场。") % {"n": len(rows)})
        return None
