"""Personal data: found in words, masked on pages, encrypted at rest, looked up through a blind index."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models

NONCE_BYTES = 12
TAG_BYTES = 16

# --- numbers


def fold(text: str) -> str:
    """Full-width forms to half-width ones, nothing else: １３８ → 138."""
    return unicodedata.normalize("NFKC", text)


def normalise_phone(text: str) -> str:
    """An 11-digit mobile number or a land line with its area code, as digits; empty when it is neither."""
    digits = re.sub(r"[\s\-()]", "", fold(text))
    digits = re.sub(r"^(\+|00)86", "", digits)
    if re.fullmatch(r"1[3-9]\d{9}", digits) or re.fullmatch(r"0\d{2,3}\d{7,8}", digits):
        return digits
    return ""


def mask_phone(number: str) -> str:
    """138****2746; a land line keeps its area code's first three and last two digits."""
    if len(number) == 11 and number.startswith("1"):
        return f"{number[:3]}****{number[-4:]}"
    return f"{number[:3]}****{number[-2:]}" if number else ""


def mask_name(name: str) -> str:
    """张** for a full name; 王阿姨 and the like, which people give to be called by, keep only the first character too."""
    return name[:1] + "*" * max(0, len(name) - 1)


@dataclass(frozen=True)
class Span:
    start: int
    end: int
    kind: str  # "phone" or "identity"
    text: str


# Digits may be full-width or broken by spaces and hyphens, as people type them.
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[\s-]?)?1[3-9]\d(?:[\s-]?\d){8}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[\s-]?\d{7,8}(?!\d)")
_IDENTITY = re.compile(r"(?<![\dA-Za-z])(?:\d{17}[\dXx]|\d{15})(?![\dA-Za-z])")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _is_identity(number: str) -> bool:
    """GB 11643: the 18th character is a checksum; the old 15-digit form carries a birth date."""
    if len(number) == 15:
        return 1 <= int(number[8:10]) <= 12 and 1 <= int(number[10:12]) <= 31
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _IDENTITY_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == number[17].upper()


def find_personal(text: str) -> list[Span]:
    """Phone and identity numbers inside free text, in order, not overlapping. Positions are those of the given text."""
    flat = "".join(fold(char) if len(fold(char)) == 1 else char for char in text)
    spans = [Span(m.start(), m.end(), "identity", m.group()) for m in _IDENTITY.finditer(flat) if _is_identity(m.group())]
    for pattern in (_MOBILE, _LANDLINE):
        for match in pattern.finditer(flat):
            if not any(match.start() < span.end and span.start < match.end() for span in spans):
                spans.append(Span(match.start(), match.end(), "phone", match.group()))
    return sorted(spans, key=lambda span: span.start)


def cut_personal(text: str) -> tuple[str, list[str]]:
    """(masked text, the numbers cut out in order). Each number leaves a mask such as 138****2746 in the text."""
    parts: list[str] = []
    cut: list[str] = []
    position = 0
    for span in find_personal(text):
        parts += [text[position : span.start], _mask(span)]
        cut.append(text[span.start : span.end])
        position = span.end
    return "".join([*parts, text[position:]]), cut


def _mask(span: Span) -> str:
    digits = re.sub(r"\D", "", span.text)
    if span.kind == "identity":
        return f"{digits[:3]}{'*' * 11}"
    return mask_phone(digits[-11:] if len(digits) >= 11 else digits)


def mask_text(text: str) -> str:
    return cut_personal(text)[0]


# --- encryption at rest


def _seal(key: bytes, nonce: bytes, clear: bytes, bound_to: bytes) -> bytes:
    if settings.PII_CIPHER == "sm4-gcm":
        encryptor = BlockCipher(SM4(key[:16]), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound_to)
        return encryptor.update(clear) + encryptor.finalize() + encryptor.tag
    return AESGCM(key).encrypt(nonce, clear, bound_to)


def _unseal(name: str, key: bytes, nonce: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    if name == "sm4-gcm":
        decryptor = BlockCipher(SM4(key[:16]), GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(bound_to)
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()
    return AESGCM(key).decrypt(nonce, sealed, bound_to)


_CIPHERS = {"aes-gcm": b"\x01", "sm4-gcm": b"\x02"}


def encrypt(clear: bytes, *, scope: str) -> bytes:
    """Seal bytes with the current key: cipher mark, key id, nonce, ciphertext with tag. Bound to `scope` (table.column)."""
    key_id, key = next(iter(settings.PII_KEYS.items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    name = key_id.encode()
    return b"".join(
        [_CIPHERS[settings.PII_CIPHER], bytes([len(name)]), name, nonce, _seal(key, nonce, clear, scope.encode())]
    )


def decrypt(stored: bytes, *, scope: str) -> bytes:
    """Open what `encrypt` sealed. Raises KeyError for an unknown key, InvalidTag for changed or foreign bytes."""
    mark, length = stored[:1], stored[1]
    key_id, rest = stored[2 : 2 + length].decode(), stored[2 + length :]
    cipher = next(name for name, byte in _CIPHERS.items() if byte == mark)
    return _unseal(cipher, settings.PII_KEYS[key_id], rest[:NONCE_BYTES], rest[NONCE_BYTES:], scope.encode())


def blind_index(value: str, *, scope: str) -> str:
    """32 hex characters by which an encrypted value is found again and equal ones are recognised. Empty for empty."""
    if not value:
        return ""
    return hmac.new(settings.BLIND_INDEX_KEY, f"{scope}\0{value}".encode(), hashlib.sha256).hexdigest()[:32]


class _EncryptedField(models.BinaryField):
    """Stored sealed; looked up through a blind index only."""

    def __init__(self, *args: Any, scope: str, **kwargs: Any) -> None:
        self.scope = scope
        kwargs.setdefault("editable", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["scope"] = self.scope
        return name, path, args, kwargs

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted: look it up by its blind index.")
        return super().get_lookup(lookup_name)

    def _check_str_default_value(self) -> list[Any]:
        return []


class EncryptedTextField(_EncryptedField):
    """Text at rest only as ciphertext. The empty text is stored as empty bytes."""

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_default(self) -> Any:
        return self.default() if callable(self.default) else ("" if not self.has_default() else self.default)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        sealed = b"" if not value else encrypt(str(value).encode(), scope=self.scope)
        return connection.Database.Binary(sealed)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str | None:
        if value is None:
            return None
        return decrypt(bytes(value), scope=self.scope).decode() if len(value) else ""

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: Any) -> str:
        return str(self.value_from_object(obj))

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": forms.CharField, **kwargs})


class EncryptedJSONField(_EncryptedField):
    """A JSON value at rest only as ciphertext."""

    def get_internal_type(self) -> str:
        return "BinaryField"

    def get_default(self) -> Any:
        if self.has_default():
            return self.default() if callable(self.default) else self.default
        return None

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is None:
            return None
        clear = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return connection.Database.Binary(encrypt(clear, scope=self.scope))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else json.loads(decrypt(bytes(value), scope=self.scope))

    def to_python(self, value: Any) -> Any:
        return value
