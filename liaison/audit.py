"""What others made and we ship: its inventory, and what is known against it. `python3 dev.py audit`. Standard library only.

The inventory is requirements.lock, and the scripts of others that come inside those packages: nothing is fetched at run time.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

PIP_AUDIT, UV = "pip-audit==2.10.1", "uv==0.13.9"
ENGINES = "# --- embedded engines"  # of requirements.txt: what stands below that line is for developers
HEAD = """\
# What runs in production, every file by its SHA-256: pip install --require-hashes -r requirements.lock
# Made by `python3 dev.py audit --lock` from requirements.txt and constraints.txt.
"""
LOCK = "requirements.lock"
SBOM = "docs/sbom.cdx.json"
WAIVERS = "docs/advisories.json"
CLEAN, FOUND, NOT_RUN = 0, 1, 3

# npm name → (a file of it as served, how it says its version)
SCRIPTS = {
    "htmx.org": ("django_htmx/static/django_htmx/htmx-2.min.js", r'version:"([\d.]+)"'),
    "swagger-ui-dist": (
        "drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        r'PACKAGE_VERSION:"([\d.]+)',
    ),
}
# For the tests only, so it is audited but is no part of what is shipped.
TEST_SCRIPTS = {"axe-core": ("tests/vendor/axe.min.js", r"axe v([\d.]+)")}


def run(checkout: str, words: list[str]) -> int:
    """--lock pins anew, --sbom writes the inventory; without either what is known against it is looked up."""
    root = Path(checkout)
    if words == ["--lock"]:
        return _lock(root)
    if words == ["--sbom"]:
        (root / SBOM).write_text(sbom(root), encoding="utf-8")
        print(f"{SBOM}: {len(pins(root)) + len(SCRIPTS)} parts.")
        return CLEAN
    if words:
        print("python3 dev.py audit [--lock | --sbom]")
        return 2
    outcomes = [_audit(root, "Python packages", _pip_audit), _audit(root, "scripts", _npm_audit)]
    return max(outcomes, key=(CLEAN, NOT_RUN, FOUND).index)


# --- the inventory


def pins(root: Path) -> dict[str, str]:
    """Package → version, as the lock has them."""
    text = (root / LOCK).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE))


def scripts(root: Path, listed: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Script → version, read from the files themselves."""
    packages = Path(shutil.__file__).parent / "site-packages"
    places = [root, *(Path(each) for each in sys.path), packages]
    found = {}
    for name, (file, pattern) in listed.items():
        path = next(place / file for place in places if (place / file).is_file())
        match = re.search(pattern, path.read_text(encoding="utf-8", errors="replace"))
        found[name] = match[1] if match else "unknown"
    return found


def sbom(root: Path) -> str:
    """CycloneDX 1.6, the same bytes for the same parts."""
    parts = [_component("pypi", name, version) for name, version in sorted(pins(root).items())]
    parts += [_component("npm", name, version) for name, version in sorted(scripts(root, SCRIPTS).items())]
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(parts))
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "liaison"}},
        "components": parts,
    }
    return json.dumps(told, indent=1) + "\n"


def _component(kind: str, name: str, version: str) -> dict[str, str]:
    purl = f"pkg:{kind}/{name}@{version}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _lock(root: Path) -> int:
    """requirements.lock from what runs in production, at the versions of constraints.txt, with the digests of the index."""
    runs, _line, _tests = (root / "requirements.txt").read_text(encoding="utf-8").partition(ENGINES)
    with tempfile.TemporaryDirectory() as directory:
        wanted, made = Path(directory) / "runtime.in", Path(directory) / "made.txt"
        wanted.write_text(runs.replace("-c constraints.txt\n", ""), encoding="utf-8")
        try:
            uv = _tool(directory, UV)
            options = [
                "--universal",
                "--python-version=3.11",
                "--generate-hashes",
                "--no-annotate",
                "--no-header",
            ]
            compiled = [uv, "pip", "compile", *options, f"--constraint={root / 'constraints.txt'}"]
            _run_or_say(
                [*compiled, f"--output-file={made}", str(wanted)], "uv could not resolve the requirements"
            )
        except CannotLook as problem:
            print(f"NOT RUN  {problem}")
            return NOT_RUN
        (root / LOCK).write_text(HEAD + made.read_text(encoding="utf-8"), encoding="utf-8")
    print(f"{LOCK}: {len(pins(root))} packages. Now `python3 dev.py audit --sbom`.")
    return CLEAN


