"""What pages cost, in statements (performance.md G3, G6): a maximum written by hand, and the same for ten rows and for sixty.

Every person here has given a second factor, and nothing is kept from an earlier page: what is counted is the dearest case.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache, caches
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Category, LoginSession
from core import remembered
from core.models import Clock, Heartbeat, Rung, RungFiring
from intake import actions
from representatives.models import DutyRule, Meeting
from stations.models import Reception
from tests.conftest import HouseClient
from tests.core.test_admin import fill as fill_core
from tests.county import build_county
from tests.house.test_admin_grid import GRID
from tests.intake.test_public import key_on, photo, publish, reach, say, where
from tests.stations.test_admin import fill as fill_stations

FEW, MANY = 10, 60


# --- what ran, in words

_TABLE = re.compile(r'"?(\w+)"?')


def kind(sql: str) -> str:
    """`SELECT core_draft`, `INSERT core_submission`: the verb and the table outside all brackets; `(` begins a union."""
    words = sql.split()
    verb = words[0].lstrip("(").upper()
    if sql.startswith("("):
        return "UNION"
    if verb in ("INSERT", "DELETE", "DECLARE"):
        place = words.index("INTO") if verb == "INSERT" else words.index("FROM")
        return f"{verb} {_name(words[place + 1])}"
    if verb == "UPDATE":
        return f"UPDATE {_name(words[1])}"
    return f"SELECT {_name(_from(sql))}" if verb == "SELECT" else verb


def _name(word: str) -> str:
    found = _TABLE.match(word)
    return found[1] if found else word


def _from(sql: str) -> str:
    """What the outermost SELECT reads from; of a SELECT around another one, the inner's."""
    depth = 0
    for place, letter in enumerate(sql):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and sql.startswith(" FROM ", place):
            rest = sql[place + 6 :].lstrip()
            return _from(rest[1:].lstrip()) if rest.startswith("(") else rest
    return sql.removeprefix("SELECT ").strip()


# --- the pages


@dataclass(frozen=True)
class Page:
    who: str
    address: str
    most: int

    def __str__(self) -> str:
        return f"{self.who} {self.address}"


# Goals of performance.md. No page may ask for more than its kind.
GOALS = {"list": 8, "detail": 12, "dashboard": 10, "form": 16, "changelist": 12, "public": 8, "station": 12}

PAGES: dict[str, list[Page]] = {
    "list": [
        Page("clerk", "/desk/requests/?view=register", 5),
        Page("town_office", "/desk/requests/?view=triage", 5),
        Page("town_office", "/desk/requests/?view=late", 5),
        Page("county_office", "/desk/requests/?view=approve", 5),
        Page("county_office", "/desk/requests/?view=all", 5),
        Page("leader", "/desk/requests/?view=all", 5),
        Page("clerk", "/desk/requests/?view=all&q=路灯", 6),
        Page("county_office", "/desk/requests/?view=all&category={category}&standing=open", 6),
        Page("clerk", "/desk/callbacks/", 4),
        Page("unit_officer", "/unit/", 4),
        Page("unit_head", "/unit/?view=sign", 4),
        Page("unit_head", "/unit/?view=done", 4),
        Page("rep", "/my/cases/", 7),
        Page("rep", "/my/cases/?tab=result", 7),
        Page("rep", "/my/record/", 6),
        Page("rep", "/my/messages/", 4),
        Page("rep", "/my/schedule/", 7),
        Page("clerk", "/messages/", 4),
        Page("unit_officer", "/messages/", 4),
        Page("clerk", "/account/", 6),
        Page("clerk", "/desk/requests/pulse/", 2),
        Page("clerk", "/api/v1/cases/", 4),
    ],
    "detail": [
        Page("clerk", "/desk/requests/{registered}/", 12),
        Page("town_office", "/desk/requests/{registered}/", 12),
        Page("town_office", "/desk/requests/{assigned}/", 11),
        Page("county_office", "/desk/requests/{told}/", 11),
        Page("leader", "/desk/requests/{assigned}/", 11),
        Page("rep", "/desk/requests/{assigned}/", 11),
        Page("unit_officer", "/unit/replies/{assigned}/", 10),
        Page("unit_head", "/unit/replies/{assigned}/", 10),
        Page("rep", "/my/cases/{assigned}/", 7),
        Page("clerk", "/desk/callbacks/{told}/", 8),
        Page("town_office", "/desk/requests/{assigned}/steps/note/", 12),
        Page("clerk", "/api/v1/cases/{assigned}/", 6),
        Page("county_office", "/admin/intake/constituentrequest/{registered_pk}/change/", 12),
    ],
    "dashboard": [
        Page("rep", "/my/", 8),
        Page("leader", "/overview/", 9),
        Page("county_office", "/overview/", 9),
        Page("town_office", "/overview/", 9),
        Page("station_head", "/overview/", 9),
        Page("clerk", "/admin/", 4),
        Page("county_office", "/admin/", 6),
        Page("unit_head", "/admin/", 4),
        Page("leader", "/admin/", 5),
        Page("sysadmin", "/admin/", 2),
        Page("sysadmin", "/status/", 4),
    ],
    # A form asks for its choices, each a statement, beside what its page shows.
    "form": [
        Page("clerk", "/desk/requests/new/", 11),
        Page("clerk", "/desk/requests/filter/", 8),
        Page("rep", "/my/quick/", 9),
        Page("unit_officer", "/unit/replies/{assigned}/steps/hand_back/", 7),
    ],
    "public": [
        Page("", "/", 8),
        Page("", "/stations/", 7),
        Page("", "/stations/?area={village}", 8),
        Page("", "/stations/?q=站", 7),
        Page("", "/representatives/", 7),
        Page("", "/representatives/?area={town}", 8),
        Page("", "/representatives/?area={county}&after={representative}", 8),
        Page("", "/representatives/?q=代表&level=county", 7),
        Page("", "/representatives/{representative}/", 5),
        Page("", "/t/{code}", 4),
        Page("", "/t/{told_code}", 4),
        Page("", "/results/", 2),
        Page("", "/statistics/", 2),
        Page("", "/requests/new/1/", 1),
    ],
    # A station's page: the station, its photos and topics, who sits there with their mandates, days, board, stations near by.
    "station": [Page("", "/stations/0312/", 12)],
}

