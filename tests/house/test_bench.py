"""What the benches count with: ratios by turns, CPU of a tree of processes, requests over loopback."""

import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from liaison.bench import load, runner
from liaison.bench.load import Call
from liaison.bench.measure import Cost, Pairs, at_most, by_turns
from liaison.bench.run import Run
from liaison.bench.server import tree_cpu
from liaison.engines.host import EngineError

BURN = "import time; end = time.process_time() + {0}\nwhile time.process_time() < end: pass"


def test_product_and_reference_take_turns_and_the_middle_ratio_counts():
    turns = []

    def cost(name, cpu):
        turns.append(name)
        return Cost(wall=1, cpu=cpu, postgres=1)

    pairs = by_turns(lambda: cost("product", 3), lambda: cost("reference", 1), pairs=3)

    assert turns == ["product", "reference"] * 3
    assert pairs.ratio() == 2.0
    assert Pairs([Cost(1, each, 0) for each in (1, 9, 2)], [Cost(1, 1, 0)] * 3).ratio() == 2.0


@pytest.mark.parametrize(("found", "holds"), [(2.0, True), (2.29, True), (2.31, False)])
def test_a_ratio_is_missed_beyond_its_limit_and_a_margin_for_noise(found, holds):
    assert at_most("G1", "intake", 2.0, found, measured=str(found)).passed is holds


def test_the_cpu_of_a_tree_counts_children_and_those_that_ended():
    before = tree_cpu(os.getpid())
    subprocess.run([sys.executable, "-c", BURN.format(0.2)], check=True)

    assert 0.15 <= tree_cpu(os.getpid()) - before < 5


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(500 if self.path == "/9" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words):
        time.sleep(0)


def test_every_request_is_sent_once_and_its_status_kept():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        done = load.send(server.server_port, lambda number: Call("GET", f"/{number}"), count=20)
    finally:
        server.shutdown()
        server.server_close()

    assert dict(done.statuses) == {200: 19, 500: 1}
    assert done.errors == 1
    assert 0 < done.percentile(0.5) <= done.percentile(0.95)


def test_no_answer_counts_as_an_error():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        port = server.server_port

    assert load.send(port, lambda _number: Call("GET", "/"), count=2, connections=1).errors == 2


def test_every_bench_is_named_and_an_unknown_one_is_refused(capsys):
    assert runner.run("/nowhere", ["--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(runner.BENCHES)

    with pytest.raises(EngineError, match="No bench named nothing"):
        runner.run("/nowhere", ["nothing"])


@pytest.mark.parametrize(("rows", "words"), [(1_000_000, "1M"), (10_000, "10k"), (2_000, "2k")])
def test_sizes_are_said_shortly(rows, words):
    assert Run(bench=None, rows=rows).size() == words
