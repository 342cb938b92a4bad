"""The drawn pictures, stored like any photo: re-encoded by `core.images`, named by an attachment."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

from django.core.files.base import ContentFile
from django.utils import timezone

from core.images import CleanImage, clean_image, store_bytes
from core.models import Attachment

DRAWN = Path(__file__).resolve().parent / "pictures"


@cache
def photo(name: str) -> CleanImage:
    """A drawn picture as a resident's upload would come out of the door."""
    return clean_image(ContentFile((DRAWN / f"{name}.png").read_bytes()))


def picture(
    name: str,
    *,
    label: str,
    caption: str = "",
    case_id: int | None = None,
    role: str = Attachment.Role.OTHER,
    is_public: bool = True,
    at: datetime | None = None,
) -> Attachment:
    image = photo(name)
    return Attachment.objects.create(
        case_label=label,
        case_id=case_id,
        role=role,
        path=store_bytes(image.content),
        sha256=image.sha256,
        size=len(image.content),
        width=image.width,
        height=image.height,
        caption=caption,
        is_public=is_public,
        created_at=at or timezone.now(),
    )
