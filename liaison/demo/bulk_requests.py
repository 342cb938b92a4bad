"""Requests by the hundred thousand: whole lives written by SQL, their events chained by the database's own hash.

Each life is one of a few paths through the table of the workflow; what would lie in the future is cut off, and that
leaves the recent ones open. Numbers, codes and phones are sealed as always. `verify_events` must hold afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from core import codes, deadlines, rulebook
from core.models import NEVER, Clock
from core.models.event import ActorKind, Event
from core.privacy import blind_index, encrypt
from core.similarity import spaced
from intake.actions.receiving import headline, track_index
from intake.models import ConstituentRequest
from intake.workflow import WORKFLOW
from liaison.demo.matters import EVERYDAY, NAMES, OPINIONS

if TYPE_CHECKING:
    from liaison.demo.bulk import Registry
    from stations.models import Station

DAYS = 3 * 365
BATCH = 20_000
HOUR, DAY = 3600, 86_400

# path → (verb, who, seconds after the step before). Weights in percent; the slow ones make what is overdue.
PATHS: dict[str, tuple[int, list[tuple[str, str, int]]]] = {
    "rated": (52, [("receive", "resident", 0), ("register", "clerk", 3 * HOUR), ("assign", "office", DAY),
                   ("submit_reply", "officer", 6 * DAY), ("sign", "head", 5 * HOUR), ("feed_back", "clerk", DAY),
                   ("rate", "resident", 2 * DAY)]),
    "lapsed": (24, [("receive", "resident", 0), ("register", "clerk", 3 * HOUR), ("assign", "office", DAY),
                    ("submit_reply", "officer", 6 * DAY), ("sign", "head", 5 * HOUR), ("feed_back", "clerk", DAY),
                    ("lapse", "system", 16 * DAY)]),
    "station": (10, [("receive", "clerk", 0), ("register", "clerk", HOUR), ("handle", "clerk", 3 * HOUR),
                     ("report_result", "clerk", 3 * DAY), ("feed_back", "clerk", HOUR), ("rate", "resident", DAY)]),
    "answered": (5, [("receive", "clerk", 0), ("register", "clerk", HOUR // 2), ("answer", "clerk", HOUR // 2),
                     ("rate", "resident", DAY)]),
    "redone": (4, [("receive", "resident", 0), ("register", "clerk", 3 * HOUR), ("assign", "office", DAY),
                   ("submit_reply", "officer", 5 * DAY), ("sign", "head", 5 * HOUR), ("feed_back", "clerk", DAY),
                   ("send_back", "resident", 2 * DAY), ("submit_reply", "officer", 6 * DAY), ("sign", "head", 5 * HOUR),
                   ("feed_back", "clerk", DAY), ("rate", "resident", 2 * DAY)]),
    "referred": (3, [("receive", "resident", 0), ("register", "clerk", 3 * HOUR), ("refer", "clerk", DAY)]),
    "rejected": (2, [("receive", "resident", 0), ("reject", "clerk", 4 * HOUR)]),
}  # fmt: skip

LONGEST = max(len(steps) for _weight, steps in PATHS.values())

# Where an open case stands → the clocks that run, and the verb that started each; none: the step into the state.
RUNNING = {
    "received": [("request.register", "receive")],
    "registered": [("request.triage", "register"), ("request.answer", "register")],
    "handling": [("request.station", "handle"), ("request.answer", "register")],
    "assigned": [
        ("request.unit", "assign"),
        ("request.answer", "register"),
        ("request.return_window", "assign"),
    ],
    "signing": [("request.unit", "assign"), ("request.answer", "register")],
    "replied": [("request.feedback", "")],
    "told": [("request.rating", "")],
    "redoing": [("request.rehandle", "")],
}

TABLES = """
CREATE TEMP TABLE bulk_path (path text, seq int, kind text, verb text, from_state text, to_state text, round int,
    actor_kind text, who text, after int) ON COMMIT DROP;
