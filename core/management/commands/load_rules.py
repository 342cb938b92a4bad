"""Load rule packs from JSON: the national default, or a place's own file. Safe to run again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from core import rulebook
from core.models import RulePack, Rung, Term

DEFAULT = Path(__file__).resolve().parent.parent.parent / "data" / "national_default.json"


class Command(BaseCommand):
    help = "Load a rule pack (deadlines and ladders) from a JSON file; without one, the national default."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", nargs="?", default=str(DEFAULT))
        parser.add_argument(
            "--if-missing", action="store_true", help="leave a pack alone that is there already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = json.loads(Path(options["file"]).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise CommandError(f"Cannot read {options['file']}: {problem}") from problem
        pack = load_pack(told, keep=options["if_missing"])
        self.stdout.write(f"{pack.name}: {pack.terms.count()} terms, {pack.rungs.count()} rungs")


@transaction.atomic
def load_pack(told: dict[str, Any], *, keep: bool = False) -> RulePack:
    """The pack a file describes: its terms and rungs are made or corrected, never removed while clocks point at them."""
    head = {
        name: value for name, value in told.items() if name not in ("terms", "rungs", "code", "valid_from")
    }
    pack, created = RulePack.objects.get_or_create(
        code=told["code"], valid_from=told["valid_from"], defaults=head
    )
    if created or not keep:
        if not created:
            RulePack.objects.filter(pk=pack.pk).update(**head)
        _correct(Term, pack, told["terms"], ("clock", "case_class"))
        _correct(Rung, pack, told["rungs"], ("clock", "order"))
        pack.refresh_from_db()
    rulebook.clear()
    return pack


def _correct(
    model: type[Term] | type[Rung], pack: RulePack, lines: list[dict[str, Any]], key: tuple[str, str]
) -> None:
    """What the pack lacks is inserted at once; a line that differs is rewritten, so that history names only real changes."""
    known = {tuple(getattr(row, name) for name in key): row for row in model.objects.filter(pack=pack)}
    missing: list[Any] = []
    for line in lines:
        row = known.get(tuple(line.get(name, "") for name in key))
        if row is None:
            missing.append(model(pack=pack, **line))
        elif any(getattr(row, name) != value for name, value in line.items()):
            for name, value in line.items():
                setattr(row, name, value)
            row.save()
    model.objects.bulk_create(missing)
