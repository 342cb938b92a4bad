"""The signed gateway and the webhook against a real server on this machine, and the addresses they refuse."""

import hashlib
import hmac
import json
import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest

from core import channels
from core.channels import GatewayError, NoAddress, check_destination, post_signed
from core.models import Message
from core.outbox import IN_DOUBT, deliver
from intake.actions import Contact

SECRET = "gateway-secret"


class Gateway:
    """A provider that checks signatures, remembers keys and misbehaves when told to."""

    def __init__(self):
        self.seen, self.effects, self.mood = [], {}, "well"
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, dict(self.headers), body))
                getattr(outer, outer.mood)(self, body)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}/send"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def answer(self, request, status, body, **headers):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def well(self, request, body):
        headers = request.headers
        signed = b"\n".join([headers["X-Timestamp"].encode(), json.loads(body)["key"].encode(), body])
        expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, headers["X-Signature"]):
            self.answer(request, 401, b'{"error":"signature"}')
            return
        self.effects.setdefault(headers["Idempotency-Key"], json.loads(body))
        self.answer(request, 200, b'{"ok":true}')

    def fails(self, request, body):
        self.answer(request, 500, b"oops")

    def refuses(self, request, body):
        self.answer(
            request, 200, json.dumps({"error": "no credit", "to": json.loads(body).get("to")}).encode()
        )

    def babbles(self, request, body):
        self.answer(request, 200, b"<html>OK</html>")

    def lists(self, request, body):
        self.answer(request, 200, b"[1]")

    def floods(self, request, body):
        self.answer(request, 200, b'"' + b"x" * 70_000 + b'"')

    def redirects(self, request, body):
        self.answer(request, 302, b"", Location=f"http://{self.host}/elsewhere")

    def accepts_and_hangs(self, request, body):
        self.effects.setdefault(request.headers["Idempotency-Key"], json.loads(body))
        time.sleep(0.6)

    def drips(self, request, body):
        request.send_response(200)
        request.end_headers()
        try:
            for _byte in range(40):
                request.wfile.write(b" ")
                request.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass


@pytest.fixture
def gateway(settings):
    server = Gateway()
    settings.OUTBOUND_ALLOWED_HOSTS = [server.host]
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_KEY = server.url, "station"
    settings.SMS_GATEWAY_SECRET = settings.WEBHOOK_SECRET = SECRET
    settings.WEBHOOK_URL = server.url
    yield server
    server.close()


def sms(county):
    request = county.receive(contact=Contact("王阿姨", "13800002746", "sms"))
    Message.objects.filter(contact_ref="").delete()
    message = Message.objects.get()
    Message.objects.update(is_urgent=True)  # whatever the hour at which the tests run
    return request, message


def send(gateway, **options):
    return post_signed(
        gateway.url,
        {"to": "13800002746", "key": "k1"},
        **({"key_id": "station", "secret": SECRET, "idempotency_key": "k1"} | options),
    )


def test_an_sms_goes_out_signed_with_its_key_and_the_number_is_looked_up_only_then(gateway, county):
    request, message = sms(county)

    assert deliver() == 1

    (effect,) = gateway.effects.values()
    assert effect["to"] == "13800002746"
    assert request.reference in effect["text"]
    _path, headers, _body = gateway.seen[0]
    assert headers["X-Key-Id"] == "station"
    assert headers["Idempotency-Key"] == quote(message.dedupe)
    assert abs(int(headers["X-Timestamp"]) - time.time()) < 60


def test_a_wrong_secret_is_refused_and_tried_again_later(gateway, county, settings):
    settings.SMS_GATEWAY_SECRET = "another"
    _request, message = sms(county)

    assert deliver() == 0

    message.refresh_from_db()
    assert (message.sent_at, message.last_error) == (None, "HTTPError: HTTP Error 401: Unauthorized")
    assert message.attempts == 1


