"""What `dev.py up` and its companions do: the engines and the processes of the site, for one developer."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from liaison.engines import host, postgres
from liaison.engines.broker import Broker
from liaison.engines.host import EngineError
from liaison.engines.postgres import Cluster

DEFAULT_PORT = 8000
READY_SECONDS = 240
STOP_SECONDS = 12
LOG_BYTES = 5_000_000
SETTLED_SECONDS = 30
HOPELESS = 5
SITE = ("web", "worker", "beat")
LOGS = (*SITE, "prepare", "postgres", "broker")
# Several commands in one process: importing Django and the applications costs more than most of them do.
COMMANDS = """
import shlex, sys, django
from django.core.management import call_command
django.setup()
*lines, last = sys.argv[1:]
for line in lines:
    call_command(*shlex.split(line), stdout=sys.stderr)
call_command(*shlex.split(last))
"""


# A proxy in the environment is for the world outside, not for our own loopback.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Stopped(BaseException):
    """Somebody asked us to end: Ctrl-C, TERM, `dev.py stop`, or the terminal went away."""


# --- the place: state, engines, environment


class Place:
    """One checkout's development state, engines and environment."""

    def __init__(self, checkout: Path, env: Mapping[str, str]) -> None:
        self.checkout = checkout
        self.given = dict(env)
        self.state = host.state_dir(checkout, env)
        self.cluster = self._cluster()
        self.broker = self._broker()

    def _cluster(self) -> Cluster | None:
        if self.given.get("DATABASE_URL"):
            return None
        self._may_start("DATABASE_URL", "DEVDB")
        return Cluster(self.state / "postgres", choice=self.given.get("DEVDB", ""))

    def _broker(self) -> Broker | None:
        if self.given.get("REDIS_URL"):
            return None
        self._may_start("REDIS_URL", "DEVBROKER")
        return Broker(self.state / "broker", choice=self.given.get("DEVBROKER", ""))

    def _may_start(self, url: str, choice: str) -> None:
        if self.given.get("LIAISON_ENV") == "production":
            raise EngineError(f"Production starts no engines of its own: set {url}.")
        chosen = self.given.get(choice, "")
        if chosen not in ("", "system", "embedded", "off"):
            raise EngineError(f"{choice} is {chosen!r}; it may be system, embedded or off.")
        if chosen == "off":
            raise EngineError(f"{choice}=off starts no engine: set {url}.")

    def logs(self) -> Path:
        return host.make_dir(self.state / "logs", mode=0o700)

    def prepare(self) -> None:
        # Root's engine runs below root and must get through this directory to its own.
        host.make_dir(self.state, mode=0o711 if os.geteuid() == 0 else 0o700)
        host.make_dir(self.state / "files", mode=0o700)

    def variables(self, *, port: int | None = None, owner: bool = False) -> dict[str, str]:
        """The environment of every process of the site; with `owner`, of one that may change tables."""
        port = port or int(self.given.get("PORT") or DEFAULT_PORT)
        ours = {
            "LIAISON_ENV": "development",
            "STATE_DIR": str(self.state),
            "MEDIA_ROOT": str(self.state / "files"),
            "ALLOWED_HOSTS": "127.0.0.1,localhost,[::1]",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "APP_ROLE": urlsplit(self.given.get("DATABASE_URL", "")).username or postgres.APP,
            "WEB_GRACEFUL_SECONDS": "5",
        }
        variables = ours | self.given | self._secrets()
        variables.update(PORT=str(port), PYTHONUTF8="1", PYTHONUNBUFFERED="1")
        variables["DJANGO_SETTINGS_MODULE"] = "liaison.settings"
        if self.cluster:
            variables["DATABASE_URL"] = self.cluster.url(postgres.APP)
            variables["DATABASE_OWNER_URL"] = self.cluster.url(postgres.OWNER)
        if self.broker:
            variables["REDIS_URL"] = self.broker.url()
        if owner:
            variables["DATABASE_URL"] = variables.get("DATABASE_OWNER_URL") or variables["DATABASE_URL"]
        return variables

    def _secrets(self) -> dict[str, str]:
        """The development keys, made once: with another field key the personal data are unreadable."""
        made = {}
        with host.locked(self.state / "secrets.lock"):
            if not {"SECRET_KEY", "SECRET_KEY_FILE"} & self.given.keys():
                path = self.state / "secret_key"
                host.read_or_make(path, lambda: secrets.token_urlsafe(50) + "\n")
                made["SECRET_KEY_FILE"] = str(path)
            if not self.given.get("PII_KEY_FILE"):
                path = self.state / "pii_keys"
                host.read_or_make(path, lambda: f"k1:{b64encode(secrets.token_bytes(32)).decode()}\n")
                made["PII_KEY_FILE"] = str(path)
        return made

    @contextmanager
    def database(self) -> Iterator[None]:
        """The database server up while inside."""
        self.prepare()
        if self.cluster is None:
            yield
            return
        try:
            self.cluster.acquire()
            yield
        finally:
            self.cluster.release()


