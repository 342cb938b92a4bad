"""docs/security.md names tests that exist, and every control that had to be built."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
BUILT = {*range(1, 15), *range(16, 21), 22, 24, *range(26, 30)}


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _file, test in NAMED])
def test_a_named_test_exists(file, test):
    functions = {
        node.name
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    assert test in functions


def test_every_control_of_the_foundation_has_a_line_with_a_test():
    lines = {int(number): rest for number, rest in re.findall(r"^\| (\d+) \|(.*)$", PAGE, re.MULTILINE)}

    assert lines.keys() == BUILT
    assert all("`tests/" in rest for rest in lines.values())


def test_the_documents_name_files_that_exist():
    """Paths in backquotes of the hand-written documents, and links between them."""
    missing = []
    for page in [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "adr").glob("*.md"), *ROOT.glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        paths = re.findall(
            r"`((?:core|accounts|representatives|stations|intake|reports|liaison|tests|docs)/[\w/.-]+\.\w+)`",
            text,
        )
        links = re.findall(r"\]\(([^)#:]+)\)", text)
        missing += [f"{page.name}: {path}" for path in paths if not (ROOT / path).exists()]
        missing += [f"{page.name}: {link}" for link in links if not (page.parent / link).exists()]

    assert missing == []
