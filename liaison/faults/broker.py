"""F05–F09: the broker gone, wiped, full, slow or deaf, while residents speak. Intake needs it for nothing."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from liaison.faults.ground import Ground
from liaison.faults.kills import RATE, server_errors
from liaison.faults.oracle import Finding, Oracle, drained
from liaison.faults.proxy import Wire, to_socket
from liaison.faults.residents import Residents

P95_SECONDS = 2.0
DRAIN_SECONDS = 60

Trouble = Callable[[Ground, Wire], None]


def under(ground: Ground, name: str, begin: Trouble, end: Trouble, seconds: float) -> Finding:
    database = ground.copy(name)
    with ground.sink() as sink, wire_to_broker(ground) as wire, ground.child(database) as child:
        told = child.call("facts")
        more = sink.env() | {"REDIS_URL": f"redis://127.0.0.1:{wire.port}/0"}
        with ground.site(database, "web", "worker", "beat", more=more) as site:
            people = Residents(site.port, told["stations"])
            people.flow(RATE / 4, 2)
            before = len(people.ledger)
            begin(ground, wire)
            try:
                people.flow(RATE, seconds)
            finally:
                end(ground, wire)
            p95 = people.p95(since=before)
            slow = drained(child, DRAIN_SECONDS + 60)
            oracle = Oracle(ground, child, people, after=told["last"], sink=sink)
    accepted = all(said.accepted for said in people.ledger)
    note = f"{server_errors(people)} answered 5xx, {people.statuses()[0]} not answered"
    return Finding(
        f"{oracle.words()}; intake p95 {p95:.2f} s, drained in {slow:.0f} s",
        oracle.sound
        and accepted
        and p95 < P95_SECONDS
        and slow < DRAIN_SECONDS
        and not server_errors(people),
        note,
    )


@contextmanager
def wire_to_broker(ground: Ground) -> Iterator[Wire]:
    wire = Wire(to_socket(str(ground.broker.socket())))
    try:
        yield wire
    finally:
        wire.close()


def command(ground: Ground, words: str) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(ground.broker.socket()))
        line.sendall(f"{words}\r\n".encode())
        if not line.recv(64).startswith(b"+OK"):
            raise OSError(f"the broker refused {words}")


def stop(ground: Ground, wire: Wire) -> None:
    ground.kill_broker()
    wire.cut()


def start(ground: Ground, wire: Wire) -> None:
    ground.start_broker()


def f05(ground: Ground) -> Finding:
    return under(ground, "f05", stop, start, ground.of(300, 5))


def f06(ground: Ground) -> Finding:
    def wipe(ground: Ground, wire: Wire) -> None:
        ground.kill_broker(empty=True)
        ground.start_broker()

    return under(ground, "f06", wipe, lambda ground, _wire: wipe(ground, _wire), ground.of(60, 4))


def f07(ground: Ground) -> Finding:
    def fill(ground: Ground, wire: Wire) -> None:
        command(ground, "CONFIG SET maxmemory 1")

    def empty(ground: Ground, wire: Wire) -> None:
        command(ground, "CONFIG SET maxmemory 0")

    return under(ground, "f07", fill, empty, ground.of(60, 4))


def f08(ground: Ground) -> Finding:
    """A tenth of a second each way."""

    def slow(ground: Ground, wire: Wire) -> None:
        wire.delay = 0.1

    def quick(ground: Ground, wire: Wire) -> None:
        wire.delay = 0.0

    return under(ground, "f08", slow, quick, ground.of(60, 5))


def f09(ground: Ground) -> Finding:
    """Nothing is carried and nothing refused: what costs most is to wait for it."""

    def deaf(ground: Ground, wire: Wire) -> None:
        wire.deaf = True

    def hears(ground: Ground, wire: Wire) -> None:
        wire.deaf = False

    return under(ground, "f09", deaf, hears, ground.of(60, 5))
