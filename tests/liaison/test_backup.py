"""Backups: what comes back is what went in, and what was touched does not come back. security.md 1.1 item 30."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import subprocess
import time
from io import BytesIO, StringIO
from pathlib import Path

import psycopg2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from PIL import Image

from core.images import clean_image
from core.models import Attachment, Heartbeat
from intake.actions import Contact
from liaison.backup import database, site
from liaison.backup.archive import CHUNK, BackupError, Reader, Writer, read_keys
from liaison.engines import postgres

NAME, PHONE, INSIDE, IDENTITY = "欧阳翠花", "13987654321", "13712349876", "11010519491231002X"
KEYS = {"b1": bytes(range(32))}
ENTRIES = [("database.dump", bytes(range(256)) * 9_000), ("files/a.jpg", b""), ("manifest.json", b"{}")]


def sealed(entries=ENTRIES, keys=KEYS):
    file = BytesIO()
    writer = Writer(file, keys, made_at="2026-06-08T00:00:00+00:00")
    for name, content in entries:
        writer.entry(name, [content[:CHUNK], content[CHUNK:]])
    writer.close()
    return file.getvalue()


def opened(raw, keys=KEYS):
    return [(name, b"".join(pieces)) for name, pieces in Reader(BytesIO(raw), keys).entries()]


def head_length(raw):
    return raw.index(b"}") + 1


# --- the file


def test_what_went_in_comes_out_in_order():
    assert opened(sealed()) == ENTRIES


@pytest.mark.parametrize("size", [0, CHUNK - 40, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK - 31])
def test_any_length_comes_out_whole(size):
    entries = [("x", b"\xa5" * size)]

    assert opened(sealed(entries)) == entries


def test_an_entry_nobody_reads_is_skipped():
    assert [name for name, _pieces in Reader(BytesIO(sealed()), KEYS).entries()] == [
        name for name, _content in ENTRIES
    ]


@pytest.mark.parametrize("where", [0.0, 0.3, 0.6, 0.9999])
def test_one_flipped_bit_anywhere_is_refused(where):
    raw = bytearray(sealed())
    head = head_length(raw)
    raw[head + int((len(raw) - head - 1) * where)] ^= 1

    with pytest.raises(BackupError, match="does not open"):
        opened(bytes(raw))


def test_a_changed_head_is_refused():
    with pytest.raises(BackupError, match="does not open"):
        opened(sealed().replace(b"2026-06-08", b"2026-06-09"))


def test_a_file_cut_at_any_place_is_refused():
    raw = sealed()
    head = head_length(raw)
    sealed_chunk = CHUNK + 16
    for end in (3, head - 4, head, head + 1, head + sealed_chunk, head + 2 * sealed_chunk, len(raw) - 1):
        with pytest.raises(BackupError):
            opened(raw[:end])


def test_parts_in_another_order_or_added_are_refused():
    raw = sealed()
    head, size = head_length(raw), CHUNK + 16
    first, second = raw[head : head + size], raw[head + size : head + 2 * size]
    swapped = raw[:head] + second + first + raw[head + 2 * size :]

    for spoilt in (swapped, raw + b"\0", raw + first, raw[:head] + first + raw[head:]):
        with pytest.raises(BackupError):
            opened(spoilt)


def test_a_wrong_key_and_an_unknown_key_are_refused():
    with pytest.raises(BackupError, match="wrong key"):
        opened(sealed(), {"b1": bytes(32)})
    with pytest.raises(BackupError, match="key b1, which BACKUP_KEY_FILE lacks"):
        opened(sealed(), {"b2": KEYS["b1"]})


def test_an_old_backup_opens_after_the_key_was_changed():
    raw = sealed()

    assert opened(raw, {"b2": bytes(32)} | KEYS) == ENTRIES
    assert b'"key": "b2"' in sealed(keys={"b2": bytes(32)} | KEYS)


def test_two_backups_of_the_same_share_nothing():
    one, other = (sealed()[200:] for _time in range(2))

    assert one[:64] != other[:64]


@pytest.mark.parametrize("text", ["", "b1:c2hvcnQ=", "b1:not base64!", "no colon"])
def test_a_key_file_that_holds_no_key_is_refused(tmp_path, text):
    file = tmp_path / "keys"
    file.write_text(text)

    with pytest.raises(BackupError):
        read_keys(str(file))
    with pytest.raises(BackupError, match="set BACKUP_KEY_FILE"):
        read_keys("")


# --- the site


@pytest.fixture
def place(settings, tmp_path):
    """Files, key and directory of this test's own."""
    settings.PRIVATE_ROOT = tmp_path / "files"
    settings.PRIVATE_ROOT.mkdir()
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.BACKUP_KEY_FILE = str(tmp_path / "backup_keys")
    Path(settings.BACKUP_KEY_FILE).write_text(f"b1:{base64.b64encode(KEYS['b1']).decode()}\n")
    return tmp_path