# --- up


@dataclass
class Service:
    """One process of the site, started again when it dies, each time a little later."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = 0

    def start(self, place: Place, variables: Mapping[str, str]) -> None:
        path = place.logs() / f"{self.name}.log"
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=place.checkout,
                env={**variables, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches us alone, and we end things in order
                preexec_fn=host.die_with_parent,
            )
        self.started_at = time.monotonic()

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def died(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def note_death(self) -> str:
        code = self.process.returncode if self.process else 0
        self.process = None
        now = time.monotonic()
        self.failures = 1 if now - self.started_at > SETTLED_SECONDS else self.failures + 1
        delay = min(2.0 ** (self.failures - 1), 30.0)
        self.start_at = now + delay
        return f"{self.name} ended (exit {code}); starting it again in {delay:.0f} s"

    def ask_to_end(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def end(self) -> None:
        """Kill whatever is left of its group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def services(place: Place) -> list[Service]:
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "-A", "liaison"]
    # Threads, because a developer's laptop has better use for the memory of forked children.
    worker = ["worker", "--pool=threads", "--concurrency=4", "--without-gossip", "--without-mingle"]
    beat = ["beat", f"--schedule={place.state / 'beat-schedule'}", "--pidfile="]
    return [
        Service("web", [*python, "gunicorn", "-c", "python:liaison.webserver"]),
        Service("worker", [*celery, *worker, "--loglevel=info"], {"STATEMENT_TIMEOUT_MS": "60000"}),
        Service("beat", [*celery, *beat, "--loglevel=info"]),
    ]


def up(checkout: str, words: list[str]) -> int:
    """Everything a visitor needs, until somebody ends it."""
    options = _up_options(words)
    place = Place(Path(checkout), os.environ)
    place.prepare()
    with host.open_lock(place.state / "up.lock") as lock:
        if not host.try_lock(lock):
            lock.seek(0)
            told = json.loads(lock.read() or "{}")
            print(f"Already running: http://127.0.0.1:{told.get('port')}/ (process {told.get('pid')}).")
            print("Stop it with `python3 dev.py stop`.")
            return 1
        lock.truncate(0)
        lock.write(json.dumps({"pid": os.getpid(), "port": options.port}))
        lock.flush()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup and `&` in a script ignore some on purpose
                signal.signal(number, _stop)
        return Supervisor(place, port=options.port, demo=not options.no_demo).run()


def _stop(number: int, frame: FrameType | None) -> None:
    # Once is enough: a second Ctrl-C must not interrupt the tidying up.
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


def _up_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 dev.py up")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT") or DEFAULT_PORT))
    parser.add_argument("--no-demo", action="store_true", help="an empty site without demo content")
    return parser.parse_args(words)


