"""The walker of workflow tables: who may move a case where, what clock starts, and the one event each move writes.

An app's `workflow.py` holds the table; `fire()` here is the only writer of a case's state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from core import deadlines, ledger, rows
from core.models.event import ActorKind, Event

if TYPE_CHECKING:
    from core.models import Case

KEEP = "<keep>"  # the transition leaves the state as it is
RESUME = "<resume>"  # back to where the pause or the merge came from
ALL = ("<all>",)

Rule = Callable[[Any, Any], bool]


class WorkflowError(Exception):
    """A move the table does not allow. Carries a sentence for the person who tried."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotOpen(WorkflowError):
    """The step is not open in the case's present state."""


class NotAllowed(WorkflowError):
    """This person may not take the step."""


class StaleCase(WorkflowError):
    """The case changed since the form was shown; what was typed must be kept (409)."""


@dataclass(frozen=True)
class State:
    """A state: its name, what desks call it, and how the resident's line of four stations shows it."""

    name: str
    label: Any
    closes: bool = False
    station: int = 1  # 登记 1 — 处理 2 — 结果 3 — 反馈 4
    public_label: Any = ""


@dataclass(frozen=True)
class Transition:
    """One line of the table. `starts` and `stops` name clocks; `actors` says who may fire it without a user."""

    name: str
    label: Any
    sources: tuple[str, ...]
    target: str
    rule: Rule
    starts: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: bool = False
    resumes: bool = False
    remembers: bool = False
    new_round: bool = False
    actors: frozenset[str] = frozenset({ActorKind.USER})
    # How an ending meets 结果有反馈: the words of the exemption, or empty when feedback was recorded before.
    feedback: Any = ""


@dataclass(frozen=True)
class Workflow:
    """The whole life of one kind of case on one screen."""

    prefix: str
    initial: str
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    # Who hears a rung: name in the rule pack → function of the case giving recipients.
    hearers: Mapping[str, Callable[[Any], Iterable[Any]]] = field(default_factory=dict)
    # Clock name → what desks call it.
    clocks: Mapping[str, Any] = field(default_factory=dict)
    # Clocks of what somebody may do for a while: when they end a right lapses, and nobody is late.
    rights: frozenset[str] = frozenset()
    # Clocks of time that somebody outside has: shown, and no work that anybody here owes.
    windows: frozenset[str] = frozenset()

    def kind(self, verb: str) -> str:
        return f"{self.prefix}.{verb}"


def table(
    prefix: str, initial: str, states: Iterable[State], transitions: Iterable[Transition], **extra: Any
) -> Workflow:
    """Build a workflow and refuse a table that names unknown states or has a verb twice."""
    known = {state.name: state for state in states}
    moves: dict[str, Transition] = {}
    for move in transitions:
        if move.name in moves:
            raise ValueError(f"Transition {move.name} stands twice in {prefix}.")
        for name in (*move.sources, *([] if move.target in (KEEP, RESUME) else [move.target])):
            if name not in known:
                raise ValueError(f"Transition {move.name} names unknown state {name} in {prefix}.")
        moves[move.name] = move
    return Workflow(prefix=prefix, initial=initial, states=known, transitions=moves, **extra)


def available(case: Case, *, to: Any) -> list[Transition]:
    """The steps open to this person on this case now, in the order of the table: feeds buttons, admin and API alike."""
    return [
        move
        for move in case.workflow.transitions.values()
        if ActorKind.USER in move.actors and case.state in move.sources and move.rule(to, case)
    ]