def photo():
    file = BytesIO()
    Image.new("RGB", (40, 30), "green").save(file, "JPEG")
    return clean_image(SimpleUploadedFile("p.jpg", file.getvalue()))


def run(*words):
    said = StringIO()
    call_command(*words, stdout=said)
    return said.getvalue()


def databases():
    with connection.cursor() as cursor:
        # This process's own: another worker may be at its own drill.
        cursor.execute(
            f"SELECT datname FROM pg_database WHERE datname LIKE 'liaison_scratch_{os.getpid()}_%'"
        )
        return {name for (name,) in cursor.fetchall()}


def plain_dump(path):
    """Everything a thief of the dump would read: the dump inside the backup, written out as SQL."""
    pieces = next(content for name, content in site._entries(path) if name == site.DUMP)
    program = postgres.client("pg_restore", server=connection.pg_version // 10_000)
    dump = b"".join(pieces)
    return subprocess.run([program, "--file=-"], input=dump, capture_output=True, check=True).stdout.decode()


@pytest.mark.django_db(transaction=True)
def test_the_drill_a_site_is_backed_up_lost_and_had_back(county, place, settings):
    """The whole round: dump, seal, open, restore beside, compare, verify the ledger; then for good, elsewhere."""
    request = county.receive(
        contact=Contact(NAME, PHONE, "sms"), body=f"请打 {INSIDE}，身份证 {IDENTITY}。", photos=[photo()]
    )
    before = databases()

    said = run("backup", "--keep", "3")
    (path,) = settings.BACKUP_DIR.glob("*.backup")
    proved = run("restore", str(path), "--verify")

    assert "1 files" in said
    assert path.stat().st_mode & 0o077 == 0
    assert Heartbeat.objects.get(name="backup").note.endswith("1 files")
    assert proved.startswith("Equal: ")
    assert "1 files, 1 pictures opened, the ledger holds" in proved
    assert databases() == before
    # Nobody's name or number in the dump itself, and nothing readable in the file.
    text = plain_dump(path)
    assert request.reference in text
    assert not [word for word in (NAME, PHONE, INSIDE, IDENTITY, request.receipt_code) if word in text]
    assert request.reference.encode() not in path.read_bytes()

    with database.scratch(database.place_of(connection)) as new:
        files = place / "restored"
        said = run("restore", str(path), "--into", database.url_of(new), "--files", str(files))
        with database.connected(new) as restored, restored.cursor() as cursor:
            cursor.execute("SELECT reference FROM intake_constituentrequest")
            assert cursor.fetchall() == [(request.reference,)]
            cursor.execute("SELECT last_value >= (SELECT max(id) FROM core_event) FROM core_event_id_seq")
            assert cursor.fetchone() == (True,)
        name = Attachment.objects.get().path
        assert (files / name).read_bytes() == (settings.PRIVATE_ROOT / name).read_bytes()
        assert "grant_roles" in said
        # What stands somewhere is never overwritten.
        with pytest.raises(CommandError, match="has tables"):
            run("restore", str(path), "--into", database.url_of(new), "--files", str(place / "other"))


@pytest.mark.django_db(transaction=True)
def test_a_backup_whose_ledger_was_tampered_with_is_refused(county, place, settings):
    county.receive()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
        cursor.execute("UPDATE core_event SET kind = kind || 'x'")
        cursor.execute("ALTER TABLE core_event ENABLE TRIGGER USER")
    run("backup")
    (path,) = settings.BACKUP_DIR.glob("*.backup")

    with pytest.raises(CommandError, match="ledger does not hold"):
        run("restore", str(path), "--verify")
    assert not databases()


# --- what makes a restore refuse before it touches a database


@pytest.fixture
def small(place, settings):
    """A backup file with a made-up dump: enough for everything that is decided before PostgreSQL is asked."""

    def write(*, kept=(), **changed):
        named = {name: [len(content), _sha(content)] for name, content in kept}
        manifest = {"settings": site.fingerprint(), "postgres": 15, "tables": {}, "files": named} | changed
        raw = sealed(
            [
                (site.DUMP, b"dump"),
                *((site.FILES + name, content) for name, content in kept),
                (site.MANIFEST, json.dumps(manifest).encode()),
            ]
        )
        path = place / "small.backup"
        path.write_bytes(raw)
        return path

    return write


def _sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda raw: raw[:-1], "does not open"),
        (lambda raw: raw[:-40] + bytes([raw[-40] ^ 1]) + raw[-39:], "does not open"),
        (lambda raw: b"PK" + raw, "no backup of this site"),
        (lambda raw: b"", "no backup of this site"),
    ],
)
def test_a_spoilt_file_ends_the_command_with_an_error(small, spoil, words):
    path = small()
    path.write_bytes(spoil(path.read_bytes()))

    with pytest.raises(CommandError, match=words):
        run("restore", str(path), "--verify")


