"""What staff fill in to take a step."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Category, Unit
from core import deadlines
from core.codes import normalise_number
from core.models.rules import TimeUnit
from core.steps import StepForm
from intake.actions.handling import DOORS
from intake.actions.progress import zh
from intake.models import Complexity, ConstituentRequest, RequestCall, RequestReply, Satisfied, Solved
from intake.selectors.desk import habit_of
from representatives.models import Person
from stations.models import Posting

LONG = forms.Textarea(attrs={"rows": 4})
SHORT = forms.Textarea(attrs={"rows": 2})


# Fewer earlier cases than this say nothing about what is usual.
ENOUGH_TO_SUGGEST = 5


class RequestForm(StepForm):
    """A step's form that looks at its request."""

    case: Any
    fields: dict[str, Any]


class PlainForm(StepForm):
    """Nothing to fill in but the confirmation."""


class OptionalNoteForm(StepForm):
    note = forms.CharField(label=_("说明"), max_length=500, required=False, widget=SHORT)


class RegisterForm(RequestForm):
    category = forms.ModelChoiceField(label=_("分类"), queryset=Category.objects.filter(is_active=True))
    title = forms.CharField(label=_("事由"), max_length=60, help_text=_("一句话，办的人一看就懂。"))
    complexity = forms.ChoiceField(label=_("复杂程度"), choices=Complexity.choices, required=False)
    is_urgent = forms.BooleanField(label=_("加急：有危险"), required=False)
    is_minor = forms.BooleanField(label=_("当事人未满 18 岁"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("category", self.case.category_id)
        self.initial.setdefault("title", self.case.title)
        self.initial.setdefault("is_urgent", self.case.is_urgent)


class AnswerForm(StepForm):
    headline = forms.CharField(label=_("一句话结果"), max_length=30, help_text=_("群众先看到这句。"))
    body = forms.CharField(label=_("怎么答复的"), max_length=2000, widget=LONG)


class ReferForm(StepForm):
    door = forms.ChoiceField(label=_("该去哪里"), choices=list(DOORS.items()))
    note = forms.CharField(
        label=_("为什么，怎么去"),
        max_length=500,
        widget=SHORT,
        help_text=_("写明原因、地址和电话，群众看得到。"),
    )


class FollowerField(forms.ModelChoiceField):
    """A representative of the station, with how many open cases are already followed."""

    def label_from_instance(self, person: Any) -> str:
        return _("%(name)s（手上 %(n)d 件）") % {"name": person.name, "n": person.following}


def followers_of(station_id: int) -> Any:
    """Who may be asked to follow a case of this station: representatives in office who sit there now."""
    open_ones = Count("followed_requests", filter=Q(followed_requests__closed_at__isnull=True), distinct=True)
    sitting = Posting.objects.current().filter(station_id=station_id).values("person_id")
    return (
        Person.objects.in_office().filter(pk__in=sitting).annotate(following=open_ones).order_by("following")
    )


class AssignForm(RequestForm):
    unit = forms.ModelChoiceField(
        label=_("办理单位"), queryset=Unit.objects.none(), empty_label=_("请选一个单位")
    )
    complexity = forms.ChoiceField(label=_("期限"), choices=Complexity.choices, required=False)
    follower = FollowerField(
        label=_("跟进代表"), queryset=Person.objects.none(), required=False, empty_label=_("先不请")
    )
    instruction = forms.CharField(label=_("嘱咐"), max_length=120, required=False)

    # Field → why its first value is what it is: the desk marks it 建议.
    suggested: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        case: ConstituentRequest = self.case
        county = case.county_code[:6]
        units = Unit.objects.in_use().filter(is_handling=True, area__code__startswith=county)
        units = units.exclude(pk__in=case.accused.values("unit_id"))
        if case.state in ("returned", "assigned"):
            units = units.exclude(pk=case.unit_id)
        self.fields["unit"].queryset = units
        self.fields["complexity"].choices = [
            (value, self._length(value, label)) for value, label in Complexity.choices
        ]
        self.fields["follower"].queryset = followers_of(case.station_id)
        self.suggested = {}
        if not self.is_bound:
            self._suggest()
        self.initial.setdefault("follower", case.follower_id)
        self.initial.setdefault("instruction", case.instruction)

    def _length(self, case_class: str, label: Any) -> str:
        """一般 10 个工作日 · 6月8日: the choice says what it means for the date."""
        clock = deadlines.new_clock(
            self.case, "request.unit", started_at=timezone.now(), case_class=case_class
        )
        return f"{label} {clock.amount} {TimeUnit(clock.unit).label} · {zh(clock.due_on)}"

    def _suggest(self) -> None:
        case: ConstituentRequest = self.case
        habit = habit_of(case)
        default = case.category.default_unit_id
        if default is not None:
            self.suggested["unit"] = _("这一类默认由它办")
        elif habit.unit_id is not None:
            self.suggested["unit"] = _("同类的最近 %(n)d 件多由它办") % {"n": habit.looked_at}
        if habit.complexity and not case.complexity and habit.looked_at >= ENOUGH_TO_SUGGEST:
            self.suggested["complexity"] = _("同类的最近 %(n)d 件多按复杂办") % {"n": habit.looked_at}
        known = case.unit_id if case.state not in ("returned", "assigned") else None
        self.initial.setdefault("unit", known or default or habit.unit_id)
        suggested = habit.complexity if "complexity" in self.suggested else ""
        self.initial.setdefault("complexity", case.complexity or suggested)


class HandBackForm(StepForm):
    note = forms.CharField(label=_("为什么不归我单位办"), max_length=300, widget=SHORT)
    right_unit = forms.CharField(label=_("该哪个单位办"), max_length=80)


class AskForm(StepForm):
    question = forms.CharField(
        label=_("想问群众什么"), max_length=300, widget=SHORT, help_text=_("群众在查询页看到这句话。")
    )


class SupplementForm(StepForm):
    text = forms.CharField(label=_("群众怎么说"), max_length=500, widget=SHORT)


class ExtensionForm(StepForm):
    days = forms.IntegerField(label=_("延长几个工作日"), min_value=1, max_value=30)
    note = forms.CharField(label=_("原因"), max_length=300, widget=SHORT, help_text=_("群众看得到。"))


class ReplyForm(StepForm):
    """说清楚谁去的、做了什么、以后谁管。"""

    outcome = forms.ChoiceField(
        label=_("办到哪一步了"), choices=RequestReply.Outcome.choices, widget=forms.RadioSelect
    )
    headline = forms.CharField(label=_("一句话结果"), max_length=30, help_text=_("群众先看到这句。"))
    body = forms.CharField(
        label=_("怎么办的"),
        max_length=2000,
        widget=LONG,
        help_text=_("说清楚谁去的、做了什么、以后谁管。不用写“高度重视”之类的话。"),
    )
    planned_on = forms.DateField(
        label=_("哪天完成"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("选“正在解决”时填写。"),
    )
    basis = forms.CharField(
        label=_("依据"), max_length=200, required=False, help_text=_("选“眼下解决不了”时写明政策依据。")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        outcome = data.get("outcome")
        if outcome == RequestReply.Outcome.PLANNED:
            planned = data.get("planned_on")
            if planned is None:
                self.add_error("planned_on", ValidationError(_("“正在解决”要写明哪天完成")))
            elif planned <= timezone.localdate():
                self.add_error("planned_on", ValidationError(_("完成日期要在今天以后")))
        else:
            data["planned_on"] = None
        if outcome == RequestReply.Outcome.CANNOT and not data.get("basis"):
            self.add_error("basis", ValidationError(_("“眼下解决不了”要写明依据")))
        return data


class FeedBackForm(RequestForm):
    METHODS = (("sms", _("短信")), ("phone", _("电话")), ("face", _("当面")), ("page", _("查询页")))
    method = forms.ChoiceField(label=_("怎么告诉群众的"), choices=METHODS)
    note = forms.CharField(label=_("记录"), max_length=300, required=False, widget=SHORT)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("method", "sms" if self.case.notify == "sms" else "page")


class CallForm(StepForm):
    outcome = forms.ChoiceField(
        label=_("结果"), choices=RequestCall.Outcome.choices, widget=forms.RadioSelect
    )
    note = forms.CharField(label=_("记录"), max_length=200, required=False, widget=SHORT)


class RateForm(StepForm):
    """A clerk writes down what the resident said on the phone; nothing is preselected."""

    solved = forms.ChoiceField(
        label=_("问题解决了吗？"), choices=Solved.choices, widget=forms.RadioSelect, required=False
    )
    satisfied = forms.ChoiceField(
        label=_("这次办理，满意吗？"), choices=Satisfied.choices, widget=forms.RadioSelect, required=False
    )
    remark = forms.CharField(label=_("还有话说"), max_length=300, required=False, widget=SHORT)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("solved") and not data.get("satisfied"):
            raise ValidationError(_("请至少回答一个问题：解决了吗，满意吗。"))
        return data


class MergeForm(StepForm):
    into = forms.CharField(label=_("或者填那一件的编号"), max_length=20, required=False)

    def clean_into(self) -> ConstituentRequest:
        """A number typed wins over a suggestion picked above it."""
        given = self.cleaned_data["into"].strip() or str(self.data.get("pick", ""))
        if not given:
            raise ValidationError(_("请选一件，或填编号。"), code="required")
        number = normalise_number(given)
        found = ConstituentRequest.objects.visible_to(self.by).filter(reference=number).first()
        if found is None:
            raise ValidationError(_("没有查到这个编号，或不在您管的范围。"))
        return found


class SplitForm(StepForm):
    parts = forms.CharField(
        label=_("要拆出去的事"), max_length=1500, widget=LONG, help_text=_("一件一行，这一件自己留着剩下的。")
    )

    def clean_parts(self) -> list[str]:
        return [line for line in self.cleaned_data["parts"].splitlines() if line.strip()]


class FollowForm(RequestForm):
    follower = FollowerField(label=_("跟进代表"), queryset=Person.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["follower"].queryset = followers_of(self.case.station_id)


class RecategoriseForm(StepForm):
    category = forms.ModelChoiceField(label=_("分类"), queryset=Category.objects.filter(is_active=True))
    title = forms.CharField(label=_("事由"), max_length=60, required=False)


class TextForm(StepForm):
    text = forms.CharField(label=_("内容"), max_length=500, widget=SHORT)