def fire(
    case: Case,
    verb: str,
    *,
    by: Any = None,
    actor_kind: str | None = None,
    note: str = "",
    facts: Mapping[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
    case_class: str = "",
    due: Mapping[str, date] | None = None,
    starts: tuple[str, ...] = (),
    stops: tuple[str, ...] = (),
    version: int | None = None,
    now: datetime | None = None,
    since: datetime | None = None,
    action_id: UUID | None = None,
) -> Event:
    """Move a case: lock its row afresh, check the table, the right and the version, write one event, set the clocks.

    `facts` are ids, codes and dates (they enter the chain and cannot be erased); `note` is words (erasable). `fields`
    are the case's own columns that change with the step. `due` gives a started clock the day somebody promised instead
    of a length; `starts` and `stops` name clocks that only some cases need besides the table's. `version` is the
    `event_seq` the form was shown with. `since` is the instant the clocks are set by when the step comes late: the
    sweep after days off, so that every date is what it would have been.

    Raises StaleCase, NotOpen, NotAllowed; RuntimeError outside a transaction.
    """
    now = now or timezone.now()
    actor_kind = actor_kind or (ActorKind.USER if by is not None else ActorKind.SYSTEM)
    move = hold(case, verb, by=by, actor_kind=actor_kind, version=version)

    from_state = case.state
    changed = {"event_seq", "event_head"} | _move(case, move, now) | set(fields or {})
    for name, value in (fields or {}).items():
        setattr(case, name, value)

    salt, digest = ledger.digest_text(note) if note else (b"", b"")
    event = ledger.build_event(
        case,
        kind=case.workflow.kind(verb),
        from_state=from_state,
        to_state=case.state,
        actor_id=by.pk if by is not None else None,
        actor_kind=actor_kind,
        at=now,
        facts=facts,
        text_digest=digest,
        action_id=action_id,
    )
    rows.insert(event)
    if note:
        ledger.save_words(event, salt, note)
    turned = replace(move, starts=move.starts + starts, stops=move.stops + stops)
    if deadlines.turn_clocks(case, turned, now=since or now, case_class=case_class, due=due):
        changed.add("due_at")
    case.save(update_fields=sorted(changed))
    return event


def hold(
    case: Case, verb: str, *, by: Any = None, actor_kind: str | None = None, version: int | None = None
) -> Transition:
    """Lock the case's row, read it afresh and refuse what the table, the right or the version refuses.

    For actions that have more to check than the table knows: what they then read cannot change before `fire()`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("fire() needs the transaction of its action.")
    case.refresh_from_db(from_queryset=type(case)._base_manager.select_for_update(of=("self",)))
    move = case.workflow.transitions[verb]
    kind = actor_kind or (ActorKind.USER if by is not None else ActorKind.SYSTEM)
    check_open(case, move, by=by, actor_kind=kind, version=version)
    return move


def open_case(
    case: Case,
    verb: str,
    *,
    by: Any = None,
    actor_kind: str,
    facts: Mapping[str, Any] | None = None,
    starts: tuple[str, ...] = (),
    draw_reference: Callable[[], None] | None = None,
    now: datetime,
    action_id: UUID | None = None,
) -> Event:
    """Insert a new case with its first event and its first clocks. The chain names the public id, so one INSERT is enough.

    `draw_reference` gives the case another `reference` when the one it has is taken, until one is free.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("open_case() needs the transaction of its action.")
    case.state, case.state_since, case.created_at = case.workflow.initial, now, now
    event = ledger.build_event(
        case,
        kind=case.workflow.kind(verb),
        from_state="",
        to_state=case.state,
        actor_id=by.pk if by is not None else None,
        actor_kind=actor_kind,
        at=now,
        facts=facts,
        action_id=action_id,
    )
    clocks = [deadlines.new_clock(case, name, started_at=now) for name in starts]
    case.due_at = deadlines.first_due(case, clocks)
    if draw_reference is None:
        rows.insert(case)
    else:
        while not rows.insert_unless_taken(case, "reference"):
            draw_reference()
    event.case_id = case.pk
    rows.insert(event)
    for clock in clocks:
        clock.case_id = case.pk
        rows.insert(clock)
    case.opened_with = clocks
    return event


def check_open(case: Case, move: Transition, *, by: Any, actor_kind: str, version: int | None) -> None:
    if version is not None and version != case.event_seq:
        raise StaleCase(_("这一件刚有人改过。您写的还在，看一眼再交。"))
    if case.state not in move.sources:
        raise NotOpen(
            _("现在是“%(state)s”，不能%(step)s。") % {"state": case.state_label, "step": move.label}
        )
    if actor_kind not in move.actors or (actor_kind == ActorKind.USER) != (by is not None):
        raise NotAllowed(_("这一步不能由您来做。"))
    if actor_kind == ActorKind.USER and not move.rule(by, case):
        raise NotAllowed(_("您没有权限%(step)s。") % {"step": move.label})


def _move(case: Case, move: Transition, now: datetime) -> set[str]:
    """Put the case where the line of the table says; gives the columns that changed."""
    changed: set[str] = set()
    from_state, target = case.state, _target(case, move)
    if target != from_state:
        case.state, case.state_since = target, now
        # Archiving does not close a second time: retention counts from the first.
        case.closed_at = (case.closed_at or now) if case.workflow.states[target].closes else None
        changed |= {"state", "state_since", "closed_at"}
    if move.remembers or move.target == RESUME:
        case.resume_state = from_state if move.remembers else ""
        changed.add("resume_state")
    if move.new_round:
        case.round += 1
        changed.add("round")
    return changed


def _target(case: Case, move: Transition) -> str:
    if move.target == KEEP:
        return case.state
    if move.target == RESUME:
        return case.resume_state
    return move.target


def fire_many(
    model: type[Case],
    verb: str,
    facts: Mapping[int, Mapping[str, Any]],
    *,
    by: Any = None,
    actor_kind: str = ActorKind.SYSTEM,
    now: datetime | None = None,
    action_id: UUID | None = None,
) -> dict[int, int]:
    """`fire()` for many cases in one statement: sweeps, bulk assignment, bulk seed. Gives {case id: event id}.

    The same line of the table is compiled to SQL: cases whose state is not among its sources are left out, as `fire()`
    would refuse them. Only for transitions without clocks of their own, rounds or resumption (the sweep sets its clocks
    itself); the caller has checked the right. A property test holds it equal to `fire()`.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("fire_many() needs the transaction of its action.")
    move = model.workflow.transitions[verb]
    if (
        move.starts
        or move.stops
        or move.new_round
        or move.remembers
        or move.target == RESUME
        or move.pauses
        or move.resumes
    ):
        raise ValueError(f"{verb} moves clocks or rounds: use fire().")
    if not facts:
        return {}
    now = now or timezone.now()
    keeps = move.target == KEEP
    closes = not keeps and model.workflow.states[move.target].closes
    table_name = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH given AS (SELECT * FROM unnest(%(ids)s::bigint[], %(facts)s::text[]) AS g(case_id, facts_text)),
            locked AS (
                SELECT c.id, c.public_id, c.state, c.round, c.event_seq, c.event_head, g.facts_text
                FROM {table_name} c JOIN given g ON g.case_id = c.id
                WHERE c.state = ANY(%(sources)s) ORDER BY c.id FOR UPDATE OF c
            ),
            made AS (
                INSERT INTO core_event (action_id, case_label, case_id, seq, kind, from_state, to_state, round, actor_id,
                                        actor_kind, at, facts_text, text_digest, prev_hash, hash)
                SELECT %(action)s, %(label)s, l.id, l.event_seq + 1, %(kind)s, l.state, coalesce(%(target)s, l.state),
                       l.round, %(actor)s::bigint, %(actor_kind)s, %(at)s, l.facts_text, ''::bytea, l.event_head,
                       liaison_event_hash(l.event_head, %(label)s, l.public_id, l.event_seq + 1, %(kind)s, l.state,
                           coalesce(%(target)s, l.state), l.round, %(actor)s::bigint, %(actor_kind)s, %(at)s,
                           l.facts_text, ''::bytea, %(action)s)
                FROM locked l RETURNING id, case_id, seq, hash, from_state, to_state
            )
            UPDATE {table_name} c SET event_seq = m.seq, event_head = m.hash, state = m.to_state,
                state_since = CASE WHEN m.from_state = m.to_state THEN c.state_since ELSE %(at)s END,
                closed_at = CASE WHEN %(keeps)s THEN c.closed_at WHEN %(closes)s THEN coalesce(c.closed_at, %(at)s) ELSE NULL END
            FROM made m WHERE c.id = m.case_id RETURNING c.id, m.id
            """,
            {
                "ids": list(facts),
                "facts": [ledger.canonical(each) for each in facts.values()],
                "sources": list(move.sources),
                "action": action_id or uuid4(),
                "label": model.label,
                "kind": model.workflow.kind(verb),
                "target": None if keeps else move.target,
                "actor": by.pk if by is not None else None,
                "actor_kind": str(actor_kind),
                "at": now,
                "keeps": keeps,
                "closes": closes,
            },
        )
        return dict(cursor.fetchall())


