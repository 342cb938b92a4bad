"""登记有处理，处理有结果: answer, refer, handle, assign, return, escalate, ask, extend, reply, sign."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Unit
from core import outbox
from core.deadlines import extend as extend_clock
from core.deadlines import new_clock, reclassify
from core.models import ActorKind, Clock, Event
from core.privacy import cut_personal
from core.workflow import NotOpen, fire, hold
from intake import notices
from intake.actions.progress import due_of, end_assignment, lock_family, tell, zh
from intake.models import ConstituentRequest, Notify, RequestAssignment, RequestNote, RequestReply
from representatives.duty import credit, credit_fact
from representatives.models import DutyKind, Person

MAX_RETURNS = 2


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
    reply = _reply_row(request, by, RequestReply.Outcome.SOLVED, headline, body, signed=True, now=now)
    tell(request, event, headline, body)
    outbox.post(notices.RequestAnswered, to=notices.resident(request), about=request, dedupe=str(event.pk))
    for each in merged:
        tell_merged(each, reply, event)
    return request


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
def assign(
    request: ConstituentRequest,
    *,
    unit: Unit,
    by: Any,
    complexity: str | None = None,
    follower: Person | None = None,
    instruction: str = "",
    verb: str = "assign",
    version: int | None = None,
    now: datetime | None = None,
    action_id: UUID | None = None,
) -> ConstituentRequest:
    """交办: a unit gets the case and its clock; the resident hears who and by when."""
    now = now or timezone.now()
    hold(request, verb, by=by, version=version)
    _check_unit(request, unit, verb)
    newly_followed = follower is not None and follower.pk != request.follower_id
    fields: dict[str, Any] = {"unit": unit, "instruction": cut_personal(instruction)[0]}
    if complexity is not None and complexity != request.complexity:
        fields["complexity"] = complexity
        reclassify(request, "request.answer", case_class=complexity)
    if follower is not None:
        fields["follower"] = follower
    case_class = fields.get("complexity", request.complexity)
    event = fire(
        request,
        verb,
        by=by,
        facts={"unit": unit.pk}
        | (
            credit_fact(follower, DutyKind.REQUEST_FOLLOWED)
            if follower is not None and newly_followed
            else {}
        ),
        fields=fields,
        case_class=case_class,
        due=_within_the_promise(request, case_class, now),
        version=version,
        now=now,
        action_id=action_id,
    )
    end_assignment(request, event, verb)
    RequestAssignment.objects.create(request=request, unit=unit, round=request.round, assigned_at=event.at)
    due = due_of(request, "request.unit")
    # The unit's time lies within what the resident was promised; they hear of their own day.
    promised = request.promised_on or due
    who = _("，%(name)s代表跟进") % {"name": request.follower.name} if request.follower is not None else ""
    tell(
        request,
        event,
        _("交给%(unit)s办理") % {"unit": unit.name},
        _("%(day)s前有结果%(who)s。") % {"day": zh(promised), "who": who},
    )
    context = {"due_on": due, "unit": unit.name}
    outbox.post(
        notices.RequestAssigned,
        to=notices.unit_officers(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )
    outbox.post(
        notices.RequestAssignedToResident,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context=context
        | {"due_on": promised, "follower": request.follower.name if request.follower is not None else ""},
    )
    outbox.post(
        notices.RequestFollowed,
        to=notices.follower(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )
    if follower is not None and newly_followed:
        credit(person=follower, kind=DutyKind.REQUEST_FOLLOWED, event=event)
    return request


def _check_unit(request: ConstituentRequest, unit: Unit, verb: str) -> None:
    """Raises ValidationError for a unit that may not have the case, NotOpen when a meeting has to decide first."""
    if request.accused.filter(unit=unit).exists():
        raise ValidationError({"unit": _("这件事反映的就是这个单位，不能交给它办。")})
    if not (unit.is_active and unit.is_handling):
        raise ValidationError({"unit": _("这个单位现在不承办，请另选一个。")})
    if verb == "reassign" and unit.pk == request.unit_id:
        raise ValidationError({"unit": _("就是现在这个单位，不用改派。")})
    if request.assignments.filter(unit=unit, ended_by="hand_back").exists():
        raise ValidationError({"unit": _("这个单位已经退回过一次，请先开协调会再改派。")})
    if request.state == "returned" and request.returns >= MAX_RETURNS:
        raise NotOpen(_("已经退回两次，先开协调会定由谁办，再改派。"))


def _within_the_promise(
    request: ConstituentRequest, case_class: str, now: datetime
) -> dict[str, date] | None:
    """The unit's day, when its own term would end after what the resident was promised and that is still ahead."""
    promised = due_of(request, "request.answer")
    if promised is None or promised <= timezone.localdate(now):
        return None
    own = new_clock(request, "request.unit", started_at=now, case_class=case_class)
    return {"request.unit": promised} if own.due_on > promised else None


def reassign(request: ConstituentRequest, *, unit: Unit, by: Any, **rest: Any) -> ConstituentRequest:
    """改派: to another unit, after a return or because the first was wrong."""
    return assign(request, unit=unit, by=by, verb="reassign", **rest)


