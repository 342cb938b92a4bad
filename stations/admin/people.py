"""Who works and sits at stations; people with their stations, which the app below does not know."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission as P
from core.admin import HouseInline
from core.admin.sheets import SheetImportMixin
from core.exports import FETCHED, Table
from representatives import rules
from representatives.admin import CurrentFilter, MandateInline, PersonAdmin
from representatives.models import Person
from stations import actions, sheets
from stations.admin.base import AtStationAdmin, typed
from stations.forms import EndForm, MoveForm
from stations.models import Posting, Station, StationStaff


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

    def export_table(self, request: HttpRequest) -> Table:
        """A row for each mandate under the headings of the import; numbers in full for those who keep the register."""
        rows = sheets.mandates_of(self.get_export_queryset(request))
        with_phone = rules.may_manage(request.user)
        return Table(
            name=self.opts.label_lower,
            title=str(sheets.RepresentativeResource.label),
            headings=[column.heading for column in sheets.RepresentativeResource.columns],
            count=rows.count(),
            rows=lambda: (
                sheets.cells_of(row, with_phone=with_phone) for row in rows.iterator(chunk_size=FETCHED)
            ),
            narrowed=request.GET.urlencode(),
        )
