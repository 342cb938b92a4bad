"""Duty credit: a fact earned by an event, never a score; points are read by rule when somebody looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone

from core.models import Event
from representatives.models import DutyKind, DutyRecord, DutyRule, Person

FACT = "credit"


def credit_fact(person: Person, kind: str) -> dict[str, dict[str, Any]]:
    """What an event that earns a credit says of it, among its facts: `rebuild` reads it there."""
    return {FACT: {"person": person.pk, "kind": str(kind)}}


def credit(*, person: Person, kind: str, event: Event) -> DutyRecord:
    """Write down that an event earned a representative credit; replaying it changes nothing."""
    record, _created = DutyRecord.objects.get_or_create(
        person=person, kind=kind, event=event, defaults={"on": timezone.localdate(event.at)}
    )
    return record


def rebuild() -> tuple[int, int]:
    """(credits in the ledger, records that were missing and are there now)."""
    seen, before = 0, DutyRecord.objects.count()
    for event in Event.objects.filter(facts_text__contains=f'"{FACT}":').order_by("pk").iterator():
        fact = event.facts[FACT]
        person = Person.objects.filter(pk=fact["person"]).first()
        if person is not None:
            credit(person=person, kind=fact["kind"], event=event)
            seen += 1
    return seen, DutyRecord.objects.count() - before


@dataclass(frozen=True)
class Earned:
    """What a person did of one kind in a year, and the points by the rule that stands today (none without a rule)."""

    kind: DutyKind
    count: int
    each: Decimal | None
    cap: Decimal | None

    @property
    def points(self) -> Decimal:
        if self.each is None:
            return Decimal(0)
        total = self.each * self.count
        return min(total, self.cap) if self.cap is not None else total


def earned(person: Person, *, year: int) -> list[Earned]:
    """A year's records by kind, with the rules of that year. One statement."""
    rule = DutyRule.objects.filter(year=year, kind=OuterRef("kind"))
    rows = (
        DutyRecord.objects.filter(person=person, on__range=(date(year, 1, 1), date(year, 12, 31)))
        .values("kind")
        .annotate(
            count=Count("pk"),
            each=Subquery(rule.values("points")[:1]),
            cap=Subquery(rule.values("yearly_cap")[:1]),
        )
    )
    found = {row["kind"]: row for row in rows}
    return [
        Earned(kind, found[kind]["count"], found[kind]["each"], found[kind]["cap"])
        for kind in DutyKind
        if kind in found
    ]


def points(person: Person, *, year: int) -> dict[str, Decimal]:
    """Points of a year by kind, each at most its yearly cap. Kinds without a rule earn none."""
    return {str(each.kind): each.points for each in earned(person, year=year) if each.each is not None}
