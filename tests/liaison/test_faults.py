"""The fault drivers' own judgement: what they would report if something were lost. The faults themselves: `dev.py faults`."""

import http.client
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from django.conf import settings

from core import idempotency, workflow
from intake.actions import receiving
from liaison.faults import patches, runner
from liaison.faults.oracle import Oracle
from liaison.faults.proxy import Wire, to_port
from liaison.faults.races import held_to
from liaison.faults.residents import Residents, Said

SOUND = {
    "acknowledged": 2, "stored": 2, "lost": [], "twice": [], "without_key": 0, "wrong_clocks": 0, "wrong_messages": 0,
    "waiting": 0, "dead": 0, "sent": ["a", "b"], "chains": [],
}  # fmt: skip


def judge(tmp_path, effects=("a", "b"), **told):
    child = SimpleNamespace(call=lambda *_words: SOUND | told)
    sink = SimpleNamespace(effects=Counter(effects))
    return Oracle(SimpleNamespace(home=tmp_path), child, Residents(0, []), after=0, sink=sink)


def test_a_run_in_which_all_is_there_once_is_sound(tmp_path):
    found = judge(tmp_path)
    assert (found.sound, found.lost, found.doubled) == (True, 0, 0)


@pytest.mark.parametrize(
    ("told", "lost", "doubled"),
    [
        ({"lost": ["26-1125-00001"]}, 1, 0),
        ({"waiting": 1}, 1, 0),
        ({"dead": 1}, 1, 0),
        ({"effects": ["a"]}, 1, 0),
        ({"effects": ["a", "b", "nobody's"]}, 0, 1),
        ({"twice": ["第1号杆"]}, 0, 1),
        ({"without_key": 1}, 0, 1),
        ({"wrong_messages": 1}, 0, 1),
        ({"wrong_clocks": 1}, 0, 0),
        ({"chains": ["request 1: head differs"]}, 0, 0),
    ],
)
def test_whatever_is_missing_or_there_twice_is_found(told, lost, doubled, tmp_path):
    found = judge(tmp_path, **told)
    assert not found.sound
    assert (found.lost, found.doubled) == (lost, doubled)


def test_a_race_that_passes_without_its_lock_counts_as_failed():
    assert held_to(("won", True, ""), ("lost", False, "")).passed
    assert not held_to(("won", True, ""), ("won", True, "")).passed
    assert not held_to(("lost", False, ""), ("lost", False, "")).passed


def test_the_controls_take_hold_of_what_the_product_calls(monkeypatch):
    original = workflow.hold
    holders = [module for module in sys.modules.values() if getattr(module, "hold", None) is original]
    for module, name in [*((each, "hold") for each in holders), (idempotency, "once")]:
        monkeypatch.setattr(module, name, getattr(module, name))  # put back afterwards
    before = receiving.hold, idempotency.once

    patches.without_row_lock()
    patches.without_claim()

    assert receiving.hold is workflow.hold is not before[0]
    assert idempotency.once is not before[1]


def test_no_site_has_the_app_that_takes_locks_away():
    assert not any(name.startswith("liaison.faults") for name in settings.INSTALLED_APPS)


def test_every_fault_of_the_list_has_a_driver():
    wanted = {f"F{number:02d}" for number in [*range(1, 14), *range(16, 34), 39, 40, 14]}
    ids = [fault.id for fault in runner.FAULTS]
    assert wanted <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.fixture
def counter():
    class Handler(BaseHTTPRequestHandler):
        seen = 0

        def do_POST(self):
            Handler.seen += 1
            self.send_response(201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1], Handler
    server.shutdown()
    server.server_close()


def test_the_wire_cuts_an_answer_only_after_the_request_has_arrived(counter):
    port, handler = counter
    wire = Wire(to_port(port))
    wire.drop_answers = 1
    try:
        line = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=5)
        line.request("POST", "/")
        with pytest.raises((http.client.HTTPException, OSError)):
            line.getresponse()
        assert (handler.seen, wire.dropped) == (1, 1)
        line.close()
        line.request("POST", "/")
        assert line.getresponse().status == 201
        line.close()
    finally:
        wire.close()


def test_somebody_whose_receipt_did_not_come_is_not_accepted():
    said = Said("key-12345", 1, statuses=[503, 0])
    assert not said.accepted
    assert Residents(0, []).p95() == 0.0
