"""The pages for those who run the site name commands, settings, units and figures that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from reports.views import metrics

ROOT = Path(settings.BASE_DIR)
PAGES = ["operations.md", "operations.zh.md", "privacy-impact.md"]


def text(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_its_options_exist(page):
    commands = get_commands()

    for name, rest in re.findall(r"manage\.py (\w+)([^`\n|]*)", text(page)):
        assert name in commands, name
        parser = load_command_class(commands[name], name).create_parser("manage.py", name)
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in parser._option_string_actions, f"{name} {option}"


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_stands_in_the_example(page):
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example, re.MULTILINE))

    named = set(re.findall(r"`([A-Z][A-Z]+_[A-Z0-9_]+)(?:=[^`]*)?`", text(page)))

    assert named - known == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_unit_and_file_named_exists(page):
    for name in re.findall(r"`(liaison-\w+(?:\.\w+)?)`", text(page)):
        unit = name if "." in name else f"{name}.service"
        assert (ROOT / "deploy" / "systemd" / unit).exists(), name
    for path in re.findall(r"`(deploy/[\w./-]+)`", text(page)):
        assert (ROOT / path).exists(), path


@pytest.mark.django_db
def test_every_figure_of_the_alarms_is_one_we_tell():
    from django.utils import timezone

    from reports.selectors.status import standing

    now = timezone.now()
    told = {line.split()[2] for line in metrics._lines(standing(now), now) if line.startswith("# TYPE")}

    named = set(re.findall(r"liaison_[a-z_]+(?=[ {])", text("operations.md").partition("## 9.")[2]))

    assert named
    assert named <= told


def test_the_arithmetic_of_the_province_is_right():
    page = text("operations.md")
    working_seconds = 250 * 8 * 3600

    assert f"**{2_000_000 * 0.8 / working_seconds:.2f}/s**" in page
    assert f"**{30_000 * 5.6 / 10_800 * 5:.0f}/s**" in page
    assert f"**{2_000_000 * 3.6 / 1e6:.0f} GB**" in page
    assert f"**{2_000_000 * 135 / 1e6:.0f} GB**" in page


def test_the_times_of_keeping_are_those_of_the_code():
    from accounts.tasks import KEPT
    from core.exports import KEPT as EXPORT_KEPT
    from core.retention import SUBMISSION_KEPT

    page = text("operations.md")

    assert settings.RETENTION_DAYS == 730
    assert (SUBMISSION_KEPT.days, EXPORT_KEPT.days, KEPT.days) == (7, 1, 183)
    assert all(words in page for words in ("| 2 years,", "| 7 days |", "| 1 day |", "| 183 days"))
