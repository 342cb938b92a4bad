"""Duty credit: a fact earned by an event, never a score; points are read by rule when somebody looks."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone

from core.models import Event
from representatives.models import DutyKind, DutyRecord, DutyRule, Person


def credit(*, person: Person, kind: str, event: Event) -> DutyRecord:
    """Write down that an event earned a representative credit; replaying it changes nothing."""
    record, _created = DutyRecord.objects.get_or_create(
        person=person, kind=kind, event=event, defaults={"on": timezone.localdate(event.at)}
    )
    return record


def points(person: Person, *, year: int) -> dict[str, Decimal]:
    """Points of a year by kind, each at most its yearly cap. Kinds without a rule earn none."""
    rules = {rule.kind: rule for rule in DutyRule.objects.filter(year=year)}
    earned: dict[str, Decimal] = {}
    for kind in DutyKind.values:
        rule = rules.get(kind)
        count = DutyRecord.objects.filter(person=person, kind=kind, on__year=year).count()
        if rule is not None and count:
            total = rule.points * count
            earned[kind] = min(total, rule.yearly_cap) if rule.yearly_cap is not None else total
    return earned