CREATE TEMP TABLE bulk_day (day date PRIMARY KEY, promised_on date) ON COMMIT DROP;
CREATE TEMP TABLE bulk_case (n bigint, public_id text, reference text, receipt_code bytea, receipt_index text,
    contact_name bytea, contact_phone bytea, phone_index text, track_index text, notify text, body text, title text,
    spaced text, path text, created_at timestamptz, pace float8, station_id bigint, county_code text, town_code text,
    village_id bigint, category_id bigint, channel text, unit_id bigint, clerk bigint, office bigint, officer bigint,
    head bigint, solved text, satisfied text) ON COMMIT DROP;
CREATE TEMP TABLE bulk_step (n bigint, public_id text, seq int, kind text, verb text, from_state text, to_state text,
    round int, actor_id bigint, actor_kind text, at timestamptz, facts_text text, action_id uuid) ON COMMIT DROP;
CREATE TEMP TABLE bulk_event (LIKE bulk_step, prev_hash bytea, hash bytea) ON COMMIT DROP;
"""

STEPS = """
INSERT INTO bulk_step
SELECT c.n, c.public_id, p.seq, p.kind, p.verb, p.from_state, p.to_state, p.round,
       CASE p.who WHEN 'clerk' THEN c.clerk WHEN 'office' THEN c.office WHEN 'officer' THEN c.officer
                  WHEN 'head' THEN c.head END,
       p.actor_kind, c.created_at + make_interval(secs => c.pace * p.after),
       CASE p.verb WHEN 'receive' THEN format('{"category":%%s,"channel":"%%s","station":%%s}',
                                              c.category_id, c.channel, c.station_id)
                   WHEN 'assign' THEN format('{"unit":%%s}', c.unit_id)
                   WHEN 'rate' THEN format('{"recorded":false,"satisfied":"%%s","solved":"%%s"}', c.satisfied, c.solved)
                   WHEN 'send_back' THEN '{"recorded":false,"satisfied":"dissatisfied","solved":"no"}'
                   ELSE '{}' END,
       md5(c.public_id || p.seq)::uuid
FROM bulk_case c JOIN bulk_path p USING (path)
WHERE c.created_at + make_interval(secs => c.pace * p.after) <= %(now)s
"""

# One link of every chain at a time: all first events, all second ones…
LINK = """
INSERT INTO bulk_event
SELECT s.*, coalesce(before.hash, ''::bytea),
       liaison_event_hash(coalesce(before.hash, ''::bytea), 'request', s.public_id, s.seq, s.kind, s.from_state, s.to_state,
                          s.round, s.actor_id, s.actor_kind, s.at, s.facts_text, ''::bytea, s.action_id)
FROM bulk_step s LEFT JOIN bulk_event before ON before.n = s.n AND before.seq = s.seq - 1
WHERE s.seq = %(seq)s
"""

REQUESTS = """
WITH life AS (
    SELECT n, max(seq) AS seq, max(round) AS round, bool_or(verb = 'submit_reply') AS submitted,
           max(at) FILTER (WHERE verb = 'register') AS registered_at,
           max(at) FILTER (WHERE verb IN ('sign', 'report_result', 'answer')) AS answered_at,
           max(at) FILTER (WHERE verb IN ('feed_back', 'answer')) AS told_at,
           max(at) FILTER (WHERE verb = 'rate') AS rated_at,
           bool_or(verb = 'assign') AS assigned
    FROM bulk_event GROUP BY n
)
INSERT INTO intake_constituentrequest (public_id, state, state_since, resume_state, round, closed_at, event_seq, event_head,
    county_code, town_code, created_at, reference, receipt_code, receipt_index, station_id, unit_id, category_id, village_id,
    origin_town_code, body, body_spans, title, place, channel, came_by, contact_name, contact_phone, phone_index, track_index,
    notify, visibility, consent_version, is_minor, is_urgent, is_confidential, is_public, complexity, instruction, returns,
    registered_on, promised_on, answered_at, told_at, solved, satisfied, rated_at, spaced, legal_hold, due_at)
