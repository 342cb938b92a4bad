"""Directions: what import-linter cannot see."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FLOORS = {
    "core": 1, "accounts": 2, "representatives": 3, "stations": 4, "intake": 5, "votes": 5, "proposals": 6, "projects": 6,
    "reports": 7, "liaison": 8,
}  # fmt: skip
MODELS = [model for app in FLOORS for model in apps.get_app_config(app).get_models()]


def relations():
    for model in MODELS:
        for field in model._meta.get_fields():
            if field.is_relation and field.concrete and field.related_model is not None:
                yield model, field


@pytest.mark.parametrize(
    ("model", "field"), list(relations()), ids=lambda value: getattr(value, "__name__", None) or value.name
)
def test_a_foreign_key_points_down_or_at_the_swappable_user(model, field):
    there = field.related_model._meta

    if there.label == settings.AUTH_USER_MODEL or there.app_label not in FLOORS:
        return

    here, below = FLOORS[model._meta.app_label], FLOORS[there.app_label]
    assert below < here or there.app_label == model._meta.app_label, f"{model} points up at {there.label}"


def test_no_package_stands_outside_the_floors():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests"} == set(FLOORS)


def test_a_reverse_accessor_never_leads_up_in_a_lower_apps_python():
    """`request.proposals` in intake would be an upward glance that no import shows."""
    for app, floor in FLOORS.items():
        above = {
            field.get_accessor_name()
            for model in apps.get_app_config(app).get_models()
            for field in model._meta.get_fields()
            if field.auto_created
            and not field.concrete
            and FLOORS.get(field.related_model._meta.app_label, 0) > floor
        } - {None}
        for path in (ROOT / app).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            own = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            glances = own & above - OWN_NAMES
            assert not glances, f"{path.relative_to(ROOT)} glances up: {glances}"


# Accessors whose name is also a field or method of a lower model.
OWN_NAMES = {"requests", "stations"}
