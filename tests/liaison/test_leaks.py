"""S16: nobody's name or number in the broker, the shared cache or an error page. The dump: test_backup; tables and logs: test_retention."""

from __future__ import annotations

import base64
import json
import logging
import zlib
from io import StringIO

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client

from core import outbox
from core.logs import JsonFormatter
from core.models import Message
from core.throttle import hit
from intake.actions import drafting
from intake.models import ConstituentRequest
from tests.intake.test_public import OLD_STAMP, through
from tests.leaks import unwrapped

NAME, PHONE, INSIDE, IDENTITY = "欧阳翠花", "13987654321", "13712349876", "11010519491231002X"
SECRETS = (NAME, PHONE, INSIDE, IDENTITY)


@pytest.mark.parametrize(
    "wrapped",
    [
        PHONE,
        base64.b64encode(f"phone={PHONE}".encode()).decode(),
        base64.urlsafe_b64encode(zlib.compress(json.dumps({"phone": PHONE}).encode())).decode(),
        "\\x" + PHONE.encode().hex(),
        base64.b64encode(json.dumps({"body": base64.b64encode(PHONE.encode()).decode()}).encode()).decode(),
    ],
)
def test_the_look_finds_a_number_however_it_is_wrapped(wrapped):
    assert PHONE in unwrapped(f"[{wrapped}]")


def held(server: redis.Redis) -> str:
    """Everything a broker and cache server holds, keys and values."""
    read = {
        b"string": server.get,
        b"list": lambda key: server.lrange(key, 0, -1),
        b"set": server.smembers,
        b"hash": server.hgetall,
        b"zset": lambda key: server.zrange(key, 0, -1),
    }
    parts = [repr(key) + repr(read[server.type(key)](key)) for key in server.scan_iter()]
    return unwrapped("\n".join(parts))


@pytest.mark.django_db(transaction=True)
def test_neither_broker_nor_shared_cache_holds_anything_of_a_person(county, client, settings, monkeypatch):
    settings.CACHES = {
        **settings.CACHES,
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": settings.REDIS_URL,
            "KEY_PREFIX": "test-leaks",
        },
    }
    monkeypatch.setattr(outbox, "_nudged_at", 0.0)
    monkeypatch.setattr(outbox, "_broker_rests_until", 0.0)
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()

    through(
        client,
        one={"body": f"我是{NAME}，路灯坏了，请打 {INSIDE}，身份证 {IDENTITY}。"},
        three={"name": NAME, "phone": PHONE},
    )
    hit(drafting.BY_PHONE, PHONE)
    client.post("/track/", {"number": ConstituentRequest.objects.get().reference, "digits": PHONE[-4:]})

    told = held(server)
    assert ConstituentRequest.objects.get().contact_phone == PHONE
    assert Message.objects.exists()
    # What it does hold: counters of the limits, and a word that wakes a worker.
    assert "deliver_messages" in told
    assert "test-leaks" in told
    assert [secret for secret in SECRETS if secret in told] == []
    server.flushdb()


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_an_error_page_and_its_log_repeat_nothing_that_was_sent(county, monkeypatch, accept):
    def broken(*args, **kwargs):
        raise RuntimeError(f"cannot keep {PHONE}")

    monkeypatch.setattr(drafting, "keep", broken)
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger("django.request").addHandler(handler)
    client = Client(
        raise_request_exception=False, headers={"sec-fetch-site": "same-origin", "accept": accept}
    )
    try:
        answer = client.post(
            "/requests/new/1/",
            {"body": f"{NAME} {PHONE} {IDENTITY}", "category": "roads", "stamp": OLD_STAMP},
        )
    finally:
        logging.getLogger("django.request").removeHandler(handler)

    page = unwrapped(answer.content.decode() + repr(answer.headers))
    assert answer.status_code == 500
    assert not django_settings.DEBUG
    assert "RuntimeError" in stream.getvalue()
    assert [secret for secret in SECRETS if secret in page or secret in unwrapped(stream.getvalue())] == []
