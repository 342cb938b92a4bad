"""What is done to people's entries: a picture, the end of a mandate."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core.images import clean_image, delete_private, store_bytes
from core.models import Attachment
from representatives import rules
from representatives.models import Mandate, Person

if TYPE_CHECKING:
    from accounts.models import User


def keep_photo(upload: Any, *, label: str, of: int, by: User) -> Attachment:
    """Keep a public picture of a person or a place: our own re-encoding, without EXIF or place."""
    clean = clean_image(upload)
    return Attachment.objects.create(
        case_label=label,
        case_id=of,
        role=Attachment.Role.OTHER,
        path=store_bytes(clean.content),
        sha256=clean.sha256,
        size=len(clean.content),
        width=clean.width,
        height=clean.height,
        is_public=True,
        uploaded_by=by,
    )


@transaction.atomic
def replace_photo(subject: Any, upload: Any, *, label: str, by: User) -> Any:
    """Give a person or a station its public picture, our own re-encoding; the former one is gone for good.

    Raises ValidationError for what is no photo.
    """
    former = subject.photo
    subject.photo = keep_photo(upload, label=label, of=subject.pk, by=by)
    subject.save(update_fields=["photo"])
    if former is not None:
        drop_photo(former)
    return subject


def drop_photo(photo: Attachment) -> None:
    """A picture nobody shows any more is gone for good: row and file."""
    photo.delete()
    transaction.on_commit(lambda: delete_private(photo.path))


def set_person_photo(person: Person, upload: Any, *, by: User) -> Person:
    if not rules.may_manage(by, person):
        raise PermissionDenied
    return replace_photo(person, upload, label="person", by=by)


@transaction.atomic
def end_mandate(mandate: Mandate, *, on: date, reason: str, by: User) -> Mandate:
    """代表资格终止: the mandate ends on a day, for a reason; the person's other mandates stay."""
    if not rules.may_manage(by, mandate.person):
        raise PermissionDenied
    if on < mandate.begins_on:
        raise ValidationError(_("终止的日子不能早于开始的日子。"), code="too_early")
    if not reason.strip():
        raise ValidationError(_("请写明终止的原因。"), code="no_reason")
    mandate.ends_on, mandate.end_reason = on, reason.strip()[:60]
    mandate.save(update_fields=["ends_on", "end_reason"])
    return mandate
