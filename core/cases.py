"""Pointing at a case: `(case_label, case_id)`, resolved here and nowhere else."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING:
    from core.models import Case


@cache
def case_models() -> dict[str, type[Case]]:
    """Every concrete case model by its fixed label."""
    from core.models.case import Case

    return {model.label: model for model in apps.get_models() if issubclass(model, Case)}


def case_model(label: str) -> type[Case]:
    return case_models()[label]


def case_of(label: str, pk: int) -> Case:
    """The case a row points at. Raises the model's DoesNotExist."""
    return case_model(label)._base_manager.get(pk=pk)
