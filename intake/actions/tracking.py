"""Looking a case up by number: tries are counted, whoever holds the code is never locked out."""

from __future__ import annotations

from dataclasses import dataclass

from core.codes import normalise_number
from core.throttle import Limit, hit, peek, reset
from intake.models import ConstituentRequest
from intake.selectors import tracking

# Five tries of one source at one number, then fifteen minutes; the failures of one source, and at one number
# from wherever: many addresses together have no more tries than a few.
PER_NUMBER = Limit("track.number", 5, 15 * 60, durable=True)
PER_SOURCE = Limit("track.source", 60, 60 * 60, durable=True)
ANYWHERE = Limit("track.anywhere", 30, 60 * 60, durable=True)


@dataclass(frozen=True)
class LookUp:
    """What came of it. `wait_seconds` above zero: too many tries, nothing was looked up."""

    request: ConstituentRequest | None
    wait_seconds: int = 0


def look_up(number: str, secret: str, *, source: str) -> LookUp:
    """The case of a number with its last four digits or its code. Call it outside a transaction: a failure is counted."""
    if tracking.is_code(secret):
        return LookUp(tracking.by_number(number, secret))
    wanted = normalise_number(number)
    at_number = f"{wanted}|{source}"
    # Counted before it is looked up: tries made at the same time do not slip through.
    verdicts = peek(PER_SOURCE, source), peek(ANYWHERE, wanted), hit(PER_NUMBER, at_number)
    waits = [verdict.retry_after for verdict in verdicts if not verdict.allowed]
    if waits:
        return LookUp(None, max(waits))
    found = tracking.by_number(number, secret)
    if found is None:
        hit(PER_SOURCE, source)
        hit(ANYWHERE, wanted)
        return LookUp(None)
    reset(PER_NUMBER, at_number)
    return LookUp(found)
