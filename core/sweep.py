"""The one sweep: climbs the ladders of clocks that are due, once per rung and round, however late it comes."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from core import deadlines, outbox, steps
from core.cases import case_model
from core.models.case import Case
from core.models.clock import Clock, RungFiring
from core.models.event import ActorKind
from core.models.message import Message
from core.models.rules import Rung
from core.workflow import WorkflowError, fire_many

logger = logging.getLogger(__name__)

BATCH = 1000
REMIND = "remind"  # every workflow that has ladders carries this transition: the state stays, the event says which rung


@dataclass
class SweepCount:
    clocks: int = 0
    rungs: int = 0
    fired: int = 0
    refused: list[str] = field(default_factory=list)


class LadderClimbed(outbox.Notice):
    """Somebody's deadline is near or past: number, clock, rung and date, nothing of the matter's words."""

    key = "core.ladder_climbed"
    template = "core/notices/ladder_climbed.txt"
    channels = (Message.Channel.INBOX, Message.Channel.EMAIL)


class LadderClimbedUrgently(LadderClimbed):
    key = "core.ladder_climbed_urgently"
    urgent = True


def sweep(*, now: datetime | None = None) -> SweepCount:
    """Climb every rung that is due by `now`, in batches with a transaction each.

    Two sweeps at once share the work (SKIP LOCKED) and change nothing twice (unique firing); days off are caught up
    with the rungs' true dates.
    """
    now = now or timezone.now()
    count = SweepCount()
    while True:
        with transaction.atomic():
            clocks = list(
                Clock.objects.select_for_update(skip_locked=True)
                .to_check(now)
                .order_by("next_check_at", "pk")[:BATCH]
            )
            if not clocks:
                return count
            _climb(clocks, now, count)


def _climb(clocks: list[Clock], now: datetime, count: SweepCount) -> None:
    count.clocks += len(clocks)
    for label in sorted({clock.case_label for clock in clocks}):
        mine = [clock for clock in clocks if clock.case_label == label]
        model = case_model(label)
        # Cases are locked in one order, before anything is read from them: an action and the sweep cannot cross.
        cases = {
            case.pk: case
            for case in model._base_manager.select_for_update(of=("self",))
            .filter(pk__in={clock.case_id for clock in mine})
            .order_by("pk")
        }
        due = [
            (clock, rung, instant)
            for clock in mine
            for rung, instant in _rungs_due(clock, cases[clock.case_id].county_code, now)
        ]
        new = _record(due, now)
        _tell(model, [(clock, rung) for clock, rung, _instant in new], cases, now)
        for clock in mine:
            climbed = [rung.order for each, rung, _instant in due if each.pk == clock.pk]
            clock.rung_order = max([clock.rung_order, *climbed])
            deadlines.set_next_check(clock, county_code=cases[clock.case_id].county_code)
        Clock.objects.bulk_update(mine, ["rung_order", "next_check_at"], batch_size=BATCH)
        _recache(model, cases, mine)
        count.rungs += len(new)
        for clock, rung, _instant in new:
            if rung.fires:
                _fire(cases[clock.case_id], rung, now, count)


def _rungs_due(clock: Clock, county_code: str, now: datetime) -> Iterable[tuple[Rung, datetime]]:
    for rung in deadlines.ladder_of(clock, county_code=county_code):
        instant = deadlines.rung_instant(clock, rung)
        skipped = rung.offset < 0 and instant <= clock.started_at
        if rung.order > clock.rung_order and instant <= now and not skipped:
            yield rung, instant


def _record(due: list[tuple[Clock, Rung, datetime]], now: datetime) -> list[tuple[Clock, Rung, datetime]]:
    """Insert the firings; gives those that were not there before."""
    if not due:
        return []
    before = set(
        RungFiring.objects.filter(clock__in={clock.pk for clock, _r, _i in due}).values_list(
            "clock_id", "rung_id", "round"
        )
    )
    new = [(c, r, i) for c, r, i in due if (c.pk, r.pk, c.round) not in before]
    RungFiring.objects.bulk_create(
        [RungFiring(clock=c, rung=r, round=c.round, due_at=i, fired_at=now) for c, r, i in new]
    )
    return new


def _tell(model: type[Case], new: list[tuple[Clock, Rung]], cases: dict[int, Case], now: datetime) -> None:
    """One event per case for this sweep, naming every rung it climbed, and the messages to those who hear them."""
    rungs: dict[int, list[dict[str, object]]] = {}
    for clock, rung in new:
        rungs.setdefault(clock.case_id, []).append(
            {
                "clock": clock.name,
                "level": rung.level,
                "order": rung.order,
                "due_on": clock.due_on.isoformat(),
            }
        )
    fire_many(
        model,
        REMIND,
        {pk: {"rungs": entries} for pk, entries in rungs.items()},
        actor_kind=ActorKind.SYSTEM,
        now=now,
        action_id=uuid4(),
    )
    rows: list[Message] = []
    for clock, rung in new:
        case = cases[clock.case_id]
        rows += _messages(case, clock, rung, now)
    outbox.post_rows(rows)


def _messages(case: Case, clock: Clock, rung: Rung, now: datetime) -> list[Message]:
    notice = (
        LadderClimbedUrgently
        if rung.level not in (Rung.Level.REMIND,) and clock.unit == "hours"
        else LadderClimbed
    )
    heard: dict[str, outbox.Recipient] = {}
    for name in rung.hears:
        for recipient in case.workflow.hearers[name](case):
            heard[recipient.key] = recipient
    return [
        Message(
            kind=notice.key,
            channel=channel,
            dedupe=f"{notice.key}:{clock.pk}:{rung.order}:{clock.round}:{recipient.key}:{channel}",
            recipient_id=recipient.user_id,
            contact_ref=recipient.contact_ref,
            case_label=case.label,
            case_id=case.pk,
            context={
                "clock": clock.name,
                "level": rung.level,
                "due_on": clock.due_on.isoformat(),
                "offset": rung.offset,
                "requires_answer": rung.requires_answer,
            },
            is_urgent=notice.urgent,
            created_at=now,
            next_try_at=now,
            sent_at=now if channel == Message.Channel.INBOX else None,
        )
        for recipient in heard.values()
        for channel in outbox.channels_for(notice, recipient)
    ]


def _recache(model: type[Case], cases: dict[int, Case], mine: list[Clock]) -> None:
    """Write each case's earliest next check; other clocks of the same cases are read in one query."""
    earliest: dict[int, datetime | None] = dict.fromkeys(cases)
    for clock in Clock.objects.filter(case_label=model.label, case_id__in=cases, next_check_at__isnull=False):
        current = earliest[clock.case_id]
        if current is None or (clock.next_check_at is not None and clock.next_check_at < current):
            earliest[clock.case_id] = clock.next_check_at
    for pk, case in cases.items():
        case.next_check_at = earliest[pk]
    model._base_manager.bulk_update(cases.values(), ["next_check_at"], batch_size=BATCH)


def _fire(case: Case, rung: Rung, now: datetime, count: SweepCount) -> None:
    """Take the step a rung names, as the system, by the same action a person would use."""
    try:
        with transaction.atomic():
            steps.step_of(case, rung.fires).action(case, by=None, actor_kind=ActorKind.SYSTEM, now=now)
        count.fired += 1
    except WorkflowError as problem:
        # Another action moved the case first, or an earlier rung of this sweep did: the rung has said its word.
        count.refused.append(f"{case.label} {case.pk}: {problem.message}")
        logger.info("rung %s of %s %s not taken: %s", rung.fires, case.label, case.pk, problem.message)
