"""The chain: equal in Python and PostgreSQL, append-only, and every kind of tampering found and named."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ledger
from core.ledger import broken_links, event_hash, heads
from core.models import AccessLog, Event, EventText
from intake import actions
from intake.models import ConstituentRequest


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture
def tampering(county):
    """Let the owner of the database change the ledger, as somebody with its password could."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_event DISABLE TRIGGER USER")
    return county


def verify(**options):
    """What `manage.py verify_events` prints, and whether it ends in failure."""
    from io import StringIO

    out = StringIO()
    try:
        call_command("verify_events", stdout=out, **options)
    except CommandError as problem:
        return out.getvalue(), str(problem)
    return out.getvalue(), ""


def event_of(request, seq):
    return Event.objects.about(request).get(seq=seq)


def test_a_request_goes_round_and_its_chain_verifies(county):
    request = county.told()

    assert request.state == "told"
    assert broken_links(ConstituentRequest) == []
    assert verify() == ("The ledger holds.\n", "")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("kind", "'intake.request.reject'"),
        ("from_state", "'handling'"),
        ("to_state", "'closed'"),
        ("round", "9"),
        ("actor_id", "NULL"),
        ("actor_kind", "'system'"),
        ("at", "at + interval '1 microsecond'"),
        ("facts_text", "'{}'"),
        ("text_digest", "'\\x00'::bytea"),
        ("action_id", "gen_random_uuid()"),
        ("hash", "sha256('x')"),
        ("prev_hash", "sha256('x')"),
    ],
)  # fmt: skip
def test_a_changed_event_is_named(column, value, tampering):
    request = tampering.assigned()

    sql(f"UPDATE core_event SET {column} = {value} WHERE id = %s", event_of(request, 3).pk)
    printed, failure = verify()

    assert f"request {request.pk}, event 3: content does not match its hash" in printed
    assert "in the ledger" in failure


def test_a_change_hashed_anew_breaks_the_link_after_it_or_the_head(tampering):
    request = tampering.assigned()
    for seq, where in (
        (2, "event 3: link to the event before is broken"),
        (3, "head differs from its last event"),
    ):
        with transaction.atomic():
            sql("UPDATE core_event SET to_state = 'closed' WHERE id = %s", event_of(request, seq).pk)
            event = event_of(request, seq)
            sql(
                "UPDATE core_event SET hash = %s WHERE id = %s",
                event_hash(event, request.public_id),
                event.pk,
            )
            assert where in verify()[0]
            transaction.set_rollback(True)


def test_a_tail_cut_off_a_gap_and_an_empty_chain_are_named(tampering):
    request = tampering.told()
    sql("DELETE FROM intake_requestprogress")

    for doomed, finding in (
        ("seq = (SELECT max(seq) FROM core_event)", "head differs from its last event"),
        ("seq = 2", "event 3: link to the event before is broken"),
        ("true", "head differs from its last event"),
    ):
        with transaction.atomic():
            sql(f"DELETE FROM core_event WHERE case_id = %s AND {doomed}", request.pk)
            printed, _failure = verify()
            assert f"request {request.pk}" in printed
            assert finding in printed
            transaction.set_rollback(True)


def test_a_chain_numbered_with_a_hole_is_named(tampering):
    request = tampering.receive()
    event = event_of(request, 1)
    event.seq = 5
    sql(
        "UPDATE core_event SET seq = 5, hash = %s WHERE id = %s",
        event_hash(event, request.public_id),
        event.pk,
    )

    assert f"request {request.pk}, event 5: sequence has a gap" in verify()[0]


def test_two_events_swapped_are_named_both(tampering):
    request = tampering.told()
    one, two = event_of(request, 3).pk, event_of(request, 4).pk
    sql("UPDATE core_event SET seq = 99 WHERE id = %s", one)
    sql("UPDATE core_event SET seq = 3 WHERE id = %s", two)
    sql("UPDATE core_event SET seq = 4 WHERE id = %s", one)

    printed, _failure = verify()

    assert f"request {request.pk}, event 3: content" in printed
    assert f"request {request.pk}, event 4: content" in printed


def test_an_event_of_another_case_is_named(tampering):
    mine, other = tampering.receive(), tampering.receive()
    sql("UPDATE core_event SET seq = 2, case_id = %s WHERE id = %s", mine.pk, event_of(other, 1).pk)

    printed, _failure = verify()

    assert f"request {mine.pk}, event 2: content does not match its hash" in printed
    assert f"request {other.pk}: head differs from its last event" in printed


def test_events_of_a_case_that_is_gone_or_of_a_kind_nobody_knows_are_named(tampering):
    request = tampering.receive()
    sql("UPDATE core_event SET case_id = -1 WHERE id = %s", event_of(request, 1).pk)
    assert "request -1, event 1: case is missing" in verify()[0]

    sql("UPDATE core_event SET case_label = 'ghost'")
    assert "ghost: events of an unknown kind of case" in verify()[0]


