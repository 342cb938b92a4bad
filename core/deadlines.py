"""Clocks of a case: started, stopped, extended, paused and resumed by its transitions; checked by one sweep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core import rows, rulebook
from core.cases import case_model
from core.models.case import NEVER
from core.models.clock import Clock
from core.models.rules import Rung, Term, TimeUnit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.models import Case
    from core.workflow import Transition

_ALL = "<all>"


def new_clock(
    case: Case, name: str, *, started_at: datetime, case_class: str = "", due_on: date | None = None
) -> Clock:
    """A running clock of the case, unsaved: its term is the one in force on the day it starts.

    `due_on` is a day somebody promised: the clock then runs to that day, whatever its term says.
    """
    day = timezone.localdate(started_at)
    term = rulebook.term_for(name, county_code=case.county_code, on=day, case_class=case_class)
    clock = Clock(
        case_label=case.label,
        case_id=case.pk,
        name=name,
        round=case.round,
        term=term,
        amount=term.amount,
        unit=term.unit,
        roll=term.roll,
        started_at=started_at,
        counted_from=_counted_from(term, started_at),
    )
    if due_on is not None:
        clock.unit, clock.roll = TimeUnit.DAYS, False
        clock.amount = max(0, (due_on - clock.counted_from).days)
    set_due(clock)
    set_next_check(clock, county_code=case.county_code)
    return clock


def _counted_from(term: Term, started_at: datetime) -> date:
    """Day 0. What comes in after the term's closing hour counts as if it came the next day (decisions 11)."""
    local = timezone.localtime(started_at)
    if term.next_day_after is not None and local.time() >= term.next_day_after:
        return local.date() + timedelta(days=1)
    return local.date()


def set_due(clock: Clock) -> None:
    """Compute `due_on` and `due_at` from the clock's term, pauses and extensions; never edited by hand.

    Extensions are granted in working days, whatever the term counts in; a clock in hours is extended by hours.
    """
    calendar = rulebook.calendar()
    if clock.unit == TimeUnit.HOURS:
        clock.due_at = clock.started_at + timedelta(
            hours=clock.amount + clock.extended_by, seconds=clock.paused_seconds
        )
        clock.due_on = timezone.localdate(clock.due_at)
        clock.is_provisional = False
        return
    clock.due_on = calendar.add_working_days(_unextended(clock), clock.extended_by)
    clock.due_at = end_of(clock.due_on)
    clock.is_provisional = not calendar.is_published(clock.due_on.year)


def _unextended(clock: Clock) -> date:
    """The due day before extensions: the term, and the days the clock stood still."""
    calendar = rulebook.calendar()
    if clock.unit == TimeUnit.MONTHS:
        due = calendar.add(clock.counted_from, clock.amount, TimeUnit.MONTHS, roll=False)
        return calendar.add(due, clock.paused_days, TimeUnit.DAYS, roll=clock.roll)
    return calendar.add(clock.counted_from, clock.amount + clock.paused_days, clock.unit, roll=clock.roll)


def end_of(day: date) -> datetime:
    """The first instant after a day, local time."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def rung_instant(clock: Clock, rung: Rung) -> datetime:
    """When a rung is due: days before and the day itself from its first instant, days over once that day is past."""
    if rung.offset_unit == TimeUnit.HOURS:
        return clock.due_at + timedelta(hours=rung.offset)
    calendar = rulebook.calendar()
    if rung.offset == 0:
        return start_of(clock.due_on) if clock.unit != TimeUnit.HOURS else clock.due_at
    if rung.offset_unit == TimeUnit.WORKING_DAYS:
        day = calendar.add_working_days(clock.due_on, rung.offset)
    else:
        day = calendar.add(clock.due_on, rung.offset, rung.offset_unit, roll=False)
    return start_of(day) if rung.offset < 0 else end_of(day)


def set_next_check(clock: Clock, *, county_code: str) -> None:
    """Point `next_check_at` at the first rung not yet climbed; a warning that was due before the start is skipped."""
    clock.next_check_at = None
    if clock.stopped_at is not None or clock.paused_at is not None:
        return
    for rung in ladder_of(clock, county_code=county_code):
        if rung.order <= clock.rung_order:
            continue
        instant = rung_instant(clock, rung)
        if rung.offset < 0 and instant <= clock.started_at:
            continue
        if clock.next_check_at is None or instant < clock.next_check_at:
            clock.next_check_at = instant


def ladder_of(clock: Clock, *, county_code: str) -> list[Rung]:
    return rulebook.ladder_for(clock.name, county_code=county_code, on=timezone.localdate(clock.started_at))


def turn_clocks(
    case: Case,
    move: Transition,
    *,
    now: datetime,
    case_class: str = "",
    due: Mapping[str, date] | None = None,
) -> bool:
    """Do to the case's clocks what one line of the table says. True when `case.due_at` may have changed."""
    if not (move.starts or move.stops or move.pauses or move.resumes):
        return False
    running = list(Clock.objects.filter(case_label=case.label, case_id=case.pk, stopped_at__isnull=True))
    for clock in running:
        if _ALL in move.stops or clock.name in move.stops or clock.name in move.starts:
            clock.stopped_at, clock.next_check_at = now, None
            clock.save(update_fields=["stopped_at", "next_check_at"])
        elif move.pauses:
            pause(clock, now=now)
        elif move.resumes and clock.paused_at is not None:
            resume(clock, now=now, county_code=case.county_code)
            case.clock_moved(clock)
    started = [
        new_clock(case, name, started_at=now, case_class=case_class, due_on=(due or {}).get(name))
        for name in move.starts
    ]
    for clock in started:
        rows.insert(clock)
        case.clock_moved(clock)
    case.due_at = first_due(case, running + started)
    return True


