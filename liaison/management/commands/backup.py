"""The site in one sealed file: database, private files, manifest. For a nightly timer (deploy/)."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.tasks import mark
from liaison.backup import site
from liaison.backup.archive import BackupError
from liaison.engines.host import EngineError


class Command(BaseCommand):
    help = "Write an encrypted backup of the database and the private files. Exits 1 unless it is whole."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", metavar="DIRECTORY", help="where to (BACKUP_DIR)")
        parser.add_argument(
            "--keep", type=int, default=0, metavar="N", help="then delete all but the newest N"
        )
        parser.add_argument(
            "--without-files",
            action="store_true",
            help="the database only: a site whose files are copied otherwise",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        directory = Path(options["to"] or settings.BACKUP_DIR)
        try:
            made = site.make(directory, files=not options["without_files"])
        except (BackupError, EngineError) as problem:
            raise CommandError(str(problem)) from problem
        site.forget_old(directory, keep=options["keep"])
        mark("backup", f"{made.size} bytes, {made.rows} rows, {made.files} files")
        self.stdout.write(f"{made.path}: {made.size} bytes, {made.rows} rows, {made.files} files.")
