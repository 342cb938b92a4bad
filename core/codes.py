"""Codes people read and copy: receipt codes, public ids, request numbers."""

from __future__ import annotations

import re
import secrets
from datetime import date

from core.privacy import fold, plain_digits

# No 0 O 1 I L U: what is left cannot be misread.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_LENGTH = 13  # 30^13 > 2^63
PUBLIC_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
PUBLIC_LENGTH = 10  # 50 bits


def random_code(length: int, *, alphabet: str = CODE_ALPHABET) -> str:
    """So many characters from the operating system's randomness, each as likely as the other."""
    return "".join(secrets.choice(alphabet) for _position in range(length))


def receipt_code() -> str:
    """A private code of 63 random bits."""
    return random_code(RECEIPT_LENGTH)


def show_code(code: str) -> str:
    """7KQ4-M2XD-9ABCD: how a receipt code is printed."""
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def normalise_code(text: str) -> str:
    """What a person typed, as a code: any case, width, spaces and hyphens."""
    return re.sub(r"[^0-9A-Z]", "", fold(plain_digits(text)).upper())


def public_id() -> str:
    """Ten random characters (50 bits) for addresses: never the serial number."""
    return random_code(PUBLIC_LENGTH, alphabet=PUBLIC_ALPHABET)


def request_number(day: date) -> str:
    """26-1124-48213: the day, and five random digits of 100,000. The caller draws again when it is taken."""
    return f"{day:%y-%m%d}-{secrets.randbelow(100_000):05d}"


def normalise_number(text: str) -> str:
    """26-1124-48213 from whatever was typed; empty when it cannot be a number."""
    digits = re.sub(r"[^0-9]", "", plain_digits(text))
    return f"{digits[:2]}-{digits[2:6]}-{digits[6:]}" if len(digits) == 11 else ""