def first_due(case: Case, clocks: Iterable[Clock]) -> datetime:
    """The first instant somebody here is late with the case: what its lists sort and narrow by."""
    free = case.workflow.rights | case.workflow.windows
    owed = (
        clock.due_at
        for clock in clocks
        if clock.stopped_at is None and clock.paused_at is None and clock.name not in free
    )
    return min(owed, default=NEVER)


def pause(clock: Clock, *, now: datetime) -> None:
    if clock.paused_at is None:
        clock.paused_at, clock.next_check_at = now, None
        clock.save(update_fields=["paused_at", "next_check_at"])


def resume(clock: Clock, *, now: datetime, county_code: str) -> None:
    """Let a paused clock run on: whole days it stood still, in its own unit, are not counted."""
    paused_at = clock.paused_at
    if paused_at is None:
        return
    stood = (timezone.localdate(paused_at), timezone.localdate(now))
    if clock.unit == TimeUnit.HOURS:
        clock.paused_seconds += int((now - paused_at).total_seconds())
    elif clock.unit == TimeUnit.WORKING_DAYS:
        clock.paused_days += max(0, rulebook.calendar().working_days_between(*stood))
    else:
        clock.paused_days += max(0, (stood[1] - stood[0]).days)
    clock.paused_at = None
    set_due(clock)
    set_next_check(clock, county_code=county_code)
    clock.save()


def extend(case: Case, name: str, *, by_amount: int) -> Clock:
    """Lengthen a running clock by so many working days. Rungs climbed before the new date may be climbed again.

    Raises Clock.DoesNotExist when no such clock runs.
    """
    clock = Clock.objects.select_for_update().get(
        case_label=case.label, case_id=case.pk, name=name, stopped_at__isnull=True
    )
    clock.extended_by += by_amount
    clock.extensions += 1
    clock.round += 1
    clock.rung_order = 0
    set_due(clock)
    set_next_check(clock, county_code=case.county_code)
    clock.save()
    case.clock_moved(clock)
    recache(case)
    return clock


def reclassify(case: Case, name: str, *, case_class: str) -> Clock | None:
    """Give a running clock the term of another class of case, from its own start; None when it does not run."""
    clock = (
        Clock.objects.select_for_update()
        .filter(case_label=case.label, case_id=case.pk, name=name, stopped_at__isnull=True)
        .first()
    )
    if clock is None:
        return None
    day = timezone.localdate(clock.started_at)
    term = rulebook.term_for(name, county_code=case.county_code, on=day, case_class=case_class)
    clock.term, clock.amount, clock.unit, clock.roll = term, term.amount, term.unit, term.roll
    set_due(clock)
    set_next_check(clock, county_code=case.county_code)
    clock.save()
    case.clock_moved(clock)
    recache(case)
    return clock


def recache(case: Case) -> None:
    """Write to the case when somebody is first late with it, by its running clocks."""
    case.due_at = first_due(case, Clock.objects.about(case).running())
    case.save(update_fields=["due_at"])


def days_left(clock: Clock, *, today: date | None = None) -> int:
    """Working days until the due day; negative when it is past."""
    return rulebook.calendar().working_days_between(today or timezone.localdate(), clock.due_on)


