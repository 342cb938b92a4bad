"""What residents fill in: three steps, a tracking look-up, and what they may say afterwards."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from core import channels
from core.images import CleanImage, clean_image
from core.privacy import normalise_phone, plain_digits
from core.publicdoor import is_too_fast
from intake.models import Notify, Satisfied, Solved, Visibility

MAX_WORDS, FEWEST_WORDS = 500, 4
MAX_PHOTOS = 6
ELSEWHERE = "elsewhere"
# Control characters a keyboard never sends, and halves of characters no encoding can carry.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# Marks that turn the direction of what follows: a name could pretend to be another.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]")


class Words(forms.CharField):
    """Words as a person types them: one kind of line end, nothing invisible that deceives, lengths said in characters."""

    def __init__(self, *, fewest: int = 0, too_few: Any = "", **kwargs: Any) -> None:
        self.fewest, self.too_few = fewest, too_few
        super().__init__(**kwargs)
        # Said with the number of characters to take away, below.
        self.validators = []

    def to_python(self, value: Any) -> str:
        text = str(value or "").replace("\r\n", "\n").replace("\r", "\n")
        if _UNFIT.search(text):
            raise ValidationError(_("里面有不能显示的字符，请删去后再交"), code="unfit")
        return super().to_python(unicodedata.normalize("NFC", _TURNING.sub("", text))) or ""

    def validate(self, value: str) -> None:
        super().validate(value)
        if self.max_length is not None and len(value) > self.max_length:
            over = len(value) - self.max_length
            raise ValidationError(
                _("最多 %(max)d 字，请删掉 %(over)d 字") % {"max": self.max_length, "over": over},
                code="too_long",
            )
        if value and len(value) < self.fewest:
            raise ValidationError(self.too_few, code="too_short")


def offer(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    """Give a field the choices that only this page knows."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


