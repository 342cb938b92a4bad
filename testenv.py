"""Pytest plugin: an engine, an environment and a database of its own for every test run.

`-p testenv` (pyproject.toml) loads it before pytest-django reads the settings; `conftest.py` would come too
late. Several runs may go on at once, each with its own databases in one cluster, which the last run stops.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from liaison.engines import broker, host, postgres

CHECKOUT = Path(__file__).resolve().parent
# Set in the process that started the engines, so that pytest-xdist's workers know that they are guests.
STARTED_BY = "TESTENV_STARTED_BY"
TEST_DATABASE = re.compile(r"(?:test_)?liaison_t(\d+)(?:_\w+)?")
ENGINE_NAMES = {"DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DEVDB", "DEVBROKER"}
# What the migrations import, and the packages whose tables they make.
MIGRATED_BY = ("core/ledger.py", "core/search.py", "constraints.txt")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    # A wrapper runs before pytest-django's own hook, which reads the settings.
    try:
        if STARTED_BY in os.environ:
            _join_as_worker()
        else:
            _start(early_config)
    except host.EngineError as error:
        raise pytest.UsageError(str(error)) from error
    return (yield)


def _start(config: pytest.Config) -> None:
    choices = {name: os.environ.get(name, "") for name in ENGINE_NAMES}
    _forget_deployment()
    state = host.make_dir(host.test_state_dir(CHECKOUT, os.environ), mode=0o711)
    runs = host.make_dir(state / "runs", mode=0o700)
    _remove_dead(runs)
    run = host.make_dir(runs / str(os.getpid()), mode=0o700)
    config.add_cleanup(lambda: shutil.rmtree(run, ignore_errors=True))
    if choices["DATABASE_URL"]:
        owner = choices["DATABASE_OWNER_URL"] or choices["DATABASE_URL"]
        os.environ.update(
            DATABASE_URL=owner, DATABASE_OWNER_URL=owner, DATABASE_APP_URL=choices["DATABASE_URL"]
        )
    else:
        _start_postgres(config, state, choices["DEVDB"])
    if not choices["REDIS_URL"]:
        server = broker.Broker(run / "broker", choice=choices["DEVBROKER"], durable=False)
        server.start()
        config.add_cleanup(server.stop)
        os.environ["REDIS_URL"] = server.url()
    os.environ.update(
        {
            "LIAISON_ENV": "test",
            "APP_ROLE": postgres.APP,
            "STATE_DIR": str(run / "state"),
            STARTED_BY: str(os.getpid()),
        }
    )


def _start_postgres(config: pytest.Config, state: Path, choice: str) -> None:
    if choice == "off":
        raise host.EngineError("DEVDB=off starts no PostgreSQL: set DATABASE_URL.")
    cluster = postgres.test_cluster(state, choice)
    try:
        cluster.acquire()
    except host.EngineError:
        # Nothing in it is worth keeping: without fsync a crash of the machine may have spoilt it.
        host.remove_tree(cluster.data)
        cluster.acquire()
    config.add_cleanup(cluster.release)
    with host.locked(state / "databases.lock"):
        drop_databases(cluster.url(postgres.OWNER, "postgres"), lambda pid: not host.command_of(pid))
    mine = os.getpid()
    config.add_cleanup(
        lambda: drop_databases(cluster.url(postgres.OWNER, "postgres"), lambda pid: pid == mine)
    )
    name = f"liaison_t{mine}"
    os.environ.update(
        DATABASE_URL=cluster.url(postgres.OWNER, name),
        DATABASE_OWNER_URL=cluster.url(postgres.OWNER, name),
        DATABASE_APP_URL=cluster.url(postgres.APP, name),
        TEST_TEMPLATE=_template(cluster, state),
    )


def _template(cluster: postgres.Cluster, state: Path) -> str:
    """A migrated database that every run and worker copies: made once per set of migrations, by the first to need it."""
    digest = hashlib.sha256()
    for path in sorted([*CHECKOUT.glob("*/migrations/*.py"), *(CHECKOUT / each for each in MIGRATED_BY)]):
        digest.update(path.read_bytes())
    name = f"liaison_template_{digest.hexdigest()[:12]}"
    with host.locked(state / "template.lock"):
        if not _exists(cluster, name):
            _forget_templates(cluster)
            _make(cluster, name)
    return name


def _exists(cluster: postgres.Cluster, name: str) -> bool:
    with admin_cursor(cluster.url(postgres.OWNER, "postgres")) as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def _forget_templates(cluster: postgres.Cluster) -> None:
    with admin_cursor(cluster.url(postgres.OWNER, "postgres")) as cursor:
        cursor.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'liaison\_template\_%'")
        for (name,) in cursor.fetchall():
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _make(cluster: postgres.Cluster, name: str) -> None:
    """Under another name until it is whole: a killed run must not leave half a template."""
    unfinished = f"{name}_unfinished"
    with admin_cursor(cluster.url(postgres.OWNER, "postgres")) as cursor:
        cursor.execute(f'CREATE DATABASE "{unfinished}"')
    url = cluster.url(postgres.OWNER, unfinished)
    env = dict(os.environ, LIAISON_ENV="test", DATABASE_URL=url, DATABASE_OWNER_URL=url)
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0", "--skip-checks"]
    done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise host.EngineError(f"The migrations do not run.\n{done.stderr[-2000:]}")
    with admin_cursor(cluster.url(postgres.OWNER, "postgres")) as cursor:
        cursor.execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"')


@contextmanager
def admin_cursor(url: str) -> Iterator[Any]:
    """A cursor outside any transaction: databases are made and dropped with it."""
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def drop_databases(url: str, whose: Callable[[int], bool]) -> None:
    """Drop the test databases of the runs (by process id) for which `whose` is true."""
    import psycopg2

    with admin_cursor(url) as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        for (name,) in cursor.fetchall():
            found = TEST_DATABASE.fullmatch(name)
            if found and whose(int(found[1])):
                # A killed run may have left a connection of another role that is still closing: the next run drops it.
                with suppress(psycopg2.Error):
                    cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _forget_deployment() -> None:
    """What a person exported for their own server must not change what the tests see."""
    for line in (CHECKOUT / ".env.example").read_text(encoding="utf-8").splitlines():
        name = line.lstrip("# ").partition("=")[0]
        if name.isidentifier() and name.isupper() and name != "STATE_DIR":
            os.environ.pop(name, None)


def _remove_dead(runs: Path) -> None:
    for left in runs.iterdir():
        if not host.command_of(int(left.name)):
            shutil.rmtree(left, ignore_errors=True)


def _join_as_worker() -> None:
    """A pytest-xdist worker: same servers, its own databases (pytest-django names the PostgreSQL one)."""
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) + 1
    os.environ["REDIS_URL"] = re.sub(
        r"\?db=\d+$", f"?db={number % broker.DATABASES}", os.environ["REDIS_URL"]
    )
    os.environ["STATE_DIR"] = f"{os.environ['STATE_DIR']}-{number}"


def chromium() -> str | None:
    """The browser for tests marked `browser`."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    missing = ""
    if chromium() is None:
        missing = "no Chromium here (Debian: apt install chromium fonts-noto-cjk)"
    elif importlib.util.find_spec("playwright") is None:
        missing = "playwright is not installed (python3 dev.py test --e2e installs it)"
    wanted = [item for item in items if item.get_closest_marker("browser")]
    if not missing or not wanted:
        return
    if os.environ.get("REQUIRE_BROWSER"):
        raise pytest.UsageError(f"The browser tests cannot run: {missing}.")
    for item in wanted:
        item.add_marker(pytest.mark.skip(reason=missing))
