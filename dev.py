#!/usr/bin/env python3
"""The verbs of the house: `python3 dev.py` lists them. Standard library only; makes `.venv` on first use."""

from __future__ import annotations

import configparser
import hashlib
import html
import os
import re
import shutil
import ssl
import subprocess
import sys
import urllib.parse
import urllib.request
from base64 import b64encode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Verb = Callable[[list[str]], int]

OLDEST_PYTHON = (3, 11)
CHECKOUT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(CHECKOUT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = ("requirements.txt", "constraints.txt")
E2E_REQUIREMENTS = ("requirements-e2e.txt", "constraints.txt")


class Refusal(Exception):
    """A verb cannot go on; the message is one sentence with the remedy."""


def say(words: str) -> None:
    print(words, flush=True)


# --- the virtual environment


def digest(names: tuple[str, ...]) -> str:
    """What the environment depends on: the pins and the Python that runs them."""
    fingerprint = hashlib.sha256(repr((sys.version_info[:2], sys.implementation.name)).encode())
    for name in names:
        with open(os.path.join(CHECKOUT, name), "rb") as stream:
            fingerprint.update(stream.read())
    return fingerprint.hexdigest()


def ensure_venv(names: tuple[str, ...] = REQUIREMENTS) -> None:
    """Install what `names` pins into `.venv`, once per change; several calls at once wait for each other."""
    import fcntl

    key = os.path.join(VENV, "installed-" + names[0])
    wanted = digest(names)
    if read(key) == wanted:
        return
    with open(VENV + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if read(key) == wanted:
            return
        if not venv_works():
            make_venv()
        say("Installing " + names[0] + " into .venv (the first time takes half a minute) ...")
        install(names[0])
        with open(key, "w", encoding="utf-8") as stream:
            stream.write(wanted)


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except OSError:
        return ""


def venv_works() -> bool:
    """The environment runs, by the same Python version, and can install."""
    ask = "import sys, pip; print(sys.version_info[:2])"
    try:
        answer = subprocess.run([VENV_PYTHON, "-c", ask], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.stdout.strip() == repr(sys.version_info[:2])


def make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import venv  # noqa: F401  (a minimal Debian python3 has venv but not ensurepip; some have neither)
    except ImportError:
        raise Refusal("This Python has no venv module: run `sudo apt install python3-venv`.") from None
    if not has_ensurepip() and os.geteuid() == 0 and shutil.which("apt-get"):
        say("This Python cannot make environments; installing its venv package by apt-get ...")
        apt_install("python{}.{}-venv".format(*sys.version_info))
    if has_ensurepip():
        run([sys.executable, "-m", "venv", VENV])
        return
    say("This Python has no ensurepip; fetching pip from the package index ...")
    run([sys.executable, "-m", "venv", "--without-pip", VENV])
    try:
        bootstrap_pip()
    except (OSError, ValueError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refusal("No pip (" + str(error) + "): run `sudo apt install python3-venv`.") from None


def has_ensurepip() -> bool:
    # In a fresh process: apt may have installed it a moment ago.
    return (
        subprocess.run(
            [sys.executable, "-c", "import ensurepip; ensurepip.version()"], capture_output=True, check=False
        ).returncode
        == 0
    )


def apt_install(*packages: str) -> bool:
    """As root; whether it worked. Old package lists are the usual trouble, so they are fetched first."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    updated = subprocess.run(["apt-get", "update", "-qq"], env=env, check=False).returncode == 0
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return (
        updated and subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=False).returncode == 0
    )


def install(requirements: str) -> None:
    """By uv when it is there, else (and when uv fails: it reads no pip.conf) by the environment's pip."""
    path = os.path.join(CHECKOUT, requirements)
    uv = shutil.which("uv")
    if (
        uv
        and subprocess.run(
            [uv, "pip", "install", "--quiet", "--python", VENV_PYTHON, "-r", path], check=False
        ).returncode
        == 0
    ):
        return
    env = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USER="0", PIP_NO_INPUT="1")
    run([VENV_PYTHON, "-m", "pip", "install", "--quiet", "-r", path], env=env)


def run(command: list[str], env: dict[str, str] | None = None) -> None:
    if subprocess.run(command, cwd=CHECKOUT, env=env, check=False).returncode:
        raise Refusal("This failed, see above: " + " ".join(command))


# --- pip without ensurepip


def bootstrap_pip() -> None:
    """Fetch pip's wheel from the configured index, check its digest, and let it install itself."""
    page_url = pip_option("index-url", "https://pypi.org/simple").rstrip("/") + "/pip/"
    address, checksum = newest_pip(fetch(page_url).decode("utf-8", "replace"), page_url)
    wheel = fetch(address)
    if checksum and hashlib.sha256(wheel).hexdigest() != checksum:
        raise ValueError("the index sent a damaged pip")
    path = os.path.join(VENV, os.path.basename(urllib.parse.urlsplit(address).path))
    with open(path, "wb") as stream:
        stream.write(wheel)
    # A wheel is a zip archive that Python can run without unpacking.
    command = [VENV_PYTHON, os.path.join(path, "pip"), "install", "--quiet", "--no-index", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    os.unlink(path)
    if done.returncode:
        raise ValueError("pip did not install itself: " + done.stderr.strip())


def fetch(address: str) -> bytes:
    """As pip would: name and password from the address, certificates from its settings."""
    parts = urllib.parse.urlsplit(address)
    user, at, place = parts.netloc.rpartition("@")
    asked = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=place)))
    if at:
        asked.add_header("Authorization", "Basic " + b64encode(urllib.parse.unquote(user).encode()).decode())
    trust = ssl.create_default_context(cafile=pip_option("cert", "") or None)
    with urllib.request.urlopen(asked, timeout=60, context=trust) as answer:
        return answer.read()


def pip_option(name: str, default: str) -> str:
    """A setting of pip: its variable, then its configuration files, then the default."""
    variable = "PIP_" + name.upper().replace("-", "_")
    if os.environ.get(variable):
        return os.environ[variable]
    home = os.path.expanduser("~")
    personal = os.environ.get("XDG_CONFIG_HOME", home + "/.config")
    files = ["/etc/pip.conf", home + "/.pip/pip.conf", personal + "/pip/pip.conf"]
    if os.environ.get("PIP_CONFIG_FILE"):
        files.append(os.environ["PIP_CONFIG_FILE"])
    settings = configparser.RawConfigParser()
    settings.read(files, encoding="utf-8")
    for section in ("install", "global"):
        if settings.has_option(section, name):
            return settings.get(section, name)
    return default


def newest_pip(page: str, page_url: str) -> tuple[str, str]:
    """Address and SHA-256 of the newest final, unyanked pip on a simple-index page for this Python."""
    best = None
    for attributes, name in re.findall(r"<a\s([^>]*)>\s*(pip-[^<]+)</a>", page):
        version = re.match(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl\s*$", name)
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        needed = re.search(r">=\s*3\.(\d+)", html.unescape(found.get("data-requires-python", "")))
        too_new = needed is not None and int(needed.group(1)) > sys.version_info[1]
        if version is None or "data-yanked" in attributes or too_new or "href" not in found:
            continue
        order = tuple(int(part) for part in version.group(1).split("."))
        if best is None or order > best[0]:
            best = (order, urllib.parse.urljoin(page_url, html.unescape(found["href"])))
    if best is None:
        raise ValueError("no pip on " + page_url)
    address, _, fragment = best[1].partition("#")
    return address, fragment[len("sha256=") :] if fragment.startswith("sha256=") else ""


# --- the verbs


def verb_up(words: list[str]) -> int:
    """start everything; [--port N] [--no-demo]"""
    from liaison import supervisor

    return supervisor.up(CHECKOUT, words)


def verb_test(words: list[str]) -> int:
    """run the tests; pytest's own options follow; --e2e insists on the browser tests"""
    if "--e2e" in words:
        words = [word for word in words if word != "--e2e"]
        ensure_venv(E2E_REQUIREMENTS)
        os.environ["REQUIRE_BROWSER"] = "1"
    os.chdir(CHECKOUT)
    os.execv(VENV_PYTHON, [VENV_PYTHON, "-m", "pytest", *words])


def verb_check(words: list[str]) -> int:
    """lint, format, imports, types, templates, migrations, deployment, drawn pages; names pick some"""
    from liaison import checks

    return checks.run_all(CHECKOUT, words)


def verb_fix(words: list[str]) -> int:
    """let ruff and djlint repair what they can"""
    tools = os.path.join(VENV, "bin") + os.sep
    run([tools + "ruff", "check", "--fix", "--exit-zero", "."])
    run([tools + "ruff", "format", "--quiet", "."])
    # Its exit code tells whether it changed something, which is no failure here.
    subprocess.run([tools + "djlint", "templates", "--reformat", "--quiet"], cwd=CHECKOUT, check=False)
    return 0


def verb_docs(words: list[str]) -> int:
    """draw docs/states.md and docs/roles.md from the tables, docs/quality.md from what was measured"""
    return manage(["draw_docs", *words])


def verb_messages(words: list[str]) -> int:
    """collect translatable strings into locale/ and compile them (needs gettext)"""
    if not shutil.which("xgettext") or not shutil.which("msgfmt"):
        raise Refusal("Collecting messages needs GNU gettext: run `sudo apt install gettext`.")
    return manage(["makemessages", "--all", "--no-location", *words]) or manage(["compilemessages"])


def verb_bench(words: list[str]) -> int:
    """measure speed as ratios to bare references; --list names the benches, --short takes a minute"""
    from liaison.bench import runner

    return runner.run(CHECKOUT, words)


def verb_faults(words: list[str]) -> int:
    """break the site's parts one by one and count what is lost; --list names the faults, --short takes a minute"""
    from liaison.faults import runner

    return runner.run(CHECKOUT, words)


def verb_audit(words: list[str]) -> int:
    """what is known against the packages and scripts of others; --lock pins, --sbom lists them"""
    from liaison import audit

    return audit.run(CHECKOUT, words)


def verb_manage(words: list[str]) -> int:
    """a Django command in this environment, as `manage shell`; --owner first: as the owner role"""
    return manage(words)


def manage(words: list[str]) -> int:
    from liaison import supervisor

    return supervisor.manage(CHECKOUT, words)


def verb_psql(words: list[str]) -> int:
    """an SQL prompt on the development database, as its owner"""
    from liaison import supervisor

    return supervisor.psql(CHECKOUT, words)


def verb_logs(words: list[str]) -> int:
    """the end of each log; a name (web, worker, beat, postgres, broker) picks one, -f follows"""
    from liaison import supervisor

    return supervisor.logs(CHECKOUT, words)


def verb_stop(words: list[str]) -> int:
    """stop what `up` started, from another terminal"""
    from liaison import supervisor

    return supervisor.stop(CHECKOUT)


def verb_reset(words: list[str]) -> int:
    """throw the development and test data away; asks first, --yes does not"""
    from liaison import supervisor

    return supervisor.reset(CHECKOUT, words)


VERBS = {
    "up": verb_up,
    "test": verb_test,
    "check": verb_check,
    "fix": verb_fix,
    "docs": verb_docs,
    "messages": verb_messages,
    "bench": verb_bench,
    "faults": verb_faults,
    "audit": verb_audit,
    "stop": verb_stop,
    "reset": verb_reset,
    "psql": verb_psql,
    "logs": verb_logs,
    "manage": verb_manage,
}


def overview() -> str:
    return "\n".join("  python3 dev.py " + name.ljust(10) + str(verb.__doc__) for name, verb in VERBS.items())


def enter_venv() -> None:
    """Go on in the environment's Python. UTF-8 mode, because a service's terminal may know no Chinese."""
    ensure_venv()
    if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        os.environ["PYTHONUTF8"] = "1"
        os.execv(VENV_PYTHON, [VENV_PYTHON, os.path.abspath(__file__), *sys.argv[1:]])
    sys.path.insert(0, CHECKOUT)


def main(words: list[str]) -> int:
    if sys.version_info < OLDEST_PYTHON:
        say(
            "Liaison needs Python {}.{} or newer; this is {}.{}.".format(
                *OLDEST_PYTHON + sys.version_info[:2]
            )
        )
        return 1
    if os.name == "nt":
        say("Liaison runs on Linux and macOS; on Windows use WSL.")
        return 1
    if not words or words[0] not in VERBS:
        say(overview())
        return 0 if not words or words[0] in ("help", "-h", "--help") else 2
    try:
        enter_venv()
        return perform(VERBS[words[0]], words[1:])
    except Refusal as refusal:
        say(str(refusal))
        return 1
    except KeyboardInterrupt:
        return 130


def perform(verb: Verb, words: list[str]) -> int:
    from liaison.engines.host import EngineError

    try:
        return verb(words) or 0
    except EngineError as error:
        raise Refusal(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
