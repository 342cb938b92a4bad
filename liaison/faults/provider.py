"""F22–F26: the gateway fails, answers nothing, answers nonsense, hangs; one row is poison. At most one effect, and nobody else waits."""

from __future__ import annotations

import time
from typing import Any

from liaison.faults.ground import Child, Ground
from liaison.faults.oracle import Finding

# The back-off of the outbox from the first try to the last, in minutes; a driver is told the hour instead of waiting.
TRIES = 12
DAY = 86400


def _told(child: Child, number: str) -> dict[str, Any]:
    return dict(child.call("messages", number)[0])


def f22(ground: Ground) -> Finding:
    """500 for ever: ever later, then given up where people see it; and 500 for a while: delivered once."""
    database = ground.copy("f22")
    with ground.sink() as sink, ground.child(database, sink.env()) as child:
        child.call("deliver_all", 20)
        case = child.call("take_in", 1, phone="13800000001")[0]
        sink.mode, now = "500", time.time() + 1
        waits: list[int] = []
        while not (told := _told(child, case["number"]))["dead"] and len(waits) < 20:
            child.call("deliver", now)
            after = _told(child, case["number"])
            waits.append(round((after["next"] - now) / 60))
            if after["dead"]:
                told = after
                break
            now = after["next"] + 1
        dead, tries = told["dead"], told["attempts"]
        calls = sum(1 for _at, key, _to in sink.calls if key == sink.calls[0][1])
        sink.mode = "500"
        again = child.call("take_in", 1, phone="13800000009")[0]
        child.call("deliver", time.time() + 1)
        sink.mode = "ok"
        child.call("deliver", time.time() + 300)
        effects = sum(sink.effects.values())
        healed = _told(child, again["number"])["sent"]
    grows = waits[:-1] == sorted(waits[:-1]) and waits[0] == 1
    measured = (
        f"given up after {tries} tries, {calls} calls, waiting {waits[0]} to {max(waits[:-1])} min between; "
        f"after 500 for a while {effects} effect"
    )
    passed = dead and tries == TRIES and grows and healed and effects == 1 and bool(told["error"])
    return Finding(measured, passed, f"told: {told['error']}")


def f23(ground: Ground) -> Finding:
    """It takes the message and never answers: called again under the same key, one effect; a gateway without keys is not called again."""
    return _once(ground, "f23", "drop")


def f24(ground: Ground) -> Finding:
    """It takes the message and answers garbage."""
    return _once(ground, "f24", "garbage")


def _once(ground: Ground, name: str, mode: str) -> Finding:
    found = []
    for idempotent in (True, False):
        database = ground.copy(name)
        with ground.sink() as sink, ground.child(database, sink.env(idempotent=idempotent)) as child:
            child.call("deliver_all", 20)
            case = child.call("take_in", 1, phone="13800000001")[0]
            sink.mode, now = mode, time.time() + 1
            for _try in range(4):
                child.call("deliver", now)
                now += 3600
            sink.mode = "ok"
            child.call("deliver", now + DAY)
            told = _told(child, case["number"])
            calls, effects = len(sink.calls), len(sink.effects)
            found.append((idempotent, calls, effects, told))
    (_with, calls, effects, told), (_without, lone_calls, lone_effects, lone) = found
    measured = (
        f"a gateway with keys: {calls} calls, {effects} effect, sent; "
        f"without keys: {lone_calls} call{'s' * (lone_calls > 1)}, {lone_effects} effect, put before a person"
    )
    passed = (
        effects == 1 and told["sent"] and calls > 1 and lone_calls == 1 and lone_effects == 1 and lone["dead"]
    )
    return Finding(measured, passed, f"told: {lone['error']}")


def f25(ground: Ground) -> Finding:
    """It hangs: given up after five seconds, the others' turn, delivered once when it lives again."""
    database = ground.copy("f25")
    with ground.sink() as sink, ground.child(database, sink.env()) as child:
        child.call("deliver_all", 20)
        cases = child.call("take_in", ground.of(3, 1), phone="13800000001")
        sink.mode = "hang"
        begun = time.monotonic()
        child.call("deliver", time.time() + 1)
        took = (time.monotonic() - begun) / len(cases)
        first = _told(child, cases[0]["number"])
        sink.mode = "ok"
        child.call("deliver", time.time() + 600)
        sent = [_told(child, case["number"])["sent"] for case in cases]
        effects = len(sink.effects)
    measured = f"let go after {took:.1f} s a message; afterwards {effects} effects of {len(cases)}"
    return Finding(
        measured,
        took < 7 and not first["sent"] and all(sent) and effects == len(cases),
        f"told: {first['error']}",
    )


def f26(ground: Ground) -> Finding:
    """A row at the head that can never go out, with a worker and beat running: the others flow within one period of beat."""
    others = ground.of(50, 10)
    database = ground.copy("f26")
    with ground.sink() as sink, ground.child(database, sink.env()) as child:
        child.call("deliver_all", 20)
        sink.poison = "13800000001"
        poisoned = child.call("take_in", 1, phone=sink.poison)[0]
        child.call("take_in", others, phone="13900000001")
        begun = time.monotonic()
        with ground.site(database, "worker", "beat", more=sink.env()) as site:
            site.wait_for("worker")
            begun = time.monotonic()
            while len(sink.effects) < others and time.monotonic() - begun < 60:
                time.sleep(0.1)
            took = time.monotonic() - begun
        told = _told(child, poisoned["number"])
    measured = f"{len(sink.effects)} of {others} others out within {took:.1f} s; the poison row waits with its reason"
    passed = len(sink.effects) == others and took < 15 and not told["sent"] and bool(told["error"])
    return Finding(measured, passed, f"told: {told['error']}")
