"""The walker: one event a case and action, locked, versioned, chained; many at once the same as one by one."""

import ast
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ledger
from core.models import ActorKind, Event
from core.workflow import (
    KEEP,
    NotAllowed,
    NotOpen,
    StaleCase,
    State,
    Transition,
    WorkflowError,
    fire,
    fire_many,
    hold,
    open_case,
    table,
)
from intake import actions
from intake.models import ConstituentRequest
from intake.workflow import WORKFLOW
from tests.county import build_county

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 6, 1, 2, tzinfo=UTC)


def anybody(user, case):
    return True


# --- the table


def test_a_table_with_a_verb_twice_or_an_unknown_state_is_refused():
    here = State("here", "在")
    move = Transition("go", "走", ("here",), KEEP, anybody)
    with pytest.raises(ValueError, match="stands twice"):
        table("x", "here", [here], [move, move])
    with pytest.raises(ValueError, match="unknown state there"):
        table("x", "here", [here], [Transition("go", "走", ("here",), "there", anybody)])
    with pytest.raises(ValueError, match="unknown state there"):
        table("x", "here", [here], [Transition("go", "走", ("there",), KEEP, anybody)])


def test_nobody_but_the_walker_writes_a_state():
    """Reads every module of ours: no `.state = `, no `update(state=…)`, no "state" among update_fields elsewhere."""
    allowed = {"core/workflow.py", "liaison/supervisor.py"}  # the supervisor's state is a directory
    found = []
    for path in ROOT.glob("*/**/*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name in allowed or name.split("/")[0] in ("tests", ".venv", ".run") or "/migrations/" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if _writes_state(node):
                found.append(f"{name}:{node.lineno}")

    assert found == []


def _writes_state(node):
    names = ("state", "event_seq", "event_head", "closed_at")
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        flat = [t for target in targets for t in (target.elts if isinstance(target, ast.Tuple) else [target])]
        # The ledger moves the chain's place along in memory; the walker saves it.
        return any(
            isinstance(t, ast.Attribute) and t.attr in ("state", "closed_at") and not _is_line(t.value)
            for t in flat
        )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "update":
        return any(keyword.arg in names for keyword in node.keywords)
    return False


def _is_line(node):
    """A line of an import sheet has a state of its own: new, changed."""
    return isinstance(node, ast.Name) and node.id == "line"


def test_the_guard_against_other_writers_finds_them():
    for wrong in ("case.state = 'x'", "a.closed_at, b = None, 1", "rows.update(state='x')"):
        assert any(_writes_state(node) for node in ast.walk(ast.parse(wrong)))


# --- fire


def test_firing_outside_a_transaction_is_a_mistake_of_the_programmer(transactional_db):
    request = build_county().receive()

    with pytest.raises(RuntimeError, match="transaction"):
        fire(request, "note", actor_kind=ActorKind.SYSTEM)
    with pytest.raises(RuntimeError, match="transaction"):
        fire_many(ConstituentRequest, "note", {request.pk: {}})
    with pytest.raises(RuntimeError, match="transaction"):
        open_case(request, "receive", actor_kind=ActorKind.SYSTEM, now=NOW)


def test_one_event_says_who_did_what_when_from_where_to_where(county):
    request = county.receive(now=NOW)

    event = fire(
        request, "register", by=county.clerk, facts={"b": 1, "a": "路"}, note="电话里核实过", now=NOW
    )

    assert (event.kind, event.from_state, event.to_state) == (
        "intake.request.register",
        "received",
        "registered",
    )
    assert (event.actor, event.actor_kind, event.at, event.seq) == (county.clerk, "user", NOW, 2)
    assert event.facts_text == '{"a":"路","b":1}'
    assert event.verb == "register"
    assert event.words.text == "电话里核实过"
    assert bytes(event.prev_hash) == bytes(Event.objects.about(request).first().hash)
    request.refresh_from_db()
    assert (bytes(request.event_head), request.event_seq) == (bytes(event.hash), 2)


def test_a_stale_version_comes_before_everything_else(county):
    request = county.receive()
    with pytest.raises(StaleCase):
        fire(request, "sign", by=county.nobody, version=7)
    with pytest.raises(NotOpen, match="待登记"):
        fire(request, "sign", by=county.nobody, version=1)
    with pytest.raises(NotAllowed, match="没有权限"):
        fire(request, "register", by=county.nobody, version=1)
    with pytest.raises(NotAllowed):
        fire(request, "register", actor_kind=ActorKind.SYSTEM)


def test_holding_a_case_checks_and_locks_but_changes_nothing(county):
    request = county.receive()

    assert hold(request, "register", by=county.clerk).name == "register"
    with pytest.raises(NotOpen):
        hold(request, "sign", by=county.clerk)
    with pytest.raises(NotAllowed):
        hold(request, "register")

    assert Event.objects.about(request).count() == 1


def test_an_ending_has_its_time_and_nothing_else_has(county):
    request = county.told()
    fire(request, "rate", actor_kind=ActorKind.RESIDENT, now=NOW)
    assert request.closed_at == NOW

    fire(request, "archive", by=county.clerk)
    assert request.closed_at == NOW


def test_unsaved_changes_of_the_caller_do_not_slip_in(county):
    request = county.receive()
    request.title = "偷偷改的"

    fire(request, "register", by=county.clerk)

    assert ConstituentRequest.objects.get(pk=request.pk).title != "偷偷改的"


# --- many at once

PLAIN = sorted(
    verb
    for verb, move in WORKFLOW.transitions.items()
    if not (move.starts or move.stops or move.pauses or move.resumes or move.remembers or move.new_round)
    and move.target != "<resume>"
)


@pytest.fixture
def many(county):
    return [county.receive(), county.registered(), county.assigned(), county.told(), _closed(county)]


def _closed(county):
    return actions.rate(county.told(), solved="yes")


def state_of(case):
    row = ConstituentRequest.objects.get(pk=case.pk)
    event = Event.objects.about(row).last()
    return (
        row.state, row.state_since, row.closed_at, row.round, row.event_seq, bytes(row.event_head), row.due_at,
        event.kind, event.from_state, event.to_state, event.facts_text, event.actor_id, event.actor_kind, event.at,
        event.round, bytes(event.hash), bytes(event.prev_hash), bytes(event.text_digest), event.action_id,
    )  # fmt: skip


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
FACTS = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=8),
    st.one_of(
        st.integers(-(2**40), 2**40),
        WORDS,
        st.booleans(),
        st.none(),
    ),
    max_size=4,
)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_firing_many_is_firing_each(many, county, data):
    verb = data.draw(st.sampled_from(PLAIN))
    facts = data.draw(FACTS)
    now = data.draw(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1))).replace(tzinfo=UTC)  # noqa: DTZ001
    action_id, by = uuid4(), data.draw(st.sampled_from([None, county.county_office]))
    kind = ActorKind.SYSTEM if by is None else ActorKind.USER
    move = WORKFLOW.transitions[verb]
    expected, refused = {}, set()

    with transaction.atomic():
        for case in many:
            copy = ConstituentRequest.objects.get(pk=case.pk)
            try:
                if copy.state not in move.sources:
                    raise NotOpen("")
                _fire_unasked(copy, verb, by=by, kind=kind, facts=facts, now=now, action_id=action_id)
                expected[case.pk] = state_of(case)
            except WorkflowError:
                refused.add(case.pk)
        transaction.set_rollback(True)
    with transaction.atomic():
        made = fire_many(
            ConstituentRequest, verb, {case.pk: facts for case in many}, by=by, actor_kind=kind, now=now,
            action_id=action_id,
        )  # fmt: skip
        found = {pk: state_of(ConstituentRequest(pk=pk)) for pk in made}
        assert ledger.broken_links(ConstituentRequest) == []
        transaction.set_rollback(True)

    assert found == expected
    assert set(made) | refused == {case.pk for case in many}