SELECT c.public_id, e.to_state, e.at, CASE WHEN l.submitted THEN 'assigned' ELSE '' END, l.round,
       CASE WHEN e.to_state = ANY(%(closing)s) THEN e.at END, l.seq, e.hash,
       c.county_code, c.town_code, c.created_at, c.reference, c.receipt_code, c.receipt_index, c.station_id,
       CASE WHEN l.assigned THEN c.unit_id END, c.category_id, c.village_id, c.town_code, c.body, %(no_spans)s, c.title, '', c.channel,
       '', c.contact_name, c.contact_phone, c.phone_index, c.track_index, c.notify, 'station', '2026-1', false, false, false,
       e.to_state = 'closed' AND c.n %% 7 = 0, '', '', 0, l.registered_at::date, d.promised_on, l.answered_at, l.told_at,
       CASE WHEN l.rated_at IS NULL THEN '' ELSE c.solved END, CASE WHEN l.rated_at IS NULL THEN '' ELSE c.satisfied END,
       l.rated_at, c.spaced, false, %(never)s
FROM bulk_case c JOIN life l USING (n) JOIN bulk_event e ON e.n = c.n AND e.seq = l.seq
LEFT JOIN bulk_day d ON d.day = l.registered_at::date
ORDER BY c.n
"""

EVENTS = """
INSERT INTO core_event (action_id, case_label, case_id, seq, kind, from_state, to_state, round, actor_id, actor_kind, at,
                        facts_text, text_digest, prev_hash, hash)
SELECT e.action_id, 'request', r.id, e.seq, e.kind, e.from_state, e.to_state, e.round, e.actor_id, e.actor_kind, e.at,
       e.facts_text, ''::bytea, e.prev_hash, e.hash
FROM bulk_event e JOIN intake_constituentrequest r USING (public_id) ORDER BY r.id, e.seq
"""

ROWS = [
    """
    INSERT INTO intake_requestprogress (request_id, event_id, at, title, text, station)
    SELECT r.id, v.id, e.at, t.title, '', t.station
    FROM bulk_event e JOIN intake_constituentrequest r USING (public_id)
    JOIN core_event v ON v.case_label = 'request' AND v.case_id = r.id AND v.seq = e.seq
    JOIN (VALUES ('receive', '登记：联络站已经收到', 1), ('register', '已经登记', 2), ('assign', '交给单位办理', 2),
                 ('feed_back', '办好了', 3), ('rate', '您评价了', 4)) AS t(verb, title, station) USING (verb)
    """,
    """
    INSERT INTO intake_requestassignment (request_id, unit_id, round, assigned_at, ended_at, ended_by)
    SELECT r.id, r.unit_id, a.round, a.at, s.at, CASE WHEN s.at IS NULL THEN '' ELSE 'sign' END
    FROM bulk_event a JOIN intake_constituentrequest r USING (public_id)
    LEFT JOIN bulk_event s ON s.n = a.n AND s.verb = 'sign' AND s.round = a.round
    WHERE a.verb = 'assign' OR (a.verb = 'send_back' AND r.unit_id IS NOT NULL)
    """,
    """
    INSERT INTO intake_requestreply (request_id, round, unit_id, outcome, headline, body, basis, written_by_id, written_at,
                                     signed_by_id, signed_at, check_note)
    SELECT r.id, e.round, r.unit_id, 'solved', '办好了', '到现场看过，已经办好，以后专人管护。', '', e.actor_id, e.at,
           CASE WHEN e.verb = 'submit_reply' THEN s.actor_id ELSE e.actor_id END,
           CASE WHEN e.verb = 'submit_reply' THEN s.at ELSE e.at END, ''
    FROM bulk_event e JOIN intake_constituentrequest r USING (public_id)
    LEFT JOIN bulk_event s ON s.n = e.n AND s.verb = 'sign' AND s.round = e.round
    WHERE e.verb IN ('submit_reply', 'report_result', 'answer')
    """,
    """
    INSERT INTO intake_requestrating (request_id, round, solved, satisfied, remark, at)
    SELECT r.id, CASE WHEN e.verb = 'send_back' THEN e.round - 1 ELSE e.round END,
           CASE WHEN e.verb = 'send_back' THEN 'no' ELSE r.solved END,
           CASE WHEN e.verb = 'send_back' THEN 'dissatisfied' ELSE r.satisfied END, '', e.at
    FROM bulk_event e JOIN intake_constituentrequest r USING (public_id) WHERE e.verb IN ('rate', 'send_back')
    """,
    """
    INSERT INTO core_clock (case_label, case_id, name, round, amount, unit, roll, started_at, counted_from, extended_by,
        extensions, paused_days, paused_seconds, due_on, due_at, is_provisional, stopped_at, rung_order)
    SELECT 'request', r.id, 'request.answer', 1, 10, 'working_days', true, e.at, e.at::date, 0, 0, 0, 0, r.promised_on,
           (r.promised_on + 1)::timestamp AT TIME ZONE 'Asia/Shanghai', false, coalesce(r.answered_at, r.closed_at), 0
    FROM bulk_event e JOIN intake_constituentrequest r USING (public_id)
    WHERE e.verb = 'register' AND coalesce(r.answered_at, r.closed_at) IS NOT NULL
    """,
]


def write(registry: Registry, count: int) -> int:
    """Write `count` requests by batches, then give the open ones their clocks. Needs the caller's transaction."""
    now = timezone.now()
    draw = random.Random(2746)  # the same county every time
    lines = _lines(registry, count, now, draw)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(TABLES)
    _copy("bulk_path", _path_rows())
    _copy("bulk_day", _day_rows(now))
    for start in range(0, count, BATCH):
        _batch(lines, min(BATCH, count - start), now)
    _start_clocks(registry)
    return count


