"""What holds for every answer of the site: headers, passwords, versions, logs, errors."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from accounts.passwords import _is_in
from core.logs import JsonFormatter
from liaison.checks import STEPS

PAGES = ["/", "/stations/", "/requests/new/1/", "/track/", "/login/", "/nowhere/"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_comes_with_a_strict_policy_and_the_headers_beside_it(client, county, path):
    answer = client.get(path)

    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer["Content-Security-Policy"].split(";")
        if part.strip()
    )
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in answer["Content-Security-Policy"]
    # With `no-referrer` the Origin of a public form would be null; a private page tells not even its own site its path.
    assert not any(name.startswith("Access-Control-") for name in answer.headers)
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] in ("same-origin", "strict-origin")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation" in answer["Permissions-Policy"]


@pytest.mark.django_db
def test_scripts_carry_the_nonce_of_their_answer_and_no_other(client):
    first, second = (client.get("/requests/new/1/") for _time in range(2))
    nonces = [
        set(re.findall(r"nonce-([^']+)'", answer["Content-Security-Policy"])) for answer in (first, second)
    ]

    assert all(len(each) <= 1 for each in nonces)
    assert not nonces[0] & nonces[1]
    inline = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", first.content.decode())
    assert all(f'nonce="{nonce}"' in tag for tag in inline for nonce in nonces[0])


def test_production_asks_for_https_and_closed_cookies():
    """In a process of its own, because these are read at start."""
    script = (
        "import django; django.setup(); from django.conf import settings as s; import json;"
        "from core.context import SIZE_COOKIE; from reports.views.public import STATION_COOKIE;"
        "from intake.views.public.door import COOKIE;"
        "print(json.dumps([s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY, s.CSRF_COOKIE_NAME,"
        "s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_SSL_REDIRECT, s.DEBUG,"
        "s.STAFF_SECOND_FACTOR, SIZE_COOKIE, STATION_COOKIE, COOKIE]))"
    )
    env = {
        "PATH": "/usr/bin:/bin", "LIAISON_ENV": "production", "DJANGO_SETTINGS_MODULE": "liaison.settings",
        "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "liaison.example.org", "SITE_URL": "https://liaison.example.org", "PII_KEY_FILE": "/dev/stdin",
        "STATE_DIR": "/tmp",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True,
        input="k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n", check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "__Host-session",
        True,
        True,
        "__Host-csrf",
        31_536_000,
        True,
        True,
        False,
        "enforce",
        "__Host-size",
        "__Host-station",
        "__Secure-draft",
    ]


def test_djangos_own_list_for_production_has_nothing_to_say():
    assert STEPS["deployment"](str(settings.BASE_DIR))


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SITE_URL", "PII_KEY_FILE"])
def test_production_refuses_to_start_without(missing):
    env = {
        "PATH": "/usr/bin:/bin", "LIAISON_ENV": "production", "DJANGO_SETTINGS_MODULE": "liaison.settings",
        "DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0", "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "liaison.example.org", "SITE_URL": "https://liaison.example.org", "PII_KEY_FILE": "/dev/null",
    }  # fmt: skip
    del env[missing]
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"], cwd=settings.BASE_DIR, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert missing.removesuffix("_FILE") in done.stderr


def test_django_is_new_enough_for_what_the_year_brought():
    assert tuple(int(part) for part in version("django").split(".")[:3]) >= (5, 2, 17)
    assert "django.contrib.gis" not in settings.INSTALLED_APPS


def test_no_filter_takes_the_query_string_whole():
    found = [
        path
        for app in ("core", "accounts", "representatives", "stations", "intake", "reports", "liaison")
        for path in (Path(settings.BASE_DIR) / app).rglob("*.py")
        if re.search(r"\(\*\*\s*(?:self\.)?request\.(?:GET|POST)", path.read_text(encoding="utf-8"))
    ]

    assert found == []


def test_passwords_are_kept_by_argon2():
    # The tests' own faster hasher aside: what the site is set to.
    source = (Path(settings.BASE_DIR) / "liaison" / "settings.py").read_text(encoding="utf-8")

    assert "Argon2PasswordHasher" in source
    assert Argon2PasswordHasher().encode("x" * 12, "s" * 16).startswith("argon2$argon2id$")


@pytest.mark.parametrize("weak", ["short-1", "password1234", "renda-renda-12", "123456789012"])
def test_a_weak_password_is_refused(weak):
    with pytest.raises(ValidationError):
        validate_password(weak)


def test_a_password_known_from_a_break_in_is_refused(settings, tmp_path):
    known = ["four herons stand in the rain", "a heavy cart rolls uphill", "nine lanterns over the river"]
    digests = sorted(hashlib.sha1(each.encode()).hexdigest().upper() for each in known)
    others = [hashlib.sha1(str(n).encode()).hexdigest().upper() for n in range(200)]
    path = tmp_path / "breached.txt"
    path.write_text("".join(f"{each}:{n}\r\n" for n, each in enumerate(sorted(digests + others))))
    settings.BREACHED_PASSWORDS_FILE = str(path)

    for each in known:
        with pytest.raises(ValidationError, match="泄露"):
            validate_password(each)
    validate_password("seven herons stand in the snow")
    assert all(_is_in(str(path), each) for each in others)
    assert not any(_is_in(str(path), each) for each in ("0" * 40, "F" * 40))


@pytest.mark.parametrize("text", ["", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8\n"])
def test_a_short_list_of_break_ins_is_read_to_its_ends(tmp_path, text):
    path = tmp_path / "breached.txt"
    path.write_text(text)

    assert _is_in(str(path), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8") == bool(text)
    assert not _is_in(str(path), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD9")


def test_a_long_plain_sentence_is_a_good_password():
    validate_password("four herons stand in the rain")


def test_a_log_line_is_one_line_without_numbers_or_private_links():
    record = logging.LogRecord(
        "x", logging.INFO, "f", 1, "GET /t/7KQ4M2XD9ABCD\r\nforged 13800002746", (), None
    )

    line = JsonFormatter().format(record)

    assert "\n" not in line
    assert "\r" not in line
    assert "7KQ4M2XD9ABCD" not in line
    assert "13800002746" not in line
    assert json.loads(line)["level"] == "INFO"


def test_a_log_line_says_who_and_from_where_by_number(rf):
    request = rf.get("/desk/", REMOTE_ADDR="10.1.2.3")
    request.user = User(pk=77, username="clerk", display_name="李静")
    record = logging.LogRecord("django.request", logging.WARNING, "f", 1, "Forbidden: /desk/", (), None)
    record.request = request

    line = json.loads(JsonFormatter().format(record))

    assert (line["user"], line["address"]) == (77, "10.1.2.3")
    assert line["at"].endswith("+00:00")
    assert "李静" not in json.dumps(line, ensure_ascii=False)


@pytest.mark.django_db
def test_a_door_that_was_refused_stands_in_the_log_with_who_tried(county, sign_in):
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger("django.request").addHandler(handler)
    try:
        sign_in(county.clerk).get("/status/")
        sign_in(county.clerk).get(f"/desk/{county.other_station.code}/nobody/")
    finally:
        logging.getLogger("django.request").removeHandler(handler)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["user"], line["message"].split(":")[0]) for line in lines] == [
        (county.clerk.pk, "Forbidden (Permission denied)"),
        (county.clerk.pk, "Not Found"),
    ]


@pytest.mark.django_db
def test_an_error_of_ours_shows_a_number_and_nothing_of_the_inside(monkeypatch, settings):
    settings.DEBUG = False

    def broken(*args, **kwargs):
        raise RuntimeError("secret inside")

    client = Client(raise_request_exception=False)
    monkeypatch.setattr("stations.views.render", broken)

    answer = client.get("/stations/")

    assert answer.status_code == 500
    assert "secret inside" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()
    assert answer.headers["X-Request-ID"]  # what the log is searched by
