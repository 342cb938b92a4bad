"""Stations, the people at them and their days, in the admin."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission as P
from core.admin import AuditedAdmin, HouseInline
from core.admin.sheets import SheetImportMixin
from representatives.actions import keep_photo, replace_photo
from representatives.admin import CurrentFilter, MandateInline, PersonAdmin
from representatives.models import Person
from stations import actions, rules, sheets
from stations.forms import (
    CloseForm,
    EndForm,
    MoveForm,
    PlanForm,
    ReasonForm,
    ReceptionForm,
    StationForm,
)
from stations.models import (
    Posting,
    Reception,
    ReceptionPlan,
    Station,
    StationPhoto,
    StationStaff,
    StationTopic,
    Venue,
)


def typed(request: HttpRequest) -> Any:
    """The second page's words; None while the first is being shown."""
    return request.POST if request.POST.get("confirmed") else None


class AtStation:
    """Rights over rows that hang on a station: one's own station, or one in one's area."""

    manage_right: str

    def station_of(self, obj: Any) -> Station | None:
        return obj.station if getattr(obj, "station_id", None) else None

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        station = self.station_of(obj) if obj is not None else None
        return rules.holds(request.user, P(self.manage_right), station)

    def mine(self, request: HttpRequest, chosen: QuerySet[Any]) -> Any:
        """The chosen rows, read once: what an action changes may leave the list's filter."""
        rows = list(chosen)
        if not all(self.may_manage(request, row) for row in rows):
            raise PermissionDenied
        return rows


class AtStationAdmin(AtStation, AuditedAdmin):
    view_right = P.STATION_VIEW


@admin.register(Venue)
class VenueAdmin(AuditedAdmin):
    view_right = P.STATION_VIEW
    manage_right = P.STATION_MANAGE
    list_display = ("name", "address", "area", "step_free", "plates")
    list_filter = ()
    list_select_related = ("area",)
    search_fields = ("name", "address", "area__name")
    search_help_text = _lazy("场所、地址或村名")
    fields = ("name", "area", "address", "step_free", "floor_area", "latitude", "longitude")

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return rules.holds(request.user, P.STATION_MANAGE)
        mine = obj.pk and any(rules.may_manage(request.user, station) for station in obj.stations.all())
        return bool(mine) or rules.may_found(request.user, obj.area)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Venue]:
        return super().get_queryset(request).annotate(plates=Count("stations", distinct=True))

    @admin.display(description=_lazy("挂几块牌"))
    def plates(self, venue: Any) -> int:
        return venue.plates


class StaffInline(AtStation, HouseInline):
    model: Any = StationStaff
    manage_right = P.STATION_MANAGE
    fields: ClassVar[Any] = ("user", "duty", "begins_on", "ends_on")

    def station_of(self, obj: Any) -> Station | None:
        return obj if isinstance(obj, Station) and obj.pk else super().station_of(obj)


class PostingInline(StaffInline):
    model: Any = Posting
    fields = ("person", "duty_days", "begins_on", "ends_on", "end_reason")


class TopicInline(StaffInline):
    model: Any = StationTopic
    fields = ("category",)
    may_delete = True


class PhotoInline(StaffInline):
    """Pictures come in by the station's own form; here they are put in order or taken down."""

    model: Any = StationPhoto
    fields = ("order",)
    may_add = False
    may_delete = True


