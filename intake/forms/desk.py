"""What staff fill in at the desk, the counter, the telephone, and before they take data away."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.access import grants_with
from accounts.models import Area, Category, Unit
from accounts.permissions import Permission as P
from accounts.roles import ScopeKind
from core.images import CleanImage, clean_image
from core.privacy import normalise_phone
from intake.forms.steps import followers_of
from intake.models import (
    Channel,
    Complexity,
    ConstituentRequest,
    Notify,
    RequestCall,
    Satisfied,
    Solved,
    Visibility,
)
from intake.models.states import STATES
from intake.selectors.desk import SORTS
from intake.selectors.standing import STANDINGS
from representatives.models import Person
from stations.models import Station, stations_of

MAX_PHOTOS = 6
COUNTER_CHANNELS = ((Channel.WALK_IN, _("来访")), (Channel.PHONE, _("来电")), (Channel.MARKET, _("赶场")))


def stations_to_receive(user: Any) -> Any:
    """The stations for which this person may take somebody's words: their own, or those of their town or county."""
    found = Station.objects.none()
    for grant in grants_with(user, P.REQUEST_RECEIVE):
        if grant.scope == ScopeKind.STATION:
            found |= Station.objects.filter(pk__in=stations_of(user))
        elif grant.scope == ScopeKind.AREA and grant.county_codes:
            found |= Station.objects.filter(county_code__in=grant.county_codes)
        elif grant.scope == ScopeKind.AREA:
            found |= Station.objects.filter(town_code=grant.town_code)
    return found.filter(closed_on__isnull=True).order_by("code")


class _DeskForm(forms.Form):
    """A form whose choices depend on who fills it in."""

    fields: dict[str, Any]


class PhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Several photos at once, each re-encoded; what is wrong is said with the number of the photo."""

    widget = PhotosInput(attrs={"accept": "image/*", "multiple": True})

    def __init__(self, *, most: int = MAX_PHOTOS, **kwargs: Any) -> None:
        self.most = most
        super().__init__(required=False, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[CleanImage]:
        uploads: Sequence[Any] = data if isinstance(data, (list, tuple)) else [data] if data else []
        if len(uploads) > self.most:
            raise ValidationError(
                _("最多 %(most)d 张，多了 %(n)d 张") % {"most": self.most, "n": len(uploads) - self.most}
            )
        clean: list[CleanImage] = []
        problems: list[str] = []
        for place, upload in enumerate(uploads, start=1):
            try:
                clean.append(clean_image(upload))
            except ValidationError as problem:
                problems.append(_("第 %(n)d 张：%(why)s") % {"n": place, "why": problem.messages[0]})
        if problems:
            raise ValidationError(problems)
        return clean


class FilterForm(_DeskForm):
    """Narrowing a list; everything may stay empty, and what is not understood narrows nothing."""

    q = forms.CharField(
        label=_("查找"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("编号、内容、地点")}),
    )
    station = forms.ModelChoiceField(
        label=_("家站点"), queryset=Station.objects.none(), required=False, empty_label=_("不限")
    )
    category = forms.ModelChoiceField(
        label=_("分类"),
        queryset=Category.objects.filter(is_active=True),
        required=False,
        empty_label=_("不限"),
    )
    state = forms.ChoiceField(
        label=_("状态"),
        choices=[("", _("不限")), *((state.name, state.label) for state in STATES)],
        required=False,
    )
    unit = forms.ModelChoiceField(
        label=_("承办单位"), queryset=Unit.objects.none(), required=False, empty_label=_("不限")
    )
    channel = forms.ChoiceField(label=_("来源"), choices=[("", _("不限")), *Channel.choices], required=False)
    town = forms.ModelChoiceField(
        label=_("乡镇、街道"), queryset=Area.objects.none(), to_field_name="code", required=False
    )
    standing = forms.ChoiceField(
        label=_("办得怎样"), choices=[("", _("不限")), *STANDINGS.items()], required=False
    )
    since = forms.DateField(
        label=_("从哪天收到"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(label=_("到哪天"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    is_urgent = forms.BooleanField(label=_("只看加急"), required=False)
    sort = forms.ChoiceField(label=_("怎么排"), choices=SORTS, required=False)

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["station"].queryset = Station.objects.visible_to(by).order_by("code")
        counties = {code[:6] for grant in grants_with(by, P.REQUEST_VIEW) for code in _counties(grant, by)}
        units = Unit.objects.none()
        for county in counties:
            units |= Unit.objects.filter(area__code__startswith=county)
        self.fields["unit"].queryset = units
        towns = Area.objects.none()
        for county in counties:
            towns |= Area.objects.in_force().filter(code__startswith=county, level=Area.Level.TOWN)
        self.fields["town"].queryset = towns

    def wanted(self) -> dict[str, Any]:
        """The filters that are set and understood."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value and name != "sort"}


