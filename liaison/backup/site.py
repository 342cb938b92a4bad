"""Making a backup of the site and proving one: the database, the private files, and what must fit when it comes back."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import connection
from PIL import Image

from core.models import Attachment
from liaison.backup import database
from liaison.backup.archive import CHUNK, BackupError, Reader, Writer, read_keys

SUFFIX = ".backup"
DUMP = "database.dump"
FILES = "files/"
MANIFEST = "manifest.json"
PICTURES_OPENED = 20
# What a restored site is recognised by. No secret is among it.
TOLD_SETTINGS = (
    "SITE_URL", "SITE_BRAND", "SITE_OWNER", "SITE_AREA_CODE", "ALLOWED_HOSTS", "PII_CIPHER", "SECURITY_PROFILE",
    "STAFF_SECOND_FACTOR", "RETENTION_DAYS", "TIME_ZONE", "LANGUAGE_CODE",
)  # fmt: skip


# --- making


@dataclass(frozen=True)
class Made:
    path: Path
    size: int
    rows: int
    files: int


def make(directory: Path, *, files: bool = True, now: datetime | None = None) -> Made:
    """Write one sealed file, under its name only when it is whole."""
    made_at = (now or datetime.now(UTC)).astimezone(UTC)
    keys = read_keys(settings.BACKUP_KEY_FILE)
    if set(keys.values()) & set(settings.PII_KEYS.values()):
        raise BackupError("The backup's key must not be a key of the personal data: make one of its own.")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = directory / f"liaison-{made_at:%Y%m%dT%H%M%SZ}{SUFFIX}"
    partial = target.with_suffix(".part")
    try:
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            manifest = _write(Writer(file, keys, made_at=made_at.isoformat()), files=files)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    rows = sum(count for count, _digest in manifest["tables"].values())
    return Made(target, target.stat().st_size, rows, len(manifest["files"]))


def _write(writer: Writer, *, files: bool) -> dict[str, Any]:
    place = database.place_of(connection)
    with database.snapshot(place) as (cursor, name):
        major = database.server_major(cursor.connection)
        writer.entry(DUMP, database.dump(place, major=major, snapshot_name=name))
        manifest = {"settings": fingerprint(), "postgres": major, "tables": database.digests(cursor)}
        cursor.execute(f"SELECT path FROM {Attachment._meta.db_table} WHERE path <> '' ORDER BY path")
        named = [path for (path,) in cursor.fetchall()] if files else []
    manifest["files"], manifest["missing"] = _write_files(writer, named)
    writer.entry(MANIFEST, [json.dumps(manifest, ensure_ascii=False).encode()])
    writer.close()
    return manifest


def _write_files(writer: Writer, named: list[str]) -> tuple[dict[str, list[Any]], list[str]]:
    """Path → [size, SHA-256] of what was written; the paths that were gone, as after a retention run meanwhile."""
    written: dict[str, list[Any]] = {}
    missing = []
    for path in named:
        digest = hashlib.sha256()
        try:
            with (settings.PRIVATE_ROOT / path).open("rb") as file:
                writer.entry(FILES + path, _pieces(file, digest))
                written[path] = [file.tell(), digest.hexdigest()]
        except FileNotFoundError:
            missing.append(path)
    return written, missing


def _pieces(file: Any, digest: Any) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        digest.update(piece)
        yield piece


def fingerprint() -> dict[str, Any]:
    """Settings and keys a restored site needs to be the same site; of a key only what recognises it."""
    told = {name: getattr(settings, name) for name in TOLD_SETTINGS}
    keys = {name: _mark(key) for name, key in settings.PII_KEYS.items()}
    return told | {"keys": keys, "index_key": _mark(settings.BLIND_INDEX_KEY), "django": django.get_version()}


def _mark(key: bytes) -> str:
    return hashlib.sha256(b"which key this is" + key).hexdigest()[:16]


def forget_old(directory: Path, *, keep: int) -> list[Path]:
    """Delete all but the newest `keep` backups of a directory."""
    old = sorted(directory.glob(f"liaison-*{SUFFIX}"))[:-keep] if keep else []
    for path in old:
        path.unlink()
    return old


# --- reading


@dataclass
class Checked:
    """What reading a backup to its end showed."""

    manifest: dict[str, Any] = field(default_factory=dict)
    files: dict[str, list[Any]] = field(default_factory=dict)
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    seen: int = 0


def check(path: Path) -> Checked:
    """Read a backup to its end before anything is done with it: every byte, every file's digest, some pictures opened."""
    found = Checked()
    for name, pieces in _entries(path):
        if name == MANIFEST:
            found.manifest = json.loads(b"".join(pieces))
        elif name.startswith(FILES):
            _check_file(found, name.removeprefix(FILES), pieces)
    if not found.manifest:
        raise BackupError("This backup has no manifest.")
    if found.files != found.manifest["files"]:
        raise BackupError("The files in this backup are not those its manifest names.")
    for name, content in found.pictures:
        _open_picture(name, content)
    _fits(found.manifest["settings"])
    return found


