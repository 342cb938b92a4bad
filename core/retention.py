"""Retention: personal data of a case goes after its time; the statistics and the chain stay (个人信息保护法第十九条、第四十七条)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.cases import case_models
from core.images import delete_private
from core.models.attachment import Attachment
from core.models.event import EventText
from core.models.message import Message

SUBMISSION_KEPT = timedelta(days=7)
BATCH = 200


def purge(*, now: datetime | None = None, dry_run: bool = False) -> dict[str, int]:
    """Anonymise every case closed longer than `RETENTION_DAYS` ago; gives how many per kind. Safe to run again.

    A case model takes part by having `to_anonymise(before)` on its queryset and `anonymise()` on its rows.
    """
    before = (now or timezone.now()) - timedelta(days=settings.RETENTION_DAYS)
    done: dict[str, int] = {}
    for label, model in case_models().items():
        waiting = model._base_manager.all().to_anonymise(before)
        if dry_run:
            done[label] = waiting.count()
            continue
        done[label] = 0
        while batch := list(waiting.order_by("pk")[:BATCH]):
            for case in batch:
                anonymise(case)
                done[label] += 1
    return done


def anonymise(case: object) -> None:
    """Erase what can name a person from one case: its own fields, the words and salts of its events, its photos."""
    with transaction.atomic():
        locked = type(case)._base_manager.select_for_update(of=("self",)).get(pk=case.pk)
        locked.anonymise()
        EventText.objects.filter(event__case_label=locked.label, event__case_id=locked.pk).delete()
        photos = list(Attachment.objects.about(locked))
        Attachment.objects.about(locked).update(path="", sha256="", caption="", is_public=False)
        Message.objects.filter(case_label=locked.label, case_id=locked.pk).update(contact_ref="erased")
    for photo in photos:
        delete_private(photo.path)