def _batch(lines: Iterator[tuple[Any, ...]], size: int, now: datetime) -> None:
    closing = [state.name for state in WORKFLOW.states.values() if state.closes]
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bulk_case, bulk_step, bulk_event")
        _copy("bulk_case", islice(lines, size))
        cursor.execute("ANALYZE bulk_case")
        cursor.execute(STEPS, {"now": now})
        cursor.execute("ANALYZE bulk_step")
        for seq in range(1, LONGEST + 1):
            cursor.execute(LINK, {"seq": seq})
        cursor.execute("ANALYZE bulk_event")
        cursor.execute(
            REQUESTS,
            {
                "closing": closing,
                "no_spans": encrypt(b"[]", scope="intake.request.body_spans"),
                "never": NEVER,
            },
        )
        cursor.execute(EVENTS)
        for statement in ROWS:
            cursor.execute(statement)


def _copy(table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    text = StringIO()
    for row in rows:
        text.write("\t".join("\\N" if value is None else str(value) for value in row) + "\n")
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} FROM STDIN", text)


def _path_rows() -> Iterator[tuple[Any, ...]]:
    """The paths, walked through the very table of transitions: a step it does not allow raises KeyError here."""
    kinds = {"resident": ActorKind.RESIDENT, "system": ActorKind.SYSTEM}
    for path, (_weight, steps) in PATHS.items():
        state, round_, passed = "", 1, 0
        for seq, (verb, who, after) in enumerate(steps, start=1):
            passed += after
            target = WORKFLOW.initial
            if verb != "receive":
                move = WORKFLOW.transitions[verb]
                if state not in move.sources:
                    raise KeyError(f"{verb} is not open in {state}")
                target, round_ = move.target, round_ + move.new_round
            yield (
                path,
                seq,
                WORKFLOW.kind(verb),
                verb,
                state,
                target,
                round_,
                kinds.get(who, ActorKind.USER).value,
                who,
                passed,
            )
            state = target


def _day_rows(now: datetime) -> Iterator[tuple[Any, ...]]:
    calendar = rulebook.calendar()
    first = timezone.localdate(now) - timedelta(days=DAYS + 1)
    for offset in range(DAYS + 60):
        day = first + timedelta(days=offset)
        yield day, calendar.add_working_days(day, 10)


