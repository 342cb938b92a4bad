"""The tables every app leans on."""

from core.models.attachment import Attachment
from core.models.calendar import CalendarDay
from core.models.case import NEVER, Case, CaseQuerySet, case_constraints
from core.models.clock import Clock, RungFiring
from core.models.draft import Draft, Heartbeat, RateBucket, Submission
from core.models.event import AccessLog, ActorKind, Event, EventText
from core.models.message import Message
from core.models.rules import RulePack, Rung, Term, TimeUnit

__all__ = [
    "NEVER",
    "AccessLog",
    "ActorKind",
    "Attachment",
    "CalendarDay",
    "Case",
    "CaseQuerySet",
    "Clock",
    "Draft",
    "Event",
    "EventText",
    "Heartbeat",
    "Message",
    "RateBucket",
    "RulePack",
    "Rung",
    "RungFiring",
    "Submission",
    "Term",
    "TimeUnit",
    "case_constraints",
]
