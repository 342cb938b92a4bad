"""What may happen at any time: marks, notes, additions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Category
from core import outbox
from core.models import ActorKind
from core.privacy import cut_personal
from core.workflow import fire
from intake import notices
from intake.actions.progress import tell
from intake.models import ConstituentRequest, RequestNote
from representatives.duty import credit, credit_fact
from representatives.models import DutyKind, Person


@transaction.atomic
def follow(
    request: ConstituentRequest,
    *,
    follower: Person,
    by: Any,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """请代表跟进: representatives follow and press, they do not handle (代表法第三十一条)."""
    event = fire(
        request,
        "follow",
        by=by,
        facts={"person": follower.pk, **credit_fact(follower, DutyKind.REQUEST_FOLLOWED)},
        fields={"follower": follower},
        version=version,
        now=now,
    )
    tell(request, event, _("%(name)s代表在跟进") % {"name": follower.name})
    credit(person=follower, kind=DutyKind.REQUEST_FOLLOWED, event=event)
    outbox.post(notices.RequestFollowed, to=notices.follower(request), about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def mark_urgent(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """标为加急: danger to people; the resident is to be reached by phone within two hours."""
    event = fire(
        request, "mark_urgent", by=by, note=note, fields={"is_urgent": True}, version=version, now=now
    )
    outbox.post(
        notices.RequestArrivedUrgently,
        to=notices.station_clerks(request),
        about=request,
        dedupe=f"urgent:{event.pk}",
    )
    return request


@transaction.atomic
def contacted(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """已联系上群众: the two-hour clock stops."""
    fire(request, "contacted", by=by, note=note, version=version, now=now)
    return request


@transaction.atomic
def recategorise(
    request: ConstituentRequest,
    *,
    category: Category,
    title: str = "",
    by: Any,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """改分类: and, when given, a better title."""
    fields: dict[str, Any] = {"category": category}
    if title.strip():
        fields["title"] = cut_personal(title.strip())[0][:60]
    fire(
        request,
        "recategorise",
        by=by,
        facts={"category": category.pk},
        fields=fields,
        version=version,
        now=now,
    )
    return request


@transaction.atomic
def publish(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    """公开办理情况: title, category, area and result, never a name, number or address."""
    fire(request, "publish", by=by, fields={"is_public": True}, version=version, now=now)
    return request


@transaction.atomic
def unpublish(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    fire(request, "unpublish", by=by, fields={"is_public": False}, version=version, now=now)
    return request


@transaction.atomic
def add(
    request: ConstituentRequest,
    *,
    text: str,
    by: Any = None,
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """群众追加: bumps the case on every desk that has it."""
    kind = actor_kind or (ActorKind.USER if by is not None else ActorKind.RESIDENT)
    event = fire(request, "add", by=by, actor_kind=kind, version=version, now=now)
    words, spans = cut_personal(text)
    RequestNote.objects.create(
        request=request, kind=RequestNote.Kind.ADDITION, text=words, spans=spans, by=by, at=event.at
    )
    tell(request, event, _("您又说了几句"), words)
    heard = notices.station_clerks(request) + notices.unit_officers(request)
    outbox.post(notices.RequestSupplemented, to=heard, about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def note(
    request: ConstituentRequest,
    *,
    text: str,
    by: Any,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """内部备注: the resident does not see it."""
    event = fire(request, "note", by=by, version=version, now=now)
    words, spans = cut_personal(text)
    RequestNote.objects.create(
        request=request, kind=RequestNote.Kind.STAFF, text=words, spans=spans, by=by, at=event.at
    )
    return request
