"""The one sweep: climbs the ladders of clocks that are due, once per rung and round, however late it comes."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.db import connection, transaction
from django.utils import timezone

from core import deadlines, outbox, steps
from core.cases import case_models
from core.models.clock import Clock, RungFiring
from core.models.event import ActorKind
from core.models.message import Message
from core.rows import insert_all
from core.workflow import WorkflowError, fire_many

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.models.case import Case
    from core.models.rules import Rung

logger = logging.getLogger(__name__)

BATCH = 1000
REMIND = "remind"  # every workflow that has ladders carries this transition: the state stays, the event says which rung


@dataclass
class SweepCount:
    clocks: int = 0
    rungs: int = 0
    fired: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Climb:
    """A rung that a clock has reached, and the instant when it did."""

    case: Case
    clock: Clock
    rung: Rung
    instant: datetime


class LadderClimbed(outbox.Notice):
    """Somebody's deadline is near or past: number, clock, rung and date, nothing of the matter's words."""

    key = "core.ladder_climbed"
    template = "core/notices/ladder_climbed.txt"
    channels: ClassVar[tuple[str, ...]] = (Message.Channel.INBOX, Message.Channel.EMAIL)
    digest = True


class LadderClimbedUrgently(LadderClimbed):
    key = "core.ladder_climbed_urgently"
    channels = (Message.Channel.INBOX, Message.Channel.EMAIL, Message.Channel.SMS)
    urgent = True
    digest = False


def sweep(*, now: datetime | None = None) -> SweepCount:
    """Climb every rung that is due by `now`, in batches with a transaction each.

    Two sweeps at once share the work (SKIP LOCKED) and change nothing twice (unique firing); after days off the rungs
    have their true dates, and the clocks that a rung's own step starts are set by them.
    """
    now = now or timezone.now()
    count = SweepCount()
    for label, model in sorted(case_models().items()):
        while _sweep_batch(label, model, now, count):
            pass
    return count


def _sweep_batch(label: str, model: type[Case], now: datetime, count: SweepCount) -> bool:
    """One batch; False when nothing is left, or nothing but what another process holds.

    The case is locked before its clocks are touched, in the order of ids: an action and the sweep cannot cross.
    """
    with transaction.atomic():
        waiting = Clock.objects.to_check(now).filter(case_label=label).order_by("next_check_at", "pk")
        wanted = set(waiting.values_list("case_id", flat=True)[:BATCH])
        if not wanted:
            return False
        cases = {
            case.pk: case
            for case in model._base_manager.select_for_update(of=("self",), skip_locked=True)
            .filter(pk__in=wanted)
            .defer(*_words_of(model))
            .order_by("pk")
        }
        clocks = list(Clock.objects.to_check(now).filter(case_label=label, case_id__in=cases).order_by("pk"))
        if clocks:
            _climb(model, cases, clocks, now, count)
        return bool(clocks)


@cache
def _words_of(model: type[Case]) -> list[str]:
    """The columns of long or sealed words, which no rung reads: opening them took most of a batch's reading."""
    return [
        each.name
        for each in model._meta.concrete_fields
        if each.generated
        or (each.get_internal_type() in ("TextField", "BinaryField") and each.name != "event_head")
    ]


def _climb(
    model: type[Case], cases: dict[int, Case], clocks: list[Clock], now: datetime, count: SweepCount
) -> None:
    due = [climb for clock in clocks for climb in _due(cases[clock.case_id], clock, now)]
    new = _record(due, now)
    _tell(model, new, now)
    for climb in due:
        climb.clock.rung_order = max(climb.clock.rung_order, climb.rung.order)
    for clock in clocks:
        deadlines.set_next_check(clock, county_code=cases[clock.case_id].county_code)
    _write_back(clocks)
    count.clocks += len(clocks)
    count.rungs += len(new)
    # What the rungs do of themselves, in the order in which it ought to have been done.
    for climb in sorted(new, key=lambda each: (each.instant, each.clock.pk, each.rung.order)):
        if climb.rung.fires:
            _fire(climb, now, count)


def _due(case: Case, clock: Clock, now: datetime) -> Iterator[_Climb]:
    for rung in deadlines.ladder_of(clock, county_code=case.county_code):
        instant = deadlines.rung_instant(clock, rung)
        skipped = rung.offset < 0 and instant <= clock.started_at
        if rung.order > clock.rung_order and instant <= now and not skipped:
            yield _Climb(case, clock, rung, instant)


