"""A backup proved in a scratch database (--verify), or restored for good into an empty one (--into)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from liaison.backup import site
from liaison.backup.archive import BackupError
from liaison.engines.host import EngineError


class Command(BaseCommand):
    help = "Prove or restore a backup. Exits 1 when it is not whole, not ours, or not equal to what was backed up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--verify", action="store_true", help="restore into a scratch database, compare, drop it"
        )
        what.add_argument("--into", metavar="URL", help="restore into this empty database, as its owner")
        parser.add_argument("--files", type=Path, metavar="DIRECTORY", help="with --into: a new MEDIA_ROOT")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["into"] and not options["files"]:
            raise CommandError("--into needs --files: the new directory for the private files.")
        try:
            if options["verify"]:
                proof = site.verify(options["file"])
            else:
                proof = site.restore_into(options["file"], url=options["into"], files=options["files"])
        except (BackupError, EngineError) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(
            f"Equal: {proof.rows} rows, {proof.files} files, {proof.pictures} pictures opened, the ledger holds. "
            f"{proof.seconds:.1f} s."
        )
        if options["into"]:
            self.stdout.write(
                "Next: DATABASE_URL and MEDIA_ROOT to the new places, then `manage.py grant_roles`."
            )