def _lines(registry: Registry, count: int, now: datetime, draw: random.Random) -> Iterator[tuple[Any, ...]]:
    """One line of `bulk_case` for each request, oldest first."""
    words = _words()
    phones = [_phone(number) for number in range(min(20_000, count))]
    names = [_bytea(encrypt(name.encode(), scope="intake.request.contact_name")) for name in NAMES]
    paths = list(PATHS)
    weights = [weight for weight, _steps in PATHS.values()]
    taken: set[str] = set()
    seconds = DAYS * DAY
    for n in range(count):
        created = now - timedelta(seconds=seconds * (1 - (n + draw.random()) / count))
        station = _station(registry, draw)
        unit, officer, head = draw.choice(registry.units[station.county_code])
        actors = registry.actors[station.county_code]
        number = _reference(created, draw, taken)
        sealed, phone_index, digits = draw.choice(phones)
        code = codes.receipt_code()
        body, title, space = draw.choice(words)
        yield (
            n, codes.public_id(), number, _bytea(encrypt(code.encode(), scope="intake.request.receipt_code")),
            blind_index(code, scope="receipt"), draw.choice(names), sealed, phone_index, track_index(number, digits),
            "sms", body, title, space, draw.choices(paths, weights)[0], created.isoformat(),
            # One in two hundred lies about for months: what is overdue on the desks.
            draw.uniform(30, 60) if draw.random() < 0.005 else draw.uniform(0.5, 1.5),
            station.pk, station.county_code, station.town_code, draw.choice(registry.villages[station.town_code]),
            _skewed(registry.categories, draw), draw.choice(("web", "qr", "walk_in", "phone", "market")), unit,
            actors["clerk"], actors["office"], officer, head, *_verdict(draw),
        )  # fmt: skip


def _station(registry: Registry, draw: random.Random) -> Station:
    """Life is skewed: one station hears a fifth of everything, the rest fall off."""
    return registry.stations[0] if draw.random() < 0.2 else _skewed(registry.stations[1:], draw)


def _skewed(choices: list[Any], draw: random.Random) -> Any:
    return choices[int(len(choices) * draw.random() ** 2)]


def _verdict(draw: random.Random) -> tuple[str, str]:
    return draw.choices([("yes", "satisfied"), ("yes", "basically"), ("yes", "")], [70, 22, 8])[0]


def _words() -> list[tuple[str, str, str]]:
    """What people say: every matter of the story with a few places, so that search finds many and few."""
    said = (
        [line[4] for line in EVERYDAY]
        + [line[1] for line in OPINIONS]
        + [each for line in OPINIONS for each in line[3]]
    )
    places = [f"{number}号院" for number in range(1, 60)] + [
        "村口",
        "桥头",
        "学校旁边",
        "卫生院门口",
        "集市东头",
    ]
    bodies = [f"{place}：{each}" for each in said for place in places]
    return [(body, headline(body)[:60], spaced(body)) for body in bodies]


def _phone(number: int) -> tuple[str, str, str]:
    digits = f"138000{number:05d}"
    sealed = _bytea(encrypt(digits.encode(), scope="intake.request.contact_phone"))
    return sealed, blind_index(digits, scope="phone"), digits[-4:]


def _bytea(value: bytes) -> str:
    return f"\\\\x{value.hex()}"


def _reference(created: datetime, draw: random.Random, taken: set[str]) -> str:
    day = timezone.localdate(created)
    while (number := f"{day:%y-%m%d}-{draw.randrange(100_000):05d}") in taken:
        pass
    taken.add(number)
    return number


def _start_clocks(registry: Registry) -> None:
    """The clocks of what is still open, by the same arithmetic as ever; what is past due is the next sweep's."""
    counties = list(registry.actors)
    opened = ConstituentRequest.objects.filter(
        county_code__in=counties, closed_at=None, state__in=RUNNING
    ).defer("search")
    started: dict[tuple[int, str], datetime] = {}
    for case_id, kind, at in Event.objects.filter(
        case_label="request", case_id__in=opened.values("pk")
    ).values_list("case_id", "kind", "at"):
        started[case_id, kind] = at
    for part in _parts(list(opened), 2000):
        clocks = []
        for case in part:
            own = [
                deadlines.new_clock(
                    case, name, started_at=started[case.pk, WORKFLOW.kind(verb)] if verb else case.state_since
                )
                for name, verb in RUNNING[case.state]
            ]
            case.due_at = deadlines.first_due(case, own)
            clocks += own
        Clock.objects.bulk_create(clocks)
        ConstituentRequest.objects.bulk_update(part, ["due_at"])


def _parts(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