class Supervisor:
    """Starts the site in order, keeps it going, and leaves nothing behind."""

    def __init__(self, place: Place, *, port: int, demo: bool) -> None:
        self.place = place
        self.port = port
        self.demo = demo
        self.services = services(place)
        self.variables: dict[str, str] = {}
        self.log_ins = ""

    def run(self) -> int:
        try:
            self._wait_for_port()
            with self.place.database():
                try:
                    self._start_broker()
                    self._prepare()
                    self._serve()
                finally:
                    self._end_services()
                    if self.place.broker:
                        self.place.broker.stop()
        except Stopped:
            print("Stopped.", flush=True)
            return 0
        return 1

    # --- starting

    def _wait_for_port(self) -> None:
        """A site that was killed a moment ago still needs some seconds to let go of its port."""
        if not host.wait_until(lambda: port_is_free(self.port), seconds=15, every=0.3):
            raise EngineError(
                f"Port {self.port} is taken by another program: `python3 dev.py up --port {self.port + 1}`."
            )

    def _start_broker(self) -> None:
        if self.place.broker:
            self.place.broker.start()

    def _prepare(self) -> None:
        """Tables and grants by the owner; content, static files and log-ins by the application's own role."""
        self.variables = self.place.variables(port=self.port)
        print("Preparing the database ...", flush=True)
        owner = self.place.variables(port=self.port, owner=True)
        two_roles = owner["DATABASE_URL"] != self.variables["DATABASE_URL"]
        self._commands("migrate --verbosity=0", *(["grant_roles"] if two_roles else []), owner=True)
        if self.demo:
            print("Loading the demo (once) and the static files ...", flush=True)
            self.log_ins = self._commands(
                "seed_demo --scale=story", "collectstatic --noinput --verbosity=0", "demo_logins"
            )
        else:
            self._commands("load_rules --if-missing", "collectstatic --noinput --verbosity=0")

    def _commands(self, *lines: str, owner: bool = False) -> str:
        """What the last of these commands printed; what all of them said stands in prepare.log."""
        env = self.place.variables(port=self.port, owner=owner) | {"STATEMENT_TIMEOUT_MS": "0"}
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, *lines],
            cwd=self.place.checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=host.die_with_parent,
            check=False,
        )
        with (self.place.logs() / "prepare.log").open("a", encoding="utf-8") as log:
            log.write(f"$ {shlex.join(lines)}\n{done.stderr}{done.stdout}\n")
        if done.returncode:
            raise EngineError(f"This failed: {', '.join(lines)}\n{done.stderr.rstrip()[-3000:]}")
        return done.stdout

    # --- going on

    def _serve(self) -> None:
        """Until Stopped. READY when a heartbeat made after our start has gone round.

        Before that a process that cannot live ends everything; after that nothing is given up.
        """
        started = time.monotonic()
        ready = False
        while True:
            self._tend(give_up=not ready)
            if not ready and self._heart_beats(started):
                ready = True
                self._say_ready()
            if not ready and time.monotonic() - started > READY_SECONDS:
                raise EngineError(f"No heartbeat after {READY_SECONDS} s.\n{self._tails()}")
            time.sleep(0.3)

    def _tend(self, *, give_up: bool) -> None:
        if self.place.cluster and self.place.cluster.revive():
            print("PostgreSQL was gone; it runs again.", flush=True)
        if self.place.broker and not self.place.broker.running():
            print("The broker was gone; starting it again.", flush=True)
            self.place.broker.start()
        for service in self.services:
            if service.died():
                print(service.note_death(), flush=True)
                if give_up and service.failures >= HOPELESS:
                    raise EngineError(f"{service.name} does not stay up.\n{self._tails(service.name)}")
            if service.process is None and time.monotonic() >= service.start_at:
                service.start(self.place, self.variables)

    def _heart_beats(self, started: float) -> bool:
        """The site answers, and its heartbeat is younger than this start."""
        asked = time.monotonic()
        try:
            with direct.open(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                told = json.load(answer)
        except (OSError, ValueError):
            return False
        age = told.get("beat_heartbeat_age")
        return told.get("status") == "ok" and age is not None and age < asked - started

    def _say_ready(self) -> None:
        print(f"READY http://127.0.0.1:{self.port}/", flush=True)
        if self.log_ins:
            print(self.log_ins.strip(), flush=True)
        print("Ctrl-C stops everything. Logs: python3 dev.py logs", flush=True)

    def _tails(self, *names: str) -> str:
        return "\n".join(tail(self.place, name, 15) for name in names or SITE)

    # --- ending

    def _end_services(self) -> None:
        """Beat first, so that nothing new is asked for; what is left of a group after its time is killed."""
        for service in reversed(self.services):
            service.ask_to_end()
        host.wait_until(
            lambda: all(s.process is None or s.died() for s in self.services), seconds=STOP_SECONDS
        )
        for service in self.services:
            service.end()


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# --- the other verbs


def running(place: Place) -> int | None:
    """The pid of this checkout's `up`, or None."""
    path = place.state / "up.lock"
    if not path.exists():
        return None
    with host.open_lock(path) as lock:
        if host.try_lock(lock):
            return None
        lock.seek(0)
        told = json.loads(lock.read() or "{}")
    return told.get("pid")


def stop(checkout: str) -> int:
    """End a running `up`; after a kill -9 of it, end the engine it left."""
    place = Place(Path(checkout), os.environ)
    pid = running(place)
    if pid is not None:
        host.send(pid, signal.SIGTERM)
        if not host.wait_until(lambda: running(place) is None, seconds=STOP_SECONDS + 40, every=0.2):
            raise EngineError(f"Process {pid} does not end: run `kill -9 {pid}` and then this again.")
        print("Stopped.")
        return 0
    if place.cluster and place.cluster.postmaster():
        with place.database():
            pass
        print("Stopped the database that a killed `up` had left.")
        return 0
    print("Nothing is running.")
    return 0


def reset(checkout: str, words: list[str]) -> int:
    """Throw this checkout's own data away, never those behind a DATABASE_URL."""
    place = Place(Path(checkout), os.environ)
    if place.cluster is None:
        raise EngineError("DATABASE_URL is set: reset throws away only data that `up` made itself.")
    if running(place) is not None:
        raise EngineError("The site is running: run `python3 dev.py stop` first.")
    test_state = host.test_state_dir(place.checkout, os.environ)
    if "--yes" not in words:
        print(f"This deletes the database, files and keys in {place.state}.")
        if not _agrees():
            print("Nothing deleted.")
            return 1
    stop(checkout)
    host.remove_tree(place.state)
    if test_state.exists() and not any((test_state / "runs").glob("*")):
        host.remove_tree(test_state)
    print("Deleted. The next `python3 dev.py up` starts afresh.")
    return 0


def _agrees() -> bool:
    try:
        return input("Type yes: ").strip().lower() == "yes"
    except EOFError:  # nobody is there
        return False


def manage(checkout: str, words: list[str]) -> int:
    """A Django command in the development environment; the database is started for it when need be."""
    owner = words[:1] == ["--owner"] or words[:1] in (["migrate"], ["grant_roles"])
    words = [word for word in words if word != "--owner"]
    place = Place(Path(checkout), os.environ)
    with place.database():
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=checkout, env=place.variables(owner=owner), check=False).returncode