def test_a_file_that_is_not_there_is_said(place):
    with pytest.raises(CommandError, match="cannot be read"):
        run("restore", str(place / "nothing.backup"), "--verify")


def test_files_must_be_those_of_the_manifest(small):
    with pytest.raises(BackupError, match="not those its manifest names"):
        site.check(small(kept=[("a.txt", b"one")], files={"a.txt": [3, _sha(b"two")]}))


def test_a_picture_that_does_not_open_is_named(small):
    with pytest.raises(BackupError, match=r"ab/cd\.jpg"):
        site.check(small(kept=[("ab/cd.jpg", b"\xff\xd8\xff broken")]))


def test_only_twenty_pictures_are_held_however_many_there_are(small):
    content = photo().content

    found = site.check(small(kept=[(f"{n}.jpg", content) for n in range(50)]))

    assert len(found.files) == 50
    assert len(found.pictures) == site.PICTURES_OPENED


def test_a_site_without_the_keys_of_the_names_refuses(small):
    told = site.fingerprint()

    with pytest.raises(BackupError, match="lacks the keys k9"):
        site.check(small(settings=told | {"keys": {"k9": "0" * 16}}))
    with pytest.raises(BackupError, match="oldest key"):
        site.check(small(settings=told | {"index_key": "0" * 16}))


def test_the_fingerprint_holds_no_secret(settings):
    text = json.dumps(site.fingerprint())

    for key in (*settings.PII_KEYS.values(), settings.BLIND_INDEX_KEY):
        assert key.hex() not in text
        assert base64.b64encode(key).decode() not in text
    assert settings.SECRET_KEY not in text


def test_the_key_of_the_personal_data_is_no_key_for_backups(place, settings):
    settings.PII_KEYS = {"k1": KEYS["b1"]}

    with pytest.raises(CommandError, match="one of its own"):
        run("backup")


def test_a_dump_of_many_parts_reaches_pg_restore_whole(place, monkeypatch):
    dump = bytes(range(251)) * 20_000  # five parts
    path = place / "large.backup"
    path.write_bytes(sealed([(site.DUMP, dump), (site.MANIFEST, b"{}")]))
    got = []
    monkeypatch.setattr(database, "load", lambda where, pieces, **given: got.append(b"".join(pieces)))
    monkeypatch.setattr(database, "connected", lambda where: contextlib.nullcontext(Opened()))
    monkeypatch.setattr(database, "digests", lambda cursor: {})
    monkeypatch.setattr(site, "_verify_chains", lambda where: None)

    site._restore(path, site.Checked(manifest={"postgres": 15, "tables": {}}), {"dbname": "x"})

    assert got == [dump]


