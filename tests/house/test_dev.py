"""`dev.py`: what a newcomer types first, on a machine with nothing but Python."""

import ast
import contextlib
import hashlib
import http.server
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from pathlib import Path

import psycopg2
import pytest

from liaison.engines import host
from liaison.supervisor import Place, Service, direct, port_is_free
from testenv import CHECKOUT

OLDEST_THAT_MUST_READ_IT = (3, 8)
VERBS = [
    "up", "test", "check", "fix", "docs", "messages", "bench", "faults", "audit", "stop", "reset", "psql", "logs", "manage",
]  # fmt: skip


@pytest.fixture
def dev():
    """A fresh copy of the program as a module, so that a test may point it elsewhere."""
    found = importlib.util.spec_from_file_location("dev_under_test", CHECKOUT / "dev.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def state():
    directory = Path(tempfile.mkdtemp(prefix="liaison-dev-", dir="/tmp"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def clean_environment(state, **more):
    """What a newcomer's shell has: none of the test run's own names."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "STATE_DIR": str(state), **more}


def dev_py(state, *words, **more):
    return subprocess.run(
        [sys.executable, "dev.py", *words],
        cwd=CHECKOUT,
        env=clean_environment(state, **more),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# --- on its own


def test_an_old_python_reads_it_as_far_as_the_sentence():
    ast.parse((CHECKOUT / "dev.py").read_text(encoding="utf-8"), feature_version=OLDEST_THAT_MUST_READ_IT)


def test_an_old_python_is_told_so(dev, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    assert dev.main(["up"]) == 1
    assert capsys.readouterr().out == "Liaison needs Python 3.11 or newer; this is 3.9.\n"


@pytest.mark.parametrize(
    "name", ["dev.py", "liaison/engines/host.py", "liaison/engines/postgres.py", "liaison/engines/broker.py"]
)
def test_it_needs_nothing_but_the_standard_library(name):
    tree = ast.parse((CHECKOUT / name).read_text(encoding="utf-8"))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= {"liaison"}


def test_alone_it_lists_its_verbs_with_a_line_each(state):
    told = dev_py(state)

    assert told.returncode == 0
    assert [line.split()[2] for line in told.stdout.splitlines()] == VERBS
    assert all(len(line.split()) > 4 for line in told.stdout.splitlines())


def test_an_unknown_verb_lists_them_too_and_fails(state):
    told = dev_py(state, "fly")

    assert told.returncode == 2
    assert "dev.py up" in told.stdout


def test_an_impossible_wish_is_answered_in_one_sentence(state):
    told = dev_py(state, "up", DEVDB="off")

    assert told.returncode == 1
    assert told.stdout.splitlines()[-1] == "DEVDB=off starts no engine: set DATABASE_URL."


def test_nothing_to_stop_is_said(state):
    told = dev_py(state, "stop")

    assert told.returncode == 0
    assert told.stdout.splitlines()[-1] == "Nothing is running."


def test_reset_leaves_other_peoples_servers_alone(state):
    told = dev_py(state, "reset", "--yes", DATABASE_URL="postgresql://somebody@elsewhere/db")

    assert told.returncode == 1
    assert "only data that `up` made itself" in told.stdout
    assert state.exists()


# --- the environment


def test_the_key_follows_the_pins_and_the_python(dev, monkeypatch, tmp_path):
    monkeypatch.setattr(dev, "CHECKOUT", str(tmp_path))
    for name in dev.REQUIREMENTS:
        (tmp_path / name).write_text("a==1\n")
    before = dev.digest(dev.REQUIREMENTS)

    (tmp_path / "constraints.txt").write_text("a==1\nb==2\n")

    assert dev.digest(dev.REQUIREMENTS) != before


INDEX_PAGE = """<html><body>
<a href="../files/pip-99.0-py3-none-any.whl#sha256=aa"
   data-requires-python="&gt;=3.99">pip-99.0-py3-none-any.whl</a><br/>
<a href="../files/pip-30.0-py3-none-any.whl#sha256=bb" data-yanked="broken">pip-30.0-py3-none-any.whl</a>
<a href="../files/pip-25.0b1-py3-none-any.whl#sha256=cc">pip-25.0b1-py3-none-any.whl</a>
<a href="../files/pip-24.10-py3-none-any.whl#sha256=dd"
   data-requires-python="&gt;=3.8">pip-24.10-py3-none-any.whl</a>
<a href="../files/pip-24.9-py3-none-any.whl#sha256=ee">pip-24.9-py3-none-any.whl</a>
<a href="../files/pip-24.11.tar.gz#sha256=ff">pip-24.11.tar.gz</a>
</body></html>"""


def test_the_newest_fitting_pip_is_picked(dev):
    assert dev.newest_pip(INDEX_PAGE, "https://index.example/simple/pip/") == (
        "https://index.example/simple/files/pip-24.10-py3-none-any.whl",
        "dd",
    )
    with pytest.raises(ValueError, match="no pip on"):
        dev.newest_pip("<html></html>", "https://index.example/simple/pip/")


@pytest.fixture
def pip_wheel():
    """The wheel that Python itself carries, or Debian's."""
    bundled = Path(os.__file__).parent / "ensurepip" / "_bundled"
    found = sorted([*bundled.glob("pip-*.whl"), *Path("/usr/share/python-wheels").glob("pip-*.whl")])
    if not found:
        pytest.skip("no pip wheel on this machine to serve")
    return found[0]


@pytest.fixture
def index(tmp_path, pip_wheel):
    """A package index on loopback with pip in it, behind a password, as a closed network has one."""
    page = tmp_path / "simple" / "pip"
    page.mkdir(parents=True)
    shutil.copy(pip_wheel, page / pip_wheel.name)
    digest = hashlib.sha256(pip_wheel.read_bytes()).hexdigest()
    (page / "index.html").write_text(f'<a href="{pip_wheel.name}#sha256={digest}">{pip_wheel.name}</a>')

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(tmp_path))

        def do_GET(self):
            known = b64encode(b"reader:s3cret/").decode()
            if self.headers["Authorization"] == f"Basic {known}":
                super().do_GET()
            else:
                self.send_error(401)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://reader:s3cret%2F@127.0.0.1:{server.server_address[1]}/simple", page
        server.shutdown()
        thread.join()


@pytest.fixture
def bare_venv(dev, tmp_path, monkeypatch):
    """An environment as a Python without ensurepip makes it."""
    venv = tmp_path / "环境"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    monkeypatch.setattr(dev, "VENV", str(venv))
    monkeypatch.setattr(dev, "VENV_PYTHON", str(venv / "bin" / "python"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return venv


def test_pip_is_fetched_from_the_configured_index_where_python_has_none(
    dev, bare_venv, index, monkeypatch, tmp_path
):
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nindex-url = {index[0]}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    assert not dev.venv_works()

    dev.bootstrap_pip()

    assert dev.venv_works()


def test_a_damaged_pip_is_refused(dev, bare_venv, index, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", index[0])
    for wheel in index[1].glob("*.whl"):
        wheel.write_bytes(b"something else")

    with pytest.raises(ValueError, match="damaged"):
        dev.bootstrap_pip()
    assert not dev.venv_works()


# --- the supervisor's parts


def test_a_process_that_keeps_dying_is_started_ever_later(state):
    place = Place(
        CHECKOUT, {"DATABASE_URL": "postgresql://x/y", "REDIS_URL": "redis://x/0", "STATE_DIR": str(state)}
    )
    service = Service("web", [sys.executable, "-c", "raise SystemExit(3)"])
    delays = []
    for _ in range(7):
        service.start(place, os.environ)
        service.process.wait()
        assert service.died()
        told = service.note_death()
        delays.append(round(service.start_at - time.monotonic()))

    assert delays == [1, 2, 4, 8, 16, 30, 30]
    assert told.startswith("web ended (exit 3)")


# --- the whole of it


def free_port():
    return next(port for port in range(8700 + os.getpid() % 200, 9700) if port_is_free(port))


def hear_ctrl_c():
    """A test run that a script put into the background was told to ignore it, and so would everything it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Up:
    """One `dev.py up` and what it prints."""

    def __init__(self, state, port):
        self.process = subprocess.Popen(
            [sys.executable, "dev.py", "up", "--port", str(port)],
            cwd=CHECKOUT,
            env=clean_environment(state),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=hear_ctrl_c,
        )
        self.printed = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.printed.append(line)

    def says(self, start, seconds=180):
        return host.wait_until(
            lambda: self.process.poll() is not None or any(line.startswith(start) for line in self.printed),
            seconds=seconds,
        ) and any(line.startswith(start) for line in self.printed)

    def wait(self):
        self.process.wait(90)
        self.reader.join()
        self.process.stdout.close()
        return self.process.returncode


def family(state):
    """Every living process that was started for this state directory."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes()
            command = host.command_of(int(entry.name))
            mine = f"STATE_DIR={state}".encode() in environment.split(b"\0") or os.fsencode(state) in command
            if command and mine:
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def pid_of(state, words):
    return next(pid for pid, command in family(state).items() if words in command)


@pytest.mark.live
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="counts processes in /proc")
def test_up_runs_survives_the_killing_of_everything_and_leaves_nothing(state):
    port = free_port()
    first, again = Up(state, port), None
    try:
        assert first.says(f"READY http://127.0.0.1:{port}/"), "".join(first.printed)
        with direct.open(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            assert json.load(answer)["status"] == "ok"

        second = dev_py(state, "up", "--port", str(port + 1))
        assert second.returncode == 1
        assert second.stdout.startswith(f"Already running: http://127.0.0.1:{port}/")

        for name in ("celery -A liaison worker", "celery -A liaison beat", "postgres -D"):
            os.kill(pid_of(state, name), signal.SIGKILL)
        assert first.says("worker ended")
        assert first.says("beat ended")
        assert first.says("PostgreSQL was gone; it runs again.")

        beats = heartbeat(state)
        for pid in family(state):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        first.wait()

        again = Up(state, port)
        assert again.says(f"READY http://127.0.0.1:{port}/"), "".join(again.printed)
        assert heartbeat(state) > beats
        stopped = dev_py(state, "stop")
        assert (stopped.returncode, stopped.stdout) == (0, "Stopped.\n")
        assert again.wait() == 0
        assert family(state) == {}
    finally:
        end(state, first, again)


@pytest.mark.live
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="counts processes in /proc")
def test_interrupted_while_it_starts_it_leaves_nothing_either(state):
    up = Up(state, free_port())
    try:
        assert up.says("Preparing the database"), "".join(up.printed)

        os.kill(up.process.pid, signal.SIGINT)

        up.wait()
        assert up.printed[-1] == "Stopped.\n"
        assert family(state) == {}
    finally:
        end(state, up)


def heartbeat(state):
    place = Place(CHECKOUT, clean_environment(state))
    with (
        contextlib.closing(psycopg2.connect(place.variables()["DATABASE_URL"])) as line,
        line.cursor() as cursor,
    ):
        cursor.execute("SELECT at FROM core_heartbeat WHERE name = 'beat'")
        return cursor.fetchone()[0]


def end(state, *ups):
    for pid in family(state):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for up in ups:
        if up is not None and not up.process.stdout.closed:
            up.wait()
