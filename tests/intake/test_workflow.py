"""The whole grid of a request's life against an expectation written by hand: a new edge in the table needs a line here."""

import pytest
from django.db import connection

from core.models import ActorKind, Clock, Event
from core.workflow import NotOpen, as_markdown, available, fire
from intake.models import ConstituentRequest
from intake.steps import STEPS, WITHIN
from intake.workflow import CLOCKS, OPEN, WORKFLOW

# State: every verb that is open in it → the state it leads to; "=" stays, "<" goes back to where it came from.
GRID = {
    "received": """register>registered reject>rejected refer>referred escalate>escalated withdraw>withdrawn merge>merged
        release= follow= mark_urgent= contacted= recategorise= publish= unpublish= add= note= remind=
        relocate=""",
    "registered": """answer>told refer>referred handle>handling assign>assigned escalate>escalated ask>waiting
        withdraw>withdrawn split= merge>merged absorb= release= follow= mark_urgent= contacted= recategorise= publish=
        unpublish= add= note= urge= remind=
        relocate=""",
    "handling": """refer>referred assign>assigned escalate>escalated ask>waiting withdraw>withdrawn extend= split=
        absorb= release= report_result>replied follow= mark_urgent= contacted= recategorise= publish= unpublish= add=
        note= urge= remind=
        relocate=""",
    "assigned": """hand_back>returned reassign>assigned escalate>escalated ask>waiting withdraw>withdrawn
        request_extension= extend= refuse_extension= absorb= release= submit_reply>signing follow= mark_urgent=
        contacted= recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "signing": """escalate>escalated withdraw>withdrawn absorb= release= send_back_draft< sign>replied follow=
        mark_urgent= contacted= recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "returned": """refer>referred refuse_return>assigned reassign>assigned coordinate= escalate>escalated
        withdraw>withdrawn absorb= release= follow= mark_urgent= contacted= recategorise= publish= unpublish= add= note=
        urge= remind=
        relocate=""",
    "escalated": """refer>referred assign>assigned hand_down>registered withdraw>withdrawn absorb= release= follow=
        mark_urgent= contacted= recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "waiting": """supplement< carry_on< withdraw>withdrawn absorb= release= follow= mark_urgent= contacted=
        recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "merged": """unmerge< refer_along>referred withdraw>withdrawn release= feed_back>told promise_along= follow=
        recategorise= publish= unpublish= add= note= remind=
        relocate=""",
    "replied": """feed_back>told promise>following log_call= release= follow= recategorise= publish= unpublish= add=
        note= remind=
        relocate=""",
    "told": """log_call= rate>closed rate_partly>callback send_back>redoing dispute>disputed lapse>closed release=
        follow= recategorise= publish= unpublish= add= note= remind=
        relocate=""",
    "callback": """log_call= rate>closed send_back>redoing dispute>disputed settle>closed release= follow=
        recategorise= publish= unpublish= add= note= remind=
        relocate=""",
    "redoing": """reassign>assigned escalate>escalated ask>waiting withdraw>withdrawn request_extension= extend= refuse_extension=
        absorb= release= submit_reply>signing report_result>replied follow= mark_urgent= contacted= recategorise=
        publish= unpublish= add= note= urge= remind=
        relocate=""",
    "disputed": """assign>assigned hand_down>registered close_disputed>closed_disputed release= follow= mark_urgent=
        contacted= recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "following": """escalate>escalated withdraw>withdrawn absorb= release= submit_reply>signing report_result>replied
        follow= mark_urgent= contacted= recategorise= publish= unpublish= add= note= urge= remind=
        relocate=""",
    "closed": "archive>archived publish= unpublish= relocate=",
    "closed_disputed": "archive>archived publish= unpublish= relocate=",
    "rejected": "archive>archived relocate=",
    "referred": "archive>archived relocate=",
    "withdrawn": "archive>archived relocate=",
    "archived": "relocate=",
}

# Verb: clocks it starts (+) and stops (-); "-all" stops everything, "pause" and "resume" the others. No line, no clock.
TURNS = {
    "register": "+triage +answer -register",
    "reject": "-all",
    "answer": "+rating -all",
    "refer": "-all",
    "refer_along": "-all",
    "handle": "+station -triage",
    "assign": "+unit +return_window -triage -station -county",
    "hand_back": "+reassign -return_window",
    "refuse_return": "-reassign",
    "reassign": "+unit +return_window -reassign -rehandle",
    "escalate": """+county -register -triage -station -unit -return_window -reassign -rehandle -followup""",
    "hand_down": "+triage -county",
    "ask": "+supplement pause",
    "supplement": "-supplement resume",
    "carry_on": "-supplement resume",
    "withdraw": "-all",
    "merge": "pause",
    "unmerge": "resume",
    "sign": "+feedback -unit -return_window -answer -rehandle -followup",
    "report_result": "+feedback -station -answer -rehandle -followup",
    "feed_back": "+rating -all",
    "promise": "+followup -all",
    "rate": "-all",
    "rate_partly": "+callback -rating",
    "send_back": "+rehandle -all",
    "dispute": "+county -all",
    "settle": "-all",
    "lapse": "-all",
    "close_disputed": "-all",
    "mark_urgent": "+contact",
    "contacted": "-contact",
}

# Who may take a step without a user; every other step is a person's.
WITHOUT_A_USER = {
    "escalate": {"system"},
    "carry_on": {"system"},
    "lapse": {"system"},
    "unmerge": {"system"},
    "feed_back": {"system"},
    "supplement": {"resident"},
    "withdraw": {"resident"},
    "rate": {"resident"},
    "rate_partly": {"resident"},
    "send_back": {"resident"},
    "dispute": {"resident"},
    "add": {"resident"},
    "release": {"resident", "system", "import"},
    "remind": {"system"},
    "promise_along": {"system"},
    "refer_along": {"system"},
    "relocate": {"system"},
}
NO_PERSON = {"remind", "promise_along", "refer_along"}
CLOSING = {"closed", "closed_disputed", "rejected", "referred", "withdrawn", "archived"}


def expected(state):
    """{verb: target} of one line of the grid."""
    found = {}
    for word in GRID[state].split():
        if word.endswith(("=", "<")):
            found[word[:-1]] = state if word[-1] == "=" else "<"
        else:
            verb, _arrow, target = word.partition(">")
            found[verb] = target
    return found


def put(request, state):
    """A case in any state, with every clock running, as no action would make it: only the grid is asked about."""
    closed = "now()" if state in CLOSING else "NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE intake_constituentrequest SET state = %s, resume_state = 'assigned', closed_at = {closed},"
            " round = 1 WHERE id = %s",
            [state, request.pk],
        )
    request.refresh_from_db()


def run_clocks(request):
    clock = Clock.objects.about(request).first()
    Clock.objects.about(request).delete()
    for name in CLOCKS:
        clock.pk, clock.name, clock.stopped_at, clock.paused_at = None, name, None, None
        clock.save(force_insert=True)


def actor_of(county, request, verb):
    """Somebody who may: the county, the unit's head, or nobody at all."""
    move = WORKFLOW.transitions[verb]
    for user in (county.county_office, county.unit_head):
        if ActorKind.USER in move.actors and move.rule(user, request):
            return {"by": user}
    return (
        {"actor_kind": sorted(move.actors - {ActorKind.USER})[0]} if move.actors - {ActorKind.USER} else None
    )


def running(request):
    rows = Clock.objects.about(request).running()
    return {clock.name.removeprefix("request."): clock.paused_at is not None for clock in rows}


def expected_clocks(verb):
    words = TURNS.get(verb, "").split()
    names = {name.removeprefix("request.") for name in CLOCKS}
    stopped = set(names) if "-all" in words else {word[1:] for word in words if word[0] == "-"}
    started = {word[1:] for word in words if word[0] == "+"}
    left = dict.fromkeys(names - stopped - started, "pause" in words)
    return left | dict.fromkeys(started, False)


@pytest.mark.parametrize("state", GRID)
def test_in_every_state_every_step_does_what_the_grid_says_or_is_refused(state, county):
    request = county.assigned()
    grid = expected(state)

    for verb in WORKFLOW.transitions:
        put(request, state)
        if verb not in grid:
            with pytest.raises(NotOpen):
                fire(request, verb, actor_kind=ActorKind.SYSTEM)
            continue
        run_clocks(request)
        actor = actor_of(county, request, verb) or {"by": county.county_office}
        if verb == "report_result":
            ConstituentRequest.objects.filter(pk=request.pk).update(unit=None)
            actor = {"by": county.clerk}
        seq = request.event_seq

        event = fire(request, verb, **actor)

        target = {"<": "assigned"}.get(grid[verb], grid[verb])
        assert (verb, request.state) == (verb, target)
        assert request.is_open == (target not in CLOSING)
        assert event.from_state == state
        assert event.to_state == target
        assert event.seq == request.event_seq == seq + 1
        assert Event.objects.about(request).filter(seq__gt=seq).count() == 1
        assert (verb, running(request)) == (verb, expected_clocks(verb))
        assert request.round == (2 if verb in ("send_back", "dispute") else 1)
        ConstituentRequest.objects.filter(pk=request.pk).update(unit=county.units["urban"])
        request.refresh_from_db()


def test_the_grid_knows_every_state_and_every_verb():
    assert set(GRID) == set(WORKFLOW.states)
    assert {verb for state in GRID for verb in expected(state)} == set(WORKFLOW.transitions)
    assert {state for state in GRID if "note" in expected(state)} == set(OPEN)
    assert {name for name, state in WORKFLOW.states.items() if state.closes} == CLOSING


def test_who_may_take_a_step_without_a_user_stands_in_the_table():
    found = {
        verb: {str(kind) for kind in move.actors - {ActorKind.USER}}
        for verb, move in WORKFLOW.transitions.items()
        if move.actors - {ActorKind.USER}
    }

    assert found == WITHOUT_A_USER
    assert {v for v, move in WORKFLOW.transitions.items() if ActorKind.USER not in move.actors} == NO_PERSON


def test_every_ending_has_given_feedback_or_names_its_exemption():
    told_before = {"told", "callback", "disputed"}
    for verb, move in WORKFLOW.transitions.items():
        if move.target in CLOSING:
            assert move.feedback or set(move.sources) <= told_before, verb
    exempt = {verb for verb, move in WORKFLOW.transitions.items() if move.feedback}
    assert exempt == {"reject", "answer", "refer", "refer_along", "withdraw", "archive"}


def test_every_verb_is_a_step_or_fired_within_one():
    steps = {step.name for step in STEPS}

    assert steps | set(WITHIN) == set(WORKFLOW.transitions)
    assert not steps & set(WITHIN)
    assert set(WITHIN.values()) - {"sweep", "move_boundary"} <= steps


def test_every_step_runs_the_action_of_its_name_with_what_its_form_gives():
    import inspect

    for step in STEPS:
        assert step.action.__name__ == step.name
        wanted = inspect.signature(step.action).parameters
        assert {"by", "version"} <= set(wanted) or step.name == "reassign"


def test_every_open_state_has_a_clock_that_somebody_hears(county):
    """Nothing waits for ever: each open state is entered with a clock whose ladder has a rung."""
    from core import rulebook

    entered = {
        state: {
            name
            for move in WORKFLOW.transitions.values()
            if move.target == state or (move.name == "ask" and state == "waiting")
            for name in move.starts
        }
        for state in OPEN
    }
    entered["received"] = {"request.register"}
    entered["signing"] = entered["assigned"]  # the unit's clock runs on while the head reads
    entered["merged"] = {"request.unit"}  # the master's clocks are its own
    today = county.receive().created_at.date()
    for state, names in entered.items():
        ladders = [
            rulebook.ladder_for(name, county_code=county.county.code, on=today) for name in sorted(names)
        ]
        assert any(ladders), state


def test_what_is_offered_is_what_can_be_taken(county):
    request = county.assigned()

    offered = [move.name for move in available(request, to=county.unit_officer)]

    assert offered == ["hand_back", "ask", "request_extension", "submit_reply", "note"]
    assert available(request, to=county.nobody) == []


def test_the_grid_can_be_drawn():
    page = as_markdown(WORKFLOW)

    for state in WORKFLOW.states.values():
        assert f"| `{state.name}` | {state.label} |" in page
    assert (
        "| `hand_back` | 退回（不归我单位办） | `assigned` | `returned` | `may_hand_back` | 改派 | 退办 |  |"
        in page
    )
    assert "| `remind` | 到期提醒 |" in page
    assert "系统" in page
    assert "回到原来的状态" in page
    assert page.count("\n| `") == len(WORKFLOW.states) + len(WORKFLOW.transitions)