@pytest.mark.parametrize(
    ("mood", "error"),
    [
        ("fails", "HTTPError: HTTP Error 500: Internal Server Error"),
        ("refuses", "GatewayError: 对方拒收"),
        ("babbles", "Unsure: 回执不是 JSON"),
        ("lists", "Unsure: 回执看不懂"),
        ("floods", "Unsure: 回执过大"),
        ("redirects", "HTTPError: HTTP Error 302: Found"),
    ],
)
def test_a_provider_that_misbehaves_is_tried_again_and_nothing_personal_is_kept(mood, error, gateway, county):
    _request, message = sms(county)
    gateway.mood = mood

    assert deliver() == 0

    message.refresh_from_db()
    assert message.last_error.startswith(error)
    assert "13800002746" not in message.last_error
    assert message.next_try_at > message.created_at
    assert [path for path, _headers, _body in gateway.seen] == ["/send"]


def test_a_provider_that_takes_it_and_hangs_is_called_again_with_the_same_key_and_does_it_once(
    gateway, county, monkeypatch
):
    _request, message = sms(county)
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.2)
    gateway.mood = "accepts_and_hangs"
    assert deliver() == 0
    message.refresh_from_db()
    assert "没有回执（TimeoutError）" in message.last_error

    gateway.mood = "well"
    assert deliver(now=message.next_try_at) == 1

    assert len(gateway.seen) == 2
    assert len(gateway.effects) == 1


@pytest.mark.parametrize("mood", ["accepts_and_hangs", "babbles", "floods"])
def test_a_gateway_without_keys_that_may_have_taken_it_is_not_called_again(
    mood, gateway, county, settings, monkeypatch
):
    """A second call would be a second message on somebody's phone."""
    settings.SMS_GATEWAY_IDEMPOTENT = False
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.2)
    _request, message = sms(county)
    gateway.mood = mood

    assert deliver() == 0
    gateway.mood = "well"
    assert deliver(now=message.next_try_at + timedelta(days=1)) == 0

    message.refresh_from_db()
    assert message.dead_at is not None
    assert message.last_error.startswith(IN_DOUBT)
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("mood", ["fails", "refuses"])
def test_a_gateway_without_keys_that_said_no_is_asked_again(mood, gateway, county, settings):
    settings.SMS_GATEWAY_IDEMPOTENT = False
    _request, message = sms(county)
    gateway.mood = mood
    assert deliver() == 0
    message.refresh_from_db()
    gateway.mood = "well"

    assert deliver(now=message.next_try_at) == 1


def test_an_answer_that_drips_comes_to_an_end(gateway, monkeypatch):
    monkeypatch.setattr(channels, "TOTAL_SECONDS", 0.3)
    gateway.mood = "drips"

    with pytest.raises(GatewayError, match="太慢"):
        send(gateway)


def test_nobody_answers(gateway):
    gateway.close()

    with pytest.raises(OSError, match="refused"):
        send(gateway)


def test_the_signature_covers_time_key_and_body(gateway):
    assert send(gateway) == {"ok": True}
    with pytest.raises(OSError, match="401"):
        send(gateway, secret="guess")
    with pytest.raises(OSError, match="401"):
        send(gateway, idempotency_key="k2")


def test_the_webhook_gets_the_words_and_no_number(gateway, county):
    request = county.receive()
    Message.objects.all().delete()
    Message.objects.create(
        kind="core.ladder_climbed_urgently", channel="webhook", dedupe="w1", case_label="request", case_id=request.pk,
        context={"clock": "request.register", "due_on": "2026-06-01", "offset": 0, "requires_answer": False},
    )  # fmt: skip

    assert deliver() == 1

    (effect,) = gateway.effects.values()
    assert effect["kind"] == "core.ladder_climbed_urgently"
    assert request.reference in effect["text"]
    assert "13800002746" not in json.dumps(effect)


