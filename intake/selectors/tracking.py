"""Finding one's own case again: by the private code, or by number and last four digits together."""

from __future__ import annotations

import hmac

from core.codes import RECEIPT_LENGTH, normalise_code, normalise_number
from core.privacy import blind_index, plain_digits
from intake.models import ConstituentRequest

FOUND_WITH = ("station", "unit", "category", "follower", "master")


def track_index(number: str, last_four: str) -> str:
    """The blind index of number and last four digits together: neither is found without the other."""
    return blind_index(f"{number}|{last_four}", scope="track")


def by_code(code: str) -> ConstituentRequest | None:
    """The case of a private code, however it was typed."""
    index = blind_index(normalise_code(code), scope="receipt")
    return ConstituentRequest.objects.select_related(*FOUND_WITH).filter(receipt_index=index).first()


def is_code(secret: str) -> bool:
    return len(normalise_code(secret)) == RECEIPT_LENGTH


def by_number(number: str, secret: str) -> ConstituentRequest | None:
    """The case of a number with the last four digits of its phone, or with its code.

    A wrong number and a wrong secret cost the same: one index computed, one look-up made, one comparison.
    """
    number = normalise_number(number)
    if is_code(secret):
        found = by_code(secret)
    else:
        index = track_index(number, plain_digits(secret).strip())
        found = ConstituentRequest.objects.select_related(*FOUND_WITH).filter(track_index=index).first()
    known = found.reference if found is not None else "00-0000-00000"
    return found if hmac.compare_digest(known, number) else None
