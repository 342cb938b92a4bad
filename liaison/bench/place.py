"""Where the benches measure: a cluster of their own, seeded templates kept between runs, and throw-away copies of them."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from liaison.engines import host, postgres
from liaison.engines.broker import Broker

# What a server for measuring is given, and a developer's small one is not: otherwise a million rows measure the disk.
TUNED = {
    "shared_buffers": "1GB",
    "effective_cache_size": "6GB",
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "maintenance_work_mem": "512MB",
    "work_mem": "32MB",
}
# What a template is made from: another of these, another template.
MADE_FROM = (
    "*/migrations/*.py",
    "core/ledger.py",
    "core/search.py",
    "liaison/demo/bulk*.py",
    "liaison/bench/seed.py",
)
SEED_SECONDS = 3600
CHILD_SECONDS = 900


class Bench:
    """The engines and databases of one run. Everything it starts ends with it."""

    def __init__(self, checkout: Path, state: Path) -> None:
        self.checkout = checkout
        self.home = state / "bench"
        self.cluster = postgres.Cluster(
            self.home / "postgres", choice=os.environ.get("DEVDB", ""), durable=False
        )
        self.broker = Broker(self.home / "broker", choice=os.environ.get("DEVBROKER", ""), durable=False)
        self._copies: list[str] = []

    @contextmanager
    def running(self) -> Iterator[Bench]:
        host.make_dir(self.home, mode=0o711)
        with host.open_lock(self.home / "run.lock") as lock:
            if not host.try_lock(lock):
                raise host.EngineError(
                    "Another bench is measuring here: two at once would measure each other."
                )
            try:
                self._start()
                self.broker.start()
                self._collect_static()
                yield self
            finally:
                self._drop(self._copies)
                self.broker.stop()
                self.cluster.release()

    def _start(self) -> None:
        self.cluster.acquire()
        if self._ask("SHOW shared_buffers") == [(TUNED["shared_buffers"],)]:
            return
        for name, value in TUNED.items():
            self._ask(f"ALTER SYSTEM SET {name} = '{value}'")
        counts = self._ask("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_stat_statements'")
        if counts:
            self._ask("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        self.cluster.release()
        self.cluster.acquire()
        if counts:
            self.count_statements("none")

    def _collect_static(self) -> None:
        words = ("collectstatic", "--noinput", "--verbosity=0")
        self.run_child([sys.executable, "manage.py", *words], self.env("postgres"), seconds=600)

    @property
    def postmaster(self) -> int:
        return self.cluster.postmaster() or 0

    @property
    def can_count(self) -> bool:
        return self._ask("SHOW shared_preload_libraries") == [("pg_stat_statements",)]

    def count_statements(self, which: str) -> None:
        """`all`: those of triggers and foreign keys too; `none` again before a clock is read."""
        self._ask(f"ALTER SYSTEM SET pg_stat_statements.track = '{which}'")
        self._ask("SELECT pg_reload_conf()")

    # --- databases

    def template(self, rows: int) -> str:
        """The seeded database of so many requests: made once, then only read and copied."""
        digest = hashlib.sha256()
        for path in sorted(path for pattern in MADE_FROM for path in self.checkout.glob(pattern)):
            digest.update(path.read_bytes())
        name = f"bench_{rows}_{digest.hexdigest()[:8]}"
        if not self._exists(name):
            self._drop(each for each in self._names() if each.startswith(f"bench_{rows}_"))
            self._seed(name, rows)
        return name

    def _seed(self, name: str, rows: int) -> None:
        unfinished = f"{name}_unfinished"
        print(f"Seeding {rows} requests, once ...", flush=True)
        self._ask(f'CREATE DATABASE "{unfinished}" OWNER {postgres.OWNER}')
        owner = self.env(unfinished, role=postgres.OWNER)
        for words in (("migrate", "--verbosity=0", "--skip-checks"), ("grant_roles",)):
            self.run_child([sys.executable, "manage.py", *words], owner, seconds=600)
        # As the administrator, who may leave triggers and foreign keys out while rows by the million go in.
        self.call(
            "liaison.bench.seed:fill",
            self.env(unfinished, role=postgres.ADMINISTRATOR),
            rows,
            seconds=SEED_SECONDS,
        )
        self._ask(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')

    def copy(self, template: str, name: str) -> str:
        """A throw-away copy, to be written to."""
        name = f"bench_copy_{name}"
        self._drop([name])
        self._ask(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {postgres.OWNER} STRATEGY FILE_COPY')
        self._copies.append(name)
        return name

    def give(self, database: str) -> None:
        """Let the owner write to every table of a copy, the references' among them: a bench sets up what nobody else may."""
        for kind in ("TABLES", "SEQUENCES"):
            self.ask(database, f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {postgres.OWNER}")

    def drop(self, name: str) -> None:
        self._drop([name])

    def _drop(self, names: Any) -> None:
        for name in list(names):
            self._ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _names(self) -> list[str]:
        return [name for (name,) in self._ask("SELECT datname FROM pg_database")]

    def _exists(self, name: str) -> bool:
        return name in self._names()

    def _ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.ask("postgres", statement)

    def ask(self, database: str, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """What the administrator is answered, outside any transaction."""
        import psycopg2

        connection = psycopg2.connect(self.cluster.url(postgres.ADMINISTRATOR, database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    # --- processes

    def env(self, database: str, *, role: str = postgres.APP) -> dict[str, str]:
        """The environment of a process that works on this database, in the shape of a real site: DEBUG off, own cache."""
        keys = self.home / "pii_keys"
        host.read_or_make(keys, lambda: f"k1:{b64encode(secrets.token_bytes(32)).decode()}\n")
        url = self.cluster.url(role, database)
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "liaison.settings",
            "LIAISON_ENV": "development",
            "SECRET_KEY": "bench",
            "PII_KEY_FILE": str(keys),
            "STATE_DIR": str(self.home),
            "APP_ROLE": postgres.APP,
            "SITE_AREA_CODE": "990301000000",
            "ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": url,
            "REDIS_URL": self.broker.url(),
            "BENCH_POSTMASTER": str(self.postmaster),
        }

    def call(self, function: str, env: dict[str, str], *words: Any, seconds: float = CHILD_SECONDS) -> Any:
        """What a function gives in a process of its own, in which Django works on the database of `env`."""
        command = [sys.executable, "-m", "liaison.bench.child", function, json.dumps(words)]
        lines = self.run_child(command, {"STATEMENT_TIMEOUT_MS": "0", **env}, seconds=seconds).splitlines()
        return json.loads(lines[-1])

    def run_child(self, command: list[str], env: dict[str, str], *, seconds: float) -> str:
        done = subprocess.run(
            command,
            cwd=self.checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=seconds,
            preexec_fn=host.die_with_parent,
            check=False,
        )
        if done.returncode:
            raise host.EngineError(f"This failed: {' '.join(command[1:4])}\n{done.stderr[-3000:]}")
        return done.stdout