def test_a_webhook_nobody_configured_is_given_up(county, settings):
    settings.WEBHOOK_URL = ""
    message = Message(kind="core.ladder_climbed", channel="webhook", dedupe="w1")

    with pytest.raises(NoAddress):
        channels.send(message, "题", "文")


def test_an_inbox_item_is_there_already(county):
    assert channels.send(Message(channel="inbox"), "题", "文") is None


def test_a_colleague_without_mailbox_or_a_contact_that_was_erased_has_no_address(county):
    with pytest.raises(NoAddress):
        channels.send(Message(channel="email", recipient=county.clerk), "题", "文")
    with pytest.raises(NoAddress):
        channels.send(Message(channel="sms", contact_ref="erased"), "题", "文")


def test_a_resident_who_asked_for_no_messages_has_no_number_for_them(county):
    request = county.receive(contact=Contact("李大爷", "13900002222", "phone"))

    with pytest.raises(NoAddress):
        channels.send(Message(channel="sms", contact_ref=f"request:{request.pk}"), "题", "文")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://sms.example.org/", "地址不对"),
        ("file:///etc/passwd", "地址不对"),
        ("https:///send", "地址不对"),
        ("https://evil.example.org/", "OUTBOUND_ALLOWED_HOSTS"),
        ("https://sms.example.org.evil.org/", "OUTBOUND_ALLOWED_HOSTS"),
        ("https://sms.example.org@169.254.169.254/", "OUTBOUND_ALLOWED_HOSTS"),
        ("https://127.0.0.1/", "OUTBOUND_ALLOWED_HOSTS"),
        ("https://[::1]/", "OUTBOUND_ALLOWED_HOSTS"),
        ("http://sms.example.org/", "只能用 https"),
        ("https://localhost/", "内部网络"),
        ("https://2130706433/", "OUTBOUND_ALLOWED_HOSTS"),
        ("http://localhost:6379/", "OUTBOUND_ALLOWED_HOSTS|https"),
    ],
)
def test_only_named_hosts_outside_our_own_network_are_called(url, message, settings):
    settings.OUTBOUND_ALLOWED_HOSTS = ["sms.example.org", "localhost"]

    with pytest.raises(GatewayError, match=message):
        check_destination(url)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "127.0.0.1", "::1", "fd00::1"]
)
def test_a_named_host_that_resolves_into_our_network_is_refused(address, settings, monkeypatch):
    settings.OUTBOUND_ALLOWED_HOSTS = ["sms.example.org"]
    monkeypatch.setattr(
        "socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("8.8.8.8", 443)), (2, 1, 6, "", (address, 443))]
    )

    with pytest.raises(GatewayError, match="内部网络"):
        check_destination("https://sms.example.org/")


def test_a_public_address_of_a_named_host_is_called(settings, monkeypatch):
    settings.OUTBOUND_ALLOWED_HOSTS = ["sms.example.org"]
    monkeypatch.setattr("socket.getaddrinfo", lambda *a, **k: [(2, 1, 6, "", ("8.8.8.8", 443))])

    check_destination("https://sms.example.org/send")


def test_a_name_is_asked_once_and_the_address_that_was_checked_is_dialled(settings, monkeypatch):
    """A name server that answers with a public address first and a private one after it opens no way inside."""
    settings.OUTBOUND_ALLOWED_HOSTS = ["sms.example.org"]
    answers, dialled = [["8.8.8.8"], ["127.0.0.1"]], []

    def ask(host, port, *args, **kwargs):
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    def dial(where, *args, **kwargs):
        dialled.append(where)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr("socket.getaddrinfo", ask)
    monkeypatch.setattr("socket.create_connection", dial)

    with pytest.raises(OSError, match="refused"):
        post_signed("https://sms.example.org/send", {}, key_id="a", secret="b", idempotency_key="c")

    assert dialled == [("8.8.8.8", 443)]
    assert len(answers) == 1
