"""结果有反馈: tell the resident, ask the two questions, redo what is not solved."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.models import ActorKind, Event
from core.privacy import cut_personal
from core.workflow import NotOpen, fire, hold
from intake import notices
from intake.actions.lineage import detach
from intake.actions.progress import due_of, lock_family, tell, zh
from intake.actions.replying import signed_reply, tell_merged, tell_resident
from intake.models import (
    ConstituentRequest,
    RequestAssignment,
    RequestCall,
    RequestRating,
    RequestReply,
    Satisfied,
    Solved,
)

CALLS_NEEDED = 3


@transaction.atomic
def feed_back(
    request: ConstituentRequest,
    *,
    by: Any,
    method: str = "sms",
    note: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """告诉群众结果: a hard gate before any closing. A planned reply is told as a promise and followed to its date.

    Those whose requests were merged into this one each hear it and each rate it.
    """
    now = now or timezone.now()
    merged = lock_family(request)
    hold(request, "feed_back", by=by, version=version)
    reply = signed_reply(request)
    if reply is None:
        raise NotOpen(_("还没有签发的答复，不能反馈。"))
    planned = reply.outcome == RequestReply.Outcome.PLANNED
    event = fire(
        request,
        "promise" if planned else "feed_back",
        by=by,
        note=note,
        facts={"method": method, "reply": reply.pk},
        fields={"told_at": now, "planned_on": reply.planned_on, "answered_at": request.answered_at or now},
        due={"request.followup": reply.planned_on} if planned and reply.planned_on is not None else None,
        now=now,
    )
    tell(request, event, reply.headline, reply.body, station=3)
    tell_resident(request, reply, event)
    for each in merged:
        tell_merged(each, reply, event)
    return request


@transaction.atomic
def log_call(
    request: ConstituentRequest,
    *,
    by: Any,
    outcome: str,
    note: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """记一次联系: three tries on three days before 未联系上."""
    event = fire(request, "log_call", by=by, facts={"outcome": outcome}, version=version, now=now)
    RequestCall.objects.create(
        request=request, outcome=outcome, note=cut_personal(note)[0], by=by, at=event.at
    )
    return request


@transaction.atomic
def rate(
    request: ConstituentRequest,
    *,
    solved: str = "",
    satisfied: str = "",
    remark: str = "",
    by: Any = None,
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """评价: two questions, nothing preselected. 没解决 or 不满意 sends it back by itself; the second time it goes to the county.

    部分解决 and 说不清 go to the call-back list. One rating per round; the unit never touches it.
    """
    if not solved and not satisfied:
        raise ValidationError(_("请至少回答一个问题：解决了吗，满意吗。"))
    if solved not in ("", *Solved.values) or satisfied not in ("", *Satisfied.values):
        raise ValidationError(_("没有这个选项，请重新选。"))
    now = now or timezone.now()
    kind = actor_kind or (ActorKind.USER if by is not None else ActorKind.RESIDENT)
    lock_family(request)
    request.refresh_from_db()
    earlier = RequestRating.objects.filter(request=request, round=request.round).first()
    if earlier is not None and request.state != "callback":
        raise NotOpen(_("您已经评过了，谢谢。"))
    rating = earlier or RequestRating(request=request, round=request.round)
    rating.solved, rating.satisfied = solved, satisfied
    rating.remark, rating.recorded_by, rating.at = cut_personal(remark)[0], by, now
    verb = _verb_of(request, rating)
    facts = {"solved": solved, "satisfied": satisfied, "recorded": by is not None}
    fields = {"solved": solved, "satisfied": satisfied, "rated_at": now}
    rated_round = request.round
    event = fire(request, verb, by=by, actor_kind=kind, facts=facts, fields=fields, version=version, now=now)
    rating.round = rated_round
    rating.save()
    _AFTER[verb](request, event)
    return request


def _verb_of(request: ConstituentRequest, rating: RequestRating) -> str:
    if rating.sends_back:
        return "send_back" if request.round == 1 else "dispute"
    if rating.solved in (Solved.PARTLY, Solved.CANNOT_TELL) and request.state == "told":
        return "rate_partly"
    return "rate"


def _thank(request: ConstituentRequest, event: Event) -> None:
    tell(request, event, _("您评价了：%(words)s") % {"words": rating_words(request)})


def _call_back(request: ConstituentRequest, event: Event) -> None:
    tell(
        request,
        event,
        _("您评价了：%(words)s") % {"words": rating_words(request)},
        _("联络站会打电话问问您还差什么。"),
    )
    outbox.post(
        notices.RequestToCallBack, to=notices.station_clerks(request), about=request, dedupe=str(event.pk)
    )


def _redo(request: ConstituentRequest, event: Event) -> None:
    """Back to whoever answered, with a new date; a merged submitter's own case is detached and redone on its own."""
    detach(request, event)
    if request.unit_id is not None:
        RequestAssignment.objects.create(
            request=request, unit_id=request.unit_id, round=request.round, assigned_at=event.at
        )
    due = due_of(request, "request.rehandle")
    who = request.unit.name if request.unit is not None else request.station.name
    tell(
        request,
        event,
        _("已经退回重办"),
        _("%(who)s要在 %(day)s前再答复。") % {"who": who, "day": zh(due)},
        station=2,
    )
    context = {"due_on": due}
    heard = notices.unit_officers(request) + notices.unit_heads(request) + notices.station_clerks(request)
    outbox.post(
        notices.RequestRedo,
        to=heard + notices.follower(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )
    outbox.post(
        notices.RequestSentBack,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )


def _dispute(request: ConstituentRequest, event: Event) -> None:
    detach(request, event)
    due = due_of(request, "request.county")
    tell(request, event, _("县代表工委来复核"), _("%(day)s前给您答复。") % {"day": zh(due)}, station=2)
    outbox.post(
        notices.RequestEscalated,
        to=notices.county_office(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due, "cause": "disputed"},
    )
    outbox.post(
        notices.RequestSentBack,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due, "reviewed": True},
    )


