"""Check every chain of events, and compare it with heads kept elsewhere: only an outside copy shows a full rewrite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from core import ledger
from core.cases import case_models


class Command(BaseCommand):
    help = "Verify the append-only ledger. Names every break; exits 1 when there is one."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument(
            "--export", metavar="FILE", help="write each chain's head there, to be kept off this host"
        )
        parser.add_argument("--against", metavar="FILE", help="compare with heads exported earlier")

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")
        findings = ledger.foreign_events()
        for model in case_models().values():
            findings += ledger.broken_links(model) + ledger.broken_words(model)
        if options["against"]:
            try:
                lines = Path(options["against"]).read_text(encoding="utf-8").splitlines()
                findings += ledger.rewritten([json.loads(line) for line in lines])
            except (OSError, ValueError) as problem:
                raise CommandError(f"Cannot read {options['against']}: {problem}") from problem
        for finding in findings:
            self.stdout.write(finding)
        if findings:
            raise CommandError(f"{len(findings)} breaks in the ledger.")
        count = 0
        if options["export"]:
            with Path(options["export"]).open("w", encoding="utf-8") as file:
                for head in ledger.heads():
                    file.write(json.dumps(head) + "\n")
                    count += 1
            self.stdout.write(f"{count} heads written to {options['export']}.")
        self.stdout.write("The ledger holds.")
