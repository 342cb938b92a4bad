"""docs/security.md names tests that exist, and every control that had to be built."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts import lockout, passwords, recovery
from core import channels, images, search, throttle
from core.cells import reading
from intake.actions import drafting, tracking
from intake.forms import public

ROOT = Path(settings.BASE_DIR)
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
BUILT = set(range(1, 31))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _file, test in NAMED])
def test_a_named_test_exists(file, test):
    functions = {
        node.name
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    assert test in functions


def test_every_control_has_a_line_with_a_test():
    lines = {int(number): rest for number, rest in re.findall(r"^\| (\d+) \|(.*)$", PAGE, re.MULTILINE)}

    assert lines.keys() == BUILT
    assert all("`tests/" in rest for rest in lines.values())


def test_the_figures_of_the_rules_are_those_of_the_code():
    minute, hour, day = 60, 3600, 24 * 3600
    limits = {
        lockout.PER_ADDRESS: (30, minute),
        lockout.PER_SECOND_FACTOR: (5, 15 * minute),
        tracking.PER_NUMBER: (5, 15 * minute),
        tracking.PER_SOURCE: (60, hour),
        tracking.ANYWHERE: (30, hour),
        drafting.BY_DEVICE: (10, hour),
        drafting.BY_PHONE: (10, day),
        drafting.BY_ADDRESS: (300, hour),
        drafting.BY_STATION: (300, hour),
        throttle.STAFF_API: (600, minute),
        throttle.PUBLIC_API: (120, minute),
    }
    assert {limit: (limit.rate, limit.per_seconds) for limit in limits} == limits
    assert (lockout.FIRST.seconds, lockout.LONGEST.seconds) == (15 * minute, 8 * hour)
    assert settings.AXES_FAILURE_LIMIT == 5
    assert settings.SESSION_IDLE_MINUTES == 30
    assert settings.SESSION_COOKIE_AGE / hour == 12
    assert (search.MAX_QUERY, search.MAX_WORDS) == (60, 6)
    assert (images.MAX_BYTES, images.MAX_PIXELS, public.MAX_PHOTOS) == (8 << 20, 40_000_000, 6)
    assert (reading.MAX_BYTES, reading.MAX_UNPACKED, reading.MAX_PARTS, reading.MAX_RATIO, reading.MAX_ROWS) == (
        10 << 20, 50 << 20, 200, 100, 5_000,
    )  # fmt: skip
    assert (public.FEWEST_WORDS, public.MAX_WORDS) == (4, 500)
    assert (recovery.HOW_MANY, recovery.LINK_DAYS, passwords.MAX_LENGTH) == (10, 14, 128)
    assert (passwords.REMEMBERED, passwords.ROTATION.days) == (5, 90)
    assert (channels.TIMEOUT_SECONDS, channels.ANSWER_LIMIT) == (5, 64 << 10)
    assert all(word in PAGE for word in passwords._PLAIN_WORDS)


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("Ways in", ["log-in page", "certificate number", "one-time link", "token", "receipt code"]),
        ("Guessing and flooding", ["one account", "one address", "second factor", "API"]),
        ("Passwords", ["12 to 128", "BREACHED_PASSWORDS_FILE", "dengbao"]),
        ("Sessions", ["Idle 30 minutes", "12 hours", "several at once", "NIST"]),
        ("What may be sent", ["phone", "village", "dates", "JSON", "409"]),
        ("Files", ["photos", "tables", "40 million", "5,000 rows", "never served again"]),
        ("Who may", ["roles.md", "visible_to", "Fields:", "masked"]),
        ("Data", ["sealed", "inside", "ledger", "public"]),
        ("Keys and algorithms", ["PII_KEY_FILE", "BACKUP_KEY_FILE", "SECRET_KEY", "argon2id", "not for"]),
        ("Whom it talks to", ["In:", "Out:", "OUTBOUND_ALLOWED_HOSTS"]),
        ("What costs", ["exports", "imports", "search", "sweep"]),
        ("What is logged", ["proxy", "site", "database", "Never logged"]),
        ("Parts of others", ["3 days", "7 days", "90 days", "two years"]),
    ],
)
def test_a_rule_is_written_down(heading, words):
    part = PAGE.partition(f"### {heading}\n")[2].partition("\n### ")[0]

    assert [word for word in words if word not in part] == []


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
