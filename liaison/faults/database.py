"""F10–F13, F17: PostgreSQL restarted, down, with a lock nobody lets go of, with no connection left, slow."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import Any

from liaison.engines import host, postgres
from liaison.faults.ground import Ground
from liaison.faults.kills import Killer, server_errors
from liaison.faults.oracle import Finding, Oracle
from liaison.faults.proxy import Wire, to_socket
from liaison.faults.residents import NO_ANSWER, Residents, Said, call


def restart_now(ground: Ground) -> None:
    """`pg_ctl restart -m immediate`: every backend ends without a word, and the log is read again."""
    stop_now(ground)
    ground.cluster.revive()


def stop_now(ground: Ground) -> None:
    pid = ground.cluster.postmaster()
    if pid:
        os.kill(pid, signal.SIGQUIT)
        host.wait_until(lambda: ground.cluster.postmaster() is None, seconds=20)


def f10(ground: Ground) -> Finding:
    times, every = ground.of(5, 1), ground.of(12, 2)
    database = ground.copy("f10")
    with ground.site(database) as site:
        with ground.child(database) as child:
            told = child.call("facts")
        people = Residents(site.port, told["stations"])
        with Killer((every, lambda turn: restart_now(ground) if turn < times else None)) as killer:
            people.flow(20, every * times + ground.of(6, 3))
        with ground.child(database) as child:
            oracle = Oracle(ground, child, people, after=told["last"])
    passed = oracle.sound and not killer.problems and all(said.accepted for said in people.ledger)
    note = f"{times} restarts; {server_errors(people)} answered 503 and said again" + " ".join(
        killer.problems
    )
    return Finding(oracle.words(), passed and set(people.statuses()) <= {NO_ANSWER, 201, 503}, note)


def f11(ground: Ground) -> Finding:
    """Down for two minutes: told so, with a time to come back, on a page that needs no database; then all is taken in."""
    down = ground.of(120, 3)
    database = ground.copy("f11")
    with ground.site(database) as site:
        with ground.child(database) as child:
            told = child.call("facts")
        people = Residents(site.port, told["stations"], patience=down + 60, pause=2.0)
        people.flow(5, 1)
        stop_now(ground)
        try:
            speakers = threading.Thread(target=people.flow, args=(ground.of(2, 5), down))
            speakers.start()
            answers = [
                _asked(site.port, path) for path in ("/requests/new/1/", "/stations/", "/api/v1/requests/")
            ]
            static = call(site.port, "GET", "/healthz")[0]
            time.sleep(down)
        finally:
            ground.cluster.revive()
        speakers.join()
        with ground.child(database) as child:
            oracle = Oracle(ground, child, people, after=told["last"])
    told_well = all(
        status == 503 and retry and slow < 6 and "Traceback" not in text
        for status, retry, text, slow in answers
    )
    chinese = all("系统正在恢复" in text or "正在恢复" in text for _s, _r, text, _t in answers)
    slowest = max(slow for _status, _retry, _text, slow in answers)
    words = f"{oracle.words()}; pages answered {', '.join(str(each[0]) for each in answers)} within {slowest:.1f} s"
    passed = (
        oracle.sound
        and told_well
        and chinese
        and static == 200
        and all(said.accepted for said in people.ledger)
    )
    return Finding(
        words,
        passed,
        f"down {down} s; {server_errors(people)} tries answered 503, said again with the same key",
    )


def _asked(port: int, path: str) -> tuple[int, str, str, float]:
    """(status, Retry-After, text, seconds) of a page, or of a post to the API."""
    begun = time.monotonic()
    if path.startswith("/api/"):
        people = Residents(port, ["300000"])
        status, told = people.post(Said("f11-asks-the-api", 1))
    else:
        status, told = call(port, "GET", path, headers={"Accept": "text/html"})
    return status, told.get(":headers", {}).get("Retry-After", ""), str(told), time.monotonic() - begun


def step(
    port: int, token: str, public_id: str, verb: str, body: dict[str, Any]
) -> tuple[int, dict[str, Any]]:
    return call(
        port, "POST", f"/api/v1/cases/{public_id}/steps/{verb}/", body, {"Authorization": f"Bearer {token}"}
    )


def f12(ground: Ground) -> Finding:
    """A backend that holds a case's row is killed -9; PostgreSQL begins anew, and the next clerk gets through."""
    database = ground.copy("f12")
    with ground.site(database) as site:
        with ground.child(database) as child:
            told = child.call("facts")
            case = child.call("take_in", 1)[0]
        # Or the restart would first write out the copy made a moment ago.
        ground.ask("postgres", "CHECKPOINT")
        holder = ground.connect(database, postgres.APP)
        holder.autocommit = False
        with holder.cursor() as cursor:
            cursor.execute("SELECT id FROM intake_constituentrequest WHERE id = %s FOR UPDATE", [case["pk"]])
        body = {"category": told["category"], "title": "路灯不亮"}
        token = told["tokens"][0]
        begun = time.monotonic()
        held = step(site.port, token, case["public_id"], "register", body)[0]
        waited = time.monotonic() - begun
        os.kill(holder.info.backend_pid, signal.SIGKILL)
        begun = time.monotonic()
        status = 0
        while status != 200 and time.monotonic() - begun < 30:
            status = step(site.port, token, case["public_id"], "register", body)[0]
            time.sleep(0.1)
        took = time.monotonic() - begun
        with contextlib.suppress(Exception):
            holder.close()
        ground.cluster.revive()
        with ground.child(database) as child:
            wrong = child.call("illegal_paths", [case["pk"]]) + child.call("broken_chains")
    measured = f"next step {took:.1f} s after the kill; while held the answer was {held} after {waited:.1f} s"
    return Finding(
        measured, status == 200 and took < 5 and held == 503 and waited < 5 and not wrong, "; ".join(wrong)
    )


