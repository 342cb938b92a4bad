"""Servers to be measured: gunicorn with two workers over loopback, and what CPU a tree of processes has used."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liaison.bench.place import Bench
from liaison.engines import host

PRODUCT = "liaison.bench.served:application"
BARE = "liaison.bench.bare.wsgi:application"
START_SECONDS = 180
_TICK = os.sysconf("SC_CLK_TCK")


class Server:
    """One gunicorn and its port."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def cpu(self) -> float:
        return tree_cpu(self.process.pid)


@contextmanager
def serving(bench: Bench, application: str, database: str) -> Iterator[Server]:
    """The application on a database, until the end of the block; its log stands beside the bench's state."""
    port = _free_port()
    env = bench.env(database) | {
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "WEB_WORKERS": "2",
    }
    log = bench.home / f"{application.split('.')[2].partition(':')[0]}-{port}.log"
    command = [sys.executable, "-m", "gunicorn", "-c", "python:liaison.webserver", application]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=bench.checkout,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
            preexec_fn=host.die_with_parent,
        )
    try:
        if not host.wait_until(
            lambda: _answers(port) or process.poll() is not None, seconds=START_SECONDS, every=0.1
        ):
            raise host.EngineError(f"{application} did not start, see {log}.")
        if process.poll() is not None:
            raise host.EngineError(f"{application} ended:\n{log.read_text(errors='replace')[-2000:]}")
        yield Server(process, port)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    log.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tree_cpu(root: int) -> float:
    """Seconds of CPU that a process, those below it and those of them that ended have used."""
    below: dict[int, list[int]] = defaultdict(list)
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            pid = int(entry.name)
            below[int(fields[1])].append(pid)
            # Its own, and that of children it has waited for.
            used[pid] = sum(int(each) for each in fields[11:15]) / _TICK
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0.0)
        waiting += below[pid]
    return total