def as_markdown(workflow: Workflow) -> str:
    """The grid of a workflow as a Markdown page: what `docs/states.md` is drawn from."""
    lines = [
        "| 状态 | 名称 | 群众看到 | 第几站 | 办结 |",
        "|---|---|---|---|---|",
        *(
            f"| `{state.name}` | {state.label} | {state.public_label} | {state.station} | {'是' if state.closes else ''} |"
            for state in workflow.states.values()
        ),
        "",
        "| 动作 | 名称 | 从 | 到 | 谁 | 起算 | 停止 | 办结时怎样反馈 |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(workflow, move) for move in workflow.transitions.values()),
    ]
    return "\n".join(lines) + "\n"


def _row(workflow: Workflow, move: Transition) -> str:
    who = [f"`{move.rule.__name__}`"] if ActorKind.USER in move.actors else []
    who += [str(ActorKind(kind).label) for kind in sorted(move.actors - {ActorKind.USER})]
    starts = [_clock_name(workflow, name) for name in move.starts] + (["暂停其他"] if move.pauses else [])
    stops = [_clock_name(workflow, name) for name in move.stops] + (["恢复暂停的"] if move.resumes else [])
    cells = [
        f"`{move.name}`",
        str(move.label),
        "、".join(f"`{name}`" for name in move.sources),
        {KEEP: "不变", RESUME: "回到原来的状态"}.get(move.target, f"`{move.target}`"),
        "、".join(who),
        "、".join(starts) + ("（新一轮）" if move.new_round else ""),
        "、".join(stops),
        str(move.feedback) or ("之前已经反馈" if _ends(workflow, move) else ""),
    ]
    return f"| {' | '.join(cells)} |"


def _ends(workflow: Workflow, move: Transition) -> bool:
    return move.target in workflow.states and workflow.states[move.target].closes


def _clock_name(workflow: Workflow, name: str) -> str:
    return "全部" if name in ALL else str(workflow.clocks.get(name, name))