def _counties(grant: Any, user: Any) -> list[str]:
    if grant.county_codes:
        return list(grant.county_codes)
    if grant.town_code:
        return [grant.town_code]
    return list(Station.objects.filter(pk__in=stations_of(user)).values_list("county_code", flat=True))


class PhoneForm(forms.Form):
    """Looking somebody up by the number they leave: posted, never in an address."""

    phone = forms.CharField(
        label=_("按手机号查"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )

    def clean_phone(self) -> str:
        return _phone(self.cleaned_data["phone"])


def _phone(text: str) -> str:
    """The number as it is kept; empty when none was given. What cannot be a number is said."""
    number = normalise_phone(text)
    digits = sum(char.isdigit() for char in text)
    if text.strip() and not number:
        if digits == 11:
            raise ValidationError(_("没有这样的手机号，请对一遍"))
        raise ValidationError(_("手机号要 11 位数字，现在是 %(n)d 位") % {"n": digits})
    return number


class CounterForm(_DeskForm):
    """Somebody stands at the counter or is on the telephone; the clerk writes and reads it back."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    station = forms.ModelChoiceField(
        label=_("登记在哪个站"), queryset=Station.objects.none(), empty_label=None
    )
    channel = forms.ChoiceField(label=_("怎么来的"), choices=COUNTER_CHANNELS, widget=forms.RadioSelect)
    category = forms.ModelChoiceField(
        label=_("分类"),
        queryset=Category.objects.filter(is_active=True),
        empty_label=_("请选一类"),
        error_messages={"required": _("请选一类。说不清就选“其他”")},
    )
    body = forms.CharField(
        label=_("说的什么事"),
        max_length=500,
        min_length=4,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("照群众的话写：什么时候、什么情况、希望怎么办。"),
        error_messages={"required": _("请写写是什么事"), "min_length": _("再多写几个字，让办的人看得懂")},
    )
    title = forms.CharField(label=_("事由"), max_length=60, required=False, help_text=_("不写就用第一句话。"))
    village = forms.ModelChoiceField(
        label=_("村、社区"), queryset=Area.objects.none(), required=False, empty_label=_("说不清")
    )
    place = forms.CharField(
        label=_("具体位置"),
        max_length=80,
        required=False,
        help_text=_("大家都认得的地方，例如“小卖部旁边”。"),
    )
    photos = PhotosField(label=_("照片"))
    name = forms.CharField(
        label=_("怎么称呼"),
        max_length=20,
        error_messages={"required": _("请写称呼，例如“王阿姨”")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=_("手机号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_("不留也行：凭回执上的查询码查，我们没法打电话告诉结果。"),
    )
    notify = forms.ChoiceField(label=_("有了结果怎么告诉"), choices=Notify.choices, required=False)
    visibility = forms.ChoiceField(
        label=_("谁能看到联系方式"), choices=Visibility.choices, initial=Visibility.STATION
    )
    present = forms.ModelChoiceField(
        label=_("接待的代表"), queryset=Person.objects.none(), required=False, empty_label=_("没有代表在")
    )
    accused = forms.ModelMultipleChoiceField(
        label=_("反映的是哪个单位"),
        queryset=Unit.objects.none(),
        required=False,
        help_text=_("选了的单位看不到这一件，也不能办这一件。"),
    )
    is_urgent = forms.BooleanField(label=_("加急：有危险，两小时内要联系群众"), required=False)
    is_minor = forms.BooleanField(label=_("当事人未满 18 岁"), required=False)
    is_confidential = forms.BooleanField(label=_("保密：单位看不到是谁说的"), required=False)
    register_now = forms.BooleanField(label=_("当场登记，期限从今天起算"), required=False, initial=True)
    complexity = forms.ChoiceField(label=_("复杂程度"), choices=Complexity.choices, required=False)
    consent = forms.BooleanField(
        label=_("已念给对方听，对方同意登记"),
        error_messages={"required": _("请先念给对方听，对方同意了再勾选")},
    )

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.initial.setdefault("key", uuid.uuid4().hex)
        stations = list(stations_to_receive(by).values_list("pk", "town_code", "county_code"))
        towns = {town for _pk, town, _county in stations if town}
        self.fields["station"].queryset = stations_to_receive(by)
        self.fields["village"].queryset = _villages(towns)
        self.fields["present"].queryset = _present_at([pk for pk, _town, _county in stations])
        counties = {county[:6] for _pk, _town, county in stations}
        units = Unit.objects.none()
        for county in counties:
            units |= Unit.objects.in_use().filter(area__code__startswith=county)
        self.fields["accused"].queryset = units

    def clean_phone(self) -> str:
        return _phone(self.cleaned_data["phone"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if (
            data.get("notify") in (Notify.SMS, Notify.PHONE)
            and not data.get("phone")
            and "phone" not in self.errors
        ):
            self.add_error("phone", _("要发短信、打电话，请留手机号；不留就选“自己来查”"))
        return data


def _villages(towns: set[str]) -> Any:
    found = Area.objects.none()
    for town in sorted(towns)[:60]:
        found |= Area.objects.in_force().filter(level=Area.Level.VILLAGE, code__startswith=town[:9])
    return found.order_by("code")


def _present_at(stations: list[int]) -> Any:
    if len(stations) == 1:
        return followers_of(stations[0])
    return (
        Person.objects.in_office()
        .filter(postings__station_id__in=stations, postings__ends_on__isnull=True)
        .distinct()
    )


class CallBackForm(forms.Form):
    """One telephone call: was the resident reached, and what did they say to the two questions."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=_("打通了吗？"), choices=RequestCall.Outcome.choices, widget=forms.RadioSelect
    )
    solved = forms.ChoiceField(
        label=_("问题解决了吗？"), choices=Solved.choices, widget=forms.RadioSelect, required=False
    )
    satisfied = forms.ChoiceField(
        label=_("这次办理，满意吗？"), choices=Satisfied.choices, widget=forms.RadioSelect, required=False
    )
    note = forms.CharField(
        label=_("记录"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        answered = data.get("solved") or data.get("satisfied")
        if answered and data.get("outcome") != RequestCall.Outcome.REACHED:
            raise ValidationError(_("没打通就没有评价。请改“打通了吗”，或去掉评价。"))
        return data


class BulkAssignForm(_DeskForm):
    """Several cases to one unit, each with its own length and its own event."""

    unit = forms.ModelChoiceField(
        label=_("办理单位"), queryset=Unit.objects.none(), empty_label=_("请选一个单位")
    )
    complexity = forms.ChoiceField(label=_("期限"), choices=Complexity.choices, required=False)
    instruction = forms.CharField(label=_("嘱咐"), max_length=120, required=False)

    def __init__(self, *args: Any, cases: Sequence[ConstituentRequest], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counties = {case.county_code[:6] for case in cases}
        units = Unit.objects.none()
        if len(counties) == 1:
            units = Unit.objects.in_use().filter(is_handling=True, area__code__startswith=counties.pop())
        self.fields["unit"].queryset = units
        defaults = {case.category.default_unit_id for case in cases}
        if len(defaults) == 1:
            self.initial.setdefault("unit", defaults.pop())


class BulkMergeForm(_DeskForm):
    """Several cases into one of them: which one goes on."""

    into = forms.ChoiceField(label=_("合并到哪一件"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, cases: Sequence[ConstituentRequest], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].choices = [(case.public_id, f"{case.reference} {case.title}") for case in cases]