class InUseFilter(admin.SimpleListFilter):
    title = _lazy("是否在用")
    parameter_name = "use"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("在用")), ("no", _("已撤并"))]

    def queryset(self, request: HttpRequest, stations: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return stations.filter(closed_on__isnull=True)
        return stations.filter(closed_on__isnull=False) if self.value() == "no" else stations


@admin.register(Station)
class StationAdmin(SheetImportMixin, AtStationAdmin):
    manage_right = P.STATION_MANAGE
    column_icon = "station"
    form = StationForm
    resource_class = sheets.StationResource
    import_right = P.REGISTRY_IMPORT
    list_display = ("code", "name", "kind", "area", "phone", "sitting", "opened_on", "closed_on", "is_public")
    list_display_links = ("code", "name")
    list_filter = ("kind", InUseFilter, "build_mode", "is_public")
    list_select_related = ("area",)
    search_fields = ("code__startswith", "name", "pinyin__startswith", "venue__address", "area__name")
    search_help_text = _lazy("编号、名称、拼音、地址或区划")
    fieldsets = (
        (None, {"fields": ("code", "name", "kind", "area", "parent", "venue", "unit", "is_public")}),
        (_lazy("给群众看"), {"fields": ("phone", "opening", "directions", "introduction", "photo_file", "more_photo")}),
        (
            _lazy("服务和建设"),
            {
                "fields": (
                    "serves", "functions", "target_group", "build_mode", "opened_on", "closed_on", "taken_over_by",
                )
            },
        ),
    )  # fmt: skip
    readonly_fields = ("closed_on", "taken_over_by")
    inlines = (StaffInline, PostingInline, TopicInline, PhotoInline)
    actions = ("close", "reopen")
    export_columns = (
        "code", "name", "kind", "area", "parent", "venue", "unit", "phone", "opening", "functions", "target_group",
        "build_mode", "opened_on", "closed_on", "taken_over_by", "is_public",
    )  # fmt: skip

    def station_of(self, obj: Any) -> Station | None:
        return obj

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and not obj.pk:
            return rules.may_found(request.user, obj.area)
        return super().may_manage(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return rules.may_found_somewhere(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Station]:
        stations: Any = super().get_queryset(request)
        if request.resolver_match is not None and request.resolver_match.url_name == "autocomplete":
            return stations.in_use()
        return stations.annotate(
            sitting=Count(
                "postings",
                filter=Q(postings__ends_on__isnull=True) | Q(postings__ends_on__gt=timezone.localdate()),
                distinct=True,
            )
        )

    @admin.display(description=_lazy("进站代表"))
    def sitting(self, station: Any) -> int:
        return station.sitting

    def save_model(self, request: Any, obj: Station, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("photo_file"):
            replace_photo(obj, form.cleaned_data["photo_file"], label="station", by=request.user)
        if form.cleaned_data.get("more_photo"):
            photo = keep_photo(form.cleaned_data["more_photo"], label="station", of=obj.pk, by=request.user)
            StationPhoto.objects.create(station=obj, attachment=photo, order=obj.photos.count())

    # --- open, close

    @admin.action(description=_lazy("撤并"), permissions=["change"])
    def close(self, request: Any, chosen: QuerySet[Station]) -> HttpResponse | None:
        rows = self.mine(request, chosen)
        usable = (
            Station.objects.visible_to(request.user).in_use().exclude(pk__in=[station.pk for station in rows])
        )
        form = CloseForm(typed(request), stations=usable)
        words = _(
            "撤并以后，代表、服务的村和下设的点转到接替的站，以后的接待取消，工作人员的任期到这天为止。"
        )
        if page := self.confirm(request, rows, action="close", title=_("撤并家站点"), words=words, form=form):
            return page
        for station in rows:
            actions.close_station(station, by=request.user, **form.cleaned_data)
        messages.success(request, _("已撤并 %(n)d 个。") % {"n": len(rows)})
        return None

    @admin.action(description=_lazy("重新启用"), permissions=["change"])
    def reopen(self, request: Any, chosen: QuerySet[Station]) -> None:
        rows = self.mine(request, chosen)
        for station in rows:
            actions.open_station(station, on=timezone.localdate(), by=request.user)
        messages.success(request, _("已启用 %(n)d 个。") % {"n": len(rows)})


@admin.register(StationStaff)
class StationStaffAdmin(SheetImportMixin, AtStationAdmin):
    manage_right = P.STATION_MANAGE
    resource_class = sheets.StaffResource
    import_right = P.REGISTRY_IMPORT
    list_display = ("user", "station", "duty", "begins_on", "ends_on")
    list_filter = ("duty", CurrentFilter)
    list_select_related = ("user", "station")
    search_fields = ("user__display_name", "user__username", "station__name", "station__code")
    search_help_text = _lazy("姓名、登录名、站名或编号")
    fields = ("station", "user", "duty", "begins_on", "ends_on")


@admin.register(Posting)
class PostingAdmin(AtStationAdmin):
    manage_right = P.STATION_MANAGE
    list_display = ("person", "station", "duty_days", "begins_on", "ends_on", "end_reason")
    list_filter = (CurrentFilter, "station__kind")
    list_select_related = ("person", "station")
    search_fields = ("person__name", "person__pinyin__startswith", "station__name", "station__code")
    search_help_text = _lazy("姓名、拼音、站名或编号")
    fields = ("station", "person", "duty_days", "begins_on", "ends_on", "end_reason")
    actions = ("leave", "move")

    @admin.action(description=_lazy("离站"), permissions=["change"])
    def leave(self, request: Any, chosen: QuerySet[Posting]) -> HttpResponse | None:
        rows = self.mine(request, chosen.select_related("station", "person"))
        form = EndForm(typed(request))
        words = _("离站以后，以前坐站的记录还在。")
        if page := self.confirm(request, rows, action="leave", title=_("代表离站"), words=words, form=form):
            return page
        for posting in rows:
            actions.end_posting(posting, by=request.user, **form.cleaned_data)
        messages.success(request, _("已离站 %(n)d 位。") % {"n": len(rows)})
        return None

    @admin.action(description=_lazy("转到另一个站"), permissions=["change"])
    def move(self, request: Any, chosen: QuerySet[Posting]) -> HttpResponse | None:
        rows = self.mine(request, chosen.select_related("station", "person"))
        usable = Station.objects.visible_to(request.user).in_use()
        form = MoveForm(typed(request), stations=usable)
        words = _("从那天起在新的站接待，以前的记录还在。")
        if page := self.confirm(
            request, rows, action="move", title=_("转到另一个站"), words=words, form=form
        ):
            return page
        moved = actions.move_postings(rows, by=request.user, **form.cleaned_data)
        messages.success(request, _("已转 %(n)d 位。") % {"n": len(moved)})
        return None


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


# --- people: with their stations, which the app below does not know


class SeatInline(HouseInline):
    model = Posting
    fields = ("station", "duty_days", "begins_on", "ends_on", "end_reason")


class PostedFilter(admin.SimpleListFilter):
    title = _lazy("是否进站")
    parameter_name = "posted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("已进站")), ("no", _("还没进站"))]

    def queryset(self, request: HttpRequest, people: QuerySet[Any]) -> QuerySet[Any]:
        sits = Exists(Posting.objects.current().filter(person=OuterRef("pk")))
        if self.value() == "yes":
            return people.filter(sits)
        return people.filter(~sits) if self.value() == "no" else people


@admin.register(Person)
class PersonAtStationsAdmin(SheetImportMixin, PersonAdmin):
    resource_class = sheets.RepresentativeResource
    import_right = P.REGISTRY_IMPORT
    list_filter = (*PersonAdmin.list_filter, PostedFilter)
    inlines = (MandateInline, SeatInline)
