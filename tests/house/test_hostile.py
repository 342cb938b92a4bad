"""Bad input at every door: the forms are read off the pages themselves, for everybody who gets to see them.

Each form gets its share of the corpus, so that every string is sent somewhere on every run. `HOSTILE=full` sends all of it
to every form: an hour's work, for before a release.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.cache import caches
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from core.steps import open_steps
from intake import actions
from intake.steps import STEPS
from tests.house.hostile import BROKEN, CORPUS, HANDY, RENDERED, Form, filled, forms_on, markup_in
from tests.house.routes import Route, routes
from tests.house.test_matrix import world

__all__ = ["world"]

# One worker builds the world for all of them.
pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.xdist_group("grid")]

FULL = os.environ.get("HOSTILE") == "full"
# Who between them see every form; whoever comes later is asked only for what nobody before them saw.
PEOPLE = ["anonymous", "rep", "unit_officer", "unit_head", "clerk", "county_office", "security_admin"]
ADMINS = ("county_office", "security_admin")
CHINESE = re.compile("[\u4e00-\u9fff]")


def cases_of_every_kind(county):
    """A case that waits at each desk, for each kind of person."""
    drafted = county.assigned()
    actions.submit_reply(
        drafted,
        by=county.unit_officer,
        outcome="solved",
        headline="换了灯头",
        body="换好了灯头。",
        basis="照片",
    )
    asking = county.registered()
    actions.ask(asking, by=county.clerk, question="是哪一盏灯？")
    extending = county.assigned()
    actions.request_extension(extending, by=county.unit_officer, days=5, note="等配件。")
    return {
        "new": county.receive(),
        "drafted": drafted,
        "replied": county.replied(),
        "told": county.told(),
        "waiting": asking,
        "extending": extending,
    }


class Attacker:
    """Sends what it likes to the world's doors, takes every trace back, and holds each answer to what all must be."""

    def __init__(self, world) -> None:
        self.world = world
        self.cases = world.cases | cases_of_every_kind(world.county)
        self.seen: set[tuple[str, ...]] = set()

    def client(self, name: str, **given) -> Client:
        client = Client(headers={"sec-fetch-site": "same-origin"}, **given)
        client.cookies.load(self.world.clients[name].cookies)
        return client

    def send(self, name: str, method: str, address: str, data=None, **given):
        for cache in caches.all():
            cache.clear()  # limits have tests of their own
        with transaction.atomic():
            if "content_type" in given:
                answer = self.client(name).generic(method.upper(), address, as_bytes(data), **given)
            else:
                answer = getattr(self.client(name), method)(address, data, **given)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            answer.words = read(content, answer.headers.get("Content-Type", ""))
            transaction.set_rollback(True)
        check(answer, f"{name} {method} {address[:120]} {str(data)[:300]}")
        return answer


def as_bytes(data) -> bytes:
    return data if isinstance(data, bytes) else str(data).encode()


def read(content: bytes, kind: str) -> str:
    """As a person or program would read it: JSON without its escapes."""
    text = content.decode("utf-8", "replace")
    if "json" in kind and text.startswith("{"):
        return json.dumps(json.loads(text), ensure_ascii=False)
    return text


def check(answer, what: str) -> None:
    status = answer.status_code
    assert status < 500, f"{what}: {status}"
    if "html" in answer.headers.get("Content-Type", ""):
        assert not markup_in(answer.words), f"{what}: {markup_in(answer.words)}"
    assert RENDERED not in answer.words, f"{what}: a template ran what it was given"
    if status >= 400 and status != 405:
        assert CHINESE.search(answer.words), f"{what}: {status} without a word: {answer.words[:200]}"
    if 300 <= status < 400:
        assert not urlsplit(answer.headers["Location"]).netloc, (
            f"{what}: sent to {answer.headers['Location']}"
        )


@pytest.fixture(scope="module")
def attacker(world):
    return Attacker(world)


# --- every form of every page


