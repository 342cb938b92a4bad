"""Bodies, terms, constituencies, mandates and meetings. People themselves stand in the app above, with their stations."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission as P
from core.admin import AuditedAdmin, HouseInline
from core.admin.sheets import SheetImportMixin
from core.images import clean_image
from core.privacy import mask_phone, normalise_phone
from representatives import actions, rules
from representatives.models import (
    Body,
    BodyMember,
    CheckIn,
    CongressLevel,
    CongressTerm,
    Constituency,
    DutyRule,
    Mandate,
    Meeting,
    Person,
)
from representatives.sheets import ConstituencyResource


class CurrentFilter(admin.SimpleListFilter):
    """Dated rows: those of today, those that ended, those still to begin."""

    title = _lazy("是否在任")
    parameter_name = "now"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("现任")), ("ended", _("已结束")), ("later", _("还没开始"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        today = timezone.localdate()
        if self.value() == "yes":
            return rows.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=today), begins_on__lte=today)
        if self.value() == "ended":
            return rows.filter(ends_on__lte=today)
        return rows.filter(begins_on__gt=today) if self.value() == "later" else rows


class OfBodyAdmin(AuditedAdmin):
    """Rows of a body are managed by the office of the body's area; wider bodies may be looked at and chosen."""

    view_right = P.REPRESENTATIVE_VIEW
    manage_right = P.REPRESENTATIVE_MANAGE

    def body_of(self, obj: Any) -> Body | None:
        return obj.body if getattr(obj, "body_id", None) else None

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        return rules.may_manage_body(request.user, self.body_of(obj) if obj is not None else None)


class OfTermAdmin(OfBodyAdmin):
    def body_of(self, obj: Any) -> Body | None:
        return obj.term.body if getattr(obj, "term_id", None) else None


class TermInline(HouseInline):
    model = CongressTerm
    fields = ("number", "begins_on", "ends_on")


class MemberInline(HouseInline):
    model = BodyMember
    fields = ("person", "position", "begins_on", "ends_on")


@admin.register(Body)
class BodyAdmin(OfBodyAdmin):
    column_icon = "gavel"
    list_display = ("name", "kind", "level", "area")
    list_filter = ("kind", "level")
    list_select_related = ("area",)
    search_fields = ("name", "area__name")
    search_help_text = _lazy("名称或区划")
    fields = ("name", "kind", "level", "area")
    inlines = (TermInline, MemberInline)

    def body_of(self, obj: Any) -> Body | None:
        return obj if obj.area_id else None


@admin.register(CongressTerm)
class CongressTermAdmin(OfBodyAdmin):
    list_display = ("body", "number", "begins_on", "ends_on")
    list_filter = ("body__level",)
    list_select_related = ("body",)
    search_fields = ("body__name", "number")
    search_help_text = _lazy("机构名称或第几届")
    fields = ("body", "number", "begins_on", "ends_on")


class VacancyFilter(admin.SimpleListFilter):
    title = _lazy("缺额")
    parameter_name = "vacant"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("有缺额"))]

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.filter(held__lt=F("seats")) if self.value() == "yes" else rows


@admin.register(Constituency)
class ConstituencyAdmin(SheetImportMixin, OfTermAdmin):
    column_icon = "flag"
    resource_class = ConstituencyResource
    import_right = P.REGISTRY_IMPORT
    list_display = ("name", "term", "seats", "held")
    list_filter = ("term__body__level", VacancyFilter)
    list_select_related = ("term__body",)
    search_fields = ("name", "term__body__name", "areas__name")
    search_help_text = _lazy("选区、机构或村名")
    fields = ("term", "name", "seats", "areas")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Constituency]:
        today = timezone.localdate()
        live = Q(mandates__begins_on__lte=today) & (
            Q(mandates__ends_on__isnull=True) | Q(mandates__ends_on__gt=today)
        )
        return super().get_queryset(request).annotate(held=Count("mandates", filter=live, distinct=True))

    @admin.display(description=_lazy("现任代表"))
    def held(self, constituency: Any) -> int:
        return constituency.held


@admin.register(Mandate)
class MandateAdmin(OfTermAdmin):
    list_display = ("person", "term", "constituency", "electing_unit", "begins_on", "ends_on")
    list_filter = ("term__body__level", CurrentFilter)
    list_select_related = ("person", "term__body", "constituency")
    search_fields = ("person__name", "person__pinyin__startswith", "constituency__name")
    search_help_text = _lazy("姓名、拼音或选区")
    fields = ("person", "term", "constituency", "electing_unit", "begins_on", "ends_on", "end_reason")


class CheckInInline(HouseInline):
    model = CheckIn
    fields = ("person", "kind", "note")