def psql(checkout: str, words: list[str]) -> int:
    place = Place(Path(checkout), os.environ)
    with place.database():
        url = place.variables(owner=True)["DATABASE_URL"]
        beside = str(place.cluster.install.bin / "psql") if place.cluster else ""
        program = beside if os.access(beside, os.X_OK) else shutil.which("psql")
        if not program:
            raise EngineError("No psql here: run `apt install postgresql-client`.")
        # The password goes by the environment: arguments can be read by everybody on the machine.
        address, _, password = _without_password(url)
        env = dict(os.environ, PGPASSWORD=password) if password else dict(os.environ)
        return subprocess.run([program, address, *words], env=env, check=False).returncode


def _without_password(url: str) -> tuple[str, str, str]:
    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    name, _, password = user.partition(":")
    return f"{scheme}://{name}{at}{place}", name, password


def logs(checkout: str, words: list[str]) -> int:
    place = Place(Path(checkout), os.environ)
    names = [word for word in words if not word.startswith("-")] or list(LOGS)
    unknown = [name for name in names if name not in LOGS]
    if unknown:
        raise EngineError(f"No log named {unknown[0]}; there are {', '.join(LOGS)}.")
    if "-f" in words:
        paths = [str(log_path(place, name)) for name in names]
        os.execvp("tail", ["tail", "-n", "20", "-F", *paths])
    for name in names:
        print(tail(place, name, 20))
    return 0


def log_path(place: Place, name: str) -> Path:
    if name in ("postgres", "broker"):
        return place.state / name / f"{name}.log"
    return place.logs() / f"{name}.log"


def tail(place: Place, name: str, lines: int) -> str:
    path = log_path(place, name)
    words = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    return "\n".join([f"--- {path}", *words[-lines:]])