class PublicForm(forms.Form):
    """Every form of the public door: a trap for programs, the time it was shown, and where to go back to."""

    # A person never sees it; a program fills every field it finds.
    website = forms.CharField(label=_lazy("这一栏请空着"), required=False, max_length=200)
    stamp = forms.CharField(required=False, max_length=200, widget=forms.HiddenInput)

    takes_time = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        fast = self.takes_time and is_too_fast(data.get("stamp", ""))
        if not self.errors and (fast or data.get("website")):
            raise ValidationError(_("按得太快了，请再按一次。您写的都还在。"), code="too_fast")
        return data

    def words(self) -> dict[str, Any]:
        """What the person said, without the door's own fields."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("website", "stamp")}


class SayForm(PublicForm):
    """第 1 步：说什么事。"""

    category = forms.ChoiceField(
        label=_lazy("哪一类"),
        widget=forms.RadioSelect,
        error_messages={"required": _lazy("请选一类。说不清就选“其他”")},
    )
    body = Words(
        label=_lazy("把情况说一说"),
        max_length=MAX_WORDS,
        fewest=FEWEST_WORDS,
        too_few=_lazy("再多写几个字，让办的人看得懂"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_lazy("写几句就行：什么时候、什么情况、希望怎么办。也可以点输入法上的话筒说。"),
        error_messages={"required": _lazy("请写写是什么事")},
    )

    takes_time = True

    def __init__(self, *args: Any, categories: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "category", categories)


class PhotosInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name)


class PhotosField(forms.FileField):
    widget = PhotosInput(attrs={"accept": "image/*", "multiple": True})

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [each for each in data or [] if each]


class TakesPhotos(forms.Form):
    """A form with photos: each is judged alone, so that a bad one does not cost the good ones."""

    photos = PhotosField(label=_lazy("照片"), required=False)

    def take_photos(self, room: int) -> list[CleanImage]:
        """The photos that can be kept; what is wrong with the others becomes an error of the field."""
        files = self.cleaned_data.get("photos") or []
        taken: list[CleanImage] = []
        for place, file in enumerate(files[:room], start=1):
            try:
                taken.append(clean_image(file))
            except ValidationError as problem:
                where = _("第 %(n)d 张：") % {"n": place} if len(files) > 1 else ""
                self.add_error("photos", where + "".join(problem.messages))
        if taken and self.has_error("photos"):
            self.add_error("photos", _("其他的都存好了，不用重选"))
        if len(files) > room:
            over = len(files) - room
            self.add_error(
                "photos", _("最多 %(max)d 张，多了 %(over)d 张") % {"max": MAX_PHOTOS, "over": over}
            )
        return taken


class WhereForm(PublicForm, TakesPhotos):
    """第 2 步：在哪里。"""

    village = forms.ChoiceField(
        label=_lazy("村、社区"),
        error_messages={
            "required": _lazy("请选村或社区"),
            "invalid_choice": _lazy("请选村或社区"),
        },
    )
    place = Words(
        label=_lazy("具体位置"),
        max_length=80,
        required=False,
        help_text=_lazy("说个大家都认得的地方就行，例如“小卖部旁边”。"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    joins = forms.ChoiceField(label=_lazy("是同一件事吗"), required=False, widget=forms.RadioSelect)

    def __init__(
        self,
        *args: Any,
        villages: Sequence[Any] = (),
        similar: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "village", [("", _("请选择")), *villages])
        offer(self, "joins", [("", _("不是一件事，另外办")), *similar])

    def words(self) -> dict[str, Any]:
        return {name: value for name, value in super().words().items() if name != "photos"}


def offered_notices() -> list[tuple[str, str]]:
    """How a resident can be told: only what works here. Outside production messages go to the console instead."""
    sms = channels.sms_is_configured() or not settings.PRODUCTION
    offered = ([Notify.SMS] if sms else []) + [Notify.PHONE, Notify.NONE]
    return [(way.value, _("自己查") if way == Notify.NONE else str(way.label)) for way in offered]


class ContactForm(PublicForm):
    """第 3 步：怎么联系您。"""

    name = Words(
        label=_lazy("怎么称呼您"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": _lazy("请写您的称呼，例如“王阿姨”")},
    )
    phone = Words(
        label=_lazy("手机号"),
        required=False,
        max_length=30,
        help_text=_lazy("用来告诉您进展，也用来查进度。不留也能交：会给您一个查询码，自己来查，没法通知您。"),
        widget=forms.TextInput(
            attrs={"type": "tel", "inputmode": "tel", "autocomplete": "tel", "class": "num"}
        ),
    )
    notify = forms.ChoiceField(label=_lazy("怎么通知您"), widget=forms.RadioSelect, required=False)
    visibility = forms.ChoiceField(
        label=_lazy("谁能看到您的称呼和手机号"),
        choices=Visibility.choices,
        initial=Visibility.STATION,
        widget=forms.RadioSelect,
        required=False,
    )
    is_minor = forms.BooleanField(
        label=_lazy("我不满 18 岁"),
        required=False,
        help_text=_lazy("不满 14 岁的，请和家长一起填。"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ways = offered_notices()
        offer(self, "notify", ways)
        self.fields["notify"].initial = ways[0][0]

    def clean_phone(self) -> str:
        given = self.cleaned_data["phone"]
        number = normalise_phone(given)
        if given and not number:
            digits = len(re.sub(r"\D", "", plain_digits(given)))
            raise ValidationError(_("手机号要 11 位数字，现在是 %(n)d 位") % {"n": digits}, code="phone")
        return number

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not data.get("phone") or not data.get("notify"):
            data["notify"] = Notify.NONE if not data.get("phone") else self.fields["notify"].initial
        data["visibility"] = data.get("visibility") or Visibility.STATION
        return data


class TrackForm(forms.Form):
    """查办理进度。"""

    number = forms.CharField(
        label=_lazy("编号"),
        max_length=40,
        help_text=_lazy("回执或短信里的 11 位数字"),
        widget=forms.TextInput(
            attrs={
                "inputmode": "numeric",
                "autocomplete": "off",
                "placeholder": "26-0518-03752",
                "class": "num",
            }
        ),
        error_messages={"required": _lazy("请填编号")},
    )
    secret = forms.CharField(
        label=_lazy("手机号后四位，或查询码"),
        max_length=40,
        help_text=_lazy("没留手机号的，填回执上的查询码"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "num"}),
        error_messages={"required": _lazy("请填手机号后四位，没留手机号的填查询码")},
    )


class RatingForm(forms.Form):
    """Two questions, nothing preselected."""

    solved = forms.ChoiceField(
        label=_lazy("问题解决了吗？"), choices=Solved.choices, widget=forms.RadioSelect, required=False
    )
    satisfied = forms.ChoiceField(
        label=_lazy("这次办理，您满意吗？"),
        choices=Satisfied.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    remark = Words(
        label=_lazy("还有话说"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("solved") and not data.get("satisfied"):
            self.add_error("solved", _("请至少回答一个问题：解决了吗，满意吗"))
        return data


class AddForm(TakesPhotos):
    """补充情况、照片: either is enough."""

    text = Words(
        label=_lazy("补充情况"),
        max_length=MAX_WORDS,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_lazy("补充的内容会同时给联络站和办理单位。"),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("text") and not data.get("photos"):
            self.add_error("text", _("请写几句，或选一张照片"))
        return data


class AnswerForm(forms.Form):
    text = Words(
        label=_lazy("您的回答"),
        max_length=MAX_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": _lazy("请写几句再交")},
    )


class WithdrawForm(forms.Form):
    note = Words(
        label=_lazy("为什么撤回"), max_length=200, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
