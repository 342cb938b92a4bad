"""What people fill in to change a station: pictures, closing, planning, cancelling, moving."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core.images import clean_image
from stations.models import Reception, Station


class PhotoField(forms.FileField):
    """A picture, tried before anything is saved."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            required=False,
            help_text=_lazy("JPG 或 PNG，不超过 8 MB；拍摄地点等信息会去掉。"),
            widget=forms.FileInput(attrs={"accept": "image/*"}),
            **options,
        )

    def clean(self, data: Any, initial: Any = None) -> Any:
        upload = super().clean(data, initial)
        if upload:
            clean_image(upload)
        return upload


class StationForm(forms.ModelForm):
    photo_file = PhotoField(label=_lazy("照片"))
    more_photo = PhotoField(label=_lazy("再加一张照片"))

    class Meta:
        model = Station
        fields = (
            "code", "name", "kind", "area", "parent", "venue", "unit", "serves", "phone", "opening", "directions",
            "introduction", "functions", "target_group", "build_mode", "opened_on", "is_public",
        )  # fmt: skip

    def clean_parent(self) -> Station | None:
        """The tree has no rings: nobody stands above himself."""
        parent = above = self.cleaned_data["parent"]
        steps = 0
        while above is not None and steps < 12:
            if above.pk == self.instance.pk and self.instance.pk:
                raise ValidationError(_("上级不能是它自己，也不能是它的下级。"))
            above, steps = above.parent, steps + 1
        return parent


class CodeField(forms.CharField):
    """A station by its number, among those this person may use."""

    def __init__(self, stations: Any, **options: Any) -> None:
        self.stations = stations
        super().__init__(max_length=8, **options)

    def clean(self, value: Any) -> Any:
        code = super().clean(value)
        if not code:
            return None
        station = self.stations.filter(code=code.strip().upper()).first()
        if station is None:
            raise ValidationError(_("没有这个编号的在用站点，或不在您管的范围，请核对。"))
        return station


# There were no stations before; a year typed wrong is said here rather than counted with.
AFTER_1949 = MinValueValidator(date(1949, 10, 1), _lazy("年份不对，请再看一眼。"))


class CloseForm(forms.Form):
    on = forms.DateField(label=_lazy("从哪天起撤并"), initial=timezone.localdate, validators=[AFTER_1949])

    def __init__(self, *args: Any, stations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["taken_over_by"] = CodeField(
            stations, label=_lazy("由哪个站接替"), required=False, help_text=_lazy("填站点编号；没有就空着。")
        )


class PlanForm(forms.Form):
    until = forms.DateField(label=_lazy("排到哪天"), help_text=_lazy("已经排好的、已经取消的都不会动。"))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_lazy("原因"), max_length=80, help_text=_lazy("群众会看到，例如“镇里停电”。")
    )


class EndForm(forms.Form):
    on = forms.DateField(label=_lazy("哪天离站"), initial=timezone.localdate, validators=[AFTER_1949])
    reason = forms.CharField(label=_lazy("原因"), max_length=60)


class MoveForm(forms.Form):
    on = forms.DateField(label=_lazy("从哪天起"), initial=timezone.localdate, validators=[AFTER_1949])

    def __init__(self, *args: Any, stations: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"] = CodeField(stations, label=_lazy("转到哪个站"), help_text=_lazy("填站点编号。"))


class ReceptionForm(forms.ModelForm):
    class Meta:
        model = Reception
        fields = ("station", "kind", "topic", "place", "starts_at", "ends_at", "people", "is_public")

    def _get_validation_exclusions(self) -> set[str]:
        # The rule against overlaps speaks of this field, which only an action writes.
        return super()._get_validation_exclusions() - {"cancelled_reason"}  # type: ignore[misc]