def _fire_unasked(case, verb, *, by, kind, facts, now, action_id):
    """fire() as if the right had been checked, as the caller of fire_many() has."""
    from unittest.mock import patch

    with patch("core.workflow.check_open"):
        fire(case, verb, by=by, actor_kind=kind, facts=facts, now=now, action_id=action_id)


def test_firing_many_refuses_steps_that_move_clocks_and_does_nothing_for_nobody(county):
    for verb in sorted(set(WORKFLOW.transitions) - set(PLAIN)):
        with pytest.raises(ValueError, match="use fire"):
            fire_many(ConstituentRequest, verb, {1: {}})
    assert fire_many(ConstituentRequest, "note", {}) == {}
    assert fire_many(ConstituentRequest, "note", {-1: {}}) == {}


# --- at the same time


def race(*jobs):
    """Run the jobs at once, each with its own connection; gives what each returned or raised."""
    gate, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(place, job):
        try:
            gate.wait(10)
            results[place] = job()
        except Exception as problem:
            results[place] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def again(request):
    return ConstituentRequest.objects.get(pk=request.pk)


@pytest.mark.django_db(transaction=True)
def test_of_two_clerks_at_once_one_wins_and_the_other_is_told():
    county = build_county()
    request = county.receive()
    seen = request.event_seq

    results = race(
        *[lambda: actions.register(again(request), by=county.clerk, version=seen) for _clerk in range(2)],
    )

    assert sorted(type(each).__name__ for each in results) == ["ConstituentRequest", "StaleCase"]
    assert Event.objects.about(request).filter(kind__endswith=".register").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_twelve_at_once_one_wins_and_the_chain_holds():
    county = build_county()
    request = county.registered()
    unit = county.units["urban"]

    results = race(
        *[
            lambda: actions.assign(again(request), unit=unit, by=county.town_office),
            lambda: actions.withdraw(again(request)),
            lambda: actions.handle(again(request), by=county.clerk),
            lambda: actions.answer(again(request), by=county.clerk, headline="好", body="好"),
        ]
        * 3
    )

    assert [type(each) for each in results if isinstance(each, Exception)] == [NotOpen] * sum(
        isinstance(each, Exception) for each in results
    )
    assert _is_legal(request)
    assert ledger.broken_links(ConstituentRequest) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("order", range(4))