_AFTER = {"rate": _thank, "rate_partly": _call_back, "send_back": _redo, "dispute": _dispute}


def rating_words(request: ConstituentRequest) -> str:
    parts = [
        request.get_solved_display() if request.solved else "",
        request.get_satisfied_display() if request.satisfied else "",
    ]
    return "、".join(part for part in parts if part)


@transaction.atomic
def settle(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """回访后办结: what was still missing was talked over with the resident."""
    hold(request, "settle", by=by, version=version)
    calls = request.calls.filter(at__gte=request.rated_at)
    if not calls.filter(outcome=RequestCall.Outcome.REACHED).exists() and tried_days(request) < CALLS_NEEDED:
        raise NotOpen(_("还没有回访到。先打电话，打通了或三天都没打通，再办结。"))
    event = fire(request, "settle", by=by, note=note, now=now)
    tell(request, event, _("回访以后办结"))
    return request


@transaction.atomic
def lapse(
    request: ConstituentRequest,
    *,
    by: Any = None,
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
    since: datetime | None = None,
) -> ConstituentRequest:
    """评价时间已过: unrated stays unrated and leaves the base of every rate. Staff: only after three tries on three days."""
    hold(request, "lapse", by=by, actor_kind=actor_kind, version=version)
    if by is not None and tried_days(request) < CALLS_NEEDED:
        raise NotOpen(_("要在三天里各联系一次都没联系上，才能按“未评价”办结。"))
    event = fire(request, "lapse", by=by, actor_kind=actor_kind, now=now, since=since)
    tell(request, event, _("评价时间过了，先办结"), _("有话还可以打电话，或到站里说。"))
    return request


def tried_days(request: ConstituentRequest) -> int:
    """On how many days somebody tried in vain to reach the resident in this round."""
    told_at = request.told_at or request.created_at
    tries = (
        request.calls.filter(at__gte=told_at)
        .exclude(outcome=RequestCall.Outcome.REACHED)
        .values_list("at", flat=True)
    )
    return len({timezone.localdate(at) for at in tries})


@transaction.atomic
def close_disputed(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """复核后办结: the county has looked at it, told the resident why nothing more can be done, and writes that down."""
    event = fire(request, "close_disputed", by=by, note=note, version=version, now=now)
    tell(request, event, _("县里复核后办结"), note)
    outbox.post(notices.RequestAnswered, to=notices.resident(request), about=request, dedupe=str(event.pk))
    return request
