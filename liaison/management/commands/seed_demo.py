"""Fill an empty database with the demonstration: a story to look at, or a county or city to measure."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from liaison.demo import bulk, county


class Command(BaseCommand):
    help = "The demonstration: `story` is a small county to look at; `county` and `city` are sizes for measuring."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--scale", choices=["story", *bulk.SCALES], default="story")
        parser.add_argument("--requests", type=int, help="how many requests, for county and city")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demonstration has well-known passwords: it is refused in production.")
        begun = time.monotonic()
        if options["scale"] == "story":
            told = county.seed()
        else:
            told = bulk.seed(options["scale"], requests=options["requests"])
        self.stdout.write(f"{told} ({time.monotonic() - begun:.0f} s)")
