"""登记有处理: hand it to a unit, take it back, give it to another, give it more time."""

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
from core.models import Clock
from core.privacy import cut_personal
from core.workflow import NotOpen, fire, hold
from intake import notices
from intake.actions.progress import due_of, end_assignment, tell, zh
from intake.models import ConstituentRequest, RequestAssignment
from representatives.duty import credit, credit_fact
from representatives.models import DutyKind, Person

MAX_RETURNS = 2


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
