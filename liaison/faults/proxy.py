"""A wire that can be made slow, deaf or cut, between two parts of the site."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

CHUNK = 65536


class Wire:
    """Listens on a port of 127.0.0.1 and carries to `connect()`.

    `delay` seconds before each piece; `deaf`: nothing is carried and nothing refused (no RST); `drop_answers`: so many
    connections are cut when their answer begins, after the request has arrived.
    """

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self.delay = 0.0
        self.deaf = False
        self.drop_answers = 0
        self.dropped = 0
        self._connect = connect
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        for line in list(self._open):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        far = None
        self._open.add(near)
        try:
            while self.deaf:
                time.sleep(0.1)
            far = self._connect()
            self._open.add(far)
            answers = threading.Thread(target=self._pump, args=(far, near, True), daemon=True)
            answers.start()
            self._pump(near, far, False)
            answers.join()
        except OSError:
            pass
        finally:
            for line in (near, far):
                if line is not None:
                    self._open.discard(line)
                    line.close()

    def _pump(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        try:
            while piece := source.recv(CHUNK):
                while self.deaf:
                    time.sleep(0.1)
                if self.delay:
                    time.sleep(self.delay)
                if is_answer and self._drops():
                    break
                target.sendall(piece)
        except OSError:
            pass
        for line in (source, target):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _drops(self) -> bool:
        with self._lock:
            if self.drop_answers <= 0:
                return False
            self.drop_answers -= 1
            self.dropped += 1
            return True


def to_port(port: int) -> Callable[[], socket.socket]:
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=30)


def to_socket(path: str) -> Callable[[], socket.socket]:
    def connect() -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.connect(path)
        return line

    return connect
