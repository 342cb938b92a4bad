"""登记有处理: refuse, answer on the spot, show the right door, handle, escalate, ask back, withdraw, urge, file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.models import ActorKind, Event
from core.privacy import cut_personal
from core.workflow import fire
from intake import notices
from intake.actions.progress import due_of, end_assignment, lock_family, tell, zh
from intake.actions.replying import reply_row, tell_merged
from intake.models import ConstituentRequest, RequestNote, RequestReply


@transaction.atomic
def reject(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """不予登记: empty, illegal or no matter at all; the reason is told."""
    event = fire(request, "reject", by=by, note=note, version=version, now=now)
    tell(request, event, _("没有登记"), note)
    outbox.post(notices.RequestRejected, to=notices.resident(request), about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def answer(
    request: ConstituentRequest,
    *,
    by: Any,
    headline: str,
    body: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """当场答复: said face to face, written down with what was said; the rating is open to the resident."""
    now = now or timezone.now()
    merged = lock_family(request)
    event = fire(
        request, "answer", by=by, fields={"answered_at": now, "told_at": now}, version=version, now=now
    )
    reply = reply_row(request, by, RequestReply.Outcome.SOLVED, headline, body, signed=True, now=now)
    tell(request, event, headline, body)
    outbox.post(notices.RequestAnswered, to=notices.resident(request), about=request, dedupe=str(event.pk))
    for each in merged:
        tell_merged(each, reply, event)
    return request


@transaction.atomic
def refer(
    request: ConstituentRequest,
    *,
    by: Any,
    door: str,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """转其他渠道: petitions, courts, discipline, 12345: the reason and the right door are named (信访工作条例第二十二、三十一条)."""
    merged = lock_family(request)
    event = fire(request, "refer", by=by, note=note, facts={"door": door}, version=version, now=now)
    _tell_door(request, event, door, note)
    for each in merged:
        along = fire(
            each, "refer_along", actor_kind=ActorKind.SYSTEM, note=note, facts={"door": door}, now=event.at,
            action_id=event.action_id,
        )  # fmt: skip
        _tell_door(each, along, door, note)
    return request


def _tell_door(request: ConstituentRequest, event: Event, door: str, note: str) -> None:
    end_assignment(request, event, "refer")
    tell(request, event, _("这件事要去：%(door)s") % {"door": DOORS[door]}, note)
    outbox.post(
        notices.RequestReferred,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context={"door": DOORS[door]},
    )


DOORS = {
    "petition": "县信访局",
    "court": "人民法院",
    "discipline": "县纪委监委",
    "hotline": "12345 政务服务热线",
    "emergency": "110、119、120",
    "arbitration": "仲裁、行政复议机构",
    "other": "其他渠道",
}


@transaction.atomic
def handle(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    """站内办理: the station does it itself."""
    event = fire(request, "handle", by=by, fields={"unit": None}, version=version, now=now)
    due = due_of(request, "request.station")
    tell(
        request,
        event,
        _("%(station)s自己来办") % {"station": request.station.name},
        _("%(day)s前办好。") % {"day": zh(due)},
    )
    return request


@transaction.atomic
def escalate(
    request: ConstituentRequest,
    *,
    by: Any = None,
    note: str = "",
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
    since: datetime | None = None,
) -> ConstituentRequest:
    """上报县级: by the town, or by itself when a deadline is long past; where it came from stays on the case."""
    event = fire(
        request,
        "escalate",
        by=by,
        actor_kind=actor_kind,
        note=note,
        facts={"origin_town": request.origin_town_code, "unit": request.unit_id},
        version=version,
        now=now,
        since=since,
    )
    end_assignment(request, event, "escalate")
    due = due_of(request, "request.county")
    tell(request, event, _("已经上报县里"), _("县代表工委接着督促，%(day)s前有结果。") % {"day": zh(due)})
    outbox.post(
        notices.RequestEscalated,
        to=notices.county_office(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due, "cause": "overdue" if by is None else ""},
    )
    return request


@transaction.atomic
def hand_down(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """下交乡镇: with the county's opinion."""
    event = fire(request, "hand_down", by=by, note=note, fields={"unit": None}, version=version, now=now)
    tell(request, event, _("县里看过，交回%(station)s来办") % {"station": request.station.name})
    outbox.post(
        notices.RequestArrived,
        to=notices.station_clerks(request),
        about=request,
        dedupe=str(event.pk),
        context={"handed_down": True},
    )
    return request


