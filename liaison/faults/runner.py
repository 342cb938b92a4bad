"""`dev.py faults`: the table of faults, tried one after another; one line each, kept in docs/quality/faults.json."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from liaison import quality
from liaison.engines.host import EngineError
from liaison.faults import broker, clocks, database, disk, kills, phones, provider, races, releases
from liaison.faults.ground import Ground, say
from liaison.faults.oracle import Finding
from liaison.quality import Row


@dataclass(frozen=True)
class Fault:
    id: str
    what: str
    limit: str
    drive: Callable[[Ground], Finding]


FAULTS = [
    Fault("F01", "kill -9 one web process every 0.5 s, 20 requests a second", "0 lost, 0 doubled", kills.f01),
    Fault("F02", "kill -9 the whole web server, 20 times", "0 lost, 0 doubled, back < 10 s", kills.f02),
    Fault("F03", "kill -9 the worker's processes every 2 s", "0 lost, 0 doubled effects", kills.f03),
    Fault("F04", "beat killed, twice at once, none", "the rungs of an undisturbed run", kills.f04),
    Fault("F05", "broker stopped for 5 min", "all accepted, p95 < 2 s, drain < 60 s", broker.f05),
    Fault("F06", "broker restarted empty", "all accepted, p95 < 2 s, drain < 60 s", broker.f06),
    Fault("F07", "broker's memory full", "all accepted, p95 < 2 s, drain < 60 s", broker.f07),
    Fault("F08", "broker 200 ms away", "all accepted, p95 < 2 s, drain < 60 s", broker.f08),
    Fault("F09", "broker deaf, no connection refused", "all accepted, p95 < 2 s, drain < 60 s", broker.f09),
    Fault("F10", "PostgreSQL restarted at once, 5 times", "0 acknowledged lost", database.f10),
    Fault("F11", "PostgreSQL down for 2 min", "503 with Retry-After; then all taken in", database.f11),
    Fault("F11.phone", "the same, on a phone", "kept, then handed in once", phones.f11_phone),
    Fault("F12", "kill -9 of the backend that holds a case's row", "next step < 5 s", database.f12),
    Fault("F13", "no database connection left", "503, no hang; recovers", database.f13),
    Fault("F14", "no room for photos", "told so, no half record", disk.f14),
    Fault("F16", "the photos' disk is read-only", "told so, no half record", disk.f16),
    Fault("F17", "database 300 ms away", "bounded, nothing twice", database.f17),
    Fault("F18", "answer cut off after the commit, said again 5 times", "one record, same receipt", races.f18),
    Fault("F19", "the same key 50 times at once", "one record, 50 equal answers", races.f19),
    Fault("F20", "50 clerks take one step at once", "one winner, 49 × 409", races.f20),
    Fault("F21", "steps race in random order, 200 rounds", "every life legal", races.f21),
    Fault("F22", "the SMS gateway answers 500", "back-off, then a dead letter people see", provider.f22),
    Fault("F23", "the gateway accepts and never answers", "≤ 1 effect", provider.f23),
    Fault("F24", "the gateway answers garbage", "≤ 1 effect", provider.f24),
    Fault("F25", "the gateway hangs", "let go in 5 s, ≤ 1 effect", provider.f25),
    Fault("F26", "a poison row at the head of the outbox", "others out within one period", provider.f26),
    Fault("F27", "the clock jumps two hours ahead and back", "nothing climbed twice or on another date", clocks.f27),
    Fault("F28", "hosts in other zones; leap days, ends of years", "the same deadlines", clocks.f28),
    Fault("F29", "three days off, then on", "each rung once, with its true date", clocks.f29),
    Fault("F30", "migrate under 20 requests a second", "no 5xx, 0 lost", releases.f30),
    Fault("F31", "N, N+1 beside it, N again", "both work on the schema", releases.f31),
    Fault("F32", "backup restored into a scratch database", "equal, chains verify, ≤ 30 min", releases.f32),
    Fault("F33", "broken backups", "refused, exit ≠ 0", releases.f33),
    Fault("F39", "50 drafts on a phone without a network, its tab killed 10 times", "50 records, 0 doubled", phones.f39),
    Fault("F40", "pictures that would eat the memory", "4xx, site up", disk.f40),
    Fault("S2", "the storm: kill -9 over web, worker, beat and broker, 10 min", "0 lost, 0 doubled of ≥ 12,000", kills.storm),
]  # fmt: skip
# What `--short` tries when none is named: one of each kind, a minute or so together.
SHORT = ("F01", "F12", "F18", "F22", "F24", "F27", "F28", "F29")
HOW = (
    "Each fault has its own copy of a seeded database, PostgreSQL with fsync on, and processes of its own; the oracle compares "
    "receipts that clients hold with what is stored, with the chains, and with what a message gateway of our own took. Races "
    "carry a control whose lock was taken away and that must fail (`liaison/faults/patches.py`)."
)
WEAK = (
    "F27 tells each sweep and delivery another hour; the clock of the machine itself is not moved.",
    "F31 rehearses with a column made up for it: nothing has been released yet.",
    "F14 and F16 need root, to mount a small disk.",
    "F39 in full on a machine with six others at work: 49 of 50 drafts were in four minutes after the network came back.",
    "Not built: F15 (no room for the database's log). The ballot's faults, F34 to F38, come with the ballot.",
)


def run(checkout: str, words: list[str]) -> int:
    options = _options(words)
    chosen = _chosen(options.ids or (SHORT if options.short else []))
    if options.list:
        for fault in chosen:
            say(f"  {fault.id:<4} {fault.what}: {fault.limit}")
        return 0
    os.nice(5)
    rows = []
    with Ground(Path(checkout), is_short=options.short).running() as ground:
        for fault in chosen:
            rows.append(_try(ground, fault))
            if not options.short:
                quality.write(
                    "faults",
                    rows,
                    title="Faults survived",
                    command="python3 dev.py faults",
                    how=HOW,
                    weak=WEAK,
                )
    failed = [row.id for row in rows if not row.passed]
    say(f"Failed: {', '.join(failed)}." if failed else f"{len(rows)} faults survived.")
    return 1 if failed else 0


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 dev.py faults", description="Break things, and count what is lost."
    )
    parser.add_argument(
        "ids", nargs="*", help="some of the faults (F01, S2); all when none is named, some with --short"
    )
    parser.add_argument(
        "--short", action="store_true", help="seconds each, nothing kept; without ids some of them"
    )
    parser.add_argument("--list", action="store_true", help="only say what can be broken")
    return parser.parse_args(words)


def _chosen(ids: Sequence[str]) -> list[Fault]:
    known = {fault.id.upper(): fault for fault in FAULTS}
    for each in ids:
        if each.upper() not in known:
            raise EngineError(f"No fault {each}; there are {', '.join(known)}.")
    return [known[each.upper()] for each in ids] if ids else FAULTS


def _try(ground: Ground, fault: Fault) -> Row:
    broker.command(ground, "FLUSHALL")  # nobody is held to what the fault before used up
    begun = time.monotonic()
    try:
        found = fault.drive(ground)
    except (
        Exception
    ) as problem:  # a driver that broke says nothing of the fault, and keeps no other from being tried
        found = Finding(f"the driver broke: {type(problem).__name__}", False, str(problem)[:300])
        ground.cluster.revive()
    took = time.monotonic() - begun
    say(
        f"{'ok    ' if found.passed else 'FAILED'} {fault.id:<4} {fault.what}: {found.measured} ({took:.0f} s)"
    )
    if found.note:
        say(f"            {found.note}")
    return Row(fault.id, fault.what, fault.limit, found.measured, found.passed, found.note)