def test_words_that_were_changed_are_named_and_words_that_were_erased_are_not(tampering):
    request = actions.reject(tampering.receive(), by=tampering.clerk, note="没写是什么事")
    words = EventText.objects.get()

    words.text = "群众自己不要办了"
    words.save()
    assert f"request {request.pk}, event 2: words differ from their digest" in verify()[0]

    sql("UPDATE core_eventtext SET text = '\\x0102'::bytea")
    assert "words differ" in verify()[0]

    sql("DELETE FROM core_eventtext")
    assert verify() == ("The ledger holds.\n", "")


def test_a_full_rewrite_shows_only_against_heads_kept_elsewhere(tampering, tmp_path):
    kept = tmp_path / "heads.jsonl"
    request, gone = tampering.assigned(), tampering.receive()
    printed, failure = verify(export=str(kept))
    assert (printed, failure) == (f"2 heads written to {kept}.\nThe ledger holds.\n", "")
    assert json.loads(kept.read_text().splitlines()[0])["head"] == bytes(request.event_head).hex()
    actions.note(request, by=tampering.clerk, text="接着办")
    assert verify(against=str(kept)) == ("The ledger holds.\n", "")

    sql("DELETE FROM core_event WHERE case_id = %s", gone.pk)
    for table in ("requestprogress", "constituentrequest"):
        key = "id" if table == "constituentrequest" else "request_id"
        sql(f"DELETE FROM intake_{table} WHERE {key} = %s", gone.pk)
    previous = b""
    for event in Event.objects.about(request):  # everything hashed anew, as an owner with the code could
        event.actor_id, event.prev_hash = tampering.leader.pk, previous
        previous = event_hash(event, request.public_id)
        sql(
            "UPDATE core_event SET actor_id = %s, prev_hash = %s, hash = %s WHERE id = %s",
            event.actor_id, event.prev_hash, previous, event.pk,
        )  # fmt: skip
    sql("UPDATE intake_constituentrequest SET event_head = %s WHERE id = %s", previous, request.pk)

    assert verify() == ("The ledger holds.\n", "")
    printed, failure = verify(against=str(kept))
    assert f"request {request.public_id}, event 3: differs from the exported head" in printed
    assert f"request {gone.public_id}, event 1: case is gone" in printed
    assert failure == "2 breaks in the ledger."


def test_a_file_of_heads_that_cannot_be_read_is_said(db, tmp_path):
    assert "Cannot read" in verify(against=str(tmp_path / "none"))[1]
    (tmp_path / "bad").write_text("not json")
    assert "Cannot read" in verify(against=str(tmp_path / "bad"))[1]


def test_every_case_has_its_head(county):
    requests = [county.receive(), county.assigned()]

    assert [(head["id"], head["seq"]) for head in heads()] == [(r.public_id, r.event_seq) for r in requests]


@pytest.mark.parametrize("table", ["core_event", "core_accesslog"])
@pytest.mark.parametrize("change", ["UPDATE {} SET case_id = 1", "DELETE FROM {}"])
def test_the_database_refuses_to_change_what_is_append_only(table, change, county):
    actions.reveal_contact(county.receive(), by=county.clerk, reason="回访")

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        sql(change.format(table))


def test_python_refuses_too(county):
    county.receive()

    for attempt in (
        lambda: Event.objects.all().delete(),
        lambda: Event.objects.first().delete(),
        lambda: Event.objects.update(kind="x"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            attempt()
    assert AccessLog.objects.count() == 0


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)


@given(
    prev=st.binary(max_size=32), public_id=TEXT, seq=st.integers(1, 2**31), kind=TEXT, states=st.tuples(TEXT, TEXT),
    round_=st.integers(1, 32767), actor=st.one_of(st.none(), st.integers(1, 2**60)), facts=TEXT,
    digest=st.binary(max_size=32), at=st.datetimes(datetime(1, 1, 2), datetime(9000, 1, 1)),  # noqa: DTZ001
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_python_and_postgresql_hash_the_same_bytes(
    db, prev, public_id, seq, kind, states, round_, actor, facts, digest, at
):
    event = Event(
        action_id=uuid4(), case_label="request", seq=seq, kind=kind, from_state=states[0], to_state=states[1],
        round=round_, actor_id=actor, actor_kind="user", at=at.replace(tzinfo=UTC), facts_text=facts,
        text_digest=digest, prev_hash=prev,
    )  # fmt: skip

    found = sql(
        "SELECT liaison_event_hash(%s, %s, %s, %s::bigint, %s, %s, %s, %s::bigint, %s::bigint, %s, %s, %s, %s, %s::uuid)",
        event.prev_hash, event.case_label, public_id, seq, kind, *states, round_, actor, "user", event.at, facts, digest,
        str(event.action_id),
    )  # fmt: skip

    assert bytes(found[0][0]) == event_hash(event, public_id)


def test_what_stands_between_two_fields_is_told_apart():
    common = {
        "seq": 1,
        "round": 1,
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "action_id": uuid4(),
        "facts_text": "{}",
    }

    one = event_hash(Event(kind="ab", from_state="c", **common), "p")
    other = event_hash(Event(kind="a", from_state="bc", **common), "p")

    assert one != other


def test_words_have_a_salt_so_that_an_erased_digest_says_nothing():
    (salt, digest), (other_salt, other) = ledger.digest_text("同意"), ledger.digest_text("同意")

    assert salt != other_salt
    assert digest != other
