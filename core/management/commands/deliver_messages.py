"""What beat and a worker do every few seconds, for cron on a day without them."""

from typing import Any

from django.core.management.base import BaseCommand

from core import outbox
from core.models import Message


class Command(BaseCommand):
    help = "Send the messages that are waiting. Safe beside the workers."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--limit", type=int, default=1000)

    def handle(self, *args: Any, **options: Any) -> None:
        sent = outbox.deliver(limit=options["limit"])
        self.stdout.write(f"{sent} sent, {Message.objects.dead().count()} given up in all.")