class Opened:
    server_version = 150_000

    def cursor(self):
        return contextlib.nullcontext()


def test_pg_restore_does_not_wait_for_a_rest_that_never_comes(monkeypatch, tmp_path):
    program = tmp_path / "pg_restore"
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    monkeypatch.setattr(postgres, "client", lambda name, server: program)

    def pieces():
        yield b"part"
        raise BackupError("cut short")

    begun = time.monotonic()
    with pytest.raises(BackupError, match="cut short"):
        database.load({"dbname": "x"}, pieces(), major=15, dumped_by=15)
    assert time.monotonic() - begun < 5


def test_tables_that_differ_are_named():
    with pytest.raises(BackupError, match="a, c"):
        site._compare({"a": [1, "7"], "b": [2, "0"]}, {"a": [1, "8"], "b": [2, "0"], "c": [0, "0"]})


def test_a_file_may_not_leave_its_place(tmp_path):
    with pytest.raises(BackupError, match="outside its place"):
        site._put_file(tmp_path / "files", "../evil", iter([b"x"]))


def test_older_backups_are_deleted_only_beyond_those_kept(tmp_path):
    names = [f"liaison-2026060{day}T000000Z.backup" for day in range(1, 6)]
    for name in [*names, "other.backup"]:
        (tmp_path / name).touch()

    site.forget_old(tmp_path, keep=2)

    assert {path.name for path in tmp_path.iterdir()} == {*names[-2:], "other.backup"}
    site.forget_old(tmp_path, keep=0)
    assert len(list(tmp_path.iterdir())) == 3


# --- PostgreSQL's own programs


def test_the_client_is_of_the_servers_version_or_the_next_newer(monkeypatch, tmp_path):
    for major in (15, 17, 18):
        program = tmp_path / str(major) / "pg_dump"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {major}.1'\n")
        program.chmod(0o755)
    monkeypatch.setattr(postgres, "_system_dirs", lambda: [tmp_path / "18", tmp_path / "15"])
    monkeypatch.setattr(postgres, "_wheel_dirs", lambda: [tmp_path / "17"])
    monkeypatch.setattr(postgres.shutil, "which", lambda name: None)

    assert postgres.client("pg_dump", server=15) == tmp_path / "15" / "pg_dump"
    assert postgres.client("pg_dump", server=16) == tmp_path / "17" / "pg_dump"
    with pytest.raises(postgres.EngineError, match="apt install postgresql-client-19"):
        postgres.client("pg_dump", server=19)


def test_passwords_stand_in_no_command_line(monkeypatch):
    seen = {}

    class Process:
        returncode, stdout = 0, BytesIO(b"dump")

        def __init__(self, command, *, env, **given):
            seen.update(command=[str(word) for word in command], env=env)

        def wait(self):
            pass

    monkeypatch.setattr(database.subprocess, "Popen", Process)
    monkeypatch.setattr(postgres, "client", lambda program, server: Path(program))
    where = {"host": "db", "user": "owner", "password": "geheim", "dbname": "liaison"}

    assert b"".join(database.dump(where, major=15, snapshot_name="s")) == b"dump"
    assert "geheim" not in " ".join(seen["command"])
    assert seen["env"]["PGPASSWORD"] == "geheim"


def test_a_url_and_its_parts_are_the_same_place():
    where = {"host": "/run/x y", "user": "o", "password": "p@/:?", "dbname": "d"}

    assert database.place_at(database.url_of(where)) == where
    with pytest.raises(BackupError, match="--into takes the URL"):
        database.place_at("no url")
    assert psycopg2.extensions.parse_dsn(database.url_of(where))["password"] == "p@/:?"
