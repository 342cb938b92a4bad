"""Replay the ledger: every credit an event says it earned has its record. Changes nothing on a sound database."""

from typing import Any

from django.core.management.base import BaseCommand

from representatives import duty


class Command(BaseCommand):
    help = "Write the duty records that events earned and that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        seen, made = duty.rebuild()
        self.stdout.write(f"{seen} credits in the ledger, {made} records were missing.")
