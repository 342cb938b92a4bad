"""Residents: they say something, try again with the same key until they hold a receipt, and keep it. Their ledger is the oracle's."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

ANSWER_SECONDS = 15
NO_ANSWER = 0
AT_ONCE = 48


@dataclass
class Said:
    """One thing said: the receipt when there is one, every answer on the way, how long it took until the receipt."""

    key: str
    serial: int
    number: str = ""
    code: str = ""
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0  # of a single try

    @property
    def accepted(self) -> bool:
        return bool(self.number)


class Residents:
    """Clients behind one trusted proxy, each with an address of its own, spread over all stations: the limits stay as they are."""

    def __init__(
        self, port: int, stations: Sequence[str], *, patience: float = 60.0, pause: float = 0.4
    ) -> None:
        self.port = port
        self.stations = stations
        self.patience = patience
        self.pause = pause
        self.ledger: list[Said] = []
        self._serials = count(1)
        self._lock = threading.Lock()
        self._draw = random.Random(7)

    # --- one

    def say(self, *, key: str = "", serial: int = 0) -> Said:
        """Until it is accepted, or patience ends."""
        said = Said(key or str(uuid4()), serial or next(self._serials))
        begun = time.monotonic()
        while True:
            self.attempt(said)
            said.seconds = time.monotonic() - begun
            if said.accepted or said.seconds > self.patience:
                break
            time.sleep(self.pause * (0.5 + self._draw.random()))
        with self._lock:
            self.ledger.append(said)
        return said

    def attempt(self, said: Said) -> int:
        """One try; what it was answered."""
        begun = time.monotonic()
        status, told = self.post(said)
        said.slowest = max(said.slowest, time.monotonic() - begun)
        said.statuses.append(status)
        if status == 201:
            said.number, said.code = told["number"], told["receipt_code"]
        return status

    def post(self, said: Said) -> tuple[int, dict[str, Any]]:
        body = {
            "station": self.stations[said.serial % len(self.stations)],
            "category": "other",
            "body": words_of(said.serial),
            "consent": True,
            "notify": "sms",
            "contact": {"name": "王阿姨", "phone": phone_of(said.serial)},
        }
        headers = {"Idempotency-Key": said.key, "X-Forwarded-For": address_of(said.serial)}
        return call(self.port, "POST", "/api/v1/requests/", body, headers)

    # --- many

    def flow(self, rate: float, seconds: float, *, at_least: int = 0, most_seconds: float = 0.0) -> None:
        """So many a second for so long, and on until `at_least` are accepted; waits until the last has its answer."""
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            for number in count():
                now = time.monotonic() - begun
                if now > seconds and (len(self.accepted()) >= at_least or now > (most_seconds or seconds)):
                    break
                wait = number / rate - now
                if wait > 0:
                    time.sleep(wait)
                while crowd._work_queue.qsize() > AT_ONCE:  # a crowd that waits does not grow without end
                    time.sleep(0.05)
                crowd.submit(self.say)

    def try_on(self, seconds: float) -> int:
        """Those without a receipt try again, as a phone's queue does for days; how many there were."""
        still, until = [said for said in self.ledger if not said.accepted], time.monotonic() + seconds
        for said in still:
            while not said.accepted and time.monotonic() < until:
                self.attempt(said)
        return len(still)

    def accepted(self) -> list[Said]:
        return [said for said in list(self.ledger) if said.accepted]

    def statuses(self) -> Counter[int]:
        return Counter(status for said in list(self.ledger) for status in said.statuses)

    def flow_measured(self, rate: float, seconds: float) -> list[Said]:
        """The same; gives what was said meanwhile."""
        before = len(self.ledger)
        self.flow(rate, seconds)
        return self.ledger[before:]

    def p95(self, *, since: int = 0) -> float:
        """Seconds from the first try to the receipt, of those said after the first so many."""
        took = sorted(said.seconds for said in self.ledger[since:])
        return took[min(len(took) - 1, int(len(took) * 0.95))] if took else 0.0

    def write(self, path: Path) -> Path:
        path.write_text("".join(json.dumps(asdict(said)) + "\n" for said in self.ledger), encoding="utf-8")
        return path


def words_of(serial: int) -> str:
    return f"第{serial}号杆的路灯不亮了，晚上看不见路。"


def phone_of(serial: int) -> str:
    return f"138{serial:08d}"


def address_of(serial: int) -> str:
    return f"10.{serial // 65536 % 256}.{serial // 256 % 256}.{serial % 256}"


def call(
    port: int,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    *,
    seconds: float = ANSWER_SECONDS,
) -> tuple[int, dict[str, Any]]:
    """(status, JSON); NO_ANSWER when the connection broke. The answer's headers stand in it under `:headers`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    sent = json.dumps(body).encode() if body is not None else None
    given = {"Host": "127.0.0.1", "Accept": "application/json", "Connection": "close", **(headers or {})}
    if sent is not None:
        given["Content-Type"] = "application/json"
    try:
        connection.request(method, path, sent, given)
        answer = connection.getresponse()
        raw = answer.read()
        told = (
            json.loads(raw)
            if "json" in answer.headers.get("Content-Type", "")
            else {"text": raw.decode("utf-8", "replace")}
        )
        if isinstance(told, list):
            told = {"list": told}
        return answer.status, told | {":headers": dict(answer.headers)}
    except (OSError, http.client.HTTPException, ValueError):
        return NO_ANSWER, {}
    finally:
        connection.close()


def send_photo(port: int, code: str, picture: bytes) -> tuple[int, str]:
    """A photo for a case, as a phone sends it after its words: (status, what was answered). 422 when it is refused by itself."""
    mark = uuid4().hex
    head = f'--{mark}\r\nContent-Disposition: form-data; name="photos"; filename="a.jpg"\r\n\r\n'.encode()
    headers = {
        "Host": "127.0.0.1",
        "Accept": "application/json",
        "Content-Type": f"multipart/form-data; boundary={mark}",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": address_of(int(mark[:4], 16)),
        "Connection": "close",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            "POST", f"/t/{code}/photos", head + picture + f"\r\n--{mark}--\r\n".encode(), headers
        )
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        told = json.loads(text) if answer.status == 200 else {}
        return (422, str(told["problems"])) if told.get("problems") else (answer.status, str(told or text))
    except (OSError, http.client.HTTPException, ValueError):
        return NO_ANSWER, ""
    finally:
        connection.close()
