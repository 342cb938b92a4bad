"""Anonymise what is past its retention (RETENTION_DAYS); what beat does at night."""

from typing import Any

from django.core.management.base import BaseCommand

from core import retention
from core.tasks import purge_personal_data


class Command(BaseCommand):
    help = "Erase personal data of cases closed long ago. --dry-run counts and changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        done = retention.purge(dry_run=True)
        if not options["dry_run"]:
            purge_personal_data()
        word = "would be anonymised" if options["dry_run"] else "anonymised"
        for label, count in done.items():
            self.stdout.write(f"{label}: {count} {word}")
