"""What beat and a worker do every few seconds, for cron on a day without them."""

from typing import Any

from django.core.management.base import BaseCommand

from core.models import Heartbeat
from core.tasks import sweep_deadlines


class Command(BaseCommand):
    help = "Climb the rungs of every ladder that is due. Safe beside beat and beside itself."

    def handle(self, *args: Any, **options: Any) -> None:
        sweep_deadlines()
        beat = Heartbeat.objects.filter(name="sweep_deadlines").first()
        self.stdout.write(beat.note if beat is not None else "Another sweep is at work.")
