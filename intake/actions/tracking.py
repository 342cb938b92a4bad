"""Looking a case up by number: tries are counted, whoever holds the code is never locked out."""

from __future__ import annotations

from dataclasses import dataclass

from core.codes import normalise_number
from core.throttle import Limit, hit, peek, reset
from intake.models import ConstituentRequest
from intake.selectors import tracking

# Five tries of one source at one number, then fifteen minutes; the numbers of one source all in all.
PER_NUMBER = Limit("track.number", 5, 15 * 60, durable=True)
PER_SOURCE = Limit("track.source", 60, 60 * 60, durable=True)


@dataclass(frozen=True)
class LookUp:
    """What came of it. `wait_seconds` above zero: too many tries, nothing was looked up."""

    request: ConstituentRequest | None
    wait_seconds: int = 0


def look_up(number: str, secret: str, *, source: str) -> LookUp:
    """The case of a number with its last four digits or its code. Call it outside a transaction: a failure is counted."""
    at_number = f"{normalise_number(number)}|{source}"
    for limit, who in ((PER_SOURCE, source), (PER_NUMBER, at_number)):
        verdict = peek(limit, who)
        if not verdict.allowed and not tracking.is_code(secret):
            return LookUp(None, verdict.retry_after)
    found = tracking.by_number(number, secret)
    if found is None:
        hit(PER_NUMBER, at_number)
        hit(PER_SOURCE, source)
        return LookUp(None)
    reset(PER_NUMBER, at_number)
    return LookUp(found)
