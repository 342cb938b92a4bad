"""A resident asks for deletion (个人信息保护法第四十七条): one closed case anonymised before its time, with who did it and why."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from core import retention
from core.looking import log_looking
from intake.models import ConstituentRequest

WHAT = "erased on request"


class Command(BaseCommand):
    help = "Erase the person from one closed request. The statistics and the chain of events stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="the request's number, as 26-1124-48213")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who decided")
        parser.add_argument("--reason", required=True, help="how the person asked and showed who they are")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        request = ConstituentRequest.objects.filter(reference=options["number"]).first()
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if request is None or by is None:
            raise CommandError("There is no such request." if request is None else "There is no such person.")
        if request.closed_at is None:
            raise CommandError("It is still being handled: withdraw it first, or wait until it is closed.")
        if request.legal_hold:
            raise CommandError("It is kept for a legal reason: lift that first.")
        if request.anonymised_at is not None:
            raise CommandError("It was anonymised already.")
        log_looking(by=by, what=WHAT, reason=options["reason"], about=request)
        retention.anonymise(request)
        self.stdout.write(
            f"{request.reference}: erased. Number, kind, places and dates stay for the statistics."
        )
