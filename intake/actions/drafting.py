"""The resident's half-written matter: kept sealed under the digest of a cookie, and taken in once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.translation import ngettext

from core.idempotency import KeyReused, once
from core.images import CleanImage, delete_private, store_bytes
from core.models import Attachment, Draft
from core.models.draft import PHOTOS_OF_DRAFT, Submission
from core.throttle import Limit, hit
from intake.actions.marking import add
from intake.actions.receiving import Contact, receive
from intake.models import ConstituentRequest, RequestLink

SCOPE = "web"
KEPT = timedelta(days=7)
MAX_PHOTOS = 6
# What one case may carry in all, what was added later included.
MOST_PHOTOS = 18
# A household shares a phone, a village shares the address of its carrier.
BY_DEVICE = Limit("receive.device", 10, 3600)
BY_PHONE = Limit("receive.phone", 10, 24 * 3600)
BY_ADDRESS = Limit("receive.address", 300, 3600)
BY_STATION = Limit("receive.station", 300, 3600)


class TooMany(Exception):
    """More than this device, number, address or station may send; says when to come back."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.minutes = max(1, -(-seconds // 60))


def digest(token: str) -> str:
    """The cookie itself is stored nowhere."""
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str) -> Draft | None:
    if not token:
        return None
    return Draft.objects.filter(key=digest(token), expires_at__gt=timezone.now()).first()


def photos_of(draft: Draft | None) -> list[Attachment]:
    if draft is None:
        return []
    return list(Attachment.objects.filter(case_label=PHOTOS_OF_DRAFT, case_id=draft.pk).order_by("pk"))


def usable_key(given: str) -> str:
    """A key a browser made, as far as it is one; otherwise one of ours."""
    try:
        return str(UUID(given))
    except ValueError:
        return str(uuid4())


@transaction.atomic
def keep(
    token: str,
    changes: Mapping[str, Any],
    *,
    key: str = "",
    photos: Sequence[CleanImage] = (),
    drop: str = "",
) -> tuple[str, Draft]:
    """Write what a step said into the draft; the first time makes it, under a new token.

    Two tabs of one browser write to the same draft, one after the other.
    """
    draft = Draft.objects.select_for_update().filter(key=digest(token)).first() if token else None
    now = timezone.now()
    if draft is None or draft.expires_at <= now:
        token = secrets.token_urlsafe(24)
        draft = Draft(key=digest(token), case_label=ConstituentRequest.label, payload={})
    matter = draft.payload.get("now") or {"key": usable_key(key)}
    draft.payload = {**draft.payload, "now": {**matter, **changes}}
    draft.updated_at, draft.expires_at = now, now + KEPT
    draft.save()
    if drop:
        drop_photos(Attachment.objects.filter(public_id=drop, case_label=PHOTOS_OF_DRAFT, case_id=draft.pk))
    _keep_photos(draft, photos)
    return token, draft


def _keep_photos(draft: Draft, photos: Sequence[CleanImage]) -> None:
    if photos:
        there = Attachment.objects.filter(case_label=PHOTOS_OF_DRAFT, case_id=draft.pk)
        attach(PHOTOS_OF_DRAFT, draft.pk, photos, known=there, most=MAX_PHOTOS)


def attach(label: str, pk: int, photos: Iterable[CleanImage], *, known: Any, most: int) -> int:
    """Store photos beside those already there; one sent twice is one, and there is an end. Gives how many are new."""
    seen = set(known.values_list("sha256", flat=True))
    rows = []
    for photo in photos:
        if photo.sha256 in seen or len(seen) >= most:
            continue
        seen.add(photo.sha256)
        rows.append(
            Attachment(
                case_label=label, case_id=pk, path=store_bytes(photo.content), sha256=photo.sha256,
                size=len(photo.content), width=photo.width, height=photo.height,
            )
        )  # fmt: skip
    Attachment.objects.bulk_create(rows)
    return len(rows)


def drop_photos(rows: Any) -> None:
    """Remove photos of a draft: rows first, files when that is certain."""
    paths = list(rows.values_list("path", flat=True))
    rows.delete()
    for path in paths:
        transaction.on_commit(partial(delete_private, path))


@dataclass(frozen=True)
class Receipt:
    """What a resident gets for a matter handed in; `again` says it had been handed in before."""

    request_id: int
    number: str
    code: str
    again: bool = False


def receipt_of(key: str) -> Receipt | None:
    """The receipt of a matter already handed in under this key."""
    done = Submission.objects.filter(scope=SCOPE, key=key).exclude(case_id=None).first()
    return Receipt(**done.answer, again=True) if done is not None else None


Matter = Callable[[Mapping[str, Any]], dict[str, Any]]


def submit(token: str, key: str, *, matter_of: Matter, address: str) -> Receipt | None:
    """Hand a draft in: the first press makes the request, every other one gets its receipt.

    `matter_of` turns the draft's fields into the arguments of `receive`. Gives nothing when the draft is gone or has
    another key: what it holds now is another matter. Raises TooMany.
    """

    def act() -> tuple[dict[str, Any], ConstituentRequest]:
        draft = Draft.objects.select_for_update().get(key=digest(token))
        said = draft.payload["now"]
        if said["key"] != key:
            raise Draft.DoesNotExist
        arguments = matter_of(said)
        _count(token, arguments, address)
        origin = arguments.pop("joins", None)
        request = receive(**arguments)
        if origin is not None:
            RequestLink.objects.create(
                request=request, origin_id=origin, kind=RequestLink.Kind.SAME, at=request.created_at
            )
        Attachment.objects.filter(case_label=PHOTOS_OF_DRAFT, case_id=draft.pk).update(
            case_label=request.label, case_id=request.pk
        )
        receipt = {"request_id": request.pk, "number": request.reference, "code": request.receipt_code}
        draft.payload = {"last": {**receipt, "key": key}}
        draft.save(update_fields=["payload"])
        return receipt, request

    try:
        answer = once(SCOPE, key, {"draft": digest(token)}, act)
    except KeyReused:
        return receipt_of(key)
    except (Draft.DoesNotExist, KeyError):
        return None
    return Receipt(**answer.body, again=answer.replayed)


def _count(token: str, arguments: Mapping[str, Any], address: str) -> None:
    """Only what is really taken in counts: a repeated press is answered before it comes here."""
    contact: Contact = arguments["contact"]
    sources = [(BY_DEVICE, digest(token)), (BY_ADDRESS, address), (BY_STATION, arguments["station"].code)]
    if contact.phone:
        sources.append((BY_PHONE, contact.phone))
    for limit, source in sources:
        verdict = hit(limit, source)
        if not verdict.allowed:
            raise TooMany(verdict.retry_after)


@transaction.atomic
def say_more(request: ConstituentRequest, *, text: str, photos: Sequence[CleanImage] = ()) -> None:
    """群众追加, with photos: one event, however much comes with it. Photos sent twice are one and change nothing."""
    ConstituentRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    known = Attachment.objects.about(request)
    fresh = attach(request.label, request.pk, photos, known=known, most=MOST_PHOTOS)
    if not text and not fresh:
        return
    words = ngettext("补了 %(n)d 张照片。", "补了 %(n)d 张照片。", fresh) % {"n": fresh} if fresh else ""
    add(request, text="\n".join(part for part in (text, words) if part))
