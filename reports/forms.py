"""What a representative or a leader fills in here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.steps import StepForm


class TalkForm(StepForm):
    """记一次联系: how they talked and what was said; kept as a note of the case."""

    WAYS = (("phone", _("打电话")), ("face", _("当面")), ("visit", _("上门")))

    way = forms.ChoiceField(label=_("怎么联系的"), choices=WAYS, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("说了什么"),
        max_length=480,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("对方怎么说，还差什么。办理的人看得到，群众看不到。"),
    )

    def arguments(self) -> dict[str, Any]:
        way = dict(self.WAYS)[self.cleaned_data["way"]]
        return {"text": f"{way}：{self.cleaned_data['text']}"}
