"""Which term and which ladder apply: the most specific rule pack in force, clock by clock, cached in process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

from core.models.calendar import CalendarDay
from core.models.rules import RulePack, Rung, Term
from core.remembered import Remembered
from core.workdays import Calendar

if TYPE_CHECKING:
    from datetime import date


@dataclass
class _Book:
    packs: list[RulePack]
    terms: dict[int, dict[tuple[str, str], Term]]
    rungs: dict[int, dict[str, list[Rung]]]
    calendar: Calendar


def _load(_whole: None) -> _Book:
    packs = list(RulePack.objects.prefetch_related("terms", "rungs"))
    return _Book(
        packs=sorted(packs, key=lambda pack: (-len(pack.area_prefix), -pack.valid_from.toordinal())),
        terms={pack.pk: {(term.clock, term.case_class): term for term in pack.terms.all()} for pack in packs},
        rungs={pack.pk: _by_clock(pack) for pack in packs},
        calendar=Calendar(overrides={row.day: row.is_workday for row in CalendarDay.objects.all()}),
    )


_kept: Remembered[None, _Book] = Remembered(_load)


def clear() -> None:
    """Forget the rules and the calendar, as after loading others."""
    _kept.clear()


def _read() -> _Book:
    book = _kept(None)
    assert book is not None  # _load always answers
    return book


def _by_clock(pack: RulePack) -> dict[str, list[Rung]]:
    ladders: dict[str, list[Rung]] = {}
    for rung in pack.rungs.all():
        ladders.setdefault(rung.clock, []).append(rung)
    return ladders


def _in_force(county_code: str, on: date) -> list[RulePack]:
    return [
        pack
        for pack in _read().packs
        if county_code.startswith(pack.area_prefix)
        and pack.valid_from <= on
        and (pack.valid_to is None or on < pack.valid_to)
    ]


def calendar() -> Calendar:
    return _read().calendar


def term_for(clock: str, *, county_code: str, on: date, case_class: str = "") -> Term:
    """The term of a clock for a case of that class in that county on that day.

    A place's own pack wins over a wider one; within a pack the class's own line wins over the general one.
    Raises ImproperlyConfigured when no pack knows the clock: load the national default first.
    """
    book = _read()
    for pack in _in_force(county_code, on):
        terms = book.terms[pack.pk]
        found = terms.get((clock, case_class)) or terms.get((clock, ""))
        if found is not None:
            return found
    raise ImproperlyConfigured(
        f"No rule pack in force on {on} has a term for {clock!r}. Run: manage.py load_rules"
    )


def ladder_for(clock: str, *, county_code: str, on: date) -> list[Rung]:
    """The rungs that watch a clock, lowest first; a place's own ladder replaces the wider one whole."""
    book = _read()
    for pack in _in_force(county_code, on):
        rungs = book.rungs[pack.pk].get(clock)
        if rungs:
            return rungs
    return []
