"""What a driver has done inside a Django process of its own: one JSON line asks, one answers. Product code, called as it is."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django

SEEDED = 400
CLERKS = 50


def prepare() -> str:
    """The demo's county by bulk, and clerks of one station with a token each."""
    from rest_framework.authtoken.models import Token

    from accounts.models import Membership, User
    from accounts.roles import Role
    from liaison.demo import bulk
    from liaison.demo.places import LONG_AGO
    from stations.models import Station, StationStaff

    told = bulk.seed("county", requests=SEEDED)
    station = Station.objects.order_by("code")[0]
    for number in range(CLERKS):
        user = User.objects.create(username=f"clerk{number}", display_name=f"clerk{number}", password="!")
        Membership.objects.create(user=user, role=Role.STATION_CLERK, valid_from=LONG_AGO)
        Membership.objects.create(
            user=user, role=Role.COUNTY_OFFICE, area_id=_county_of(station), valid_from=LONG_AGO
        )
        StationStaff.objects.create(station=station, user=user, begins_on=LONG_AGO)
        Token.objects.create(user=user)
    return told


def _county_of(station: Any) -> Any:
    from accounts.models import Area

    return Area.objects.get(code=station.county_code).pk


def facts() -> dict[str, Any]:
    from rest_framework.authtoken.models import Token

    from accounts.models import Category, Unit
    from intake.models import ConstituentRequest
    from stations.models import Station

    return {
        "stations": list(Station.objects.public().in_use().order_by("code").values_list("code", flat=True)),
        "tokens": list(
            Token.objects.filter(user__username__startswith="clerk")
            .order_by("user_id")
            .values_list("key", flat=True)
        ),
        "category": Category.objects.get(code="other").pk,
        "unit": Unit.objects.filter(is_handling=True).order_by("pk").values_list("pk", flat=True)[0],
        "last": ConstituentRequest.objects.order_by("-pk").values_list("pk", flat=True)[0],
    }


# --- cases to try things on


def take_in(count: int, *, ago: float = 0, phone: str = "", serial: int = 900000) -> list[dict[str, Any]]:
    """Cases received by the product's own action at the first station, `ago` days in the past."""
    from django.utils import timezone

    from accounts.models import Category
    from intake import actions
    from intake.models import ConstituentRequest
    from liaison.faults.residents import words_of
    from stations.models import Station

    station, category = Station.objects.order_by("code")[0], Category.objects.get(code="other")
    made: list[ConstituentRequest] = []
    for number in range(count):
        contact = actions.Contact("王阿姨", phone and f"{int(phone) + number}", "sms" if phone else "none")
        made.append(
            actions.receive(
                station=station, channel="api", contact=contact, body=words_of(serial + number), category=category,
                now=timezone.now() - timedelta(days=ago),
            )
        )  # fmt: skip
    return [
        {"pk": each.pk, "public_id": each.public_id, "number": each.reference, "seq": each.event_seq}
        for each in made
    ]


def register_all(pks: list[int], clerk: str = "clerk0") -> None:
    from accounts.models import User
    from intake import actions
    from intake.models import ConstituentRequest

    by = User.objects.get(username=clerk)
    for case in ConstituentRequest.objects.filter(pk__in=pks):
        actions.register(case, by=by)


def a_door() -> str:
    from intake.actions.handling import DOORS

    return str(next(iter(DOORS)))


# --- time


def sweep(at: float | None = None) -> dict[str, int]:
    from core import sweep as sweeping

    count = sweeping.sweep(now=_instant(at))
    return {"rungs": count.rungs, "fired": count.fired, "refused": len(count.refused)}


def deliver(at: float | None = None, limit: int = 200) -> int:
    from core import outbox

    return outbox.deliver(limit=limit, now=_instant(at))


def deliver_all(seconds: float, at: float | None = None) -> int:
    """Drain as long as something goes out."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and (sent := deliver(at)):
        done += sent
    return done


def _instant(at: float | None) -> datetime | None:
    from django.utils import timezone

    return None if at is None else datetime.fromtimestamp(at, tz=timezone.get_current_timezone())


def standing(after: int = 0, upto: int = 10**12) -> list[Any]:
    """State, deadlines and climbed rungs of each case, by its number: what a fault must not change. Not when they were climbed."""
    from core.models.clock import Clock, RungFiring
    from intake.models import ConstituentRequest

    cases = {
        pk: [number, state, round_, due.isoformat()]
        for pk, number, state, round_, due in ConstituentRequest.objects.filter(
            pk__gt=after, pk__lte=upto
        ).values_list("pk", "reference", "state", "round", "due_at")
    }
    clocks = Clock.objects.filter(case_label=ConstituentRequest.label, case_id__in=list(cases))
    found: dict[int, list[Any]] = {pk: [] for pk in cases}
    where: dict[int, int] = {}
    for clock in clocks:
        where[clock.pk] = clock.case_id
        found[clock.case_id].append(
            [
                "clock",
                clock.name,
                clock.round,
                clock.due_on.isoformat(),
                clock.due_at.isoformat(),
                clock.rung_order,
            ]
        )
    for clock_id, order, round_, due_at in RungFiring.objects.filter(clock__in=list(where)).values_list(
        "clock_id", "rung__order", "round", "due_at"
    ):
        found[where[clock_id]].append(["rung", order, round_, due_at.isoformat()])
    return sorted([*head, sorted(found[pk], key=str)] for pk, head in cases.items())


def deadline_days(stamps: list[str]) -> list[str]:
    """When the first clock of a case taken in at these instants ends, by the product's own counting."""
    from core import deadlines
    from intake.models import ConstituentRequest

    case = ConstituentRequest.objects.order_by("pk").first()
    assert case is not None
    names = ("request.register", "request.contact", "request.unit")
    return [
        f"{name} {clock.due_on.isoformat()} {clock.due_at.timestamp():.0f}"
        for stamp in stamps
        for name in names
        for clock in [deadlines.new_clock(case, name, started_at=datetime.fromisoformat(stamp))]
    ]


