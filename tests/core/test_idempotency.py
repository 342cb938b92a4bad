import threading

import pytest
from django.db import connection

from core.idempotency import KeyReused, once
from core.models import Heartbeat, Submission


@pytest.mark.django_db
def test_the_same_key_and_body_give_the_same_answer_and_act_once():
    calls = []

    def act():
        calls.append(1)
        return {"number": "26-1125-00001"}, None

    first = once("api", "k1", {"body": "路灯"}, act)
    second = once("api", "k1", {"body": "路灯"}, act)

    assert (first.status, first.body, first.replayed) == (201, {"number": "26-1125-00001"}, False)
    assert (second.status, second.body, second.replayed) == (201, {"number": "26-1125-00001"}, True)
    assert len(calls) == 1


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused():
    once("api", "k1", {"body": "路灯"}, lambda: ({}, None))

    with pytest.raises(KeyReused):
        once("api", "k1", {"body": "水管"}, lambda: ({}, None))


@pytest.mark.django_db
def test_the_same_key_of_another_channel_is_another_key():
    once("api", "k1", {"body": "路灯"}, lambda: ({"n": 1}, None))

    assert once("web", "k1", {"body": "水管"}, lambda: ({"n": 2}, None)).body == {"n": 2}


@pytest.mark.django_db
def test_a_failure_keeps_nothing_and_frees_the_key():
    def fail():
        raise ValueError("no room")

    with pytest.raises(ValueError, match="no room"):
        once("api", "k1", {}, fail)

    assert not Submission.objects.exists()
    assert once("api", "k1", {}, lambda: ({"n": 1}, None)).body == {"n": 1}


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_make_one_row_and_get_one_answer():
    answers, barrier = [], threading.Barrier(20)

    def act():
        Heartbeat.objects.create(name=f"made-{Heartbeat.objects.count()}", at="2026-11-25T00:00:00Z")
        return {"made": Heartbeat.objects.count()}, None

    def run():
        barrier.wait()
        answers.append(once("api", "k1", {"body": "路灯"}, act).body)
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [{"made": 1}] * 20
    assert Heartbeat.objects.count() == 1
