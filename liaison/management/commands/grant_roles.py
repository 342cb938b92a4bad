"""Give the application's role what it needs and no more: ledgers and histories it may only write on, never over.

Run by the owner after every migrate; as often as one likes.
"""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection, transaction

from core.models import AccessLog, Event
from liaison.engines import postgres


def ledgers() -> list[str]:
    """Tables that only grow: the cases' ledger, the log of who looked at personal data, the history of reference data."""
    histories: list[Any] = [model for model in apps.get_models() if hasattr(model, "pgh_tracked_model")]
    return sorted(model._meta.db_table for model in [Event, AccessLog, *histories])


def statements(role: str) -> list[str]:
    """Everything the role is given, idempotent and in order."""
    app = connection.ops.quote_name(role)
    quoted = ", ".join(connection.ops.quote_name(table) for table in ledgers())
    tables = "ALL TABLES IN SCHEMA public"
    defaults = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT"
    return [
        f"GRANT USAGE ON SCHEMA public TO {app}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {app}",
        f"REVOKE UPDATE, DELETE ON {quoted} FROM {app}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {app}",
        f"REVOKE TRUNCATE, REFERENCES, TRIGGER ON {tables} FROM {app}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        f"{defaults} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        f"{defaults} USAGE, SELECT ON SEQUENCES TO {app}",
    ]


class Command(BaseCommand):
    help = "Grant the application's role (APP_ROLE) its rights. Run as the owner, after migrate."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", default=os.environ.get("APP_ROLE") or postgres.APP)
        parser.add_argument("--print", action="store_true", help="only print the statements")

    def handle(self, *args: Any, **options: Any) -> None:
        role = options["role"]
        if options["print"]:
            self.stdout.write(self._as_text(role))
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
            me, exists = cursor.fetchone()
        if me == role:
            raise CommandError(
                f"This connection is {role} itself: it cannot take rights from itself. "
                "Set DATABASE_OWNER_URL, or APP_ROLE to the role the application runs as."
            )
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                if not exists:
                    cursor.execute(f"CREATE ROLE {connection.ops.quote_name(role)} LOGIN")
                for statement in statements(role):
                    cursor.execute(statement)
        except ProgrammingError as problem:
            words = (
                f"{me} may not do this ({str(problem).strip()}). An administrator of the database must run:"
            )
            raise CommandError(f"{words}\n\n{self._as_text(role, create=not exists)}") from problem
        made = "" if exists else f" The role was made without a password: ALTER ROLE {role} PASSWORD '…'."
        self.stdout.write(f"{role} may read and write; {len(ledgers())} ledgers it may only add to.{made}")

    def _as_text(self, role: str, *, create: bool = False) -> str:
        first = [f"CREATE ROLE {connection.ops.quote_name(role)} LOGIN PASSWORD '…'"] if create else []
        return "".join(f"{statement};\n" for statement in (*first, *statements(role)))