# Lists of the admin that cost more than five: choices of filters and related rows, a statement each.
CHANGELISTS = {
    "core.CalendarDay": 6,
    "intake.ConstituentRequest": 7,
    "representatives.Meeting": 6,
    "representatives.Person": 8,
    "stations.Reception": 7,
}


def changelists() -> list[Page]:
    found = []
    for model in admin.site._registry:
        label = model._meta.label
        people = GRID[label][0]
        who = next(each for each in ("county_office", "auditor", "security_admin") if each in people)
        name = label.lower().replace(".", "/")
        found.append(Page(who, f"/admin/{name}/", CHANGELISTS.get(label, 5)))
    return found


PAGES["changelist"] = changelists()
ALL = [(what, page) for what, pages in PAGES.items() for page in pages]


# --- what they cost


@dataclass
class Costs:
    site: Site
    few: dict[Page, list[str]] = field(default_factory=dict)
    many: dict[Page, list[str]] = field(default_factory=dict)


class Site:
    def __init__(self) -> None:
        self.county = build_county()
        self.clients: dict[str, HouseClient] = {"": HouseClient(headers={"sec-fetch-site": "same-origin"})}
        self.cases = {
            "registered": self._registered(),
            "assigned": self._assigned(),
            "told": self.county.told(),
        }
        # A wish for another date, so that the list of approvals has something.
        actions.request_extension(self._assigned(), by=self.county.unit_officer, days=3, note="等配件")
        Heartbeat.objects.create(name="beat", at=timezone.now())

    def _registered(self, **given: Any) -> Any:
        return self.county.registered(**given)

    def _assigned(self) -> Any:
        county = self.county
        case = county.registered(
            channel="market", follower=county.representative, came_by="赶场", by=county.rep
        )
        return actions.assign(case, unit=county.units["urban"], by=county.town_office)

    def fill(self, numbers: range) -> None:
        county = self.county
        fill_core(county, numbers)
        # The public form offers the first of them only.
        Category.objects.filter(order=0).update(order=9)
        fill_stations(county, numbers)
        body = county.representative.mandates.get().term.body
        for number in numbers:
            self._assigned()
            self.county.told(now=timezone.now() - timedelta(days=number % 5))
            self.county.receive()
            start = timezone.now() + timedelta(days=number + 1)
            day = Reception.objects.create(
                station=county.station, starts_at=start, ends_at=start + timedelta(hours=2)
            )
            day.people.add(county.representative)
            for case in self.cases.values():
                actions.note(case, text=f"第 {number} 条", by=county.clerk)
            clock = Clock.objects.order_by("-pk").first()
            RungFiring.objects.create(
                clock=clock, rung=Rung.objects.first(), round=1, due_at=start, fired_at=start
            )
            Meeting.objects.create(body=body, name=f"第{number}次会议", begins_at=start)
            DutyRule.objects.create(year=2100 + number, kind="meeting", points=1)
        with connection.cursor() as cursor:
            # As autovacuum does on a living site: without figures the planner may take a full table for an empty one.
            cursor.execute("ANALYZE")

    def client(self, who: str) -> HouseClient:
        if who not in self.clients:
            user, client = self.county.users[who], HouseClient(headers={"sec-fetch-site": "same-origin"})
            device = TOTPDevice.objects.create(user=user, confirmed=True)
            client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
            session = client.session
            session["otp_device_id"] = device.persistent_id
            session.save()
            LoginSession.objects.create(session_key=session.session_key, user=user, seen_at=timezone.now())
            self.clients[who] = client
        return self.clients[who]

    def address(self, page: Page) -> str:
        county = self.county
        words = {name: case.public_id for name, case in self.cases.items()}
        return page.address.format(
            **words,
            registered_pk=self.cases["registered"].pk,
            code=self.cases["registered"].receipt_code,
            told_code=self.cases["told"].receipt_code,
            category=county.categories["utilities"].pk,
            village=county.villages[0].code,
            town=county.towns[0].code,
            county=county.county.code,
            representative=county.representative.public_id,
        )

    def cost(self, page: Page) -> list[str]:
        caches["pages"].clear()
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            answer = self.client(page.who).get(self.address(page))
        assert answer.status_code == 200, f"{page}: {answer.status_code} {answer.headers.get('Location')}"
        return [kind(each["sql"]) for each in seen.captured_queries]

    def costs(self) -> dict[Page, list[str]]:
        return {page: self.cost(page) for _what, page in ALL}