def pages(attacker: Attacker, name: str) -> Iterator[str]:
    own, county = attacker.world.cases["own"], attacker.world.county
    for route in routes():
        if route.pattern.startswith(settings.ADMIN_PATH) or route.name == "core:readyz":
            continue
        given = {
            "code": own.receipt_code,
            "public_id": own.public_id,
            "token": "x",
            "form": "csv",
            "verb": "note",
            "pk": 1,
        }
        if route.name.startswith("stations:"):
            given["code"] = county.station.code
        elif route.name.startswith("representatives:"):
            given["public_id"] = county.representative.public_id
        try:
            yield reverse(route.name, kwargs={each: given[each] for each in route.arguments})
        except NoReverseMatch:
            continue  # without a name, or of the API: sent to further down
    yield from case_pages(attacker, name)
    if name in ADMINS:
        yield from admin_pages()


def case_pages(attacker: Attacker, name: str) -> Iterator[str]:
    verbs = set()
    for case in attacker.cases.values():
        if name == "anonymous":
            yield reverse("intake:case", args=[case.receipt_code])
            continue
        yield reverse("intake:callback", args=[case.public_id])
        yield reverse("intake:unit-reply", args=[case.public_id])
        for step in open_steps(case, to=attacker.world.users[name]):
            if step.name not in verbs:
                verbs.add(step.name)
                yield reverse("intake:step", args=[case.public_id, step.name])


def admin_pages() -> Iterator[str]:
    for model in admin.site._registry:
        space = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{space}_changelist")
        yield reverse(f"{space}_add")
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            yield reverse(f"{space}_change", args=[row.pk])


def new_forms(attacker: Attacker, name: str) -> Iterator[Form]:
    for page in pages(attacker, name):
        answer = attacker.send(name, "get", page)
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        for form in forms_on(page, answer.words):
            door = re.sub(r"(?<=/t/)[A-Z0-9]+|[a-z0-9]{10,12}(?=/)|\d+(?=/)", "_", urlsplit(form.action).path)
            key = (door, form.method, *sorted(form.values)[:30])
            if key not in attacker.seen:
                attacker.seen.add(key)
                yield form


def share(form: Form, most: int) -> list[str]:
    """This form's strings: another piece of the corpus for each form, the same piece on every run."""
    if FULL:
        return CORPUS
    start = zlib.crc32(f"{form.action.split('/')[1:3]}{form.fields}".encode()) % len(CORPUS)
    return [CORPUS[(start + 17 * place) % len(CORPUS)] for place in range(most)]


@pytest.mark.parametrize("name", PEOPLE)
def test_every_form_answers_whatever_it_is_sent(attacker, name):
    count = 0
    for form in new_forms(attacker, name):
        count += 1
        strings = share(form, 2)
        for place, string in enumerate(strings):
            others = [HANDY[(CORPUS.index(string) + 7 * at) % len(HANDY)] for at in range(len(form.fields))]
            attacker.send(name, form.method, form.action, dict(zip(form.fields, others, strict=True)))
            for field in list(form.typed)[place :: len(strings)][:3] if not FULL else form.typed:
                attacker.send(name, form.method, form.action, filled(form) | {field: [string]})
        attacker.send(name, form.method, form.action, {each: ["a", "\x00", "乙"] for each in form.fields})
    assert count > 2


# --- addresses


def words_asked_for() -> list[str]:
    """Every query parameter that some view reads, from the views themselves; and a few nobody reads."""
    root = Path(settings.BASE_DIR)
    sources = [*root.glob("*/views.py"), *root.glob("*/views/**/*.py"), *root.glob("*/api.py")]
    found = {
        name
        for source in sources
        for name in re.findall(r"GET(?:\.get(?:list)?\(|\[)\s*\"(\w+)\"", source.read_text(encoding="utf-8"))
    }
    return sorted(
        found
        | {"q", "cursor", "page_size", "o", "p", "all", "e", "_connector", "pk__in", "password__startswith"}
    )


