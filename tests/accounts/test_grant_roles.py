"""The application's role, as PostgreSQL itself holds it to its grants. security.md 1.1 item 27, decisions 1."""

from __future__ import annotations

import os
from io import StringIO
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from psycopg2.errors import InsufficientPrivilege

from liaison.management.commands.grant_roles import ledgers, statements

pytestmark = pytest.mark.django_db(transaction=True)


def as_application():
    """A connection as the role the site runs as, to this very test database."""
    parts = urlsplit(os.environ["DATABASE_APP_URL"])
    return psycopg2.connect(urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}")))


@pytest.fixture
def application(county):
    county.registered()
    call_command("grant_roles", stdout=StringIO())
    opened = as_application()
    yield opened
    opened.close()


def refused(opened, statement):
    with opened.cursor() as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute(statement)
    opened.rollback()


@pytest.mark.parametrize(
    "table", ["core_event", "core_accesslog", "accounts_areaevent", "accounts_membershipevent"]
)
def test_the_application_may_not_change_what_happened(application, table):
    assert table in ledgers()
    for statement in (f"UPDATE {table} SET {'pgh_label' if table.startswith('acc') else 'id'} = NULL",
                      f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # fmt: skip
        refused(application, statement)


def test_the_application_reads_and_adds_to_the_ledger(application):
    with application.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_event")
        assert cursor.fetchone()[0] >= 2
        cursor.execute(
            "INSERT INTO core_accesslog (at, actor_id, case_label, case_id, what, reason, request_id)"
            " SELECT now(), id, 'request', 1, 'phone', 'test', '' FROM accounts_user LIMIT 1"
        )
    application.rollback()


def test_the_application_changes_everything_else_and_its_changes_are_kept_in_history(application):
    with application.cursor() as cursor:
        cursor.execute("UPDATE accounts_unit SET phone = '0000-555-0199' WHERE code = 'urban'")
        cursor.execute("SELECT pgh_label FROM accounts_unitevent WHERE phone = '0000-555-0199'")
        assert cursor.fetchone() is not None
        cursor.execute("DELETE FROM core_draft")
    application.rollback()


def test_the_application_changes_no_tables_and_no_migrations(application):
    refused(application, "CREATE TABLE mine (id int)")
    refused(application, "ALTER TABLE core_event DISABLE TRIGGER ALL")
    refused(application, "DELETE FROM django_migrations")


def test_granting_twice_changes_nothing(application):
    def grants():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY relname"
            )
            return cursor.fetchall()

    before = grants()

    call_command("grant_roles", stdout=StringIO())

    assert grants() == before


def test_without_the_right_to_grant_the_statements_are_printed(monkeypatch):
    printed = StringIO()
    call_command("grant_roles", "--print", stdout=printed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        me = cursor.fetchone()[0]

    assert printed.getvalue() == "".join(f"{each};\n" for each in statements("liaison_app"))
    with pytest.raises(CommandError, match="cannot take rights from itself"):
        call_command("grant_roles", "--role", me)


def test_a_role_without_createrole_is_told_what_an_administrator_must_run():
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE liaison_weak NOLOGIN")
        cursor.execute("GRANT liaison_weak TO CURRENT_USER")
        try:
            cursor.execute("SET ROLE liaison_weak")
            with pytest.raises(CommandError) as refused:
                call_command("grant_roles", "--role", "liaison_nobody")
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP ROLE liaison_weak")

    assert 'CREATE ROLE "liaison_nobody" LOGIN' in str(refused.value)
    assert 'REVOKE UPDATE, DELETE ON "accounts_areaevent"' in str(refused.value)
