"""What a representative fills in at a stall, with somebody standing before them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Area, Category
from core.privacy import normalise_phone, plain_digits
from intake.forms.desk import PhotosField
from intake.forms.public import FEWEST_WORDS, MAX_WORDS, Words
from stations.models import Station

MAX_PHOTOS = 3


class QuickForm(forms.Form):
    key = forms.CharField(widget=forms.HiddenInput, max_length=36)
    station = forms.ChoiceField(label=_lazy("在哪个站登记"))
    body = Words(
        label=_lazy("群众说了什么"),
        max_length=MAX_WORDS,
        fewest=FEWEST_WORDS,
        too_few=_lazy("再多写几个字，让办的人看得懂"),
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _lazy("请写写是什么事")},
    )
    category = forms.ChoiceField(
        label=_lazy("哪一类"),
        widget=forms.RadioSelect,
        error_messages={"required": _lazy("请选一类。说不清就选“其他”")},
    )
    village = forms.ChoiceField(label=_lazy("村、社区"), required=False)
    place = Words(label=_lazy("在哪里"), max_length=80, required=False)
    phone = Words(
        label=_lazy("手机号"),
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"}),
    )
    photos = PhotosField(label=_lazy("照片"), most=MAX_PHOTOS)
    agreed = forms.BooleanField(
        label=_lazy("已念给对方听，对方同意登记"),
        error_messages={"required": _lazy("先念给对方听，对方同意了再登记")},
    )

    def __init__(
        self,
        *args: Any,
        stations: Sequence[Station],
        categories: Sequence[Category],
        villages: Sequence[Area],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._stations = {each.code: each for each in stations}
        self._categories = {each.code: each for each in categories}
        self._villages = {each.code: each for each in villages}
        self.initial.setdefault("key", str(uuid.uuid4()))
        self._offer("station", self._stations)
        self._offer("category", self._categories)
        self._offer("village", self._villages, first=("", _("说不清")))
        self.initial.setdefault("station", next(iter(self._stations), ""))
        if len(self._stations) == 1:
            self.fields["station"].widget = forms.HiddenInput()

    def _offer(self, name: str, known: dict[str, Any], first: tuple[str, str] | None = None) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = ([first] if first else []) + [(code, each.name) for code, each in known.items()]

    def clean_station(self) -> Station:
        return self._stations[self.cleaned_data["station"]]

    def clean_category(self) -> Category:
        return self._categories[self.cleaned_data["category"]]

    def clean_village(self) -> Area | None:
        return self._villages.get(self.cleaned_data["village"])

    def clean_phone(self) -> str:
        given = self.cleaned_data["phone"]
        number = normalise_phone(given)
        if given and not number:
            digits = sum(each.isdigit() for each in plain_digits(given))
            raise ValidationError(_("手机号要 11 位数字，现在是 %(n)d 位") % {"n": digits}, code="phone")
        return number

    def digestible(self) -> dict[str, Any]:
        """What makes two sendings the same one; photos by what is in them."""
        said = self.cleaned_data
        return {
            "station": said["station"].code,
            "body": said["body"],
            "category": said["category"].code,
            "village": said["village"].code if said["village"] is not None else "",
            "place": said["place"],
            "phone": said["phone"],
            "photos": [photo.sha256 for photo in said["photos"]],
        }