# --- what is known against it


class CannotLook(Exception):
    """The place that knows does not answer; one sentence."""


Findings = list[tuple[str, str]]  # (part, id of the advisory)


def _audit(root: Path, name: str, look: Callable[[Path], Findings]) -> int:
    try:
        found = look(root)
    except CannotLook as problem:
        print(f"NOT RUN  {name}: {problem}")
        return NOT_RUN
    waived = waivers(root, today=date.today())
    for part, advisory in found:
        print(f"{'waived ' if advisory in waived else 'FOUND  '}  {part}: {advisory}")
    open_ones = [each for each in found if each[1] not in waived]
    print(f"{'FOUND' if open_ones else 'clean':<7}  {name}: {len(open_ones)} open, {len(found)} in all.")
    return FOUND if open_ones else CLEAN


def waivers(root: Path, *, today: date) -> set[str]:
    """The advisories somebody looked at and put off, until their day."""
    listed = json.loads((root / WAIVERS).read_text(encoding="utf-8"))
    return {each["id"] for each in listed if date.fromisoformat(each["until"]) >= today}


def _pip_audit(root: Path) -> Findings:
    """In an environment of its own: it has no business beside what runs."""
    with tempfile.TemporaryDirectory() as directory:
        program = _tool(directory, PIP_AUDIT)
        command = [program, "--requirement", str(root / LOCK), "--require-hashes"]
        done = subprocess.run(
            [*command, "--disable-pip", "--format=json", "--progress-spinner=off"],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return read_pip_audit(json.loads(done.stdout))
    except ValueError as problem:
        raise CannotLook(f"pip-audit said: {done.stderr.strip()[-300:]}") from problem


def _tool(directory: str, pin: str) -> str:
    """A program of the index, in an environment of its own there."""
    _run_or_say([sys.executable, "-m", "venv", directory], "no environment could be made")
    _run_or_say([f"{directory}/bin/pip", "install", "--quiet", pin], f"{pin} could not be installed")
    return f"{directory}/bin/{pin.partition('=')[0]}"


def read_pip_audit(told: dict[str, Any]) -> Findings:
    """A package nobody could look up is not a clean one."""
    unknown = [each["name"] for each in told["dependencies"] if "skip_reason" in each]
    if unknown:
        raise CannotLook(
            f"the index here answers no advisories for {len(unknown)} of {len(told['dependencies'])} packages; "
            "run it where PyPI's own is reached."
        )
    return [(each["name"], vuln["id"]) for each in told["dependencies"] for vuln in each["vulns"]]


def _npm_audit(root: Path) -> Findings:
    npm = shutil.which("npm")
    if npm is None:
        raise CannotLook("there is no npm on this machine.")
    wanted = scripts(root, SCRIPTS) | scripts(root, TEST_SCRIPTS)
    with tempfile.TemporaryDirectory() as directory:
        package = {"name": "looked-at", "version": "1.0.0", "private": True, "dependencies": wanted}
        (Path(directory) / "package.json").write_text(json.dumps(package), encoding="utf-8")
        lock = [npm, "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run_or_say(lock, "npm could not resolve the scripts", cwd=directory)
        done = subprocess.run(
            [npm, "audit", "--json"], cwd=directory, capture_output=True, text=True, check=False
        )
    return read_npm_audit(done.stdout)


def read_npm_audit(text: str) -> Findings:
    try:
        told = json.loads(text)
        advisories = [
            (name, via["url"].rpartition("/")[2])
            for name, each in told["vulnerabilities"].items()
            for via in each["via"]
            if isinstance(via, dict)
        ]
    except (ValueError, KeyError, TypeError) as problem:
        raise CannotLook(
            "the registry here answers no advisories; run it where npm's own is reached."
        ) from problem
    return advisories


def _run_or_say(command: list[str], words: str, *, cwd: str | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, env=dict(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotLook(f"{words}: {done.stderr.strip()[-300:]}")