def test_merging_crosswise_and_sweeping_at_once_ends_in_a_legal_place(order):
    from core.sweep import sweep

    county = build_county()
    one, two = county.registered(now=NOW), county.registered(now=NOW)
    jobs = [
        lambda: actions.merge(again(one), into=again(two), by=county.clerk),
        lambda: actions.merge(again(two), into=again(one), by=county.clerk),
        lambda: sweep(now=datetime(2026, 6, 4, tzinfo=UTC)).rungs,
        lambda: actions.withdraw(again(one)),
        lambda: actions.answer(again(two), by=county.clerk, headline="好", body="好"),
        lambda: actions.note(again(two), by=county.clerk, text="记一笔"),
    ]

    results = race(*(jobs[order:] + jobs[:order]))

    for each in results:
        assert not isinstance(each, Exception) or isinstance(each, WorkflowError) or "已经并" in str(each), (
            repr(each)
        )
    for case in (one, two):
        assert _is_legal(case)
        row = again(case)
        assert row.state != "merged" or again(row.master).is_open
    assert ledger.broken_links(ConstituentRequest) == []


def _is_legal(request):
    """Whether the events of a case are a path through the table."""
    events = list(Event.objects.about(request))
    state = events[0].to_state
    for event in events[1:]:
        move = WORKFLOW.transitions[event.verb]
        if event.from_state != state or state not in move.sources:
            return False
        state = event.to_state
    return state == again(request).state and events[-1].seq == len(events)


@pytest.mark.django_db(transaction=True)
def test_the_race_is_real_without_the_lock_it_is_lost(monkeypatch):
    """This test exists to show that the tests above can fail: the same race with the row's lock taken out."""
    county = build_county()
    request = county.registered()
    together = threading.Barrier(2, timeout=10)

    def unlocked(self, from_queryset=None, **kwargs):
        super(ConstituentRequest, self).refresh_from_db()
        try:
            together.wait(3)
        except threading.BrokenBarrierError:
            pass

    monkeypatch.setattr(ConstituentRequest, "refresh_from_db", unlocked)

    results = race(
        lambda: _plain_fire(request, "withdraw", actor_kind=ActorKind.RESIDENT),
        lambda: _plain_fire(request, "handle", by=county.clerk),
    )
    monkeypatch.undo()

    # Both were let through by the check: only the chain's unique constraint stood in the way.
    assert [type(each).__name__ for each in results].count("IntegrityError") == 1, results


def _plain_fire(request, verb, **who):
    with transaction.atomic():
        return fire(again_unlocked(request), verb, **who).verb


def again_unlocked(request):
    case = ConstituentRequest.objects.get(pk=request.pk)
    assert connection.in_atomic_block
    return case
