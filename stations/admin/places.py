"""Stations and their doors."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission as P
from core.admin import AuditedAdmin, HouseInline
from core.admin.sheets import SheetImportMixin
from representatives.actions import drop_photo, keep_photo, replace_photo
from stations import actions, rules, sheets
from stations.admin.base import AtStation, AtStationAdmin, typed
from stations.forms import CloseForm, StationForm
from stations.models import Posting, Station, StationPhoto, StationStaff, StationTopic, Venue


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

    def save_formset(self, request: Any, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for gone in formset.deleted_objects:
            if isinstance(gone, StationPhoto):
                drop_photo(gone.attachment)

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
