"""Core's own tables in the admin: the calendar and the rules may be changed, everything else only looked at."""

from __future__ import annotations

from collections.abc import Hashable
from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from import_export.results import RowResult

from core import rulebook, sheets
from core.admin.base import HouseInline, ReadOnlyAdmin
from core.admin.history import AuditedAdmin
from core.admin.sheets import SheetImportMixin
from core.cases import case_models
from core.models import (
    AccessLog,
    CalendarDay,
    Clock,
    Event,
    Heartbeat,
    Message,
    RulePack,
    Rung,
    RungFiring,
    Term,
)
from core.navigation import Group
from core.sheets import Column, Line, SheetResource


class CalendarSheet(SheetResource):
    """The yearly notice as a table: one line for each day that differs from the plain week."""

    label = _lazy("工作日历")
    columns: ClassVar = (
        Column("day", "日期", sheets.day, True, "2026-10-01"),
        Column("is_workday", "上班", sheets.yes, True, "否"),
        Column("name", "说明", sheets.text(40), example="国庆节"),
        Column("source", "依据", sheets.text(120), True, "国务院办公厅关于2026年部分节假日安排的通知"),
    )

    def load(self, lines: list[Line]) -> None:
        days = [line["day"] for line in lines if line["day"]]
        self.known = {row.day: row for row in CalendarDay.objects.filter(day__in=days)}

    def key(self, line: Line) -> Hashable:
        return line["day"]

    def judge(self, line: Line) -> None:
        line.found = self.known.get(line["day"])
        if line.found is None:
            line.outcome = RowResult.IMPORT_TYPE_NEW
            return
        line.changed = sheets.differing(line, line.found, ("is_workday", "name", "source"))
        line.outcome = RowResult.IMPORT_TYPE_UPDATE if line.changed else RowResult.IMPORT_TYPE_SKIP

    def write(self, lines: list[Line]) -> None:
        for line in lines:
            row = line.found or CalendarDay()
            for name, value in line.values.items():
                setattr(row, name, value)
            line.found = row
        sheets.insert(CalendarDay, [line.found for line in lines if line.found.pk is None])
        known = [line.found for line in lines if line.outcome == RowResult.IMPORT_TYPE_UPDATE]
        sheets.rewrite(CalendarDay, known, ["is_workday", "name", "source"])


