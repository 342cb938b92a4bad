"""System checks: what the database must bring, and what the office must not forget. `manage.py check --database default`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections
from django.utils import timezone

from core.models.calendar import CalendarDay
from core.workdays import Calendar

OLDEST_SERVER = 150_000
EXTENSIONS = ("btree_gist", "pg_trgm")
# The State Council's notice for the next year usually comes in the first half of November.
NOTICE_IS_OUT = (11, 15)


@register(Tags.database)
def check_engine(databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """PostgreSQL 15 or newer, in UTF-8, with a character type that knows more than ASCII, and the two extensions."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            # datctype beside lower(): with the builtin provider lower() works while pg_trgm, which asks the
            # operating system's locale, takes every Chinese character for punctuation.
            cursor.execute(
                "SELECT current_setting('server_version_num')::int, lower('É') = 'é' AND datctype NOT IN ('C', 'POSIX')"
                " FROM pg_database WHERE datname = current_database()"
            )
            version, knows_letters = cursor.fetchone()
            cursor.execute("SELECT extname FROM pg_extension")
            there = {row[0] for row in cursor.fetchall()}
        if CalendarDay._meta.db_table not in connections[alias].introspection.table_names():
            there = set(EXTENSIONS)  # nothing migrated yet: the first migration brings them
        if version < OLDEST_SERVER:
            found.append(
                Error(f"PostgreSQL {version // 10_000} is too old.", hint="Use 15 or newer.", id="core.E001")
            )
        if not knows_letters:
            found.append(
                Error(
                    "The database's LC_CTYPE knows only ASCII: search would miss words.",
                    hint="Create it with LC_CTYPE C.UTF-8 or zh_CN.UTF-8 and encoding UTF8.",
                    id="core.E002",
                )
            )
        found += [
            Error(
                f"The extension {name} is missing.",
                hint=f"As an administrator: CREATE EXTENSION {name};",
                id="core.E003",
            )
            for name in EXTENSIONS
            if name not in there
        ]
    return found


@register(Tags.database)
def check_calendar(databases: Iterable[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """From 15 November on, next year's holidays should be there: deadlines already run into it."""
    today = timezone.localdate()
    wanted = today.year + (1 if (today.month, today.day) >= NOTICE_IS_OUT else 0)
    missing = []
    for alias in databases or ():
        if CalendarDay._meta.db_table in connections[alias].introspection.table_names():
            rows = CalendarDay.objects.using(alias)
            missing += (
                []
                if Calendar(overrides={d.day: d.is_workday for d in rows}).is_published(wanted)
                else [wanted]
            )
    return [
        Warning(
            f"{year} 年节假日未公布：跨到这一年的期限按周一至周五算，并标明“节假日未公布”。",
            hint="国务院办公厅的通知出来以后：manage.py load_calendar 文件，会重算并列出改了日子的期限。",
            id="core.W001",
        )
        for year in missing
    ]
