"""The source itself: who writes a state, who sends mail, how long a file may be, which words are banned."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = [
    "core",
    "accounts",
    "representatives",
    "stations",
    "intake",
    "votes",
    "proposals",
    "projects",
    "reports",
    "liaison",
]
PRODUCT = [
    path for app in APPS for path in sorted((ROOT / app).rglob("*.py")) if "migrations" not in path.parts
]
TRACKED = [
    ROOT / line
    for line in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
]  # fmt: skip

# 400 lines are a look, not a gate: these were looked at.
LONG = {
    "liaison/supervisor.py": "one process tree, read from top to bottom",
    "liaison/engines/postgres.py": "every trap of one engine in one place",
    "core/workflow.py": "the walker: the table, one case and many cases, held equal to each other",
}
MAX_LINES = 400
BANNED_NAMES = {
    "utils.py",
    "helpers.py",
    "common.py",
    "services.py",
    "constants.py",
    "signals.py",
    "statistics.py",
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def writes_state(node: ast.AST) -> bool:
    """An assignment to `.state`, or `state=` given to update(), create() or a constructor of a case."""
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [each for target in targets for each in ast.walk(target)]
        return any(isinstance(each, ast.Attribute) and each.attr == "state" for each in flat)
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = {keyword.arg for keyword in node.keywords}
        return "state" in given and called in (
            "update",
            "create",
            "bulk_create",
            "ConstituentRequest",
            "update_or_create",
        )
    if isinstance(node, ast.Call | ast.Constant) and isinstance(getattr(node, "value", None), str):
        return bool(re.search(r"UPDATE\s+intake_constituentrequest\b.*\bstate\s*=", node.value, re.DOTALL))
    return False


# The bulk demo inserts finished cases with their chains by SQL; a test verifies every chain.
MAY_WRITE_STATE = {"core/workflow.py", "liaison/demo/bulk.py"}
# The launcher's `state` is a directory; it knows no case.
NO_CASES = {"liaison/supervisor.py"}


def test_a_state_is_written_by_the_workflow_alone():
    writers = {name(path) for path in PRODUCT if any(writes_state(node) for node in ast.walk(tree(path)))}

    assert writers - MAY_WRITE_STATE - NO_CASES == set()
    assert "core/workflow.py" in writers  # the test sees what it looks for


@pytest.mark.parametrize(
    "line", ["case.state = 'closed'", "a, case.state = 1, 2", "Request.objects.filter().update(state='x')"]
)
def test_the_look_for_states_finds_one(line):
    assert any(writes_state(node) for node in ast.walk(ast.parse(line)))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def test_mail_leaves_by_one_door():
    doors = {
        name(path)
        for path in PRODUCT
        if imports(path) & {"django.core.mail", "smtplib", "django.core.mail.send_mail"}
        or "email_user" in path.read_text()
    }

    assert doors == {"core/channels.py"}


def test_no_signal_is_used():
    users = {
        name(path)
        for path in PRODUCT
        if any("signals" in module for module in imports(path))
        or "@receiver" in path.read_text(encoding="utf-8")
    }

    assert users <= SIGNALS_OF_OTHERS


# Django's own log-in signal is how django-axes hears of a failed password.
SIGNALS_OF_OTHERS = {"accounts/lockout.py", "accounts/views.py", "accounts/actions.py"}


def test_no_drawer_for_things_without_a_home():
    assert {name(path) for path in PRODUCT if path.name in BANNED_NAMES} == set()


def test_a_long_file_has_a_reason():
    long = {
        name(path)
        for path in [*PRODUCT, ROOT / "dev.py"]
        if len(path.read_text(encoding="utf-8").splitlines()) > MAX_LINES
    }

    assert long - LONG.keys() == set(), "split it, or write down why not"
    assert all((ROOT / each).exists() for each in LONG)


def test_nothing_is_left_for_later():
    """A note to oneself belongs into an issue. This file may say the word."""
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    left = {
        name(path)
        for path in TRACKED
        if path.suffix in {".py", ".html", ".js", ".css", ".txt", ".toml", ".yml", ".sh"}
        and path != Path(__file__)
        and "vendor" not in path.parts
        and path.exists()
        and marks.search(path.read_text(encoding="utf-8"))
    }

    assert left == set()


def test_the_licence_stands_there_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
