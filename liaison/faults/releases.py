"""F30–F33: a migration while residents speak, two versions at once, a backup restored, a backup that is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from liaison.faults.disk import photo
from liaison.faults.ground import Ground, Site
from liaison.faults.kills import RATE, server_errors
from liaison.faults.oracle import Finding, Oracle
from liaison.faults.residents import Residents, send_photo

# What a next version may do to a table in use: a column with a default of the database's own, an index built beside.
MIGRATION = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("intake", "{last}")]
    operations = [
        migrations.AddField(
            "constituentrequest", "rehearsed", models.CharField(max_length=8, blank=True, default="", db_default="")
        ),
        AddIndexConcurrently("constituentrequest", models.Index(fields=["rehearsed"], name="request_rehearsed")),
    ]
"""
MODEL = """

ConstituentRequest.add_to_class("rehearsed", models.CharField(max_length=8, blank=True, default="", db_default=""))
"""


def next_version(ground: Ground) -> Path:
    """This checkout with one more column in its largest table, as the next release would have it."""
    target = ground.home / "next"
    shutil.rmtree(target, ignore_errors=True)
    left_out = shutil.ignore_patterns(
        ".git", ".venv*", "__pycache__", ".run*", "tests", "*_cache", "node_modules"
    )
    shutil.copytree(ground.checkout, target, ignore=left_out)
    folder = target / "intake" / "migrations"
    last = sorted(path.stem for path in folder.glob("0*.py"))[-1]
    (folder / "0999_rehearsal.py").write_text(MIGRATION.replace("{last}", last), encoding="utf-8")
    models = target / "intake" / "models" / "__init__.py"
    models.write_text(
        models.read_text(encoding="utf-8") + "\nfrom django.db import models  # noqa: E402\n" + MODEL,
        encoding="utf-8",
    )
    return target


def migrate(ground: Ground, checkout: Path, database: str) -> float:
    """By the owner, as `deploy` does; seconds."""
    begun = time.monotonic()
    ground.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        ground.env(database, owner=True),
        cwd=checkout,
    )
    return time.monotonic() - begun


def f30(ground: Ground) -> Finding:
    database, checkout = ground.copy("f30"), next_version(ground)
    with ground.child(database) as child, ground.site(database) as site:
        told = child.call("facts")
        people = Residents(site.port, told["stations"])
        seconds = ground.of(60, 12)
        speaking = threading.Thread(target=people.flow, args=(RATE, seconds))
        speaking.start()
        time.sleep(seconds / 4)
        took = migrate(ground, checkout, database)
        speaking.join()
        oracle = Oracle(ground, child, people, after=told["last"])
        columns = ground.ask(
            database, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'rehearsed'"
        )[0][0]
    worst = max(said.slowest for said in people.ledger)
    errors = server_errors(people)
    measured = (
        f"{oracle.words()}; {errors} answered 5xx, slowest answer {worst:.1f} s, migrate took {took:.1f} s"
    )
    passed = oracle.sound and not errors and columns == 1 and all(said.accepted for said in people.ledger)
    return Finding(
        measured,
        passed,
        "a column with a default and an index built concurrently, on the table that is being written",
    )


def f31(ground: Ground) -> Finding:
    """N alone, N+1 migrates and serves beside N, N+1 goes, N alone: both take requests in all the while."""
    database, checkout = ground.copy("f31"), next_version(ground)
    seconds = ground.of(20, 4)
    errors = 0
    with ground.child(database) as child, ground.site(database) as old:
        told = child.call("facts")
        people = Residents(old.port, told["stations"])
        people.flow(10, seconds)
        migrate(ground, checkout, database)
        with ground.site(database, cwd=checkout) as new:
            others = Residents(new.port, told["stations"])
            others._serials = people._serials
            side = threading.Thread(target=others.flow, args=(10, seconds))
            side.start()
            people.flow(10, seconds)
            side.join()
        people.flow(10, seconds)
        errors = server_errors(people) + server_errors(others)
        people.ledger += others.ledger
        oracle = Oracle(ground, child, people, after=told["last"])
        with ground.site(database, cwd=checkout) as new:
            crossed = _crossing(old, new, told, child)
    measured = (
        f"{oracle.words()}, {len(others.ledger)} of them by N+1; {errors} answered 5xx; "
        f"{crossed} of 4 cases begun by one and carried on by the other"
    )
    passed = oracle.sound and not errors and crossed == 4 and all(said.accepted for said in people.ledger)
    return Finding(
        measured, passed, "N+1 is this version with a rehearsed column: no release exists yet to go back to"
    )


