"""Role × endpoint × relation: the routes come from the URL conf, who may what is written by hand in matrix.csv.

A route without a row fails. Relations are objects: a case of one's own place, one nobody was handed, a confidential one, one
that complains about the unit, one of the sister town, one of another county.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import LoginSession
from core.models import Message
from intake import actions
from intake.models import AccusedUnit, ConstituentRequest
from stations.models import Station
from tests.conftest import HouseClient
from tests.county import build_county
from tests.house.routes import routes
from tests.house.test_doors import OPEN, OPEN_API

# Who stands in for a word of the table.
GROUPS = {
    "station": {"clerk", "station_head", "other_clerk"},
    "offices": {"town_office", "other_town_office", "county_office", "foreign_office"},
    "desk": {"clerk", "station_head", "other_clerk", "town_office", "other_town_office", "county_office", "foreign_office"},
    "units": {"unit_officer", "unit_head", "other_officer"},
}  # fmt: skip
EVERYBODY = {
    "clerk", "station_head", "other_clerk", "town_office", "other_town_office", "county_office", "foreign_office",
    "unit_officer", "unit_head", "other_officer", "leader", "auditor", "security_admin", "sysadmin", "rep", "nobody",
}  # fmt: skip
GROUPS["everybody"] = EVERYBODY

SEEN_BY = {
    "own": {
        "clerk",
        "station_head",
        "town_office",
        "county_office",
        "unit_officer",
        "unit_head",
        "rep",
        "leader",
    },
    "unassigned": {"clerk", "station_head", "town_office", "county_office", "leader"},
    "confidential": {"clerk", "station_head", "town_office", "county_office", "unit_officer", "unit_head"},
    "accused": {"clerk", "station_head", "town_office", "county_office", "leader"},
    "sibling": {"other_clerk", "other_town_office", "county_office", "other_officer", "leader"},
    "foreign": {"foreign_office"},
}
STATIONS_SEEN = {
    "0312": {"clerk", "station_head", "town_office", "county_office", "leader", "rep", "sysadmin"},
    "0313": {"other_clerk", "other_town_office", "county_office", "leader", "sysadmin"},
    "0901": {"foreign_office", "sysadmin"},
}


def table() -> dict[str, tuple[str, set[str]]]:
    text = (Path(__file__).parent / "matrix.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(
        io.StringIO("".join(line for line in text.splitlines(True) if not line.startswith("#")))
    )
    return {
        row["route"]: (
            row["method"],
            set().union(*(GROUPS.get(word, {word}) for word in row["allowed"].split())),
        )
        for row in rows
    }


TABLE = table()


def closed_routes():
    return [
        route
        for route in routes()
        if route.name not in OPEN | OPEN_API and not route.pattern.startswith("admin/")
    ]


# --- the world: built once, every request's traces taken back


class World:
    def __init__(self) -> None:
        self.county = county = build_county()
        self.users = {name: county.users[name] for name in EVERYBODY}
        own = county.receive(
            channel="market",
            follower=county.representative,
            came_by="赶场",
            by=county.rep,
            village=county.villages[0],
        )
        own = actions.register(own, by=county.clerk)
        own = actions.assign(own, unit=county.units["urban"], by=county.town_office)
        accused = county.registered(body="城管局的人把摊子掀了。")
        AccusedUnit.objects.create(request=accused, unit=county.units["urban"])
        self.cases = {
            "own": own,
            "unassigned": county.registered(body="路口没有红绿灯。"),
            "confidential": county.assigned(body="家里有困难，请保密。", is_confidential=True),
            "accused": actions.assign(accused, unit=county.units["town"], by=county.town_office),
            "sibling": self._sibling(),
            "foreign": county.receive(body="外县的事。", station=county.foreign_station, village=None),
        }
        self.session = LoginSession.objects.create(
            user=county.clerk, session_key="x" * 32, seen_at=timezone.now()
        )
        self.message = Message.objects.filter(recipient=county.clerk).first()
        self.clients = {name: self._client(user) for name, user in self.users.items()}
        self.clients["anonymous"] = HouseClient(headers={"sec-fetch-site": "same-origin"})

    def _sibling(self) -> ConstituentRequest:
        county = self.county
        case = county.receive(body="柳溪的水浑了。", station=county.other_station, village=county.villages[2])
        case = actions.register(case, by=county.other_clerk)
        return actions.assign(case, unit=county.units["water"], by=county.other_town_office)

    def _client(self, user) -> HouseClient:
        client = HouseClient(headers={"sec-fetch-site": "same-origin"})
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        LoginSession.objects.create(session_key=client.session.session_key, user=user, seen_at=timezone.now())
        return client

    def address(self, route, case: ConstituentRequest) -> str:
        given = {
            "public_id": case.public_id,
            "verb": "merge" if route.name == "intake:batch" else "note",
            "form": "csv",
            "pk": self.session.pk if route.name == "accounts:end-session" else self.message.pk,
        }
        wanted = route.arguments or (
            ("public_id", "verb")[: 2 if route.name == "api:case-step" else 1]
            if route.name in API_CASES
            else ()
        )
        return reverse(route.name, kwargs={name: given[name] for name in wanted})

    def passes(self, name: str, method: str, address: str) -> bool:
        """Whether the person gets through; what it changed is taken back, and a log-out too."""
        client = self.clients[name]
        cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
        key = cookie.value if cookie is not None else ""
        with transaction.atomic():
            answer = client.get(address) if method == "GET" else client.post(address, SENT)
            if answer.streaming:
                list(answer.streaming_content)
            transaction.set_rollback(True)
        client.cookies.clear()
        if key:
            client.cookies[settings.SESSION_COOKIE_NAME] = key
        assert answer.status_code < 500, f"{name} {method} {address}: {answer.status_code}"
        if answer.status_code in (301, 302) and name == "anonymous":
            return not answer.headers["Location"].startswith(reverse("accounts:login"))
        return answer.status_code not in (401, 403, 404)


SENT = {"text": "看过了", "reason": "回电"}
API_CASES = {"api:case-detail", "api:case-steps", "api:case-step"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


# One worker builds the world for all of them.
pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.xdist_group("grid")]


def test_every_closed_route_has_a_row_and_every_row_a_route():
    assert {route.name for route in closed_routes()} == TABLE.keys()


@pytest.mark.parametrize(
    "route", [route for route in closed_routes() if route.name in TABLE], ids=lambda route: route.name
)
def test_who_gets_through(world, route):
    method, allowed = TABLE[route.name]
    about_a_case = "public_id" in route.arguments or route.name in API_CASES
    relations = SEEN_BY if about_a_case else {"own": EVERYBODY}
    for relation, seen_by in relations.items():
        address = world.address(route, world.cases[relation])

        through = {name for name in EVERYBODY if world.passes(name, method, address)}

        assert through == allowed & seen_by, (
            f"{relation}: more {through - allowed & seen_by}, less {allowed & seen_by - through}"
        )
        assert not world.passes("anonymous", method, address), f"{relation}: anonymous"


# --- listed ⇔ openable ⇔ counted ⇔ exportable


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_request_is_listed_exactly_where_it_opens(world, name):
    user = world.users[name]
    listed = set(ConstituentRequest.objects.visible_to(user).values_list("public_id", flat=True))
    opened = {
        case.public_id
        for case in ConstituentRequest.objects.all()
        if world.passes(name, "GET", reverse("api:case-detail", kwargs={"public_id": case.public_id}))
    }

    assert listed == opened
    assert {relation for relation, case in world.cases.items() if case.public_id in listed} == {
        relation for relation, people in SEEN_BY.items() if name in people
    }


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_a_station_of_the_staffs_pages_is_seen_by_its_own(world, name):
    listed = set(Station.objects.visible_to(world.users[name]).values_list("code", flat=True))

    assert listed == {code for code, people in STATIONS_SEEN.items() if name in people}


@pytest.mark.parametrize("name", sorted({"clerk", "station_head", "other_clerk"} | GROUPS["offices"]))
def test_an_export_holds_what_the_list_holds(world, name):
    listed = set(ConstituentRequest.objects.visible_to(world.users[name]).values_list("reference", flat=True))
    with transaction.atomic():
        answer = world.clients[name].post(
            reverse("intake:export") + "?view=all", {"reason": "月报", "format": "csv"}
        )
        text = b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode(
            "utf-8-sig"
        )
        transaction.set_rollback(True)

    assert {
        each for each in ConstituentRequest.objects.values_list("reference", flat=True) if each in text
    } == listed