def readable(attacker: Attacker) -> list[tuple[str, str]]:
    """Each page of the site and the API once, by the first person of ours who may read it."""
    who = {}
    for name in PEOPLE:
        for page in pages(attacker, name):
            if page not in who and attacker.send(name, "get", page).status_code == 200:
                who[page] = name
    public_id = attacker.world.cases["own"].public_id
    for tail in ("stations/", "representatives/", "areas/", "categories/", "cases/", f"cases/{public_id}/"):
        who[f"/api/v1/{tail}"] = "clerk"
    return [(name, page) for page, name in who.items()]


def test_every_page_answers_whatever_stands_in_its_address(attacker):
    asked = words_asked_for()
    for place, (name, page) in enumerate(readable(attacker)):
        for turn in range(6 if FULL else 1):
            strings = [
                HANDY[(place * 13 + turn * 5 + at * 11) % len(HANDY)][:1500] for at in range(len(asked))
            ]
            attacker.send(name, "get", page, dict(zip(asked, strings, strict=True)))
        attacker.send(name, "get", f"{page}?{'&'.join(f'{each}=1&{each}=%00' for each in asked)}")


def test_bytes_no_encoding_reads_are_answered_everywhere(attacker):
    for raw in BROKEN:
        text = raw.decode("latin-1")
        for page in ("/", "/stations/", "/representatives/", "/requests/new/1/", "/track/", "/api/v1/areas/"):
            attacker.send("anonymous", "get", page, QUERY_STRING=f"q={text}&s={text}&parent={text}&{text}")
        for page in ("/requests/new/1/", "/requests/submit/", "/track/", "/login/", "/preferences/size/"):
            for kind in (
                "application/x-www-form-urlencoded",
                "application/x-www-form-urlencoded; charset=gbk",
                "text/plain",
            ):
                body = (
                    b"body="
                    + raw
                    + b"&"
                    + raw
                    + b"=1&username="
                    + raw
                    + b"&number="
                    + raw
                    + b"&secret="
                    + raw
                )
                attacker.send("anonymous", "post", page, body, content_type=kind)
        for page in ("/s/", "/stations/", "/r/", "/t/", "/files/", "/enrol/", "/desk/requests/"):
            attacker.send("anonymous", "get", page + text.replace("?", ""))


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=x",
        "application/json",
        "",
        "a/b; charset=nonsense",
    ],
)
def test_a_body_that_is_not_what_it_says_is_answered(attacker, kind):
    for body in (
        b"",
        b"--x",
        b'--x\r\nContent-Disposition: form-data; name="body"\r\n\r\n\xff\xfe\r\n--x--',
        b"{",
        b"\x00" * 5000,
    ):
        for page in ("/requests/new/1/", "/requests/submit/", "/track/", "/login/", "/api/v1/track/"):
            attacker.send("anonymous", "post", page, body, content_type=kind)


# --- methods, sizes, hosts, headers


def plain_address(attacker: Attacker, route: Route) -> str | None:
    own = attacker.world.cases["own"]
    given = {
        "code": own.receipt_code,
        "public_id": own.public_id,
        "token": "x",
        "form": "csv",
        "verb": "note",
        "pk": 1,
    }
    try:
        return reverse(route.name, kwargs={each: given[each] for each in route.arguments})
    except (NoReverseMatch, KeyError):
        return None


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_a_method_nobody_offers_is_refused(attacker, method):
    taken = []
    for route in routes():
        address = plain_address(attacker, route)
        if address is None or route.pattern.startswith(settings.ADMIN_PATH):
            continue
        answer = attacker.send("clerk", method, address)
        allowed = {200} if method == "options" else set()
        if answer.status_code not in {302, 303, 403, 404, 405} | allowed:
            taken.append((route.name, answer.status_code))
    assert taken == []


def test_a_page_that_only_takes_posts_says_so(attacker):
    only_posts = [
        reverse(name)
        for name in (
            "core:size",
            "accounts:logout",
            "intake:lookup",
            "intake:submit",
            "reports:messages-read",
        )
    ]
    for address in only_posts:
        assert attacker.send("clerk", "get", address).status_code == 405, address