def _entries(path: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    try:
        with path.open("rb") as file:
            yield from Reader(file, read_keys(settings.BACKUP_KEY_FILE)).entries()
    except OSError as problem:
        raise BackupError(f"{path} cannot be read: {problem.strerror}.") from problem


def _check_file(found: Checked, name: str, pieces: Iterator[bytes]) -> None:
    digest, size, kept = hashlib.sha256(), 0, []
    is_picture = name.endswith(".jpg")
    found.seen += is_picture
    # Each picture of the whole has the same chance to be among those opened, and only those are held in memory.
    place = random.randrange(found.seen) if is_picture else PICTURES_OPENED
    chosen = place < PICTURES_OPENED
    for piece in pieces:
        digest.update(piece)
        size += len(piece)
        if chosen:
            kept.append(piece)
    found.files[name] = [size, digest.hexdigest()]
    if chosen and len(found.pictures) < PICTURES_OPENED:
        found.pictures.append((name, b"".join(kept)))
    elif chosen:
        found.pictures[place] = (name, b"".join(kept))


def _open_picture(name: str, content: bytes) -> None:
    try:
        with Image.open(BytesIO(content)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError) as problem:
        raise BackupError(f"The picture {name} of this backup does not open: {problem}.") from problem


def _fits(told: dict[str, Any]) -> None:
    """Without the keys of its personal data a restored site would know nobody's name."""
    here = fingerprint()
    lost = [name for name, mark in told["keys"].items() if here["keys"].get(name) != mark]
    if lost:
        raise BackupError(
            f"PII_KEY_FILE here lacks the keys {', '.join(lost)} that this backup's names need."
        )
    if told["index_key"] != here["index_key"]:
        raise BackupError(
            "The oldest key of PII_KEY_FILE is another one: nobody would be found by number again."
        )


# --- restoring


@dataclass(frozen=True)
class Proof:
    rows: int
    files: int
    pictures: int
    seconds: float


def verify(path: Path) -> Proof:
    """Restore into a scratch database beside the site's own, compare, drop it. Nothing else is written."""
    begun = time.monotonic()
    found = check(path)
    with database.scratch(database.place_of(connection)) as place:
        _restore(path, found, place)
    return _proof(found, begun)


def restore_into(path: Path, *, url: str, files: Path) -> Proof:
    """Restore for good, into an empty database and an empty directory: what stands elsewhere is never overwritten."""
    begun = time.monotonic()
    found = check(path)
    place = database.place_at(url)
    _must_be_empty(place, files)
    for name, pieces in _entries(path):
        if name.startswith(FILES):
            _put_file(files, name.removeprefix(FILES), pieces)
    _restore(path, found, place)
    return _proof(found, begun)


def _restore(path: Path, found: Checked, place: database.Place) -> None:
    entries = _entries(path)  # held until the dump is read: a generator nobody holds closes its file
    name, pieces = next(entries)
    if name != DUMP:
        raise BackupError("This backup does not begin with the database.")
    with database.connected(place) as opened:
        major = database.server_major(opened)
    database.load(place, pieces, major=major, dumped_by=found.manifest["postgres"])
    with database.connected(place) as opened, opened.cursor() as cursor:
        _compare(found.manifest["tables"], database.digests(cursor))
    _verify_chains(place)


def _compare(wanted: dict[str, list[Any]], restored: dict[str, list[Any]]) -> None:
    other = sorted(
        table for table in wanted.keys() | restored.keys() if wanted.get(table) != restored.get(table)
    )
    if other:
        raise BackupError(f"After restoring these tables differ from what was backed up: {', '.join(other)}.")


def _verify_chains(place: database.Place) -> None:
    """The ledger's own check, on the restored rows: in a process of its own, whose database it is."""
    env = os.environ | {"DATABASE_URL": database.url_of(place), "STATEMENT_TIMEOUT_MS": "0"}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "verify_events"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupError(f"The restored ledger does not hold: {(done.stdout + done.stderr).strip()[-1500:]}")


def _must_be_empty(place: database.Place, files: Path) -> None:
    with database.connected(place) as opened, opened.cursor() as cursor:
        cursor.execute(database.TABLES)
        if cursor.fetchone():
            raise BackupError(f"The database {place['dbname']} has tables: restore into a new, empty one.")
    if files.exists() and any(files.iterdir()):
        raise BackupError(f"{files} is not empty: name a new directory for the files.")


def _put_file(root: Path, name: str, pieces: Iterator[bytes]) -> None:
    target = (root / name).resolve()
    if not target.is_relative_to(root.resolve()):
        raise BackupError(f"The backup names a file outside its place: {name}.")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with target.open("wb") as file:
        for piece in pieces:
            file.write(piece)


def _proof(found: Checked, begun: float) -> Proof:
    rows = sum(count for count, _digest in found.manifest["tables"].values())
    return Proof(rows, len(found.files), len(found.pictures), time.monotonic() - begun)
