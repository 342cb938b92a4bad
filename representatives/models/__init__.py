"""人大代表: people, their mandates, the bodies they sit in, and the facts of their duty."""

from representatives.models.bodies import (
    Body,
    CongressLevel,
    CongressTerm,
    Constituency,
    Validity,
    check_order,
    reached,
)
from representatives.models.duty import CheckIn, DutyKind, DutyRecord, DutyRule, Meeting
from representatives.models.people import BodyMember, Mandate, Person, PersonQuerySet

__all__ = [
    "Body",
    "BodyMember",
    "CheckIn",
    "CongressLevel",
    "CongressTerm",
    "Constituency",
    "DutyKind",
    "DutyRecord",
    "DutyRule",
    "Mandate",
    "Meeting",
    "Person",
    "PersonQuerySet",
    "Validity",
    "check_order",
    "reached",
]