@pytest.mark.parametrize(
    "host",
    [
        "evil.invalid",
        "testserver.evil.invalid",
        "testserver:80@evil.invalid",
        "127.0.0.1:evil",
        "",
        "testserver\t",
    ],
)
def test_another_host_is_refused(attacker, host):
    answer = attacker.send("anonymous", "get", "/", headers={"host": host})

    assert answer.status_code == 400
    assert "evil" not in answer.words


def test_a_forwarded_host_is_not_believed(attacker):
    answer = attacker.send(
        "anonymous",
        "get",
        "/",
        headers={
            "x-forwarded-host": "evil.invalid",
            "x-original-url": "/admin/",
            "x-http-method-override": "DELETE",
        },
    )

    assert answer.status_code == 200
    assert "evil" not in answer.words


def test_huge_and_odd_headers_are_passed_over(attacker):
    for name in (
        "user-agent",
        "referer",
        "accept",
        "accept-language",
        "cookie",
        "x-request-id",
        "x-forwarded-for",
        "range",
        "if-none-match",
        "hx-request",
        "hx-target",
        "authorization",
        "origin",
    ):
        for value in (
            "x" * 60_000,
            "路灯".encode().decode("latin-1"),
            "\x01",
            "=,;=",
            "Bearer \x01",
            "Bearer a b",
            "Bearer \xe8\xb7\xaf",
        ):
            for page in ("/", "/login/", "/api/v1/cases/", "/api/v1/stations/"):
                attacker.send("anonymous", "get", page, headers={name: value})


def test_too_much_is_refused_in_words(attacker):
    for page in ("/requests/new/1/", "/login/", "/track/", "/requests/submit/"):
        answer = attacker.send("anonymous", "post", page, {"body": "长" * 3_000_000})
        assert answer.status_code == 413, page
        many = attacker.send("anonymous", "post", page, {f"f{place}": "1" for place in range(3_500)})
        assert many.status_code == 400, page
    answer = attacker.send(
        "anonymous",
        "post",
        "/api/v1/track/",
        b'{"number": "' + b"1" * 300_000 + b'"}',
        content_type="application/json",
    )
    assert answer.status_code == 400
    assert "256 KB" in answer.words


# --- from another site, without a token


def posting_routes() -> list[Route]:
    return [route for route in routes() if not route.pattern.startswith(("api/", settings.ADMIN_PATH))]


def test_a_signed_in_post_without_its_token_is_refused_in_words(attacker):
    client = attacker.client("clerk", enforce_csrf_checks=True)
    refused = 0
    for route in posting_routes():
        address = plain_address(attacker, route)
        if address is None or getattr(route.view, "is_public_form", False):
            continue
        answer = client.post(address, {"text": "x"})
        assert answer.status_code in (403, 405), address
        if answer.status_code == 403:
            assert "页面放得太久了" in answer.content.decode(), address
            refused += 1
    assert refused > 30


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.invalid"},
        {"origin": "null"},
        {"referer": "https://testserver.evil.invalid/"},
        {},
    ],
)
def test_a_public_form_from_another_site_is_refused_in_words(attacker, headers):
    refused = 0
    for route in posting_routes():
        address = plain_address(attacker, route)
        if address is None or not getattr(route.view, "is_public_form", False):
            continue
        answer = Client(headers=headers).post(address, {"body": "x"})
        assert answer.status_code == 403, address
        assert CHINESE.search(answer.content.decode()), address
        refused += 1
    assert refused > 15


@pytest.mark.parametrize(
    "trap",
    [
        "//evil.invalid/",
        "https://evil.invalid",
        "/\\evil.invalid",
        "javascript:hx7(1)",
        "\thttps://evil.invalid",
        "http:///evil.invalid",
        "https:evil.invalid",
        "%2f%2fevil.invalid",
    ],
)
def test_no_way_back_leads_to_another_site(attacker, trap):
    """`next` and the like, wherever somebody is sent on: held by `check` for every answer."""
    case = attacker.cases["new"]
    sent = {"next": trap, "back": trap, "text": "记一句", "size": "lg", "code": "0312", "reason": "回电"}
    for page in (
        "/preferences/size/",
        "/preferences/station/",
        "/login/",
        f"/desk/requests/{case.public_id}/steps/note/",
        f"/desk/requests/{case.public_id}/contact/",
        "/desk/requests/batch/assign/",
        "/account/second-factor/",
    ):
        answer = attacker.send("clerk", "post", f"{page}?next={trap}", sent)
        assert not re.search(r"href=\"\s*(?:javascript:|(?:https?:)?//evil)", answer.words), page