def _crossing(old: Site, new: Site, told: dict[str, Any], child: Any) -> int:
    from liaison.faults.database import step

    done = 0
    for turn, case in enumerate(child.call("take_in", 4)):
        first, second = (old, new) if turn % 2 else (new, old)
        token = told["tokens"][0]
        one = step(
            first.port, token, case["public_id"], "register", {"category": told["category"], "title": "路灯"}
        )[0]
        two = step(second.port, token, case["public_id"], "handle", {})[0]
        done += (one, two) == (200, 200)
    return done


# --- backups


def _backup(ground: Ground, database: str, folder: Path) -> tuple[dict[str, str], Path, str]:
    env = ground.env(
        database,
        {"BACKUP_KEY_FILE": str(_key(ground)), "MEDIA_ROOT": str(ground.home / "backup-files")},
        owner=True,
    )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (ground.home / "backup-files").mkdir(exist_ok=True)
    said = ground.run([sys.executable, "manage.py", "backup", "--to", str(folder)], env).stdout
    return env, next(path for path in folder.iterdir() if path.is_file()), said


def _key(ground: Ground) -> Path:
    import secrets
    from base64 import b64encode

    from liaison.engines import host

    path = ground.home / "backup_key"
    host.read_or_make(path, lambda: f"b1:{b64encode(secrets.token_bytes(32)).decode()}\n")
    return path


def _verify(ground: Ground, env: dict[str, str], file: Path) -> subprocess.CompletedProcess[str]:
    done: subprocess.CompletedProcess[str] = ground.run(
        [sys.executable, "manage.py", "restore", str(file), "--verify"], env, check=False
    )
    return done


def f32(ground: Ground) -> Finding:
    database = ground.copy("f32")
    files = {"MEDIA_ROOT": str(ground.home / "backup-files")}
    with ground.child(database) as child, ground.site(database, more=files) as site:
        people = Residents(site.port, child.call("facts")["stations"])
        pictures = [send_photo(site.port, people.say().code, photo())[0] for _each in range(3)]
    begun = time.monotonic()
    env, file, _said = _backup(ground, database, ground.home / "backups")
    made = time.monotonic() - begun
    begun = time.monotonic()
    done = _verify(ground, env, file)
    took = time.monotonic() - begun
    measured = f"made in {made:.0f} s, restored and compared in {took:.0f} s: {(done.stdout or done.stderr).strip()[:120]}"
    return Finding(
        measured,
        done.returncode == 0 and took < 1800 and pictures == [200] * 3,
        f"{file.stat().st_size // 1024} KB",
    )


def f33(ground: Ground) -> Finding:
    """One byte turned at the head, in the middle and at the end; the file cut short; an empty one; another key."""
    database = ground.copy("f33")
    env, file, _said = _backup(ground, database, ground.home / "backups")
    whole = file.read_bytes()
    broken = {"empty": b"", "cut short": whole[: len(whole) // 2], "without its last byte": whole[:-1]}
    places = {"head": 10, "middle": len(whole) // 2, "end": len(whole) - 3}
    for name, place in places.items():
        broken[f"a byte turned at the {name}"] = (
            whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        )
    refused = {}
    for name, content in list(broken.items())[: ground.of(6, 3)]:
        file.write_bytes(content)
        done = _verify(ground, env, file)
        refused[name] = done.returncode != 0 and "Traceback" not in done.stderr
    file.write_bytes(whole)
    sane = _verify(ground, env, file).returncode == 0
    measured = f"{sum(refused.values())} of {len(refused)} broken files refused; the whole one {'accepted' if sane else 'refused too'}"
    note = "; ".join(name if well else f"NOT REFUSED: {name}" for name, well in refused.items())
    return Finding(measured, all(refused.values()) and sane, note)
