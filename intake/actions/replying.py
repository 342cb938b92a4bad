"""处理有结果: an answer drafted, signed or reported, and told to everybody who raised the matter."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.models import ActorKind, Event
from core.privacy import cut_personal
from core.workflow import NotOpen, fire, hold
from intake import notices
from intake.actions.progress import due_of, end_assignment, tell
from intake.models import ConstituentRequest, Notify, RequestReply


def tell_merged(request: ConstituentRequest, reply: RequestReply, master_event: Event) -> None:
    """Each whose request was merged hears the master's answer and rates it by themselves; a plan only moves on later."""
    now = master_event.at
    planned = reply.outcome == RequestReply.Outcome.PLANNED
    event = fire(
        request,
        "promise_along" if planned else "feed_back",
        actor_kind=ActorKind.SYSTEM,
        facts={"method": "page", "reply": reply.pk},
        fields={"planned_on": reply.planned_on, "told_at": now, "answered_at": now},
        now=now,
        action_id=master_event.action_id,
    )
    tell(request, event, reply.headline, reply.body, station=3)
    tell_resident(request, reply, event)
    if request.has_contact and request.notify == Notify.PHONE:
        outbox.post(
            notices.RequestToCallBack,
            to=notices.station_clerks(request),
            about=request,
            dedupe=str(event.pk),
            context={"tell": True},
        )


def tell_resident(request: ConstituentRequest, reply: RequestReply, event: Event) -> None:
    """The message that a result is there, or a plan with its day."""
    planned = reply.outcome == RequestReply.Outcome.PLANNED
    outbox.post(
        notices.RequestPromised if planned else notices.RequestAnswered,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context={"planned_on": reply.planned_on} if planned else None,
    )


@transaction.atomic
def submit_reply(
    request: ConstituentRequest,
    *,
    by: Any,
    outcome: str,
    headline: str,
    body: str,
    basis: str = "",
    planned_on: date | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """送审答复: drafted by the officer, waiting for the head's signature."""
    event = fire(request, "submit_reply", by=by, facts={"outcome": outcome}, version=version, now=now)
    reply_row(request, by, outcome, headline, body, basis=basis, planned_on=planned_on, now=event.at)
    outbox.post(notices.RequestToSign, to=notices.unit_heads(request), about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def send_back_draft(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """退回修改: the head wants it better; the officer's words stay."""
    event = fire(request, "send_back_draft", by=by, note=note, version=version, now=now)
    draft = waiting_reply(request)
    if draft is not None:
        draft.check_note = cut_personal(note)[0][:200]
        draft.save(update_fields=["check_note"])
    outbox.post(
        notices.RequestDraftSentBack, to=notices.unit_officers(request), about=request, dedupe=str(event.pk)
    )
    return request


@transaction.atomic
def sign(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    """签发答复: the unit head's name stands under it; now the station tells the resident."""
    hold(request, "sign", by=by, version=version)
    draft = waiting_reply(request)
    if draft is None:
        raise NotOpen(_("没有等着签发的答复。"))
    now = now or timezone.now()
    event = fire(
        request,
        "sign",
        by=by,
        facts={"reply": draft.pk, "outcome": draft.outcome},
        fields={"answered_at": now, "planned_on": draft.planned_on},
        version=version,
        now=now,
    )
    draft.signed_by, draft.signed_at = by, now
    draft.save(update_fields=["signed_by", "signed_at"])
    end_assignment(request, event, "sign")
    outbox.post(
        notices.RequestReplied,
        to=notices.station_clerks(request) + notices.follower(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due_of(request, "request.feedback")},
    )
    return request


@transaction.atomic
def report_result(
    request: ConstituentRequest,
    *,
    by: Any,
    outcome: str,
    headline: str,
    body: str,
    basis: str = "",
    planned_on: date | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """登记办理结果: what the station itself achieved."""
    now = now or timezone.now()
    event = fire(
        request,
        "report_result",
        by=by,
        facts={"outcome": outcome},
        fields={"answered_at": now, "planned_on": planned_on},
        version=version,
        now=now,
    )
    reply_row(request, by, outcome, headline, body, basis=basis, planned_on=planned_on, signed=True, now=now)
    outbox.post(
        notices.RequestReplied,
        to=notices.follower(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due_of(request, "request.feedback")},
    )
    return request


def reply_row(
    request: ConstituentRequest,
    by: Any,
    outcome: str,
    headline: str,
    body: str,
    *,
    basis: str = "",
    planned_on: date | None = None,
    signed: bool = False,
    now: datetime,
) -> RequestReply:
    return RequestReply.objects.create(
        request=request,
        round=request.round,
        unit=request.unit,
        outcome=outcome,
        headline=cut_personal(headline)[0],
        body=cut_personal(body)[0],
        basis=cut_personal(basis)[0],
        planned_on=planned_on,
        written_by=by,
        written_at=now,
        signed_by=by if signed else None,
        signed_at=now if signed else None,
    )


def waiting_reply(request: ConstituentRequest) -> RequestReply | None:
    """The latest draft of this round without a signature."""
    return (
        request.replies.filter(signed_at__isnull=True, round=request.round)
        .order_by("-written_at", "-pk")
        .first()
    )


def signed_reply(request: ConstituentRequest) -> RequestReply | None:
    """The latest signed reply; for a merged request its master's."""
    source = request.master if request.master is not None and not request.replies.exists() else request
    return source.replies.filter(signed_at__isnull=False).order_by("-signed_at", "-pk").first()
