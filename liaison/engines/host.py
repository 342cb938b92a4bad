"""What an engine needs of the machine: a state directory, an account below root, locks, living pids."""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

# sockaddr_un.sun_path is 108 bytes on Linux and 104 on macOS, with the closing NUL.
SOCKET_PATH_BYTES = 107 if sys.platform.startswith("linux") else 103
PR_SET_PDEATHSIG = 1


class EngineError(Exception):
    """An engine cannot be had. The message is one sentence for the person there, with the remedy."""


def state_dir(checkout: Path, env: Mapping[str, str]) -> Path:
    """Where this checkout keeps what it must not lose.

    Root's state stands outside the checkout: PostgreSQL refuses to run as root, and the account it runs as
    instead cannot enter /root.
    """
    if env.get("STATE_DIR"):
        return Path(env["STATE_DIR"]).absolute()
    if os.geteuid() == 0:
        return Path("/var/lib") / f"liaison-{short_hash(checkout)}"
    return checkout / ".run"


def test_state_dir(checkout: Path, env: Mapping[str, str]) -> Path:
    """The same for the test runs, whose servers never touch the development data."""
    state = state_dir(checkout, env)
    return state.with_name(f"{state.name}-test")


def short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.absolute())).hexdigest()[:10]


# --- the account an engine runs as


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def engine_account() -> Account | None:
    """The account for PostgreSQL when we are root; None when we are ordinary and run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise EngineError(
        "Root cannot run PostgreSQL, and there is no user postgres or nobody: run `useradd -r postgres`."
    )


def popen_options(account: Account | None) -> dict[str, Any]:
    return account.popen_options() if account else {}


def make_dir(path: Path, *, mode: int, account: Account | None = None) -> Path:
    """The directory with exactly this mode and owner, made when missing."""
    path.mkdir(parents=True, exist_ok=True)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    path.chmod(mode)
    return path


def clean_env(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what would bend an engine: PG* picks another server, LD_* other libraries."""
    kept = {name: value for name, value in env.items() if not name.startswith(("PG", "LD_", "DYLD_", "LC_"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


# --- sockets


def socket_dir(home: Path, *, longest_name: str, account: Account | None = None) -> Path:
    """A private directory for a unix socket, its path counted in bytes: a Chinese character takes three."""
    inside = home / "sock"
    if len(os.fsencode(inside / longest_name)) <= SOCKET_PATH_BYTES:
        return make_dir(inside, mode=0o700, account=account)
    owner = account.uid if account else os.geteuid()
    outside = Path("/tmp") / f"liaison-{owner}-{short_hash(home)}"
    try:
        outside.mkdir(mode=0o700)
    except FileExistsError:
        # /tmp is everybody's: what stands there may be somebody else's trap.
        found = outside.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
            raise EngineError(
                f"{outside} belongs to somebody else: remove it, or set STATE_DIR to a shorter path."
            ) from None
    return make_dir(outside, mode=0o700, account=account)


def leave_socket_dir(directory: Path, home: Path) -> None:
    """Leave nothing in /tmp once the server there has ended."""
    if home not in directory.parents:
        try:
            directory.rmdir()
        except OSError:
            pass


# --- processes


def command_of(pid: int) -> bytes:
    """The command line of a running process; empty for one that is gone or a zombie.

    kill(pid, 0) cannot tell a zombie from the living, and under a PID 1 that reaps nothing (every container
    without --init) a killed postmaster stays a zombie for ever.
    """
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""
    answer = subprocess.run(
        ["ps", "-o", "state=,command=", "-p", str(pid)], capture_output=True, check=False
    ).stdout.strip()
    return b"" if answer.startswith(b"Z") else answer


def processes_inside(directory: Path) -> list[int]:
    """Processes whose working directory this is: the backends that outlive a killed postmaster."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "cwd") == str(directory) and command_of(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def wait_until(true: Callable[[], bool], *, seconds: float, every: float = 0.02) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def die_with_parent() -> None:
    """For `preexec_fn`: the kernel ends this child when the process that started it dies, however it dies."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# --- files and locks


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by the owner only."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def read_or_make(path: Path, make: Callable[[], str]) -> str:
    """The secret in this file, made once. Call under a lock."""
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="utf-8")


def passwords(path: Path, names: tuple[str, ...]) -> dict[str, str]:
    """One password a role, made once. Call under a lock."""
    return json.loads(
        read_or_make(path, lambda: json.dumps({name: secrets.token_urlsafe(24) for name in names}))
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone on this machine while inside; the kernel frees the lock of a process that was killed."""
    with open_lock(path) as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def open_lock(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a+", encoding="utf-8")


def try_lock(stream: IO[str], *, shared: bool = False) -> bool:
    try:
        fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_tree(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