@pytest.fixture(scope="module")
def costs(django_db_setup: Any, django_db_blocker: Any) -> Iterator[Costs]:
    # The rules are read again every half minute: on a busy machine that would fall into some page's count.
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock(), transaction.atomic():
        patch.setattr(remembered, "SECONDS", float("inf"))
        site = Site()
        site.fill(range(FEW))
        site.costs()  # what a process learns once: content types, the calendar, the rules
        few = site.costs()
        site.fill(range(FEW, MANY))
        yield Costs(site, few, site.costs())
        transaction.set_rollback(True)


pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.xdist_group("budgets")]
by_page: Callable[..., Any] = pytest.mark.parametrize("page", [page for _what, page in ALL], ids=str)


@by_page
def test_a_page_keeps_to_its_budget(costs, page):
    ran = costs.many[page]

    assert len(ran) <= page.most, "\n".join(ran)


@by_page
def test_a_page_costs_the_same_for_ten_rows_and_for_sixty(costs, page):
    assert sorted(costs.many[page]) == sorted(costs.few[page])


@pytest.mark.parametrize(("what", "page"), ALL, ids=str)
def test_no_budget_is_above_its_goal(what, page):
    assert page.most <= GOALS[what]


# --- the public POST that hands a request in

# In this order. A statement more needs a line here, and the line a reason; G3 allows twenty.
HANDING_IN = [
    "SAVEPOINT",  # outside a test: BEGIN
    "INSERT core_submission",  # taken once, however often it is sent
    "SELECT core_draft",
    "SELECT accounts_area",
    "SELECT stations_station",
    "SELECT representatives_person",  # whose code was scanned
    "INSERT intake_constituentrequest",
    "INSERT core_event",
    "INSERT core_clock",
    "INSERT intake_requestprogress",
    "INSERT core_message",
    "INSERT intake_requestlink",  # the same as one already answered
    "UPDATE core_attachment",  # the photos go over from the draft
    "UPDATE core_draft",
    "UPDATE core_submission",  # what was answered, for a retry
    "RELEASE",  # COMMIT
]


def test_handing_in_runs_these_statements_and_no_others(costs, client, count_queries):
    county = costs.site.county
    known = publish(county)
    say(client, r=county.representative.public_id)
    where(client, joins=known.public_id, photos=[photo()])
    reach(client)
    key = key_on(client.get("/requests/new/check/"))

    with count_queries() as seen:
        answer = client.post("/requests/new/check/", {"key": key})

    assert answer.status_code == 303
    ran = [kind(each["sql"]) for each in seen.captured_queries]
    assert ran == HANDING_IN, "\n".join(
        difflib.unified_diff(HANDING_IN, ran, "expected", "ran", "", "", 20, "")
    )
    assert len(HANDING_IN) <= 20


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ('SELECT (SELECT x FROM "inner" LIMIT 1) AS a FROM "core_draft" WHERE 1', "SELECT core_draft"),
        ('INSERT INTO "core_submission" ("a") VALUES (1)', "INSERT core_submission"),
        ('UPDATE "core_clock" SET a = 1', "UPDATE core_clock"),
        ('DELETE FROM "core_draft" WHERE 1', "DELETE core_draft"),
        ('(SELECT 1 FROM "a") UNION ALL (SELECT 1 FROM "b")', "UNION"),
        ("SELECT append_event(1)", "SELECT append_event"),
    ],
)
def test_a_statement_is_named_by_its_verb_and_table(sql, named):
    assert kind(sql) == named
