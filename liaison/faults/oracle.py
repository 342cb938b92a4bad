"""The verdict of a fault: ledgers of acknowledged operations against the database and the sink of effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from liaison.faults.ground import Child, Ground
from liaison.faults.residents import Residents
from liaison.faults.sink import Sink


@dataclass
class Finding:
    """What came of a fault."""

    measured: str
    passed: bool
    note: str = ""


class Oracle:
    """Looks once, when the dust has settled."""

    def __init__(
        self, ground: Ground, child: Child, people: Residents, *, after: int, sink: Sink | None = None
    ) -> None:
        path = people.write(ground.home / "ledger.jsonl")
        self.told: dict[str, Any] = child.call("audit", str(path), after)
        self.people = people
        self.effects = dict(sink.effects) if sink is not None else None

    @property
    def lost(self) -> int:
        """Acknowledged and not stored, or stored and its effect never came."""
        return len(self.told["lost"]) + self.undelivered

    @property
    def undelivered(self) -> int:
        if self.effects is None:
            return 0
        return len(set(self.told["sent"]) - set(self.effects)) + self.told["waiting"] + self.told["dead"]

    @property
    def doubled(self) -> int:
        """Said once and stored twice, or one message that took effect twice, or one that nobody stored."""
        twice = len(self.told["twice"]) + self.told["without_key"] + self.told["wrong_messages"]
        return twice + self.strays

    @property
    def strays(self) -> int:
        return len(set(self.effects or ()) - set(self.told["sent"]))

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.told["wrong_clocks"] or self.told["chains"])

    def words(self) -> str:
        parts = [
            f"{self.told['acknowledged']} accepted, {self.lost} lost, {self.doubled} doubled",
            f"{len(self.effects)} effects" if self.effects is not None else "",
            f"{self.told['wrong_clocks']} wrong deadlines" if self.told["wrong_clocks"] else "",
            f"{len(self.told['chains'])} broken chains" if self.told["chains"] else "chains hold",
        ]
        return ", ".join(part for part in parts if part)


def drained(child: Child, seconds: float) -> float:
    """Seconds until nothing waits to be sent; the limit itself when something still does."""
    import time

    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if child.call("waiting") == 0:
            return time.monotonic() - begun
        time.sleep(0.3)
    return seconds
