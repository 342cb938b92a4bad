"""The database's part of a backup: dumped and digested in one snapshot, restored by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
from psycopg2 import sql

from liaison.backup.archive import CHUNK, BackupError
from liaison.engines import host, postgres

# Under these every server writes a row as the same text.
SAME_TEXT = """
    SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET bytea_output = 'hex';
    SET extra_float_digits = 3; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0
"""
TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY c.relname
"""
# A sum, so that the order in which rows lie does not matter.
DIGEST = """
    SELECT count(*), coalesce(sum(
        ('x' || encode(substr(sha256(convert_to(whole_row::text, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint), 0)::text
    FROM {} AS whole_row
"""
ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
LIBPQ = {*ENVIRONMENT, "dbname"}

Place = dict[str, Any]


def place_of(connection: Any) -> Place:
    """Where a Django connection leads, without the site's own time limits."""
    given = connection.get_connection_params()
    return {name: given[name] for name in LIBPQ if given.get(name)}


def place_at(url: str) -> Place:
    try:
        return {name: value for name, value in psycopg2.extensions.parse_dsn(url).items() if name in LIBPQ}
    except psycopg2.ProgrammingError as problem:
        raise BackupError(
            "--into takes the URL of a database: postgresql://role:password@host/name."
        ) from problem


def url_of(place: Place) -> str:
    """The same as a URL that Django's settings read."""
    who = f"{quote(place.get('user', ''), safe='')}:{quote(place.get('password', ''), safe='')}"
    rest = "&".join(
        f"{name}={quote(str(place[name]), safe='/')}"
        for name in sorted(LIBPQ - {"user", "password", "dbname"})
        if name in place
    )
    return f"postgresql://{who}@/{quote(place['dbname'], safe='')}?{rest}"


@contextmanager
def connected(place: Place) -> Iterator[Any]:
    try:
        opened = psycopg2.connect(**place, connect_timeout=10)
    except psycopg2.OperationalError as problem:
        raise BackupError(
            f"The database {place.get('dbname')} does not answer: {str(problem).strip()}"
        ) from problem
    try:
        yield opened
    finally:
        opened.close()


def server_major(opened: Any) -> int:
    return int(opened.server_version) // 10_000


def digests(cursor: Any) -> dict[str, list[Any]]:
    """Table → [rows, digest of their content], in the snapshot of the cursor's transaction."""
    cursor.execute(SAME_TEXT)
    cursor.execute(TABLES)
    told: dict[str, list[Any]] = {}
    for (table,) in cursor.fetchall():
        cursor.execute(sql.SQL(DIGEST).format(sql.Identifier("public", table)))
        told[table] = list(cursor.fetchone())
    return told


@contextmanager
def snapshot(place: Place) -> Iterator[tuple[Any, str]]:
    """A cursor and the name of its snapshot, in which a dump and the digests agree whatever goes on meanwhile."""
    with connected(place) as opened:
        opened.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with opened.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor, cursor.fetchone()[0]


def dump(place: Place, *, major: int, snapshot_name: str) -> Iterator[bytes]:
    """pg_dump's own format, piece by piece; raises when pg_dump was not content."""
    program = postgres.client("pg_dump", server=major)
    command: list[str | Path] = [
        program,
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot_name}",
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, place["dbname"]], stdout=subprocess.PIPE, stderr=said, env=_environment(place)
        )
        assert process.stdout is not None
        try:
            yield from iter(lambda: process.stdout.read(CHUNK), b"")  # type: ignore[union-attr]
        finally:
            process.stdout.close()  # if nobody reads on, pg_dump ends of itself
            process.wait()
        _content(process.returncode, "pg_dump", said)


def load(place: Place, pieces: Iterable[bytes], *, major: int, dumped_by: int) -> None:
    """Give a dump to pg_restore: whole or not at all."""
    if major < dumped_by:
        raise BackupError(
            f"The backup is from PostgreSQL {dumped_by}; this server is {major}: use one as new."
        )
    program = postgres.client("pg_restore", server=major)
    command: list[str | Path] = [
        program,
        "--no-owner",
        "--no-privileges",
        "--single-transaction",
        f"--dbname={place['dbname']}",
    ]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_environment(place)
        )
        assert process.stdin is not None
        try:
            for piece in pieces:
                process.stdin.write(piece)
        except BrokenPipeError:
            pass  # pg_restore has gone; what it said says why
        except BaseException:
            process.kill()  # it would wait for the rest for ever
            raise
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.wait()
        _content(process.returncode, "pg_restore", said)


def _environment(place: Place) -> dict[str, str]:
    """Where to connect goes by the environment: everybody on the machine may read a command line."""
    ours = {ENVIRONMENT[name]: str(value) for name, value in place.items() if name in ENVIRONMENT}
    return host.clean_env(os.environ) | ours


def _content(code: int, program: str, said: Any) -> None:
    if code:
        said.seek(0)
        raise BackupError(f"{program} failed: {said.read().decode(errors='replace').strip()[-1500:]}")


@contextmanager
def scratch(beside: Place) -> Iterator[Place]:
    """A new empty database on the same server, dropped afterwards."""
    name = f"liaison_scratch_{os.getpid()}_{os.urandom(3).hex()}"
    _alone(beside, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield beside | {"dbname": name}
    finally:
        # Not WITH (FORCE): that may not end an autovacuum at work there, where a plain DROP waits for it to step aside.
        _alone(beside, sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _alone(place: Place, statement: Any) -> None:
    """A statement that no transaction may hold."""
    with connected(place) as opened:
        opened.autocommit = True
        with opened.cursor() as cursor:
            try:
                cursor.execute(statement)
            except psycopg2.errors.InsufficientPrivilege as problem:
                raise BackupError(
                    "This role may not create a scratch database: run as the owner (DATABASE_OWNER_URL), who needs "
                    "`ALTER ROLE liaison_owner CREATEDB`, or name an empty database by --into."
                ) from problem
