"""New rows by SQL that is put together once: of an intake's time more went into composing its INSERTs than into running them.

What `save(force_insert=True)` and `bulk_create(ignore_conflicts=True)` do, in a house without signals.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models


def insert(row: models.Model) -> None:
    """One INSERT; the row knows its id then."""
    insert_unless_taken(row, "")


def insert_unless_taken(row: models.Model, unique: str) -> bool:
    """The same, but for a row whose unique column has a value that stands there already: False, and nothing written."""
    start, group, end = _parts(type(row), unique)
    with connection.cursor() as cursor:
        cursor.execute(start + group + end, _values(row))
        found = cursor.fetchone()
    if found is None:
        return False
    row.pk = found[0]
    row._state.adding, row._state.db = False, connection.alias
    return True


def insert_new(rows: Sequence[models.Model]) -> None:
    """Those rows of one kind that break no unique constraint, in one statement; they do not learn their ids."""
    _insert_many(rows, " ON CONFLICT DO NOTHING")


def insert_all(rows: Sequence[models.Model]) -> None:
    """All these rows of one kind in one statement; they do not learn their ids."""
    _insert_many(rows, "")


def _insert_many(rows: Sequence[models.Model], end: str) -> None:
    if not rows:
        return
    start, group, _end = _parts(type(rows[0]), "")
    groups = ", ".join([group] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(f"{start}{groups}{end}", [value for row in rows for value in _values(row)])


def _values(row: models.Model) -> list[Any]:
    # Past Django's proxy, which looks the connection up again for every column.
    database = connections[DEFAULT_DB_ALIAS]
    return [field.get_db_prep_save(field.pre_save(row, True), database) for field in _columns(type(row))]


@cache
def _columns(model: type[models.Model]) -> list[Any]:
    """The columns that are written: all but the id and those the database fills."""
    return [each for each in model._meta.local_concrete_fields if not (each.primary_key or each.generated)]


@cache
def _parts(model: type[models.Model], unique: str) -> tuple[str, str, str]:
    """The statement up to its values, the places of one row's values, and what follows."""
    name, options = connection.ops.quote_name, model._meta
    columns = ", ".join(name(each.column) for each in _columns(model))
    group = f"({', '.join(['%s'] * len(_columns(model)))})"
    taken = f" ON CONFLICT ({name(unique)}) DO NOTHING" if unique else ""
    start = f"INSERT INTO {name(options.db_table)} ({columns}) VALUES "
    return start, group, f"{taken} RETURNING {name(options.pk.column)}"
