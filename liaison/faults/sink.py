"""Where effects end: a text-message gateway of our own that remembers every call and misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 20


class Sink:
    """`mode` says how it answers; whatever it accepted is an effect, once per key, as a real gateway has it."""

    def __init__(self) -> None:
        self.mode = "ok"
        self.poison = ""  # a number it always refuses
        self.calls: list[tuple[float, str, str]] = []  # when, key, number
        self.effects: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def env(self, *, idempotent: bool = True) -> dict[str, str]:
        return {
            "SMS_GATEWAY_URL": f"http://127.0.0.1:{self.port}/sms",
            "SMS_GATEWAY_KEY": "faults",
            "SMS_GATEWAY_SECRET": "faults",
            "SMS_GATEWAY_IDEMPOTENT": str(idempotent),
            "OUTBOUND_ALLOWED_HOSTS": f"127.0.0.1:{self.port}",
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def repeats(self) -> int:
        """Calls beyond the first of their key: what the key was for."""
        return len(self.calls) - len({key for _at, key, _to in self.calls})

    def answer(self, told: dict[str, Any]) -> tuple[int, bytes]:
        mode = "500" if told["to"] == self.poison else self.mode
        with self._lock:
            self.calls.append((time.time(), told["key"], told["to"]))
            if mode in ("ok", "drop", "garbage"):
                self.effects[told["key"]] += 1
        if mode == "hang":
            time.sleep(HANG_SECONDS)
        if mode == "drop":  # accepted, and the answer never comes back
            raise ConnectionAbortedError
        if mode == "500":
            return 500, b'{"error": "down"}'
        return 200, b"<html>\x00\xff" if mode == "garbage" else b'{"ok": true}'

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                try:
                    told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    status, words = sink.answer(told)
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(words)))
                    self.end_headers()
                    self.wfile.write(words)
                except (OSError, ValueError):
                    self.close_connection = True

            def log_message(self, *words: Any) -> None:
                """The driver counts; nothing is printed."""

        return Handler
