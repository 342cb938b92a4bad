"""Draw docs/states.md and docs/roles.md from the tables they describe, and docs/quality.md from what was measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.permissions import Permission
from accounts.roles import ROLE_PERMISSIONS, ROLE_SCOPE, SEPARATE_ROLES, Role
from core.cases import case_models
from core.workflow import as_markdown
from liaison import quality

DRAWN_BY = "<!-- Drawn by `python3 dev.py docs` from the tables; do not edit. -->\n\n"
DIRECTORY = settings.BASE_DIR / "docs"


def states() -> str:
    parts = [
        "# States\n\n" + DRAWN_BY,
        "The whole life of every kind of case. 从、到 name states; 谁 names the rule of the app's `rules.py` a person must pass,\n"
        "or who else may take the step; 起算、停止 name clocks, whose lengths stand in the rule packs.\n",
    ]
    for label, model in sorted(case_models().items()):
        parts.append(f"\n## {model._meta.verbose_name} (`{label}`)\n\n{as_markdown(model.workflow)}")
    return "".join(parts)


def roles() -> str:
    names = [role.value for role in Role]
    lines = [
        "# Roles\n\n" + DRAWN_BY,
        "| role | 名称 | bound to | alone |\n|---|---|---|---|\n",
        *(
            f"| `{role.value}` | {role.label} | {ROLE_SCOPE[role].label} | {'是' if role in SEPARATE_ROLES else ''} |\n"
            for role in Role
        ),
        "\n三员分立: whoever holds a role marked *alone* holds no other.\n\n",
        "| right | 名称 | " + " | ".join(f"`{name}`" for name in names) + " |\n",
        "|---|---|" + ":-:|" * len(names) + "\n",
    ]
    for right in Permission:
        marks = " | ".join("●" if right in ROLE_PERMISSIONS[role] else " " for role in Role)
        lines.append(f"| `{right.value}` | {right.label} | {marks} |\n")
    return "".join(lines)


PAGES: dict[str, Callable[[], str]] = {"states.md": states, "roles.md": roles, "quality.md": quality.page}


def stale() -> list[str]:
    """The pages that do not say what the tables say."""
    return [name for name, draw in PAGES.items() if _read(name) != draw()]


def _read(name: str) -> str:
    path = DIRECTORY / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


class Command(BaseCommand):
    help = "Draw docs/states.md, docs/roles.md and docs/quality.md."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they are stale")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            if stale():
                raise CommandError(f"Stale: docs/{', docs/'.join(stale())}. Run: python3 dev.py docs")
            return
        for name, draw in PAGES.items():
            (DIRECTORY / name).write_text(draw(), encoding="utf-8")
            self.stdout.write(f"docs/{name}")
        for age in quality.ages():
            self.stdout.write(age)