@admin.register(Meeting)
class MeetingAdmin(OfBodyAdmin):
    column_icon = "users"
    list_display = ("name", "body", "begins_at", "place")
    list_filter = ("body__level",)
    list_select_related = ("body",)
    search_fields = ("name", "body__name")
    search_help_text = _lazy("会议或机构名称")
    date_hierarchy = "begins_at"
    fields = ("body", "term", "name", "begins_at", "ends_at", "place")
    inlines = (CheckInInline,)


@admin.register(DutyRule)
class DutyRuleAdmin(AuditedAdmin):
    view_right = P.REFERENCE_VIEW
    manage_right = P.RULES_MANAGE
    column_icon = "star"
    list_display = ("year", "kind", "points", "yearly_cap")
    list_filter = ("year",)
    ordering = ("-year", "kind")
    fields = ("year", "kind", "points", "yearly_cap")


# --- people


class MandateInline(HouseInline):
    model = Mandate
    fields = ("term", "constituency", "electing_unit", "begins_on", "ends_on", "end_reason")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        # Somebody without a mandate would lie in nobody's area, and so be seen by nobody.
        if obj is None:
            kwargs |= {"min_num": 1, "validate_min": True}
        return super().get_formset(request, obj, **kwargs)


class LevelFilter(admin.SimpleListFilter):
    title = _lazy("级别")
    parameter_name = "level"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return CongressLevel.choices

    def queryset(self, request: HttpRequest, people: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in CongressLevel.values:
            return people
        held = Mandate.objects.current().filter(person=OuterRef("pk"), term__body__level=self.value())
        return people.filter(Exists(held))


class InOfficeFilter(admin.SimpleListFilter):
    title = _lazy("是否在任")
    parameter_name = "office"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("yes", _("现任")), ("no", _("已离任"))]

    def queryset(self, request: HttpRequest, people: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return people.in_office()  # type: ignore[attr-defined]
        return (
            people.exclude(pk__in=Mandate.objects.current().values("person"))
            if self.value() == "no"
            else people
        )


class PersonForm(forms.ModelForm):
    photo_file = forms.FileField(
        label=_lazy("照片"),
        required=False,
        help_text=_lazy("JPG 或 PNG，不超过 8 MB；拍摄地点等信息会去掉。"),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )

    class Meta:
        model = Person
        fields = (
            "name", "sex", "occupation", "introduction", "certificate_no", "phone", "topics", "is_public",
        )  # fmt: skip

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        number = normalise_phone(typed)
        if typed and not number:
            digits = sum(char.isdigit() for char in typed)
            raise ValidationError(_("手机号要 11 位数字，现在是 %(n)d 位") % {"n": digits})
        return number

    def clean_photo_file(self) -> Any:
        upload = self.cleaned_data["photo_file"]
        if upload:
            clean_image(upload)
        return upload


class PersonAdmin(AuditedAdmin):
    """Registered by the app above, which adds where a person sits."""

    view_right = P.REPRESENTATIVE_VIEW
    manage_right = P.REPRESENTATIVE_MANAGE
    column_icon = "user"
    form = PersonForm
    list_display = ("name", "mandates_in_words", "occupation", "certificate_no", "is_public")
    list_filter: ClassVar[Any] = (LevelFilter, InOfficeFilter, "is_public", "topics")
    search_fields = ("name", "pinyin__startswith", "certificate_no")
    search_help_text = _lazy("姓名、拼音或代表证号")
    fields = (
        "name", "sex", "occupation", "introduction", "certificate_no", "phone", "photo_file", "topics", "is_public",
    )  # fmt: skip
    inlines: ClassVar[Any] = (MandateInline,)
    export_columns = ("name", "sex", "occupation", "introduction", "certificate_no", "is_public")
    save_on_top = False

    def may_manage(self, request: HttpRequest, obj: Any = None) -> bool:
        return rules.may_manage(request.user, obj if obj is not None and obj.pk else None)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Person]:
        people: Any = super().get_queryset(request)
        if request.resolver_match is not None and request.resolver_match.url_name == "autocomplete":
            return people.in_office()
        return people.prefetch_related("mandates__term__body")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only look sees the number masked."""
        if self.may_manage(request, obj):
            return self.fields
        return ["phone_masked" if name == "phone" else name for name in self.fields if name != "photo_file"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("phone_masked",)

    @admin.display(description=_lazy("手机号"))
    def phone_masked(self, person: Person) -> str:
        return mask_phone(person.phone)

    @admin.display(description=_lazy("现任资格"))
    def mandates_in_words(self, person: Person) -> str:
        today = timezone.localdate()
        live = [
            mandate.title
            for mandate in person.mandates.all()
            if mandate.begins_on <= today and (mandate.ends_on is None or mandate.ends_on > today)
        ]
        return "、".join(dict.fromkeys(live)) or "—"

    def save_model(self, request: Any, obj: Person, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("photo_file"):
            actions.replace_photo(obj, form.cleaned_data["photo_file"], label="person", by=request.user)