@admin.register(CalendarDay)
class CalendarDayAdmin(SheetImportMixin, AuditedAdmin):
    view_right = "reference.view"
    manage_right = "calendar.manage"
    may_delete = True  # a day entered by mistake goes back to what the weekday says
    column_icon = "calendar"
    resource_class = CalendarSheet
    import_right = "calendar.manage"
    list_display = ("day", "is_workday", "name", "source")
    list_filter = ("is_workday",)
    search_fields = ("name", "source")
    date_hierarchy = "day"
    fields = ("day", "is_workday", "name", "source")

    def save_model(self, request: HttpRequest, obj: CalendarDay, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._count_anew(request)

    def delete_model(self, request: HttpRequest, obj: CalendarDay) -> None:
        super().delete_model(request, obj)
        self._count_anew(request)

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response = super().process_import(request, **kwargs)
        self._count_anew(request)
        return response

    def _count_anew(self, request: HttpRequest) -> None:
        """A job sees the changed calendar and moves the running deadlines: there may be tens of thousands."""
        rulebook.clear()
        messages.info(request, _("正在办的期限会在一两分钟内按新的日历重算。"))


# --- rules


class RungForm(forms.ModelForm):
    """Who hears it as words with commas, not as JSON."""

    hears = forms.CharField(
        label=_lazy("通知谁"),
        max_length=200,
        required=False,
        help_text=_lazy(
            "角色代号，用逗号隔开，例如 unit_officer,station_head。到时自己办的那一步可以不通知人。"
        ),
    )

    class Meta:
        model = Rung
        fields = (
            "clock",
            "order",
            "level",
            "offset",
            "offset_unit",
            "hears",
            "fires",
            "requires_answer",
            "document",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["hears"] = ",".join(self.instance.hears or [])

    def clean_hears(self) -> list[str]:
        words = self.cleaned_data["hears"].strip()
        if not words:
            return []
        names = [name.strip() for name in words.replace("，", ",").split(",")]
        if not all(names):
            raise ValidationError(_("两个逗号中间没有角色代号，请补上或删掉一个逗号。"))
        return names

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not given.get("hears") and not given.get("fires"):
            self.add_error("hears", _("写上通知谁，或者写上到时自己办哪一步。"))
        return given


class _OfPack(HouseInline):
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_manage(request, obj)


class TermInline(_OfPack):
    model = Term
    fields = (
        "clock",
        "case_class",
        "amount",
        "unit",
        "roll",
        "next_day_after",
        "max_extensions",
        "article",
    )


class RungInline(_OfPack):
    model = Rung
    form = RungForm


class RulePackForm(forms.ModelForm):
    class Meta:
        model = RulePack
        fields = ("code", "name", "area_prefix", "source", "valid_from", "valid_to")

    def clean_area_prefix(self) -> str:
        prefix = self.cleaned_data["area_prefix"].strip()
        if prefix and not (prefix.isdecimal() and prefix.isascii() and len(prefix) in (2, 4, 6, 9, 12)):
            raise ValidationError(_("前缀只写数字：省 2 位、地级 4 位、县 6 位、乡 9 位，或留空表示全国。"))
        return prefix

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        starts, ends = given.get("valid_from"), given.get("valid_to")
        if starts and ends and ends <= starts:
            self.add_error("valid_to", _("失效日期要晚于施行日期。"))
        return given


@admin.register(RulePack)
class RulePackAdmin(AuditedAdmin):
    view_right = "reference.view"
    manage_right = "rules.manage"
    column_icon = "gavel"
    form = RulePackForm
    list_display = ("name", "code", "area_prefix", "source", "valid_from", "valid_to")
    search_fields = ("name", "code", "area_prefix", "source")
    inlines = (TermInline, RungInline)

    def place_of(self, obj: RulePack) -> Any:
        """The county of its prefix: rules of a wider place are for whoever is responsible there, or for the whole site."""
        prefix = obj.area_prefix
        return SimpleNamespace(
            county_code=f"{prefix[:6]}000000" if len(prefix) >= 6 else "",
            town_code=f"{prefix[:9]}000" if len(prefix) >= 9 else "",
        )

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rulebook.clear()


# --- the ledger, and what the system writes itself


# A place nobody's county is: only a right over the whole site reaches it.
NOWHERE = SimpleNamespace(county_code="", town_code="")


class _OfCases:
    """Rows about cases: whoever holds the right over some counties only sees those about cases they may see."""

    case_path = ""
    admin_site: Any
    view_right: Any

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)  # type: ignore[misc]
        rights = [self.view_right] if isinstance(self.view_right, str) else self.view_right
        if any(self.admin_site.holds(request.user, right, over=NOWHERE) for right in rights):
            return rows
        seen = Q()
        for label, model in case_models().items():
            cases: Any = model.objects
            mine = cases.visible_to(request.user).values("pk")
            seen |= Q(**{f"{self.case_path}case_label": label, f"{self.case_path}case_id__in": mine})
        return rows.filter(seen)


class _CaseColumn(_OfCases):
    """The case a row is about, as its kind and number."""

    @admin.display(description=_lazy("办件"))
    def about(self, row: Any) -> str:
        return f"{row.case_label} {row.case_id}" if row.case_id else "—"


@admin.register(Event)
class EventAdmin(_CaseColumn, ReadOnlyAdmin):
    view_right = "history.view"
    column_icon = "track"
    column_group = Group.SYSTEM
    list_display = ("at", "kind", "about", "from_state", "to_state", "actor_kind", "actor")
    list_filter = ("actor_kind",)
    list_select_related = ("actor",)
    search_fields = ("kind", "=case_id")
    search_help_text = _lazy("事件代号，或办件的内部编号")
    ordering = ("-id",)
    fields = (
        "action_id",
        "about",
        "seq",
        "kind",
        "from_state",
        "to_state",
        "round",
        "actor",
        "actor_kind",
        "at",
        "facts_text",
    )
    readonly_fields = ("about",)
    export_columns = (
        "action_id",
        "case_label",
        "case_id",
        "seq",
        "kind",
        "from_state",
        "to_state",
        "actor",
        "actor_kind",
        "at",
    )


@admin.register(AccessLog)
class AccessLogAdmin(_CaseColumn, ReadOnlyAdmin):
    view_right = "access_log.view"
    column_icon = "eye"
    column_group = Group.SYSTEM
    list_display = ("at", "actor", "about", "what", "reason")
    list_select_related = ("actor",)
    search_fields = ("actor__username", "actor__display_name", "reason", "=case_id")
    ordering = ("-id",)
    fields = ("at", "actor", "about", "what", "reason", "request_id")
    readonly_fields = ("about",)


@admin.register(Message)
class MessageAdmin(_CaseColumn, ReadOnlyAdmin):
    """How sending goes. The contents hold numbers and dates only, but are not needed for that: left out."""

    view_right = "message.view"
    column_icon = "send"
    column_label = _lazy("发送情况")
    column_group = Group.SYSTEM
    list_display = (
        "created_at",
        "kind",
        "channel",
        "recipient",
        "about",
        "attempts",
        "sent_at",
        "dead_at",
        "last_error",
    )
    list_filter = (
        "channel",
        ("sent_at", admin.EmptyFieldListFilter),
        ("dead_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("recipient",)
    search_fields = ("kind", "=case_id", "recipient__username")
    ordering = ("-id",)
    fields = (
        "kind", "channel", "recipient", "about", "is_urgent", "created_at", "next_try_at", "attempts", "sent_at",
        "dead_at", "read_at", "last_error",
    )  # fmt: skip
    readonly_fields = ("about",)
    export_columns = ("kind", "channel", "created_at", "attempts", "sent_at", "dead_at", "last_error")


@admin.register(Clock)
class ClockAdmin(_CaseColumn, ReadOnlyAdmin):
    view_right = ("history.view", "system.status")
    list_display = ("about", "name", "started_at", "due_on", "paused_at", "stopped_at", "next_check_at")
    list_filter = ("name", ("stopped_at", admin.EmptyFieldListFilter))
    search_fields = ("=case_id", "name")
    ordering = ("-id",)
    exclude = ("case_label", "case_id")
    readonly_fields = ("about",)


@admin.register(RungFiring)
class RungFiringAdmin(_OfCases, ReadOnlyAdmin):
    case_path = "clock__"
    view_right = ("history.view", "system.status")
    list_display = ("clock", "rung", "round", "due_at", "fired_at")
    list_select_related = ("clock", "rung")
    ordering = ("-id",)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    view_right = "system.status"
    list_display = ("name", "at", "note")
