"""The steps of `dev.py check`: what CI and the commit hooks run, each by name."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from liaison.engines import host, postgres
from liaison.engines.host import EngineError

BIN = Path(sys.executable).parent


def run_all(checkout: str, names: list[str]) -> int:
    """Run the steps named, or all of them; print each with its time. 0 when all are in order."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise EngineError(f"No check named {unknown[0]}; there are {', '.join(STEPS)}.")
    failed = []
    for name in names or STEPS:
        begun = time.monotonic()
        in_order = STEPS[name](checkout)
        print(
            f"{'ok    ' if in_order else 'FAILED'}  {name:<11} {time.monotonic() - begun:6.1f} s", flush=True
        )
        if not in_order:
            failed.append(name)
    if failed:
        print(f"Failed: {', '.join(failed)}. `python3 dev.py check {' '.join(failed)}` runs only these.")
    return 1 if failed else 0


def _tool(*command: str) -> Callable[[str], bool]:
    return lambda checkout: _succeeds([str(BIN / command[0]), *command[1:]], checkout)


def _succeeds(command: list[str], checkout: str, env: dict[str, str] | None = None) -> bool:
    """What a step says is shown only when it fails."""
    done = subprocess.run(
        command, cwd=checkout, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    return done.returncode == 0


def _migrations(checkout: str) -> bool:
    """No model has changed without its migration. Django also compares the history in a real database."""
    return _manage(checkout, "makemigrations", "--check", "--dry-run")


def _drawn_pages(checkout: str) -> bool:
    """docs/states.md and docs/roles.md are what the tables say."""
    return _manage(checkout, "draw_docs", "--check")


def _manage(checkout: str, *words: str) -> bool:
    state = host.test_state_dir(Path(checkout), os.environ)
    host.make_dir(state, mode=0o711)
    cluster = postgres.test_cluster(state, os.environ.get("DEVDB", ""))
    cluster.acquire()
    try:
        url = cluster.url(postgres.OWNER)
        env = dict(os.environ, LIAISON_ENV="test", DATABASE_URL=url, DATABASE_OWNER_URL=url)
        return _succeeds([sys.executable, "manage.py", *words], checkout, env)
    finally:
        cluster.release()


def _deployment(checkout: str) -> bool:
    """Django's own list for production, with the settings a production server would have."""
    with tempfile.TemporaryDirectory() as directory:
        keys = Path(directory) / "pii_keys"
        host.write_private(keys, f"k1:{b64encode(os.urandom(32)).decode()}\n")
        env = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONUTF8": "1",
            "LIAISON_ENV": "production",
            "SECRET_KEY": b64encode(os.urandom(48)).decode(),
            "PII_KEY_FILE": str(keys),
            "DATABASE_URL": "postgresql://liaison_app@127.0.0.1/liaison",
            "REDIS_URL": "redis://127.0.0.1:6379/0",
            "SITE_URL": "https://liaison.example.org",
            "ALLOWED_HOSTS": "liaison.example.org",
            "STATE_DIR": directory,
        }
        command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
        return _succeeds(command, checkout, env)


STEPS: dict[str, Callable[[str], bool]] = {
    "lint": _tool("ruff", "check", "."),
    "format": _tool("ruff", "format", "--check", "."),
    "imports": _tool("lint-imports"),
    "types": _tool("mypy"),
    "templates": _tool("djlint", "templates", "--check", "--lint", "--quiet"),
    "migrations": _migrations,
    "deployment": _deployment,
    "docs": _drawn_pages,
}
