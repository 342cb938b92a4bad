"""Tables and the pages drawn from them agree: steps, labels, glossary, migrations, documents."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from pghistory.models import Event as HistoryEvent

from accounts.permissions import Permission
from accounts.roles import ROLE_PERMISSIONS, ROLE_SCOPE, Role
from core.cases import case_models
from core.steps import steps_of
from core.workflow import Transition
from intake.steps import STEPS, WITHIN
from intake.workflow import WORKFLOW
from liaison.management.commands.draw_docs import stale
from tests.house.test_floors import FLOORS, MODELS

ROOT = Path(settings.BASE_DIR)
CHINESE = re.compile(r"[一-鿿]")
OURS = [model for model in MODELS if not issubclass(model, HistoryEvent)]
MOVES = list(WORKFLOW.transitions.values())


def ids(value):
    return getattr(value, "__name__", None) or getattr(value, "name", None)


# --- steps and transitions


def test_every_transition_is_a_step_or_fired_within_one():
    assert {step.name for step in STEPS} | WITHIN.keys() == WORKFLOW.transitions.keys() - {"receive"}


def test_what_is_fired_within_another_step_is_no_step():
    steps = {step.name for step in STEPS}

    assert WITHIN.keys() & steps == set()
    assert set(WITHIN.values()) - {"sweep", "move_boundary"} <= steps


@pytest.mark.parametrize("label", list(case_models()))
def test_a_steps_action_bears_its_name(label):
    for step in steps_of(case_models()[label]).values():
        assert step.action.__name__ == step.name


@pytest.mark.parametrize("move", MOVES, ids=ids)
def test_a_transition_has_a_chinese_label(move: Transition):
    assert CHINESE.search(str(move.label))


@pytest.mark.parametrize("state", list(WORKFLOW.states.values()), ids=ids)
def test_a_state_has_words_for_staff_and_residents(state):
    assert CHINESE.search(str(state.label))
    assert CHINESE.search(str(state.public_label))


def test_every_state_can_be_reached_and_every_open_one_left():
    reached = {WORKFLOW.initial} | {move.target for move in MOVES}
    left = {source for move in MOVES if move.target in WORKFLOW.states for source in move.sources}

    assert WORKFLOW.states.keys() <= reached
    assert {state.name for state in WORKFLOW.states.values() if not state.closes} - {"waiting"} <= left


def test_a_rung_names_people_and_verbs_that_exist():
    pack = json.loads((ROOT / "core" / "data" / "national_default.json").read_text(encoding="utf-8"))

    assert {term["clock"] for term in pack["terms"]} == set(WORKFLOW.clocks)
    assert {who for rung in pack["rungs"] for who in rung["hears"]} <= set(WORKFLOW.hearers)
    assert {rung["fires"] for rung in pack["rungs"] if "fires" in rung} <= {step.name for step in STEPS}


# --- labels and the glossary


@pytest.mark.parametrize("model", OURS, ids=ids)
def test_a_model_and_its_fields_are_named_in_chinese(model):
    assert CHINESE.search(str(model._meta.verbose_name)), model
    for field in model._meta.local_fields:
        if not (field.primary_key or field.name in INHERITED):
            assert CHINESE.search(str(field.verbose_name)), f"{model.__name__}.{field.name}"


# Django's own columns, whose words Django translates itself.
INHERITED = {"password", "last_login", "is_superuser", "username", "is_staff", "is_active", "date_joined"}


@pytest.mark.parametrize("model", OURS, ids=ids)
def test_a_model_stands_in_the_glossary(model):
    lines = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()

    assert any(
        f"`{model.__name__}`" in line and f"| {model._meta.verbose_name} |" in line for line in lines
    ), f"`{model.__name__}` | {model._meta.verbose_name}"


@pytest.mark.parametrize("model", OURS, ids=ids)
def test_a_models_name_is_unique_in_the_house(model):
    assert [each.__name__ for each in OURS].count(model.__name__) == 1


def test_every_role_has_rights_and_a_scope():
    assert set(ROLE_PERMISSIONS) == set(ROLE_SCOPE) == set(Role)
    assert {right for rights in ROLE_PERMISSIONS.values() for right in rights} == set(Permission)


# --- migrations


@pytest.mark.parametrize("app", sorted(FLOORS))
def test_migrations_have_spoken_names_and_stand_in_one_line(app):
    directory = ROOT / app / "migrations"
    found = sorted(path.stem for path in directory.glob("[0-9]*.py")) if directory.exists() else []

    assert [each[:4] for each in found] == [f"{number:04d}" for number in range(1, len(found) + 1)]
    assert not [each for each in found if re.search(r"_auto_|_merge", each)]


@pytest.mark.django_db
def test_the_models_are_what_the_migrations_made():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


# --- pages


def test_the_drawn_pages_say_what_the_tables_say():
    assert stale() == [], "run: python3 dev.py docs"


def test_no_template_is_unused():
    templates = sorted((ROOT / "templates").rglob("*.*"))
    said = "".join(
        path.read_text(encoding="utf-8")
        for path in [*templates, *(path for app in FLOORS for path in (ROOT / app).rglob("*.py"))]
        if path.suffix in (".py", ".html", ".txt", ".svg")
    )
    unused = [
        name
        for name in (path.relative_to(ROOT / "templates").as_posix() for path in templates if path.is_file())
        if f'"{name}"' not in said and f"'{name}'" not in said and not FOUND_BY_NAME.fullmatch(name)
    ]

    assert set(unused) - KEPT == set()
    assert {path.relative_to(ROOT / "templates").as_posix() for path in templates} >= KEPT


# Drawn and tested with the set of components (tests/house/test_frontend.py), for pages of later issues.
KEPT = {
    f"components/_{name}.html" for name in ("faces", "light", "person", "retry", "slip", "summary_list")
}  # fmt: skip

# Found by Django and the admin by their names, or built from a name in one place.
FOUND_BY_NAME = re.compile(
    r"(400|403|404|409|413|429|500|503|507)\.html|admin/.*|registration/.*|import_export/.*|django/forms/.*"
)


def test_every_app_config_is_known():
    assert {config.label for config in apps.get_app_configs()} >= set(FLOORS)
