"""Retention: personal data of a case goes after its time; the statistics and the chain stay (个人信息保护法第十九条、第四十七条)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pghistory.models
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, ForeignObjectRel, OuterRef
from django.utils import timezone

from core.cases import case_models
from core.images import delete_private, orphans
from core.models.attachment import Attachment
from core.models.case import Case, CaseQuerySet
from core.models.draft import PHOTOS_OF_DRAFT, Draft
from core.models.event import EventText
from core.models.message import Message

SUBMISSION_KEPT = timedelta(days=7)
ORPHAN_KEPT = timedelta(days=1)
BATCH = 200


def purge(*, now: datetime | None = None, dry_run: bool = False) -> dict[str, int]:
    """Anonymise every case closed longer than `RETENTION_DAYS` ago; gives how many per kind. Safe to run again.

    A case model takes part by its queryset's `to_anonymise(before)` and its rows' `anonymise()`.
    """
    before = (now or timezone.now()) - timedelta(days=settings.RETENTION_DAYS)
    done: dict[str, int] = {}
    for label, model in case_models().items():
        cases: CaseQuerySet = model.objects.all()
        waiting = cases.to_anonymise(before)
        if dry_run:
            done[label] = waiting.count()
            continue
        done[label] = 0
        while batch := list(waiting.order_by("pk")[:BATCH]):
            for case in batch:
                anonymise(case)
                done[label] += 1
    return done


def anonymise(case: Case) -> None:
    """Erase what can name a person from one case: its own fields, the words and salts of its events, its photos."""
    with transaction.atomic():
        locked: Any = type(case)._base_manager.select_for_update(of=("self",)).get(pk=case.pk)
        locked.anonymise()
        EventText.objects.filter(event__case_label=locked.label, event__case_id=locked.pk).delete()
        photos = list(Attachment.objects.about(locked))
        Attachment.objects.about(locked).update(path="", sha256="", caption="", is_public=False)
        about = Message.objects.filter(case_label=locked.label, case_id=locked.pk)
        about.exclude(contact_ref="").update(contact_ref="erased")
    for photo in photos:
        delete_private(photo.path)


def drop_orphans(*, now: datetime) -> int:
    """Delete pictures nobody shows any more, and private files of yesterday or before that no attachment names.

    Gives how many files. A file of a request still being handled is younger than a day.
    """
    _shown_nowhere(before=now - ORPHAN_KEPT).delete()
    known = set(Attachment.objects.exclude(path="").values_list("path", flat=True))
    lost = list(orphans(known, before=(now - ORPHAN_KEPT).timestamp()))
    for path in lost:
        delete_private(path)
    return len(lost)


def _shown_nowhere(*, before: datetime) -> Any:
    """Attachments of no case and no draft (a station's, a person's) to which no row points; histories do not count."""
    rows = Attachment.objects.exclude(case_label__in=[*case_models(), PHOTOS_OF_DRAFT])
    for relation in Attachment._meta.get_fields(include_hidden=True):
        model: Any = relation.related_model
        if isinstance(relation, ForeignObjectRel) and not issubclass(model, pghistory.models.Event):
            pointing = model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            rows = rows.filter(~Exists(pointing))
    return rows.filter(created_at__lt=before)


def drop_drafts(*, now: datetime) -> int:
    """Delete expired drafts with their photos; gives how many."""
    with transaction.atomic():
        expired = list(Draft.objects.filter(expires_at__lt=now).values_list("pk", flat=True))
        photos = Attachment.objects.filter(case_label=PHOTOS_OF_DRAFT, case_id__in=expired)
        paths = list(photos.values_list("path", flat=True))
        photos.delete()
        Draft.objects.filter(pk__in=expired).delete()
    for path in paths:
        delete_private(path)
    return len(expired)