# --- the oracle


def audit(ledger: str, after: int) -> dict[str, Any]:
    """What was acknowledged against what is stored, of the cases after `after`."""
    from core.models import Message, Submission
    from core.models.clock import Clock
    from intake.models import ConstituentRequest

    said = [json.loads(line) for line in Path(ledger).read_text(encoding="utf-8").splitlines()]
    acknowledged = {each["number"]: each for each in said if each["number"]}
    cases = ConstituentRequest.objects.filter(pk__gt=after, body__startswith="第")
    rows = list(cases.values_list("pk", "reference", "body"))
    words = Counter(body for _pk, _number, body in rows)
    keys = Counter(row for row in Submission.objects.filter(scope="api").values_list("case_id", flat=True))
    received = Counter(
        Message.objects.filter(case_id__gt=after, kind="intake.request_received").values_list(
            "case_id", flat=True
        )
    )
    stored = {number for _pk, number, _body in rows}
    clocks = Counter(
        Clock.objects.filter(case_id__gt=after, name="request.register").values_list("case_id", flat=True)
    )
    messages = Message.objects.filter(case_id__gt=after, channel="sms")
    return {
        "acknowledged": len(acknowledged),
        "stored": len(rows),
        "lost": sorted(set(acknowledged) - stored),
        "twice": [body for body, times in words.items() if times > 1],
        "without_key": sum(1 for pk, _number, _body in rows if keys[pk] != 1),
        "wrong_clocks": sum(1 for pk, _number, _body in rows if clocks[pk] != 1),
        "wrong_messages": sum(1 for pk, _number, _body in rows if received[pk] != 1),
        "waiting": messages.filter(sent_at=None, dead_at=None).count(),
        "dead": messages.filter(sent_at=None, dead_at__isnull=False).count(),
        "sent": sorted(messages.filter(sent_at__isnull=False).values_list("dedupe", flat=True)),
        "chains": broken_chains(),
    }


def broken_chains() -> list[str]:
    from core import ledger
    from core.cases import case_models

    found = ledger.foreign_events()
    for model in case_models().values():
        found += ledger.broken_links(model) + ledger.broken_words(model)
    return found[:20]


def illegal_paths(pks: list[int]) -> list[str]:
    """Events of these cases that the table does not have, or that do not begin where the one before ended."""
    from core.models import Event
    from core.workflow import KEEP, RESUME
    from intake.models import ConstituentRequest

    moves = ConstituentRequest.workflow.transitions
    found = []
    for case in ConstituentRequest.objects.filter(pk__in=pks):
        before = ""
        for event in Event.objects.about(case).order_by("seq"):
            move = moves.get(event.kind.rpartition(".")[2])
            legal = event.from_state == before and (
                before == ""
                or (
                    move is not None
                    and before in move.sources
                    and move.target in (KEEP, RESUME, event.to_state)
                )
            )
            if not legal:
                found.append(
                    f"{case.reference}: {event.kind} {event.from_state} → {event.to_state} after {before}"
                )
            before = event.to_state
        if before != case.state:
            found.append(f"{case.reference}: stands at {case.state}, its last event at {before}")
    return found


def files_and_rows(number: str) -> list[int]:
    """(rows without their whole file and files that a finished write left without a row, photos of the case)."""
    import hashlib

    from core.images import open_private, orphans
    from core.models import Attachment
    from intake.models import ConstituentRequest

    rows = list(Attachment.objects.about(ConstituentRequest.objects.get(reference=number)))
    broken = 0
    for row in rows:
        with open_private(row.path) as file:
            broken += hashlib.sha256(file.read()).hexdigest() != row.sha256
    known = set(Attachment.objects.values_list("path", flat=True))
    return [broken + len(list(orphans(known, before=time.time()))), len(rows)]


def drop_a_photo(number: str) -> None:
    """Make room: two photos of the case go."""
    from core.images import delete_private
    from core.models import Attachment
    from intake.models import ConstituentRequest

    for row in Attachment.objects.about(ConstituentRequest.objects.get(reference=number))[:2]:
        delete_private(row.path)
        row.delete()


def waiting() -> int:
    from core.models import Message

    return Message.objects.filter(sent_at=None, dead_at=None).exclude(channel="email").count()


def messages(number: str) -> list[dict[str, Any]]:
    from core.models import Message
    from intake.models import ConstituentRequest

    case = ConstituentRequest.objects.get(reference=number)
    return [
        {"channel": each.channel, "attempts": each.attempts, "sent": each.sent_at is not None, "dead": each.dead_at is not None,
         "error": each.last_error, "next": each.next_try_at.timestamp() if each.next_try_at else None}
        for each in Message.objects.filter(case_label=case.label, case_id=case.pk, channel="sms").order_by("pk")
    ]  # fmt: skip


def main() -> None:
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever the product prints must not stand between the answers
    django.setup()
    for line in sys.stdin:
        name, words, named = json.loads(line)
        function: Callable[..., Any] = globals()[name]
        try:
            told = {"gives": function(*words, **named)}
        except Exception as problem:  # the driver decides what a failure means
            told = {"error": f"{type(problem).__name__}: {problem}"}
        out.write(json.dumps(told, default=str) + "\n")
        out.flush()


if __name__ == "__main__":
    main()