# --- the API: JSON is typed, and programs send what they like

ODD = [
    None, True, False, 0, -1, 1, 2**63, 2**200, 1.5, -0.0, 1e308, "", " ",
    [], [[]], ["a", "b"], {}, {"__proto__": 1}, {"name": {"name": {}}}, "\x00", "\ud800",
    "x" * 200_000, "NaN", "true", "null", [None] * 1000,
]  # fmt: skip
ASKED = {
    "station": "0312", "category": "utilities", "body": "牛场组路口的路灯不亮。", "village": "990127101201",
    "place": "小卖部", "notify": "none",
    "contact": {"name": "王阿姨", "phone": ""}, "visibility": "station", "consent": True,
}  # fmt: skip


def send_json(attacker, name, address, body, **headers):
    raw = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return attacker.send(name, "post", address, raw, content_type="application/json", headers=headers)


@pytest.mark.parametrize("name", [*ASKED, "contact.name", "contact.phone"])
def test_a_value_of_the_wrong_type_is_named_by_the_api(attacker, name):
    for place, value in enumerate([*ODD, *HANDY[:: 1 if FULL else 12]]):
        body = json.loads(json.dumps(ASKED))
        outer, _dot, inner = name.partition(".")
        if inner:
            body[outer][inner] = value
        else:
            body[outer] = value

        answer = send_json(
            attacker, "anonymous", "/api/v1/requests/", body, **{"idempotency-key": f"hostile-{place:04}"}
        )

        assert answer.status_code in (201, 400, 422), value
        if answer.status_code != 201:
            problem = json.loads(answer.words)
            assert problem["title"]
            assert answer.status_code == 400 or outer in problem["errors"], (value, problem)


@pytest.mark.parametrize(
    "extra",
    [
        {"state": "closed"},
        {"reference": "1"},
        {"county_code": "990128000000"},
        {"is_urgent": True},
        {"pk": 1},
        {"by": 1},
        {"contact": {"name": "王", "id_number": "1"}},
    ],
)
def test_nobody_sets_what_is_not_offered(attacker, extra):
    answer = send_json(
        attacker, "anonymous", "/api/v1/requests/", ASKED | extra, **{"idempotency-key": "assign-0001"}
    )

    assert answer.status_code == 422
    assert "没有这一项" in answer.words


@pytest.mark.parametrize(
    "key",
    [
        "",
        "short",
        "x" * 81,
        "a\x00bcdefgh",
        "汉字汉字汉字汉字",
        "a b c d e f g h",
        "'; DROP TABLE x",
        "x" * 60_000,
    ],
)
def test_a_strange_key_is_named(attacker, key):
    answer = send_json(attacker, "anonymous", "/api/v1/requests/", ASKED, **{"idempotency-key": key})

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.words


def test_every_step_over_the_api_names_what_it_refuses(attacker):
    """One field of each step a turn, wrong in another way each time."""
    turn, tried = 0, set()
    for case in attacker.cases.values():
        for who in PEOPLE[1:]:
            for step in open_steps(case, to=attacker.world.users[who]):
                if step.name in tried:
                    continue
                tried.add(step.name)
                form = next(each.form for each in STEPS if each.name == step.name)
                address = reverse("api:case-step", kwargs={"public_id": case.public_id, "verb": step.name})
                for field in form.base_fields:
                    turn += 1
                    values = ODD if FULL else [ODD[turn % len(ODD)], HANDY[turn * 7 % len(HANDY)]]
                    for value in values:
                        answer = send_json(attacker, who, address, {field: value})
                        assert answer.status_code in (200, 400, 403, 409, 422), (step.name, field, value)
    assert len(tried) > 20
