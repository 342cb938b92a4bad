"""Who may open a private file: the rule of its case's kind, told to core by the app that owns the case."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.cases import case_models

if TYPE_CHECKING:
    from django.http import HttpRequest

    from core.models import Attachment

Rule = Callable[["HttpRequest", "Attachment"], bool]

_rules: dict[str, Rule] = {}


def register(case_label: str, rule: Rule) -> None:
    """Give a kind of case its own rule, in the AppConfig's `ready`: it sees the request, so a resident's code counts too."""
    _rules[case_label] = rule


def may_see(request: HttpRequest, attachment: Attachment) -> bool:
    """Public files are everybody's; the others go by the case's rule, or without one by its `visible_to`."""
    if attachment.is_public:
        return True
    rule = _rules.get(attachment.case_label, _sees_case)
    return rule(request, attachment)


def _sees_case(request: HttpRequest, attachment: Attachment) -> bool:
    model = case_models().get(attachment.case_label)
    if model is None or attachment.case_id is None or not request.user.is_authenticated:
        return False
    seen = model.objects.visible_to(request.user)
    return bool(seen.filter(pk=attachment.case_id).exists())