@transaction.atomic
def hand_back(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    right_unit: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """退回: not ours, and whose it is. Once per unit, within the return window (five working days by default)."""
    hold(request, "hand_back", by=by, version=version)
    unit = request.unit
    assert unit is not None  # the rule asked for a unit's own people
    if request.assignments.filter(unit=unit, ended_by__in=("hand_back", "coordinated")).exists():
        raise NotOpen(_("这一件贵单位已经退回过一次。有不同意见请找乡镇人大协调。"))
    if (
        not Clock.objects.about(request)
        .running()
        .filter(name="request.return_window", due_at__gt=now or timezone.now())
        .exists()
    ):
        raise NotOpen(_("退回的期限已经过了，请按期答复或申请延期。"))
    event = fire(
        request,
        "hand_back",
        by=by,
        note=f"{note}\n应由：{right_unit}" if right_unit else note,
        fields={"returns": request.returns + 1},
        facts={"unit": unit.pk},
        now=now,
    )
    end_assignment(request, event, "hand_back")
    RequestAssignment.objects.create(
        request=request, unit=unit, round=request.round, assigned_at=event.at
    )  # the unit keeps handling until somebody else has it
    outbox.post(
        notices.RequestReturned,
        to=notices.town_office(request) + notices.station_head(request),
        about=request,
        dedupe=str(event.pk),
    )
    return request


@transaction.atomic
def refuse_return(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """不同意退回: the unit goes on; its clock never stopped."""
    event = fire(request, "refuse_return", by=by, note=note, version=version, now=now)
    outbox.post(
        notices.RequestReturnRefused,
        to=notices.unit_officers(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due_of(request, "request.unit")},
    )
    return request


@transaction.atomic
def coordinate(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """开协调会: who attended and what was decided; a unit that returned it before may be given it again."""
    fire(request, "coordinate", by=by, note=note, fields={"returns": 0}, version=version, now=now)
    request.assignments.filter(ended_by="hand_back").update(ended_by="coordinated")
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
def request_extension(
    request: ConstituentRequest,
    *,
    by: Any,
    days: int,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """申请延期: so many working days and why; the old date holds until somebody approves."""
    hold(request, "request_extension", by=by, version=version)
    clock = _extendable_clock(request)
    event = fire(
        request,
        "request_extension",
        by=by,
        note=note,
        facts={"days": days, "clock": clock.name},
        version=version,
        now=now,
    )
    outbox.post(
        notices.RequestExtensionWanted,
        to=notices.town_office(request),
        about=request,
        dedupe=str(event.pk),
        context={"days": days},
    )
    return request


@transaction.atomic
def extend(
    request: ConstituentRequest,
    *,
    by: Any,
    days: int,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """批准延期: an event that moves the date; the resident hears the new date and the reason."""
    hold(request, "extend", by=by, version=version)
    clock = _extendable_clock(request)
    event = fire(
        request,
        "extend",
        by=by,
        note=note,
        facts={"days": days, "clock": clock.name},
        version=version,
        now=now,
    )
    moved = extend_clock(request, clock.name, by_amount=days)
    if due_of(request, "request.answer") is not None:
        extend_clock(request, "request.answer", by_amount=days)
    tell(request, event, _("要晚几天，改到 %(day)s前") % {"day": zh(moved.due_on)}, note)
    context = {"due_on": moved.due_on}
    outbox.post(
        notices.RequestExtended,
        to=notices.resident(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )
    outbox.post(
        notices.RequestExtensionGranted,
        to=notices.unit_officers(request),
        about=request,
        dedupe=str(event.pk),
        context=context,
    )
    return request


@transaction.atomic
def refuse_extension(
    request: ConstituentRequest,
    *,
    by: Any,
    note: str,
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """不同意延期: the date stays, and the unit hears why."""
    event = fire(request, "refuse_extension", by=by, note=note, version=version, now=now)
    outbox.post(
        notices.RequestExtensionRefused,
        to=notices.unit_officers(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due_of(request, "request.unit") or due_of(request, "request.rehandle")},
    )
    return request


def _handling_clock(request: ConstituentRequest) -> Clock:
    clock = (
        Clock.objects.about(request)
        .running()
        .filter(name__in=("request.unit", "request.rehandle", "request.station"))
        .select_related("term")
        .first()
    )
    if clock is None:
        raise NotOpen(_("现在没有正在走的办理期限。"))
    return clock


def _extendable_clock(request: ConstituentRequest) -> Clock:
    clock = _handling_clock(request)
    if clock.term is not None and clock.extensions >= clock.term.max_extensions:
        raise NotOpen(_("这一件已经延过期，不能再延。"))
    return clock


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
    _reply_row(request, by, outcome, headline, body, basis=basis, planned_on=planned_on, now=event.at)
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
    _reply_row(request, by, outcome, headline, body, basis=basis, planned_on=planned_on, signed=True, now=now)
    outbox.post(
        notices.RequestReplied,
        to=notices.follower(request),
        about=request,
        dedupe=str(event.pk),
        context={"due_on": due_of(request, "request.feedback")},
    )
    return request


def _reply_row(
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
