"""Merging the same matter, splitting two matters, and taking either back. Never automatic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from core import outbox
from core.models import ActorKind, Event
from core.workflow import fire, hold
from intake import notices
from intake.actions.progress import lock_family, tell
from intake.actions.receiving import Contact, receive
from intake.models import ConstituentRequest, RequestLink


@transaction.atomic
def merge(
    request: ConstituentRequest,
    *,
    into: ConstituentRequest,
    by: Any,
    version: int | None = None,
    now: datetime | None = None,
    action_id: UUID | None = None,
) -> ConstituentRequest:
    """合并: one handling; every submitter keeps number, answer and rating. Undone until the master is assigned."""
    if into.pk == request.pk:
        raise ValidationError({"into": _("不能合并到自己。")})
    master = ConstituentRequest.objects.get(pk=into.master_id) if into.master_id is not None else into
    if master.pk == request.pk:
        raise ValidationError({"into": _("那一件已经并到这一件下面了。")})
    if master.county_code != request.county_code:
        raise ValidationError({"into": _("不在同一个县，不能合并。")})
    action_id = action_id or uuid4()
    # Cases are locked lowest id first, whichever is the master: two clerks merging crosswise cannot deadlock.
    pair = ConstituentRequest.objects.filter(pk__in=(request.pk, master.pk)).select_for_update(of=("self",))
    list(pair.order_by("pk"))
    if ConstituentRequest.objects.filter(master=request.pk, state="merged").exists():
        raise ValidationError({"into": _("这一件下面已经并有别的，请把那一件合并过来。")})
    fire(master, "absorb", by=by, facts={"request": request.pk}, now=now, action_id=action_id)
    event = fire(
        request,
        "merge",
        by=by,
        facts={"master": master.pk},
        fields={"master": master},
        version=version,
        now=now,
        action_id=action_id,
    )
    tell(request, event, _("同样的问题，一起办"), _("您的编号照样能查，结果会单独告诉您，也请您单独评价。"))
    outbox.post(notices.RequestMerged, to=notices.resident(request), about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def unmerge(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    """撤销合并: back to where it was, its clocks run on."""
    lock_family(request)
    hold(request, "unmerge", by=by, version=version)
    master = request.master
    event = fire(
        request, "unmerge", by=by, facts={"master": request.master_id}, fields={"master": None}, now=now
    )
    if master is not None:
        facts = {"request": request.pk}
        fire(master, "release", by=by, facts=facts, now=event.at, action_id=event.action_id)
    tell(request, event, _("单独办理"))
    return request


def detach(request: ConstituentRequest, event: Event) -> None:
    """One dissatisfied submitter of a merged matter: their own case goes on by itself, its master is told so.

    The caller has locked the family before it fired.
    """
    master = request.master
    if master is None:
        return
    RequestLink.objects.create(request=request, origin=master, kind=RequestLink.Kind.DETACHED, at=event.at)
    if master.is_open:
        facts = {"request": request.pk}
        fire(
            master,
            "release",
            actor_kind=ActorKind.SYSTEM,
            facts=facts,
            now=event.at,
            action_id=event.action_id,
        )
    request.unit = master.unit
    request.master = None
    request.save(update_fields=["unit", "master"])


@transaction.atomic
def split(
    request: ConstituentRequest,
    *,
    parts: Sequence[str],
    by: Any,
    version: int | None = None,
    now: datetime | None = None,
) -> list[ConstituentRequest]:
    """拆分: two matters in one letter become two cases; each new one gets its own number, the same contact, and a way back."""
    wanted = [part.strip() for part in parts if part.strip()]
    if not wanted:
        raise ValidationError({"parts": _("写明要拆出去的事，一件一行。")})
    action_id = uuid4()
    event = fire(
        request, "split", by=by, facts={"parts": len(wanted)}, version=version, now=now, action_id=action_id
    )
    contact = Contact(request.contact_name, request.contact_phone, request.notify, request.visibility)
    made = []
    for part in wanted:
        offshoot = receive(
            station=request.station,
            channel=request.channel,
            contact=contact,
            body=part,
            category=request.category,
            village=request.village,
            place=request.place,
            is_minor=request.is_minor,
            is_confidential=request.is_confidential,
            follower=request.follower,
            by=by,
            now=event.at,
        )
        RequestLink.objects.create(request=offshoot, origin=request, kind=RequestLink.Kind.SPLIT, at=event.at)
        made.append(offshoot)
    tell(request, event, _("您说了几件事，分开办"), "、".join(offshoot.reference for offshoot in made))
    return made
