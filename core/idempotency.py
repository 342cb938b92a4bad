"""Taken once: the same key and body give the same answer for seven days, another body under the key is refused."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.models.case import Case
from core.models.draft import Submission
from core.privacy import encrypt

MAX_KEY = 80


class KeyReused(Exception):
    """The key was used before for something else (422)."""


@dataclass(frozen=True)
class Answer:
    """What was answered, and whether it had been answered before."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


def digest(body: Mapping[str, Any]) -> str:
    """By which two bodies are compared. Keyed: a phone number could otherwise be guessed from it."""
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hmac.new(settings.BLIND_INDEX_KEY, b"submission" + canonical.encode(), hashlib.sha256).hexdigest()


def once(
    scope: str,
    key: str,
    body: Mapping[str, Any],
    act: Callable[[], tuple[dict[str, Any], Case | None]],
    *,
    status: int = 201,
) -> Answer:
    """Run `act` for the first to come with this key, in one transaction with what it writes; the others get its answer.

    Those who come while it runs wait for it. If it fails, nothing is kept and the key is free again. Raises KeyReused.
    """
    wanted = digest(body)
    with transaction.atomic():
        row = _claim(scope, key, wanted)
        if row is None:
            before = Submission.objects.get(scope=scope, key=key)
            if not hmac.compare_digest(before.body_digest, wanted):
                raise KeyReused
            return Answer(before.status, before.answer, replayed=True)
        answer, case = act()
        _keep(row, status, answer, case)
    return Answer(status, answer)


def _keep(row: int, status: int, answer: dict[str, Any], case: Case | None) -> None:
    sealed = Submission._meta.get_field("answer").get_db_prep_save(answer, connection)
    label, pk = (case.label, case.pk) if case is not None else ("", None)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE core_submission SET answer = %s, status = %s, case_label = %s, case_id = %s WHERE id = %s",
            [sealed, status, label, pk, row],
        )


def _claim(scope: str, key: str, wanted: str) -> int | None:
    """The id of a new row; None when the key is taken. Waits for whoever holds it in an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO core_submission (scope, key, body_digest, case_label, status, answer, created_at)
            VALUES (%s, %s, %s, '', 0, %s, %s) ON CONFLICT (scope, key) DO NOTHING RETURNING id
            """,
            [scope, key, wanted, encrypt(b"{}", scope="core.submission.answer"), timezone.now()],
        )
        found = cursor.fetchone()
    return found[0] if found is not None else None
