"""Personal data: found in words, masked on pages, encrypted at rest, looked up through a blind index."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

# --- numbers

# What people put between the digits of a number, and what hides there unseen (zero-width characters).
_BETWEEN = r"\s\-.·_~—–―()\u200b-\u200f\u2060\ufeff"
_GAP = f"[{_BETWEEN}]{{0,3}}"
_COUNTRY = rf"(?:\+|00)86{_GAP}"
_MOBILE = re.compile(rf"(?<!\d)(?:{_COUNTRY}|86{_GAP})?1[3-9]\d(?:{_GAP}\d){{8}}(?!\d)")
_LANDLINE = re.compile(rf"(?<!\d)(?:{_COUNTRY})?0(?:10|2\d|[3-9]\d\d){_GAP}[1-9](?:{_GAP}\d){{6,7}}(?!\d)")
# Looked for at every position: a house number before an identity number must not hide it.
_IDENTITY = re.compile(
    rf"(?<![\dA-Za-z])(?=([1-9](?:{_GAP}\d){{16}}{_GAP}[\dXx]|[1-9](?:{_GAP}\d){{14}})(?![\dA-Za-z]))"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def fold(text: str) -> str:
    """The compatibility form (NFKC): １３８ → 138, （ → (. The length may change."""
    return unicodedata.normalize("NFKC", text)


def plain_digits(text: str) -> str:
    """Digits of any script, and full-width signs, in their ASCII form; the length stays the same."""
    return text if text.isascii() else "".join(map(_plain, text))


def _plain(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    folded = fold(char)
    # ① stays: as a 1 it would glue itself to the number behind it.
    return folded if len(folded) == 1 and not folded.isdigit() else char


def normalise_phone(text: str) -> str:
    """An 11-digit mobile number or a land line with its area code, as digits; empty when it is neither."""
    number = re.sub(f"[{_BETWEEN}]", "", plain_digits(text))
    bare = re.sub(r"^(?:\+|00)86|^86(?=1\d{10}$)", "", number)
    if bare != number and bare[:1] in "23456789":
        bare = f"0{bare}"  # +86 931 … leaves out the 0 of the area code
    return bare if re.fullmatch(r"1[3-9]\d{9}|0(?:10|2\d|[3-9]\d\d)[1-9]\d{6,7}", bare) else ""


def mask_phone(number: str) -> str:
    """138****2746; a land line keeps three digits of its area code and its last two."""
    if len(number) == 11 and number.startswith("1"):
        return f"{number[:3]}****{number[-4:]}"
    return f"{number[:3]}****{number[-2:]}" if number else ""


def mask_name(name: str) -> str:
    """张** for any name or way to be called: always two stars, so that the length tells nothing."""
    name = name.strip()
    return f"{name[0]}**" if name else ""


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    kind: str  # "phone" or "identity"
    text: str


def _is_identity(number: str) -> bool:
    """GB 11643: six digits of an area, a birth date, a serial; the 18th character is a checksum."""
    born = number[6:12] if len(number) == 15 else number[8:14]
    if not (1 <= int(born[2:4]) <= 12 and 1 <= int(born[4:6]) <= 31):
        return False
    if len(number) == 15:
        return True
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def find_personal(text: str) -> list[Span]:
    """Phone and identity numbers inside free text, in order, not overlapping, by position in the text."""
    flat = plain_digits(text)
    found = [
        (match.start(1), match.end(1), "identity")
        for match in _IDENTITY.finditer(flat)
        if _is_identity(re.sub(r"[^\dXx]", "", match[1]))
    ]
    found += [
        (match.start(), match.end(), "phone")
        for pattern in (_MOBILE, _LANDLINE)
        for match in pattern.finditer(flat)
    ]
    spans: list[Span] = []
    for start, end, kind in found:
        if all(end <= span.start or span.end <= start for span in spans):
            spans.append(Span(start, end, kind, text[start:end]))
    return sorted(spans, key=lambda span: span.start)


def cut_personal(text: str) -> tuple[str, list[str]]:
    """(masked text, the numbers cut out in order). Each number leaves a mask such as 138****2746."""
    parts: list[str] = []
    cut: list[str] = []
    position = 0
    for span in find_personal(text):
        parts += [text[position : span.start], _mask(span)]
        cut.append(span.text)
        position = span.end
    return "".join([*parts, text[position:]]), cut


def _mask(span: Span) -> str:
    if span.kind == "identity":
        return f"{plain_digits(span.text)[:3]}{'*' * 11}"
    return mask_phone(normalise_phone(span.text))


def mask_text(text: str) -> str:
    """Free text fit for pages, logs and search: every number found in it masked."""
    return cut_personal(text)[0]


# --- encryption at rest

NONCE_BYTES = 12
TAG_BYTES = 16
_MARKS = {"aes-gcm": 1, "sm4-gcm": 2}


class CannotOpen(Exception):
    """Stored bytes that no key of ours opens: an unknown key, changed bytes, or bytes of another column."""


class Cipher:
    """Authenticated encryption with one named key. `PII_CIPHER` chooses AES-256-GCM or, for 密评, SM4-GCM."""

    def __init__(self, name: str, key: bytes) -> None:
        self._name = name
        # SM4 takes 128 bits; a key is never shared between two ciphers.
        self._key = key if name == "aes-gcm" else hashlib.sha256(b"sm4-gcm" + key).digest()[:16]

    def seal(self, nonce: bytes, clear: bytes, bound_to: bytes) -> bytes:
        if self._name == "aes-gcm":
            return AESGCM(self._key).encrypt(nonce, clear, bound_to)
        encryptor = BlockCipher(SM4(self._key), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound_to)
        return encryptor.update(clear) + encryptor.finalize() + encryptor.tag

    def open(self, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        if self._name == "aes-gcm":
            return AESGCM(self._key).decrypt(nonce, sealed, bound_to)
        decryptor = BlockCipher(SM4(self._key), GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(bound_to)
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()


def encrypt(clear: bytes, *, scope: str) -> bytes:
    """Cipher mark, key id, nonce, ciphertext and tag: sealed with the current key, bound to table.column."""
    key_id, key = next(iter(settings.PII_KEYS.items()))
    cipher = settings.PII_CIPHER
    head = bytes([_MARKS[cipher], len(key_id.encode())]) + key_id.encode()
    nonce = secrets.token_bytes(NONCE_BYTES)
    return head + nonce + Cipher(cipher, key).seal(nonce, clear, head + scope.encode())


def decrypt(stored: bytes, *, scope: str) -> bytes:
    """Open what `encrypt` sealed, with whichever key and cipher it was. Raises CannotOpen."""
    try:
        end = 2 + stored[1]
        head, nonce, sealed = stored[:end], stored[end : end + NONCE_BYTES], stored[end + NONCE_BYTES :]
        name = next(name for name, mark in _MARKS.items() if mark == head[0])
        return Cipher(name, settings.PII_KEYS[head[2:].decode()]).open(nonce, sealed, head + scope.encode())
    except (InvalidTag, IndexError, KeyError, StopIteration, UnicodeDecodeError, ValueError) as problem:
        raise CannotOpen(f"No key opens this value of {scope}.") from problem


def key_of(stored: bytes) -> str:
    """The id of the key a stored value was sealed with: what a change of keys asks row by row."""
    return stored[2 : 2 + stored[1]].decode()


def blind_index(value: str, *, scope: str) -> str:
    """32 hex characters by which an encrypted value is found again; empty for the empty value."""
    if not value:
        return ""
    return hmac.new(settings.BLIND_INDEX_KEY, f"{scope}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]


# Sealed values in a dump of rows (dumpdata, serialisers) start with this; nobody's name or number does.
_DUMPED = "sealed:"


class _EncryptedField(models.Field):
    """Stored sealed in a bytea column; looked up through a blind index only, never by value."""

    def __init__(self, *args: Any, scope: str, **kwargs: Any) -> None:
        self.scope = scope
        super().__init__(*args, **kwargs)

    def get_internal_type(self) -> str:
        return "BinaryField"

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "scope": self.scope}

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: look it up by its blind index.")
        return super().get_lookup(lookup_name)

    def _to_bytes(self, value: Any) -> bytes:
        raise NotImplementedError

    def _to_value(self, stored: bytes) -> Any:
        raise NotImplementedError

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        return None if value is None else connection.Database.Binary(self._to_bytes(value))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else self._to_value(bytes(value))

    def value_to_string(self, obj: Any) -> str:
        return _DUMPED + base64.b64encode(self._to_bytes(self.value_from_object(obj))).decode()

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(_DUMPED):
            return value
        try:
            return self._to_value(base64.b64decode(value.removeprefix(_DUMPED), validate=True))
        except (binascii.Error, CannotOpen) as problem:
            raise ValidationError(_("这里的内容无法解密。"), code="sealed") from problem


class EncryptedTextField(_EncryptedField):
    """Text at rest only as ciphertext. The empty text is stored as empty bytes."""

    empty_values = (None, "")

    def __init__(self, *args: Any, scope: str, **kwargs: Any) -> None:
        super().__init__(*args, scope=scope, **kwargs)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def _to_bytes(self, value: Any) -> bytes:
        return encrypt(str(value).encode(), scope=self.scope) if value else b""

    def _to_value(self, stored: bytes) -> str:
        return decrypt(stored, scope=self.scope).decode() if stored else ""

    def formfield(self, **kwargs: Any) -> Any:  # type: ignore[override]
        return super().formfield(**{"form_class": forms.CharField, "max_length": self.max_length, **kwargs})


class EncryptedJSONField(_EncryptedField):
    """A JSON value at rest only as ciphertext."""

    empty_strings_allowed = False

    def _to_bytes(self, value: Any) -> bytes:
        clear = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return encrypt(clear.encode(), scope=self.scope)

    def _to_value(self, stored: bytes) -> Any:
        return json.loads(decrypt(stored, scope=self.scope))