def _record(due: list[_Climb], now: datetime) -> list[_Climb]:
    """Insert the firings; gives those that were not there before."""
    before = set(
        RungFiring.objects.filter(clock__in={climb.clock.pk for climb in due}).values_list(
            "clock_id", "rung_id", "round"
        )
    )
    new = [climb for climb in due if (climb.clock.pk, climb.rung.pk, climb.clock.round) not in before]
    insert_all(
        [
            RungFiring(
                clock=climb.clock,
                rung=climb.rung,
                round=climb.clock.round,
                due_at=climb.instant,
                fired_at=now,
            )
            for climb in new
        ]
    )
    return new


def _tell(model: type[Case], new: list[_Climb], now: datetime) -> None:
    """One event per case for this sweep, naming every rung it climbed, and the messages to those who hear them."""
    rungs: dict[int, list[dict[str, object]]] = {}
    for climb in new:
        rungs.setdefault(climb.case.pk, []).append(
            {
                "clock": climb.clock.name,
                "level": climb.rung.level,
                "order": climb.rung.order,
                "due_on": climb.clock.due_on.isoformat(),
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
    known: dict[tuple[object, ...], list[outbox.Recipient]] = {}
    outbox.post_rows([row for climb in new for row in _messages(climb, known, now)])


def _messages(
    climb: _Climb, known: dict[tuple[object, ...], list[outbox.Recipient]], now: datetime
) -> list[Message]:
    case, clock, rung = climb.case, climb.clock, climb.rung
    urgent = clock.unit == "hours" and rung.level != rung.Level.REMIND
    notice = LadderClimbedUrgently if urgent else LadderClimbed
    return outbox.rows_of(
        notice,
        to=_hearers(climb, known),
        about=case,
        dedupe=f"{clock.pk}:{rung.order}:{clock.round}",
        context={
            "clock": clock.name,
            "level": str(rung.level),
            "due_on": clock.due_on,
            "offset": rung.offset,
            "requires_answer": rung.requires_answer,
        },
        now=now,
    )


def _hearers(
    climb: _Climb, known: dict[tuple[object, ...], list[outbox.Recipient]]
) -> list[outbox.Recipient]:
    """Who hears the rung, asked once for all cases of the same place.

    A name nobody knows is a slip in the rule pack: logged, and no reason to stop the sweep.
    """
    heard: list[outbox.Recipient] = []
    for name in climb.rung.hears:
        resolve = climb.case.workflow.hearers.get(name)
        if resolve is None:
            logger.error("rung %s names unknown hearers: %s", climb.rung.pk, name)
            continue
        place = (name, *climb.case.heard_by)
        if place not in known:
            known[place] = list(resolve(climb.case))
        heard += known[place]
    return heard


def _write_back(clocks: list[Clock]) -> None:
    """Where each clock stands now, in one statement for the whole batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE core_clock c SET rung_order = g.reached, next_check_at = g.next_at
            FROM unnest(%s::bigint[], %s::smallint[], %s::timestamptz[]) AS g(id, reached, next_at) WHERE c.id = g.id
            """,
            [
                [clock.pk for clock in clocks],
                [clock.rung_order for clock in clocks],
                [clock.next_check_at for clock in clocks],
            ],
        )


def _fire(climb: _Climb, now: datetime, count: SweepCount) -> None:
    """Take the step a rung names, as the system, by the same action a person would use."""
    case, verb = climb.case, climb.rung.fires
    try:
        with transaction.atomic():
            steps.step_of(case, verb).action(
                case, by=None, actor_kind=ActorKind.SYSTEM, now=now, since=climb.instant
            )
        count.fired += 1
    except WorkflowError as problem:
        # Another action moved the case first, or an earlier rung of this sweep did: the rung has said its word.
        count.refused.append(f"{case.label} {case.pk}: {problem.message}")
        logger.info("rung %s of %s %s not taken: %s", verb, case.label, case.pk, problem.message)
    except Exception:
        # A slip in a rule pack or in one case must not keep every other deadline from being looked at.
        count.refused.append(f"{case.label} {case.pk}: {verb} failed")
        logger.exception("rung %s of %s %s failed", verb, case.label, case.pk)
