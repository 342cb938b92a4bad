"""F01–F04 and the storm: processes killed -9 while residents speak, the messages go out and deadlines pass."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from liaison.faults.ground import Child, Ground, Site
from liaison.faults.oracle import Finding, Oracle, drained
from liaison.faults.residents import Residents

RATE = 20
# A claim whose worker was killed waits for its lease of two minutes to end.
LEASE_SECONDS = 150


class Killer:
    """Does each of its deeds every so many seconds, in threads of its own, until stopped."""

    def __init__(self, *deeds: tuple[float, Callable[[int], Any]]) -> None:
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._go, args=deed, daemon=True) for deed in deeds]
        self.problems: list[str] = []

    def _go(self, every: float, deed: Callable[[int], Any]) -> None:
        turn = 0
        while not self._ends.wait(every):
            try:
                deed(turn)
            except Exception as problem:  # a driver that broke must not look like a fault survived
                self.problems.append(f"{type(problem).__name__}: {problem}")
            turn += 1

    def __enter__(self) -> Killer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()


def flow_under(
    ground: Ground,
    name: str,
    parts: tuple[str, ...],
    deeds: Callable[[Site], list[tuple[float, Callable[[int], Any]]]],
    seconds: float,
    *,
    at_least: int = 0,
    sane: Callable[[Child, Residents], str] | None = None,
) -> Finding:
    """20 requests a second while the deeds are done; then everything must be there once."""
    database = ground.copy(name)
    with ground.sink() as sink, ground.child(database) as child:
        told = child.call("facts")
        with ground.site(database, *parts, more=sink.env()) as site:
            people = Residents(site.port, told["stations"], patience=90)
            with Killer(*deeds(site)) as killer:
                people.flow(RATE, seconds, at_least=at_least, most_seconds=seconds * 3)
            site.held.clear()
            back = site.wait_for_web(30)
            late = people.try_on(60)
            slow = drained(child, ground.of(900, LEASE_SECONDS + 60)) if "worker" in parts else 0.0
            later = people.say()
            if "worker" in parts:
                drained(child, LEASE_SECONDS)
            oracle = Oracle(
                ground, child, people, after=told["last"], sink=sink if "worker" in parts else None
            )
            extra = sane(child, people) if sane is not None else ""
    ok = oracle.sound and later.accepted and not killer.problems and not extra and _all_accepted(people)
    parts_of_note = [
        f"killed -9: {_told(site.deaths)}",
        f"{people.statuses()[0]} tries broken off, {server_errors(people)} answered 5xx and said again",
        f"web back after {back:.1f} s",
        f"{late} that had waited longer than 90 s got their receipt afterwards" if late else "",
        f"outbox empty {slow:.0f} s after the faults" if "worker" in parts else "",
        f"{sink.repeats()} calls repeated under their key" if "worker" in parts else "",
        extra,
        *killer.problems[:2],
    ]
    note = "; ".join(part for part in parts_of_note if part)
    return Finding(oracle.words(), ok, note)


def _told(deaths: Counter[str]) -> str:
    return ", ".join(f"{name} {times} ×" for name, times in sorted(deaths.items()))


def _all_accepted(people: Residents) -> bool:
    return all(said.accepted for said in people.ledger)


def server_errors(people: Residents) -> int:
    return sum(times for status, times in people.statuses().items() if status >= 500)


def f01(ground: Ground) -> Finding:
    return flow_under(
        ground,
        "f01",
        ("web",),
        lambda site: [(0.5, lambda turn: site.kill_a_child("web", turn))],
        ground.of(600, 5),
    )


def f02(ground: Ground) -> Finding:
    times = ground.of(20, 1)
    every = ground.of(8.0, 2.5)
    backs: list[float] = []

    def deeds(site: Site) -> list[tuple[float, Callable[[int], Any]]]:
        def kill(turn: int) -> None:
            if turn < times:
                site.kill("web")
                backs.append(site.wait_for_web(30))

        return [(every, kill)]

    found = flow_under(ground, "f02", ("web",), deeds, every * times + ground.of(5, 2))
    found.measured += f", back after {max(backs):.1f} s"
    found.passed = found.passed and max(backs) < 10
    return found


def f03(ground: Ground) -> Finding:
    def deeds(site: Site) -> list[tuple[float, Callable[[int], Any]]]:
        return [
            (2.0, lambda turn: site.kill_a_child("worker", turn)),
            (17.0, lambda _turn: site.bounce("worker")),
        ]

    return flow_under(ground, "f03", ("web", "worker", "beat"), deeds, ground.of(600, 6))


def f04(ground: Ground) -> Finding:
    """Beat killed, two at once, none at all: what is climbed in the end is what an undisturbed sweep climbs."""
    disturbed, quiet = ground.copy("f04"), ground.copy("f04_quiet")
    until = time.time() + 10 * 86400
    with ground.child(disturbed) as child, ground.child(quiet) as other:
        before = child.call("standing")
        if not ground.is_short:
            with ground.site(disturbed, "worker", "beat") as site, ground.site(disturbed, "beat"):
                spread_checks(ground, disturbed, 90)
                for _turn in range(6):
                    time.sleep(15)
                    site.kill("beat")
        # Three hours without anybody, then several sweeps at once, one of them killed in the middle.
        others = [Child(ground, ground.env(disturbed)) for _each in range(3)]
        try:
            for each in others:
                each.call("waiting")
                each.ask("sweep", until)
            time.sleep(0.2)
            others[0].kill()
            for each in others[1:]:
                each.answer()
        finally:
            for each in others:
                each.end()
        climbed = child.call("sweep", until)
        other.call("sweep", until)
        mine, theirs = child.call("standing"), other.call("standing")
        chains = child.call("broken_chains")
    moved = sum(1 for one, two in zip(before, mine, strict=True) if one != two)
    different = sum(1 for one, two in zip(mine, theirs, strict=True) if one != two)
    how = "three sweeps at once, one of them killed"
    if not ground.is_short:
        how = f"two beats at once and one of them killed each 15 s, then {how}"
    note = f"{moved} cases had something climbed; {how}; the last sweep found {climbed['rungs']} rungs left"
    passed = not different and not chains and moved > 0
    return Finding(f"{different} of {len(mine)} cases differ from an undisturbed run", passed, note)


def spread_checks(ground: Ground, database: str, seconds: float) -> None:
    """What is overdue in the seed comes up for its look one after another, not in the first sweep."""
    ground.ask(
        database,
        "UPDATE core_clock SET next_check_at = now() + make_interval(secs => %s * random()) WHERE next_check_at <= now()",
        [seconds],
    )


def storm(ground: Ground) -> Finding:
    """Web, worker, beat and broker killed for ten minutes at 20 requests a second, while the seed's deadlines pass."""
    seconds, wanted = ground.of(600, 12), ground.of(12_000, 0)
    quiet = ground.copy("storm_quiet")
    told: dict[str, Any] = {}

    def deeds(site: Site) -> list[tuple[float, Callable[[int], Any]]]:
        told["database"] = site.database
        spread_checks(ground, site.database, seconds)
        return [
            (0.9, lambda turn: site.kill_a_child("web", turn)),
            (30.0, lambda _turn: site.bounce("web")),
            (2.0, lambda turn: site.kill_a_child("worker", turn)),
            (20.0, lambda _turn: site.bounce("worker")),
            (25.0, lambda _turn: site.bounce("beat")),
            (ground.of(5.0, 4.0), lambda turn: _bounce_broker(ground, site, turn)),
        ]

    def sane(child: Child, people: Residents) -> str:
        until = time.time() + 2 * 86400
        with ground.child(quiet) as other:
            last = other.call("facts")["last"]
            # Both up to the same instant: what the storm's own beats and workers have not climbed yet is climbed now.
            child.call("sweep", until)
            other.call("sweep", until)
            mine, theirs = child.call("standing", 0, last), other.call("standing", 0, last)
            different = sum(1 for one, two in zip(mine, theirs, strict=True) if one != two)
            told["new"] = len(child.call("standing", last))
        return (
            f"{different} of {len(mine)} seeded cases differ from the run without faults" if different else ""
        )

    found = flow_under(ground, "storm", ("web", "worker", "beat"), deeds, seconds, at_least=wanted, sane=sane)
    found.note += (
        "; deadlines and rungs of the seeded cases equal those of a run without faults"
        if found.passed
        else ""
    )
    return found


def _bounce_broker(ground: Ground, site: Site, turn: int) -> None:
    bounce_broker(ground, empty=turn % 2 == 1)
    site.deaths["broker"] += 1


def bounce_broker(ground: Ground, *, empty: bool) -> None:
    """kill -9; `empty`: and what it remembered is gone."""
    ground.kill_broker(empty=empty)
    ground.start_broker()
