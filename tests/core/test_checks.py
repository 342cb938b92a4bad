"""System checks about the engine."""

from __future__ import annotations

import pytest
from django.db import connection

from core import checks

pytestmark = pytest.mark.django_db


def test_a_missing_extension_is_an_error_once_the_tables_stand(monkeypatch):
    monkeypatch.setattr(checks, "EXTENSIONS", ("nowhere",))

    assert [found.id for found in checks.check_engine(["default"])] == ["core.E003"]


def test_before_the_first_migration_a_missing_extension_is_none_because_it_brings_them(monkeypatch):
    monkeypatch.setattr(checks, "EXTENSIONS", ("nowhere",))
    monkeypatch.setattr(type(connection.introspection), "table_names", lambda self, cursor=None: [])

    assert checks.check_engine(["default"]) == []