def why(clock: Clock) -> list[str]:
    """Why the due date is that day, in sentences: start, length, days skipped, pauses, extensions, authority."""
    lines: list[str] = []
    if clock.unit == TimeUnit.HOURS:
        lines.append(f"从 {timezone.localtime(clock.started_at):%Y-%m-%d %H:%M} 起 {clock.amount} 小时。")
    else:
        amount = clock.amount if clock.unit == TimeUnit.MONTHS else clock.amount + clock.paused_days
        lines += rulebook.calendar().explain(clock.counted_from, amount, clock.unit, clock.roll)
    if clock.paused_days:
        lines.append(f"中间等群众补充等暂停 {clock.paused_days} 天，不计算在内。")
    elif clock.paused_seconds:
        lines.append("中间暂停的时间不计算在内。")
    if clock.extended_by:
        unit = TimeUnit.HOURS if clock.unit == TimeUnit.HOURS else TimeUnit.WORKING_DAYS
        lines.append(
            f"批准延期 {clock.extended_by} {unit.label}，到 {clock.due_on.month}月{clock.due_on.day}日。"
        )
    if clock.term is not None:
        pack = clock.term.pack
        article = f"（{clock.term.article}）" if clock.term.article else ""
        lines.append(f"依据：{pack.name}{article}，{pack.source}。")
    return lines


@dataclass(frozen=True)
class Moved:
    """A deadline that another calendar put on another day."""

    case: Case
    clock: Clock
    before: date
    after: date


def recompute_all() -> list[Moved]:
    """Compute every running clock anew after a holiday notice was loaded; gives those that moved to another day.

    Case by case in the order of their ids, the case locked before its clocks, as everywhere.
    """
    rulebook.clear()
    moved: list[Moved] = []
    open_clocks = Clock.objects.running().exclude(unit=TimeUnit.HOURS)
    for label, pk in (
        open_clocks.values_list("case_label", "case_id").distinct().order_by("case_label", "case_id")
    ):
        with transaction.atomic():
            case = case_model(label)._base_manager.select_for_update(of=("self",)).get(pk=pk)
            moved += _recompute(case)
    return moved


def _recompute(case: Case) -> list[Moved]:
    moved: list[Moved] = []
    for clock in Clock.objects.about(case).running():
        before, was_provisional = clock.due_on, clock.is_provisional
        set_due(clock)
        if clock.due_on == before and clock.is_provisional == was_provisional:
            continue
        set_next_check(clock, county_code=case.county_code)
        clock.save()
        if clock.due_on != before:
            case.clock_moved(clock)
            moved.append(Moved(case, clock, before, clock.due_on))
    recache(case)
    return moved


@dataclass(frozen=True)
class ClockFace:
    """A clock as pages show it: its name, its day, how long is left, and why."""

    name: str
    label: str
    due_on: date
    due_at: datetime
    days_left: int  # working days, negative when past
    is_overdue: bool
    is_due_today: bool
    is_paused: bool
    is_provisional: bool
    clock: Clock

    @property
    def why(self) -> list[str]:
        return why(self.clock)


def face(case: Case, clock: Clock) -> ClockFace:
    return ClockFace(
        name=clock.name,
        label=str(case.workflow.clocks.get(clock.name, clock.name)),
        due_on=clock.due_on,
        due_at=clock.due_at,
        days_left=days_left(clock),
        is_overdue=clock.is_overdue,
        is_due_today=clock.is_due_today,
        is_paused=clock.is_paused,
        is_provisional=clock.is_provisional,
        clock=clock,
    )


def faces(case: Case) -> list[ClockFace]:
    """The running clocks of one case that oblige somebody, the most urgent first."""
    running = (
        Clock.objects.about(case)
        .running()
        .exclude(name__in=case.workflow.rights)
        .select_related("term__pack")
    )
    return sorted((face(case, clock) for clock in running), key=lambda each: (each.is_paused, each.due_at))


def faces_of(cases: Iterable[Case]) -> dict[int, ClockFace]:
    """The most urgent clock of each case of a list that runs and obliges somebody, in one query."""
    known = {case.pk: case for case in cases}
    first: dict[int, ClockFace] = {}
    if known:
        one = next(iter(known.values()))
        rows = Clock.objects.filter(
            case_label=one.label, case_id__in=known, stopped_at__isnull=True, paused_at__isnull=True
        ).exclude(name__in=one.workflow.rights)
        for clock in rows.order_by("-due_at"):
            first[clock.case_id] = face(known[clock.case_id], clock)
    return first
