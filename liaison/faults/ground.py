"""Where faults happen: engines of their own, a seeded database copied for each fault, and a site whose parts can be killed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from liaison import supervisor
from liaison.engines import host, postgres
from liaison.engines.host import EngineError
from liaison.faults.residents import call
from liaison.faults.sink import Sink

KEPT = ("PATH", "HOME", "LANG", "DEVDB", "DEVBROKER")
MADE_FROM = ("*/migrations/*.py", "liaison/demo/bulk*.py", "liaison/faults/inside.py", "core/data/*.json")
SITE_PARTS = ("web", "worker", "beat")


def say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


class Ground:
    """The engines of one run. Everything it starts ends with it."""

    def __init__(self, checkout: Path, *, is_short: bool = False) -> None:
        self.checkout = checkout
        self.is_short = is_short
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        self.home = host.state_dir(checkout, os.environ) / "faults"
        self.place = supervisor.Place(checkout, env | {"STATE_DIR": str(self.home)})
        assert self.place.cluster is not None
        assert self.place.broker is not None
        self.cluster, self.broker = self.place.cluster, self.place.broker
        self.template = ""
        self._copies: list[str] = []
        # The kernel ends a child with the thread that started it, so the broker has a thread that outlives every fault.
        self._keeper = ThreadPoolExecutor(1)

    def of(self, full: Any, short: Any) -> Any:
        return short if self.is_short else full

    @contextmanager
    def running(self) -> Iterator[Ground]:
        self.place.prepare()
        with host.open_lock(self.home / "run.lock") as lock:
            if not host.try_lock(lock):
                raise EngineError(
                    "Faults are being tried here already: two at once would disturb each other."
                )
            with self.place.database():
                try:
                    self.start_broker()
                    # After a crash the many databases here would be synced file by file, which a site's one is not.
                    if sys.platform == "linux":
                        self.ask("postgres", "ALTER SYSTEM SET recovery_init_sync_method = 'syncfs'")
                        self.ask("postgres", "SELECT pg_reload_conf()")
                    self.template = self._template()
                    yield self
                finally:
                    self.broker.stop()
                    self.cluster.revive()
                    for name in self._copies:
                        self.drop(name)

    # --- the broker

    def start_broker(self) -> None:
        self._keeper.submit(self.broker.start).result()

    def kill_broker(self, *, empty: bool = False) -> None:
        """kill -9; `empty`: what it remembered is gone too."""
        process = self.broker.process
        if process is not None:
            process.kill()
            process.wait()
        if empty:
            host.remove_tree(self.broker.home / "data")

    # --- databases

    def _template(self) -> str:
        digest = hashlib.sha256()
        for path in sorted(path for pattern in MADE_FROM for path in self.checkout.glob(pattern)):
            digest.update(path.read_bytes())
        name = f"faults_{digest.hexdigest()[:10]}"
        if (name,) in self.ask("postgres", "SELECT datname FROM pg_database"):
            return name
        for (old,) in self.ask("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'faults\\_%'"):
            self.drop(old)
        say("Making the database that every fault begins with (once) ...")
        self.ask("postgres", f'CREATE DATABASE "{name}_unfinished" OWNER {postgres.OWNER}')
        owner = self.env(f"{name}_unfinished", owner=True) | {"STATEMENT_TIMEOUT_MS": "0"}
        for words in (["migrate", "--verbosity=0"], ["grant_roles"]):
            self.run([sys.executable, "manage.py", *words], owner)
        with self.child(f"{name}_unfinished") as child:
            child.call("prepare")
        static = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
        self.run(static, self.env(f"{name}_unfinished"))
        self.ask("postgres", f'ALTER DATABASE "{name}_unfinished" RENAME TO "{name}"')
        return name

    def copy(self, name: str, template: str = "") -> str:
        """A throw-away copy of the seeded database, or of another that nobody is connected to."""
        made = f"fault_{name}"
        self.drop(made)
        self.ask(
            "postgres",
            f'CREATE DATABASE "{made}" TEMPLATE "{template or self.template}" OWNER {postgres.OWNER}',
        )
        self._copies.append(made)
        return made

    def drop(self, name: str) -> None:
        self.ask("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def connect(self, database: str, role: str = postgres.ADMINISTRATOR) -> Any:
        import psycopg2

        connection = psycopg2.connect(self.cluster.url(role, database))
        connection.autocommit = True
        return connection

    def ask(self, database: str, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the administrator is answered, outside any transaction."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    # --- processes

    def env(
        self, database: str, more: Mapping[str, str] | None = None, *, port: int = 0, owner: bool = False
    ) -> dict[str, str]:
        """The environment of a process of a site on this database."""
        variables = self.place.variables(port=port or 8000, owner=owner)
        role = postgres.OWNER if owner else postgres.APP
        variables |= {
            "DJANGO_SETTINGS_MODULE": "liaison.faults.settings",
            "DATABASE_URL": self.cluster.url(role, database),
            "DATABASE_OWNER_URL": self.cluster.url(postgres.OWNER, database),
            "SITE_AREA_CODE": "990301000000",
            "TRUSTED_PROXIES": "1",
            "FAULT_PATCHES": "always_day",
            "WEB_GRACEFUL_SECONDS": "2",
        }
        return variables | dict(more or {})

    def run(
        self, command: list[str], env: dict[str, str], *, cwd: Path | None = None, check: bool = True
    ) -> Any:
        done = subprocess.run(
            command,
            cwd=cwd or self.checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            preexec_fn=host.die_with_parent,
            check=False,
        )
        if check and done.returncode:
            raise EngineError(f"This failed: {' '.join(command[1:4])}\n{done.stderr[-3000:]}")
        return done

    @contextmanager
    def child(self, database: str, more: Mapping[str, str] | None = None) -> Iterator[Child]:
        made = Child(self, self.env(database, more))
        try:
            yield made
        finally:
            made.end()

    @contextmanager
    def sink(self) -> Iterator[Sink]:
        made = Sink()
        try:
            yield made
        finally:
            made.close()

    @contextmanager
    def site(
        self,
        database: str,
        *parts: str,
        more: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Iterator[Site]:
        """Those parts of a site on the database, each started again as soon as it dies."""
        made = Site(self, database, parts or ("web",), more or {}, cwd or self.checkout)
        try:
            made.start()
            yield made
        finally:
            made.end()


class Child:
    """A process with Django in it that does what it is told: `call("sweep", …)` runs `liaison.faults.inside:sweep`."""

    def __init__(self, ground: Ground, env: dict[str, str]) -> None:
        self._log = (ground.place.logs() / "child.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "liaison.faults.inside"],
            cwd=ground.checkout,
            env={"STATEMENT_TIMEOUT_MS": "0", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            preexec_fn=host.die_with_parent,
        )

    def call(self, function: str, *words: Any, **named: Any) -> Any:
        self.ask(function, *words, **named)
        return self.answer()

    def ask(self, function: str, *words: Any, **named: Any) -> None:
        """Without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([function, words, named]) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise EngineError(f"The child died; see {self._log.name}.")
        told = json.loads(line)
        if "error" in told:
            raise EngineError(f"In the child: {told['error']}")
        return told["gives"]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def end(self) -> None:
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class Site:
    """Web, worker and beat as `dev.py up` starts them; the worker as production has it, with forked children."""

    def __init__(
        self, ground: Ground, database: str, parts: Sequence[str], more: Mapping[str, str], cwd: Path
    ) -> None:
        self.ground, self.database = ground, database
        self.port = free_port()
        address = {"SITE_URL": f"http://127.0.0.1:{self.port}"}
        self.env = ground.env(database, address | dict(more), port=self.port)
        self.services = {each.name: each for each in supervisor.services(ground.place) if each.name in parts}
        if "worker" in self.services:
            celery = [sys.executable, "-m", "celery", "-A", "liaison", "worker"]
            self.services["worker"].command = [
                *celery,
                "--concurrency=2",
                "--loglevel=warning",
                "--without-gossip",
            ]
        self.cwd = cwd
        self.deaths: Counter[str] = Counter()
        self.held: set[str] = set()  # parts that stay down
        self._ends = threading.Event()
        self._lock = threading.Lock()
        self._tender = threading.Thread(target=self._tend, daemon=True)

    def start(self) -> None:
        for service in self.services.values():
            self._start(service)
        self._tender.start()
        if "web" in self.services:
            self.wait_for_web(60)

    def _start(self, service: Any) -> None:
        self.ground.place.checkout = self.cwd
        try:
            service.start(self.ground.place, self.env)
        finally:
            self.ground.place.checkout = self.ground.checkout

    def _tend(self) -> None:
        while not self._ends.wait(0.05):
            with self._lock:
                for name, service in self.services.items():
                    if (service.process is None or service.died()) and name not in self.held:
                        self._start(service)

    def wait_for_web(self, seconds: float) -> float:
        """Until it answers; how long that took."""
        begun = time.monotonic()
        if not host.wait_until(
            lambda: call(self.port, "GET", "/healthz", seconds=2)[0] == 200, seconds=seconds, every=0.1
        ):
            raise EngineError(f"The web server does not answer, see {self.ground.place.logs() / 'web.log'}.")
        return time.monotonic() - begun

    def kill(self, name: str) -> None:
        """kill -9 of the part and everything below it."""
        with self._lock:
            service = self.services[name]
            if service.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
                self.deaths[name] += 1

    def bounce(self, name: str) -> float:
        """kill -9 the whole part and wait until it works again, so that the next kill meets something alive; how long."""
        begun = time.monotonic()
        self.kill(name)
        self.wait_for(name)
        return time.monotonic() - begun

    def wait_for(self, name: str) -> None:
        host.wait_until(lambda: self._works(name), seconds=60, every=0.2)

    def _works(self, name: str) -> bool:
        process = self.services[name].process
        if process is None:
            return False
        if name == "web":
            return call(self.port, "GET", "/healthz", seconds=2)[0] == 200
        # The worker forks its children once it is connected; beat has none, and needs a few seconds to load.
        return bool(children_of(process.pid)) or (
            name == "beat" and time.monotonic() - self.services[name].started_at > 6
        )

    def kill_a_child(self, name: str, turn: int) -> None:
        """kill -9 of one of its worker processes."""
        process = self.services[name].process
        found = children_of(process.pid) if process is not None else []
        if found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(found[turn % len(found)], signal.SIGKILL)
                self.deaths[f"a process of {name}"] += 1

    def hold_down(self, name: str) -> None:
        self.held.add(name)
        self.kill(name)

    def end(self) -> None:
        self._ends.set()
        if self._tender.is_alive():
            self._tender.join()
        for service in self.services.values():
            service.ask_to_end()
        host.wait_until(lambda: all(s.process is None or s.died() for s in self.services.values()), seconds=6)
        for service in self.services.values():
            service.end()


def children_of(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