def f13(ground: Ground) -> Finding:
    """Every connection PostgreSQL gives the application is taken."""
    import psycopg2

    database = ground.copy("f13")
    taken: list[Any] = []
    with ground.site(database) as site:
        with ground.child(database) as child:
            told = child.call("facts")
        people = Residents(site.port, told["stations"], patience=0)
        try:
            while len(taken) < 500:
                taken.append(ground.connect(database, postgres.APP))
        except psycopg2.OperationalError:
            pass
        begun = time.monotonic()
        refused = [people.attempt(Said(f"f13-refused-{number}", number)) for number in range(1, 9)]
        slowest = time.monotonic() - begun
        for connection in taken:
            connection.close()
        begun = time.monotonic()
        after = Said("f13-afterwards", 99)
        while not after.accepted and time.monotonic() - begun < 20:
            people.attempt(after)
        back = time.monotonic() - begun
    measured = f"{len(taken)} taken: {refused.count(503)} of 8 answered 503 in {slowest:.1f} s together; accepted {back:.1f} s after"
    return Finding(measured, refused == [503] * 8 and slowest < 8 and after.accepted and back < 5)


def f17(ground: Ground) -> Finding:
    """0.3 s for every round trip to the database: slow, bounded, and nothing twice."""
    database = ground.copy("f17")
    wire = Wire(to_socket(str(ground.cluster.socket_dir() / postgres.SOCKET)))
    address = (
        ground.cluster.url(postgres.APP, database).partition("?")[0].replace("@/", f"@127.0.0.1:{wire.port}/")
    )
    try:
        with ground.child(database) as child, ground.site(database, more={"DATABASE_URL": address}) as site:
            told = child.call("facts")
            people = Residents(site.port, told["stations"], patience=120)
            people.flow(5, 1)
            wire.delay = 0.15
            slow = people.flow_measured(ground.of(0.5, 0.5), ground.of(60, 4))
            wire.delay = 0.0
            people.flow(5, 1)
            oracle = Oracle(ground, child, people, after=told["last"])
    finally:
        wire.close()
    worst = max(said.slowest for said in slow)
    took = sorted(said.seconds for said in slow)[len(slow) // 2]
    measured = f"{oracle.words()}; a receipt after {took:.1f} s (median), no try longer than {worst:.1f} s"
    passed = oracle.sound and all(said.accepted for said in people.ledger) and worst <= 15.5
    return Finding(
        measured,
        passed,
        f"{server_errors(people)} answered 503, {people.statuses()[NO_ANSWER]} not answered in 15 s",
    )
