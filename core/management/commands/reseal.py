"""After a new key stands first in PII_KEY_FILE: seal what former keys sealed with it, so that they can be taken away."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection, models, transaction

from core.privacy import EncryptedJSONField, EncryptedTextField

BATCH = 500


class Command(BaseCommand):
    help = (
        "Seal every personal value with the current key. Safe beside the running site, and to be run again."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count what former keys sealed")

    def handle(self, *args: Any, **options: Any) -> None:
        total = 0
        for model in apps.get_models():
            for field in model._meta.local_fields:
                if isinstance(field, (EncryptedTextField, EncryptedJSONField)):
                    total += self._reseal(model, field.name, dry_run=options["dry_run"])
        self.stdout.write(f"{total} values {'wait' if options['dry_run'] else 'sealed anew'}.")

    def _reseal(self, model: type[models.Model], field: str, *, dry_run: bool) -> int:
        done = 0
        waiting = _sealed_with_former_keys(model, field)
        if dry_run:
            return len(waiting)
        for start in range(0, len(waiting), BATCH):
            with transaction.atomic():
                rows = list(
                    model._base_manager.select_for_update()
                    .filter(pk__in=waiting[start : start + BATCH])
                    .only(field)
                )
                done += model._base_manager.bulk_update(rows, [field])
        return done


def _sealed_with_former_keys(model: type[models.Model], field: str) -> list[Any]:
    """Mark, length, key id: the second and following bytes of a sealed value say with which key (core.privacy.encrypt)."""
    current = next(iter(settings.PII_KEYS))
    quote = connection.ops.quote_name
    meta: Any = model._meta
    column, key = quote(meta.get_field(field).column), quote(meta.pk.column)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key} FROM {quote(meta.db_table)} WHERE octet_length({column}) > 2"
            f" AND substring({column} FROM 3 FOR get_byte({column}, 1)) <> convert_to(%s, 'UTF8') ORDER BY 1",
            [current],
        )
        return [pk for (pk,) in cursor.fetchall()]
