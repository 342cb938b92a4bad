"""Half-written words of one person on one step of one case: kept by POST, and gone when the step is taken."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from core.models import Case, Draft
from intake.selectors.desk import draft_key

KEPT_FOR = timedelta(days=7)
LONGEST = 4000


def save_draft(
    case: Case, verb: str, *, by: Any, words: Mapping[str, str], now: datetime | None = None
) -> Draft:
    """Keep what the person typed. Any change of the case leaves it as it is."""
    now = now or timezone.now()
    payload = {name: value.replace("\0", "")[:LONGEST] for name, value in words.items() if value.strip()}
    draft, _new = Draft.objects.update_or_create(
        key=draft_key(by, case, verb),
        defaults={
            "owner": by,
            "case_label": case.label,
            "case_id": case.pk,
            "payload": payload,
            "updated_at": now,
            "expires_at": now + KEPT_FOR,
        },
    )
    return draft


def drop_draft(case: Case, verb: str, *, by: Any) -> None:
    Draft.objects.filter(key=draft_key(by, case, verb)).delete()
