"""F18–F21: the same thing said or done many times at once, each with a control whose lock was taken away."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from liaison.faults.database import step
from liaison.faults.ground import Ground
from liaison.faults.oracle import Finding, Oracle
from liaison.faults.proxy import Wire, to_port
from liaison.faults.residents import Residents

CROWD = 50
WIDE = {"WEB_WORKERS": "2", "WEB_THREADS": "25"}


def at_once(jobs: Sequence[Callable[[], Any]]) -> list[Any]:
    """All through one gate."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> Any:
        gate.wait(30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as crowd:
        return list(crowd.map(run, jobs))


def held_to(real: tuple[str, bool, str], control: tuple[str, bool, str] | None) -> Finding:
    """The fault passed, and failed when its lock was taken away."""
    words, passed, note = real
    if control is None:
        return Finding(words, passed, note)
    told, control_passed, _note = control
    return Finding(words, passed and not control_passed, f"{note}; without the lock: {told}".strip("; "))


def f18(ground: Ground) -> Finding:
    """The answer is cut off after the commit, five times each; the sixth arrives."""
    many, cuts = ground.of(40, 6), 5
    database = ground.copy("f18")
    with ground.child(database) as child, ground.site(database) as site:
        told = child.call("facts")
        wire = Wire(to_port(site.port))
        try:
            people = Residents(wire.port, told["stations"], pause=0.05)
            for _each in range(many):
                wire.drop_answers = cuts
                people.say()
            direct = Residents(site.port, told["stations"])
            same = [direct.post(said)[1].get("number") == said.number for said in people.ledger]
            oracle = Oracle(ground, child, people, after=told["last"])
        finally:
            wire.close()
    measured = (
        f"{oracle.words()}; {wire.dropped} answers cut off, {sum(same)} of {many} get the same receipt again"
    )
    passed = (
        oracle.sound
        and all(same)
        and wire.dropped == many * cuts
        and all(said.accepted for said in people.ledger)
    )
    return Finding(measured, passed)


def f19(ground: Ground) -> Finding:
    def one(patches: str) -> tuple[str, bool, str]:
        database = ground.copy("f19")
        with (
            ground.child(database) as child,
            ground.site(database, more=WIDE | {"FAULT_PATCHES": patches}) as site,
        ):
            told = child.call("facts")
            people = Residents(site.port, told["stations"], patience=20)
            rounds = ground.of(10, 1)
            for number in range(1, rounds + 1):
                key = f"f19-same-key-{number}"
                at_once([lambda key=key, number=number: people.say(key=key, serial=number)] * CROWD)  # type: ignore[misc]
            oracle = Oracle(ground, child, people, after=told["last"])
        receipts = len({said.number for said in people.ledger})
        odd = sum(times for status, times in people.statuses().items() if status not in (201, 503, 0))
        words = f"{rounds} × {CROWD} at once: {oracle.told['stored']} records, {receipts} receipts"
        return (
            words,
            oracle.told["stored"] == receipts == rounds and oracle.sound and not odd,
            _told(people.statuses()),
        )

    return held_to(one("always_day"), one("always_day without_claim"))


def f20(ground: Ground) -> Finding:
    def one(patches: str) -> tuple[str, bool, str]:
        database = ground.copy("f20")
        with (
            ground.child(database) as child,
            ground.site(database, more=WIDE | {"FAULT_PATCHES": patches}) as site,
        ):
            told = child.call("facts")
            cases = child.call("take_in", ground.of(10, 2))
            found: Counter[int] = Counter()
            lone = 0
            for case in cases:
                body = {"category": told["category"], "title": "路灯不亮", "version": case["seq"]}
                statuses = Counter(
                    at_once(
                        [
                            lambda token=token, case=case, body=body: step(
                                site.port, token, case["public_id"], "register", body
                            )[0]  # type: ignore[misc]
                            for token in told["tokens"]
                        ]
                    )
                )
                found += statuses
                lone += statuses == {200: 1, 409: CROWD - 1}
            wrong = child.call("illegal_paths", [case["pk"] for case in cases]) + child.call("broken_chains")
        words = f"{len(cases)} × {CROWD} clerks: {lone} times one winner and {CROWD - 1} × 409"
        return (
            words,
            lone == len(cases) and not wrong,
            _told(found) + (f", {len(wrong)} illegal" if wrong else ""),
        )

    return held_to(one("always_day"), one("always_day without_row_lock"))


def f21(ground: Ground) -> Finding:
    """Assigned, withdrawn, referred and answered at the same moment, in random order: whatever wins, the life is a legal one."""

    def one(patches: str) -> tuple[str, bool, str]:
        database = ground.copy("f21")
        draw = random.Random(21)
        with (
            ground.child(database) as child,
            ground.site(database, more=WIDE | {"FAULT_PATCHES": patches}) as site,
        ):
            told = child.call("facts")
            cases = child.call("take_in", ground.of(200, 10))
            child.call("register_all", [case["pk"] for case in cases])
            moves: list[tuple[str, dict[str, Any]]] = [
                ("assign", {"unit": told["unit"]}),
                ("withdraw", {}),
                ("refer", {"door": "", "note": "请到信访局说。"}),
                ("handle", {}),
                ("answer", {"headline": "灯亮了", "body": "维修班当天去换的。"}),
                ("note", {"text": "看过了。"}),
            ]
            moves[2][1]["door"] = child.call("a_door")
            found: Counter[int] = Counter()
            for case in cases:
                chosen = draw.sample(moves, len(moves)) + draw.sample(moves, 2)
                jobs = [
                    lambda place=place, verb=verb, body=body, case=case: step(
                        site.port, told["tokens"][place], case["public_id"], verb, body
                    )[0]
                    for place, (verb, body) in enumerate(chosen)
                ]
                found += Counter(at_once(jobs))
            wrong = child.call("illegal_paths", [case["pk"] for case in cases]) + child.call("broken_chains")
        odd = sum(times for status, times in found.items() if status not in (200, 403, 404, 409))
        words = f"{len(cases)} rounds of 8 at once: {len(wrong)} illegal lives, {odd} answers that are neither done nor refused"
        return words, not wrong and not odd and found[200] > 0, _told(found)

    return held_to(one("always_day"), one("always_day without_row_lock"))


def _told(statuses: Counter[int]) -> str:
    return ", ".join(f"{times} × {status or 'no answer'}" for status, times in sorted(statuses.items()))