@transaction.atomic
def ask(
    request: ConstituentRequest,
    *,
    by: Any,
    question: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """请群众补充: the clocks stand still until the answer comes or its time is over."""
    event = fire(request, "ask", by=by, version=version, now=now)
    words, spans = cut_personal(question)
    RequestNote.objects.create(
        request=request, kind=RequestNote.Kind.QUESTION, text=words, spans=spans, by=by, at=event.at
    )
    tell(request, event, _("想请您补充"), words)
    outbox.post(notices.RequestAsked, to=notices.resident(request), about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def supplement(
    request: ConstituentRequest,
    *,
    text: str,
    by: Any = None,
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """群众补充: the answer to a question asked back; what stood still runs on."""
    event = fire(
        request,
        "supplement",
        by=by,
        actor_kind=actor_kind or (ActorKind.USER if by is not None else ActorKind.RESIDENT),
        version=version,
        now=now,
    )
    words, spans = cut_personal(text)
    RequestNote.objects.create(
        request=request, kind=RequestNote.Kind.ANSWER, text=words, spans=spans, by=by, at=event.at
    )
    tell(request, event, _("您补充了情况"), words)
    outbox.post(
        notices.RequestSupplemented,
        to=notices.station_clerks(request) + notices.unit_officers(request),
        about=request,
        dedupe=str(event.pk),
    )
    return request


@transaction.atomic
def carry_on(
    request: ConstituentRequest,
    *,
    by: Any = None,
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
    since: datetime | None = None,
) -> ConstituentRequest:
    """没等到补充，接着办: with what is known."""
    event = fire(request, "carry_on", by=by, actor_kind=actor_kind, version=version, now=now, since=since)
    tell(request, event, _("没等到补充，先按已有的情况接着办"))
    return request


@transaction.atomic
def withdraw(
    request: ConstituentRequest,
    *,
    by: Any = None,
    note: str = "",
    actor_kind: str | None = None,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """撤回: the resident says it is no longer needed."""
    kind = actor_kind or (ActorKind.USER if by is not None else ActorKind.RESIDENT)
    merged = lock_family(request)
    event = fire(request, "withdraw", by=by, actor_kind=kind, note=note, version=version, now=now)
    end_assignment(request, event, "withdraw")
    tell(request, event, _("您撤回了这一件"))
    heard = notices.station_clerks(request) + notices.unit_officers(request)
    outbox.post(notices.RequestWithdrawn, to=heard, about=request, dedupe=str(event.pk))
    for each in merged:
        _stand_alone(each, event)
    return request


def _stand_alone(request: ConstituentRequest, master_event: Event) -> None:
    """Others said the same and did not withdraw it: theirs goes on where it stood before it was merged."""
    event = fire(
        request,
        "unmerge",
        actor_kind=ActorKind.SYSTEM,
        fields={"master": None},
        now=master_event.at,
        action_id=master_event.action_id,
    )
    tell(request, event, _("单独办理"))
    outbox.post(
        notices.RequestArrived, to=notices.station_clerks(request), about=request, dedupe=str(event.pk)
    )


@transaction.atomic
def urge(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """催办: by the town, the county or the representative who follows."""
    event = fire(request, "urge", by=by, note=note, version=version, now=now)
    heard = notices.unit_officers(request) + notices.unit_heads(request) or notices.station_clerks(request)
    outbox.post(notices.RequestUrged, to=heard, about=request, dedupe=str(event.pk))
    return request


@transaction.atomic
def archive(
    request: ConstituentRequest, *, by: Any, version: int | None = None, now: datetime | None = None
) -> ConstituentRequest:
    """归档: the file is complete."""
    fire(request, "archive", by=by, version=version, now=now)
    return request
