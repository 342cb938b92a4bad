"""The private engines, and the traps that each cost somebody a failure once."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg2
import pytest
import redis
from django.conf import settings
from django.db import connection

import testenv
from liaison.engines import broker, host, postgres
from liaison.engines.host import EngineError
from liaison.engines.postgres import ADMINISTRATOR, APP, DATABASE, OWNER, Cluster
from liaison.supervisor import Place

ENGINES = [choice for choice in ("system", "embedded") if postgres.installs(choice)]
AS_ROOT = os.geteuid() == 0
HAS_PROC = Path("/proc/self").exists()
TRIGRAMS_OF_BROKEN_LAMP = ["0xacea9a", "0xd88623", "0xdc16f6", "0x179d8e", "0x3117bc"]


@contextmanager
def open_directory():
    """A directory that root's engine, which is not root, can enter; pytest's own cannot be."""
    directory = Path(tempfile.mkdtemp(prefix="liaison-engine-", dir="/tmp"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def place():
    with open_directory() as directory:
        yield directory


@pytest.fixture(scope="module", params=ENGINES)
def running(request):
    """One server of each kind for the tests that only ask it something."""
    with open_directory() as directory:
        cluster = Cluster(directory / "postgres", choice=request.param, durable=False)
        cluster.acquire()
        yield cluster
        cluster.release()


@pytest.fixture(params=ENGINES)
def cluster(request, place):
    cluster = Cluster(place / "postgres", choice=request.param, durable=False)
    yield cluster
    cluster.release()


@pytest.fixture
def any_cluster(place):
    cluster = Cluster(place / "postgres", durable=False)
    yield cluster
    cluster.release()


def ask(cluster, question, *, role=OWNER, database=DATABASE):
    line = psycopg2.connect(cluster.url(role, database))
    line.autocommit = True
    try:
        with line.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchall() if cursor.description else None
    finally:
        line.close()


# --- what the house relies on


def test_roles_separate_owner_and_application(running):
    rows = ask(
        running,
        "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname LIKE 'liaison%'",
    )

    assert sorted(rows) == [(APP, False, False, False), (OWNER, False, True, True)]
    ask(running, "CREATE TABLE ledger (id int)")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(running, "SELECT * FROM ledger", role=APP)


def test_a_role_is_held_to_its_password(running):
    password = json.loads((running.home / "passwords.json").read_text())[APP]

    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(running.url(APP).replace(password, "guess"))
    assert (running.home / "passwords.json").stat().st_mode & 0o777 == 0o600


def test_the_owner_makes_extensions_and_databases_without_being_superuser(running):
    ask(running, "CREATE DATABASE scratch")
    for name in postgres.EXTENSIONS:
        ask(running, f"CREATE EXTENSION {name}", database="scratch")

    assert ask(running, "SELECT current_database()", database="scratch") == [("scratch",)]


def test_chinese_has_the_same_trigrams_order_and_case_on_every_engine(running):
    ask(running, "CREATE EXTENSION pg_trgm")

    assert ask(running, "SELECT show_trgm('路灯坏了')") == [(TRIGRAMS_OF_BROKEN_LAMP,)]
    in_order = ask(
        running, "SELECT string_agg(w, '' ORDER BY w) FROM unnest(ARRAY['王','a','李','B','é']) AS w"
    )
    assert in_order == [("Baé李王",)]
    assert ask(running, "SELECT upper('éa'), lower('É')") == [("ÉA", "é")]


def test_nothing_listens_on_a_port(running):
    assert ask(running, "SHOW listen_addresses", role=ADMINISTRATOR) == [("",)]
    assert ask(running, "SHOW unix_socket_permissions", role=ADMINISTRATOR) == [("0700",)]


def test_libpq_and_django_environ_read_the_same_url(any_cluster):
    any_cluster.acquire()
    url = any_cluster.url(APP)

    read = environ.Env.db_url_config(url)

    assert read["OPTIONS"]["host"] == str(any_cluster.socket_dir())
    assert (read["NAME"], read["USER"], read["HOST"]) == (DATABASE, APP, "")


def test_what_was_committed_survives_the_killing_of_the_server(place):
    cluster = Cluster(place / "postgres")
    cluster.acquire()
    try:
        ask(cluster, "CREATE TABLE kept (n int)")
        for number in range(50):
            ask(cluster, f"INSERT INTO kept VALUES ({number})")
        os.kill(cluster.postmaster(), signal.SIGKILL)
        assert host.wait_until(lambda: cluster.postmaster() is None, seconds=5)

        assert cluster.revive()

        assert ask(cluster, "SELECT count(*) FROM kept") == [(50,)]
        assert not cluster.revive()
    finally:
        cluster.release()


# --- the traps


@pytest.mark.skipif(not AS_ROOT, reason="only root has this trouble")
def test_roots_server_runs_below_root(cluster):
    cluster.acquire()

    assert Path(f"/proc/{cluster.postmaster()}").stat().st_uid == host.engine_account().uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="only root has this trouble")
def test_programs_in_a_closed_directory_are_copied_beside_the_data(place, monkeypatch):
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres.choose("embedded").bin.parent.parent
    for tree in (wheel, wheel.parent / f"{wheel.name}.libs"):
        shutil.copytree(tree, closed / tree.name, symlinks=True)
    monkeypatch.syspath_prepend(str(closed))
    cluster = Cluster(place / "postgres", choice="embedded", durable=False)

    cluster.acquire()

    try:
        assert cluster.install.bin.is_relative_to(closed)
        running = os.readlink(f"/proc/{cluster.postmaster()}/exe")
        assert Path(running).is_relative_to(cluster.home)
    finally:
        cluster.release()


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user runs the server himself")
def test_a_state_directory_the_account_cannot_enter_is_named(place):
    closed = place / "closed"
    closed.mkdir(mode=0o700)

    with pytest.raises(EngineError, match="set STATE_DIR to a directory it can"):
        Cluster(closed / "postgres", durable=False).acquire()


def test_a_long_chinese_path_gets_a_short_socket_directory(place):
    home = place / "家站 门户" / ("很长的目录名" * 12)
    cluster = Cluster(home, durable=False)
    cluster.acquire()

    assert len(os.fsencode(cluster.socket_dir() / postgres.SOCKET)) <= host.SOCKET_PATH_BYTES
    assert cluster.socket_dir().stat().st_mode & 0o777 == 0o700
    assert ask(cluster, "SELECT 1") == [(1,)]
    elsewhere = cluster.socket_dir()
    cluster.release()
    assert not elsewhere.exists()


def test_a_socket_directory_laid_out_by_somebody_else_is_refused(place):
    home = place / ("很长的目录名" * 20)
    trap = Path("/tmp") / f"liaison-{os.geteuid()}-{host.short_hash(home)}"
    trap.symlink_to(place)
    try:
        with pytest.raises(EngineError, match="belongs to somebody else"):
            host.socket_dir(home, longest_name=postgres.SOCKET)
    finally:
        trap.unlink()


@pytest.mark.skipif(not HAS_PROC, reason="without /proc PostgreSQL's own checks decide")
def test_a_zombie_in_the_pid_file_does_not_stop_the_next_start(cluster):
    cluster.acquire()
    cluster.release()
    zombie = subprocess.Popen(["true"])
    host.wait_until(lambda: not host.command_of(zombie.pid), seconds=5)
    (cluster.data / "postmaster.pid").write_text(f"{zombie.pid}\n{cluster.data}\n0\n5432\n\n\n\nready   \n")
    for name in (postgres.SOCKET, f"{postgres.SOCKET}.lock"):
        (cluster.socket_dir() / name).write_text(f"{zombie.pid}\n")
    os.kill(zombie.pid, 0)  # the trap: it answers although it is dead

    cluster.acquire()

    assert ask(cluster, "SELECT 1") == [(1,)]
    zombie.wait()


def test_a_pid_file_naming_a_stranger_is_not_believed(any_cluster):
    any_cluster.acquire()
    any_cluster.release()
    (any_cluster.data / "postmaster.pid").write_text(
        f"{os.getpid()}\n{any_cluster.data}\n0\n5432\n\n\n\nready   \n"
    )

    assert any_cluster.postmaster() is None


def test_an_initdb_that_was_killed_never_looks_complete(any_cluster):
    half = any_cluster.home / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")

    any_cluster.acquire()

    assert ask(any_cluster, "SELECT 1") == [(1,)]
    assert not half.exists()


def test_a_moved_project_finds_its_data_again(place):
    before = Cluster(place / "before", durable=False)
    before.acquire()
    ask(before, "CREATE TABLE moved (n int)")
    before.release()
    (place / "before").rename(place / "后来")

    after = Cluster(place / "后来", durable=False)
    after.acquire()

    try:
        assert ask(after, "SELECT count(*) FROM moved") == [(0,)]
    finally:
        after.release()


def test_data_of_another_major_version_are_left_alone(any_cluster):
    any_cluster.data.mkdir(parents=True)
    (any_cluster.data / "PG_VERSION").write_text("12\n")

    with pytest.raises(EngineError, match=r"written by PostgreSQL 12.*dev\.py reset"):
        any_cluster.acquire()
    assert [path.name for path in any_cluster.data.iterdir()] == ["PG_VERSION"]


@pytest.mark.skipif(len(ENGINES) < 2, reason="needs two engines")
def test_existing_data_choose_the_server_that_made_them(place):
    first = Cluster(place / "postgres", choice="embedded", durable=False)
    first.acquire()
    first.release()

    again = Cluster(place / "postgres", durable=False)

    assert postgres.choose("").origin == "system"
    assert again.install == first.install


def test_the_callers_environment_does_not_bend_the_server(any_cluster, monkeypatch):
    for name, value in {
        "PGDATA": "/nowhere",
        "PGPORT": "1",
        "LD_LIBRARY_PATH": "/nowhere",
        "LC_ALL": "zz_ZZ",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "")

    any_cluster.acquire()

    assert (any_cluster.socket_dir() / postgres.SOCKET).exists()
    assert host.clean_env(os.environ).keys().isdisjoint({"PGDATA", "PGPORT", "LD_LIBRARY_PATH"})


SHARE = """
import sys, time
from pathlib import Path
from liaison.engines.postgres import Cluster, OWNER
import psycopg2
cluster = Cluster(Path(sys.argv[1]), durable=False)
cluster.acquire()
psycopg2.connect(cluster.url(OWNER)).close()
print("in", flush=True)
sys.stdin.readline()
cluster.release()
"""


def test_processes_starting_at_once_share_one_server_and_the_last_one_stops_it(place):
    home = place / "postgres"
    crowd = [
        subprocess.Popen(
            [sys.executable, "-c", SHARE, str(home)],
            cwd=testenv.CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    assert [each.stdout.readline() for each in crowd] == ["in\n"] * 4
    watch = Cluster(home)
    pid = watch.postmaster()

    for each in crowd[:-1]:
        each.communicate("\n")
        assert watch.postmaster() == pid
    crowd[-1].communicate("\n")

    assert [each.returncode for each in crowd] == [0] * 4
    assert watch.postmaster() is None


# --- which engine


def test_the_engine_that_was_asked_for_is_taken():
    for choice in ENGINES:
        assert postgres.choose(choice).origin == choice


def test_a_server_without_the_extensions_is_passed_over(place, monkeypatch):
    (place / "bin").mkdir()
    for name in postgres.PROGRAMS:
        program = place / "bin" / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place / "bin"), prepend=os.pathsep)

    assert 99 not in [install.major for install in postgres.installs("")]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"DEVDB": "off"}, "set DATABASE_URL"),
        ({"DEVDB": "sqlite"}, "may be system, embedded or off"),
        ({"DATABASE_URL": "postgresql://x/y", "DEVBROKER": "off"}, "set REDIS_URL"),
        ({"LIAISON_ENV": "production"}, "Production starts no engines"),
        ({"LIAISON_ENV": "production", "DATABASE_URL": "postgresql://x/y"}, "set REDIS_URL"),
    ],
)
def test_a_missing_engine_is_said_in_one_sentence(place, given, sentence):
    with pytest.raises(EngineError, match=sentence):
        Place(testenv.CHECKOUT, {"STATE_DIR": str(place), **given})


def test_urls_that_are_given_are_used_as_they_are(place):
    given = {
        "DATABASE_URL": "postgresql://a@db/liaison",
        "REDIS_URL": "redis://broker/0",
        "STATE_DIR": str(place),
    }

    variables = Place(testenv.CHECKOUT, given).variables(owner=True)

    assert variables["DATABASE_URL"] == given["DATABASE_URL"]
    assert variables["REDIS_URL"] == given["REDIS_URL"]


def test_development_keys_are_made_once_and_private(place):
    given = {
        "DATABASE_URL": "postgresql://a@db/liaison",
        "REDIS_URL": "redis://broker/0",
        "STATE_DIR": str(place),
    }
    first = Place(testenv.CHECKOUT, given).variables()
    made = [Path(first[name]) for name in ("SECRET_KEY_FILE", "PII_KEY_FILE")]
    words = [path.read_text() for path in made]

    again = Place(testenv.CHECKOUT, given).variables()

    assert [Path(again["SECRET_KEY_FILE"]).read_text(), Path(again["PII_KEY_FILE"]).read_text()] == words
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}


# --- the broker


@pytest.fixture(
    params=[
        choice for choice in ("system", "embedded") if choice == "embedded" or shutil.which("redis-server")
    ]
)
def server(request, place):
    server = broker.Broker(place / "broker", choice=request.param)
    yield server
    server.stop()


def remember(server, name, value=None):
    with redis.Redis.from_url(server.url(3)) as client:
        if value is not None:
            client.set(name, value)
        return client.get(name)


def test_the_broker_keeps_what_it_was_given_over_a_restart(server):
    server.start()
    remember(server, "a", "1")
    server.stop()
    server.start()

    assert remember(server, "a") == b"1"


def test_a_spoilt_broker_file_is_thrown_away(server):
    server.start()
    remember(server, "a", "1")
    server.stop()
    for path in (server.home / "data").rglob("*.aof*"):
        path.write_bytes(b"not a journal" * 100)

    server.start()

    assert remember(server, "a") is None


def test_the_broker_works_below_a_long_chinese_path(place):
    server = broker.Broker(place / ("很长的目录名" * 12))
    server.start()

    assert remember(server, "名", "值") == "值".encode()
    server.stop()


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the kernel passes a parent's death on only on Linux"
)
def test_the_broker_dies_with_a_parent_that_is_killed(place):
    script = (
        "import sys, time; from pathlib import Path; from liaison.engines.broker import Broker;"
        "b = Broker(Path(sys.argv[1])); b.start(); print(b.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(place / "broker")],
        cwd=testenv.CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert host.command_of(pid)

    parent.kill()
    parent.communicate()

    assert host.wait_until(lambda: not host.command_of(pid), seconds=10)


# --- the test runs themselves


def test_this_run_has_its_own_environment_and_database(db):
    assert settings.LIAISON_ENV == "test"
    assert os.environ["STATE_DIR"] not in str(testenv.CHECKOUT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_user")
        name, user = cursor.fetchone()
    if "liaison_t" in os.environ["DATABASE_URL"]:
        assert testenv.TEST_DATABASE.fullmatch(name)[1] == os.environ[testenv.STARTED_BY]
        assert user == OWNER


def test_databases_of_dead_runs_are_dropped_and_of_living_ones_kept(any_cluster):
    any_cluster.acquire()
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (
        f"test_liaison_t{dead.pid}",
        f"test_liaison_t{dead.pid}_gw1",
        f"test_liaison_t{os.getpid()}",
        "mine",
    ):
        ask(any_cluster, f"CREATE DATABASE {name}")

    testenv.drop_databases(any_cluster.url(OWNER, "postgres"), lambda pid: not host.command_of(pid))

    left = {name for (name,) in ask(any_cluster, "SELECT datname FROM pg_database WHERE NOT datistemplate")}
    assert left == {"postgres", DATABASE, "mine", f"test_liaison_t{os.getpid()}"}


def test_a_cold_start_takes_seconds_not_minutes(any_cluster):
    begun = time.monotonic()

    any_cluster.acquire()

    assert time.monotonic() - begun < 20
