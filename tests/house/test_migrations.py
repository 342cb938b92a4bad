"""Migrations while the site runs: they add, take away a release later, and nobody waits behind them. ADR 21."""

from __future__ import annotations

import os
import threading
import time
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
import yaml
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import base
from django.db.utils import OperationalError

from testenv import CHECKOUT

HOUSE = {
    "core",
    "accounts",
    "representatives",
    "stations",
    "intake",
    "votes",
    "projects",
    "proposals",
    "reports",
}
# Tables that grow with the years; an index on them takes a lock for as long as it is built.
GROWING = {
    "constituentrequest",
    "event",
    "eventtext",
    "clock",
    "message",
    "attachment",
    "proposal",
    "requestprogress",
}
# Nothing is released: these make the tables, and nobody has rows in them.
FIRST = {"0001", "0002", "0003"}


def complaints(operation: base.Operation) -> str:
    """What is wrong with an operation while the former code runs beside it; empty when nothing is."""
    if isinstance(operation, (migrations.RemoveField, migrations.DeleteModel)):
        return "takes away what the former code still reads: a release later"
    if isinstance(operation, (migrations.RenameField, migrations.RenameModel, migrations.AlterModelTable)):
        return "renames under the former code: add, copy, take away"
    if isinstance(operation, migrations.AlterField):
        return "may rewrite the table: add a column beside it"
    if isinstance(operation, migrations.AddField) and _has_no_default(operation.field):
        return "the former code's INSERT knows no value for it: null or db_default"
    makes = isinstance(operation, (migrations.AddIndex, migrations.AddConstraint))
    aside = isinstance(operation, (AddIndexConcurrently, AddConstraintNotValid))
    if makes and not aside and operation.model_name in GROWING:
        return "locks a growing table while it is built: AddIndexConcurrently, AddConstraintNotValid"
    return ""


def _has_no_default(field: models.Field) -> bool:
    return not field.null and field.db_default is models.NOT_PROVIDED


def test_no_migration_stands_in_the_way_of_the_running_site():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found = [
        f"{app}.{name}: {operation.describe()}: {words}"
        for (app, name), migration in sorted(loader.disk_migrations.items())
        if app in HOUSE and name[:4] not in FIRST
        for operation in migration.operations
        if (words := complaints(operation))
    ]

    assert found == []


INDEX = models.Index(fields=["closed_at"], name="x")


@pytest.mark.parametrize(
    ("operation", "is_well"),
    [
        (migrations.RemoveField("event", "kind"), False),
        (migrations.DeleteModel("Event"), False),
        (migrations.RenameField("event", "kind", "sort"), False),
        (migrations.AlterField("event", "kind", models.TextField()), False),
        (migrations.AddField("event", "more", models.TextField(default="")), False),
        (migrations.AddField("event", "more", models.TextField(db_default="")), True),
        (migrations.AddField("event", "more", models.TextField(null=True)), True),
        (migrations.AddIndex("constituentrequest", INDEX), False),
        (AddIndexConcurrently("constituentrequest", INDEX), True),
        (migrations.AddIndex("category", INDEX), True),
        (migrations.CreateModel("Thing", [("id", models.BigAutoField(primary_key=True))]), True),
    ],
)
def test_what_would_stand_in_the_way_is_named(operation, is_well):
    assert (complaints(operation) == "") == is_well


def test_the_migration_of_the_production_shape_waits_a_second_at_most():
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))

    assert compose["services"]["migrate"]["environment"]["LOCK_TIMEOUT_MS"] == "1000"


def beside() -> psycopg2.extensions.connection:
    """Another session on this test's database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return psycopg2.connect(urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")))


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_meets_a_long_reader_gives_up_and_the_writers_go_on():
    """The site's connections carry a lock timeout (settings); with one the queue behind a migration dissolves in time."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("3s",)
        cursor.execute("SET lock_timeout = '300ms'")
    reader, writer = beside(), beside()
    waited: list[float] = []

    def write() -> None:
        begun = time.monotonic()
        with writer, writer.cursor() as cursor:
            cursor.execute("INSERT INTO core_heartbeat (name, at, note) VALUES ('migration', now(), '')")
        waited.append(time.monotonic() - begun)

    try:
        with reader.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM core_heartbeat")  # its transaction stays open
        behind = threading.Timer(0.1, write)
        behind.start()
        begun = time.monotonic()
        with pytest.raises(OperationalError, match="lock timeout"), connection.schema_editor() as editor:
            editor.execute("ALTER TABLE core_heartbeat ADD COLUMN more text")
        gave_up = time.monotonic() - begun
        behind.join(timeout=10)
    finally:
        reader.close()
        writer.close()
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")

    assert gave_up < 2
    assert len(waited) == 1
    assert waited[0] < 2
