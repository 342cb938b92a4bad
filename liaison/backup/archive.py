"""The form of a backup file: named entries in a stream of sealed chunks, whose order and end are authenticated.

    line    LIAISON-BACKUP-1
    header  4 bytes of length, JSON: key id, salt, instant
    chunks  1 MiB each, sealed by AES-256-GCM; the nonce counts them, its last byte marks the last one

Each file has a key of its own, derived from the key named in the header by its salt and the header itself, so counting
nonces never meet. A chunk that was changed, moved, left out or added does not open; nor does a file that ends early.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"LIAISON-BACKUP-1\n"
CHUNK = 1 << 20
TAG = 16
KEY_BYTES = 32
LONGEST_HEADER = 4096


class BackupError(Exception):
    """A backup cannot be made or used; one sentence for the person there."""


def read_keys(path: str) -> dict[str, bytes]:
    """Key id → 32 bytes, the current one first: one `id:base64` a line."""
    if not path:
        raise BackupError("No key: set BACKUP_KEY_FILE to a file outside the database and the backups.")
    keys: dict[str, bytes] = {}
    try:
        for line in Path(path).read_text(encoding="utf-8").split():
            name, _colon, word = line.partition(":")
            keys[name] = base64.b64decode(word, validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as problem:
        raise BackupError(f"The key file {path} cannot be read: {problem}.") from problem
    if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise BackupError(f"{path} must have one `id:base64 of {KEY_BYTES} bytes` a line.")
    return keys


def _cipher(master: bytes, salt: bytes, header: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, MAGIC + header).derive(master))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Writer:
    """Entries one after the other into a file. Without `close()` it has no end, and no reader takes it."""

    def __init__(self, file: IO[bytes], keys: dict[str, bytes], *, made_at: str) -> None:
        key_id, master = next(iter(keys.items()))
        salt = secrets.token_bytes(32)
        header = json.dumps({"key": key_id, "salt": salt.hex(), "made_at": made_at}).encode()
        file.write(MAGIC + len(header).to_bytes(4, "big") + header)
        self._file = file
        self._cipher = _cipher(master, salt, header)
        self._waiting = bytearray()
        self._number = 0

    def entry(self, name: str, pieces: Iterable[bytes]) -> None:
        self._put(_sized(name.encode()))
        for piece in pieces:
            if piece:
                self._put(_sized(piece))
        self._put(_sized(b""))

    def close(self) -> None:
        self._put(_sized(b""))
        self._seal(bytes(self._waiting), last=True)

    def _put(self, clear: bytes) -> None:
        self._waiting += clear
        # One byte is kept back, so that the last chunk is never an empty one after a full one.
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def _seal(self, clear: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), clear, None))
        self._number += 1


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


class Reader:
    """The entries of a backup in their order. Nothing is handed out that was not authenticated first."""

    def __init__(self, file: IO[bytes], keys: dict[str, bytes]) -> None:
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupError("This is no backup of this site.")
        header = file.read(min(int.from_bytes(file.read(4), "big"), LONGEST_HEADER))
        try:
            told = json.loads(header)
            self.key_id, salt, self.made_at = str(told["key"]), bytes.fromhex(told["salt"]), told["made_at"]
        except (ValueError, KeyError, TypeError) as problem:
            raise BackupError("The head of this backup is damaged.") from problem
        if self.key_id not in keys:
            raise BackupError(
                f"This backup was sealed with the key {self.key_id}, which BACKUP_KEY_FILE lacks."
            )
        self._clear = self._open(_cipher(keys[self.key_id], salt, header))
        self._left = b""

    def _open(self, cipher: AESGCM) -> Iterator[bytes]:
        number, chunk = 0, self._file.read(CHUNK + TAG)
        while chunk:
            following = self._file.read(CHUNK + TAG)
            try:
                yield cipher.decrypt(_nonce(number, last=not following), chunk, None)
            except InvalidTag as problem:
                raise BackupError(
                    f"Part {number + 1} of this backup does not open: wrong key, damaged, or cut short."
                ) from problem
            number, chunk = number + 1, following

    def _take(self, size: int) -> bytes:
        while len(self._left) < size:
            more = next(self._clear, b"")
            if not more:
                raise BackupError("This backup ends in the middle.")
            self._left += more
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def _part(self) -> bytes:
        return self._take(int.from_bytes(self._take(4), "big"))

    def entries(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """(name, its pieces); what is left of an entry is skipped when the next one is asked for."""
        while name := self._part():
            pieces = iter(self._part, b"")
            yield name.decode(), pieces
            for _unread in pieces:
                pass
        if self._left or next(self._clear, b""):
            raise BackupError("This backup goes on after its end.")
