"""The story of the demonstration: told by real steps, once, with every state to look at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from core.ledger import broken_links
from core.models import Message
from core.sweep import sweep
from intake.models import ConstituentRequest
from intake.workflow import WORKFLOW
from liaison.demo.people import PASSWORD

pytestmark = pytest.mark.xdist_group("demo")  # the story is told once, by one worker


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """The story, told once for all tests of this module, and taken back afterwards."""
    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        call_command("seed_demo", scale="story", verbosity=0)
        yield
        transaction.set_rollback(True)
        outer.__exit__(None, None, None)


@pytest.fixture
def story(told, db):
    return None


def test_the_story_visits_every_state_with_an_unbroken_chain(story):
    seen = set(ConstituentRequest.objects.values_list("state", flat=True))

    assert seen == set(WORKFLOW.states)
    assert broken_links(ConstituentRequest) == []


def test_the_story_is_told_once(story):
    before = ConstituentRequest.objects.count()

    call_command("seed_demo", scale="story")

    assert ConstituentRequest.objects.count() == before


def test_39_opinions_became_22_matters_and_each_keeps_its_own(story):
    station = ConstituentRequest.objects.filter(station__code="0110", channel="representative")

    assert station.count() == 39
    assert station.filter(master=None).count() == 22
    assert not station.filter(told_at=None).exists()  # everybody was told, merged or not


def test_an_urgent_matter_is_about_to_be_escalated_by_the_worker(story):
    soon = timezone.now() + timedelta(minutes=3)
    case = ConstituentRequest.objects.get(title="自来水浑，老人拉肚子")
    assert case.state == "registered"

    sweep(now=soon)

    case.refresh_from_db()
    assert case.state == "escalated"
    assert Message.objects.filter(
        kind="intake.request_escalated", case_id=case.pk, recipient__username="county"
    ).exists()


def test_messages_of_the_story_lie_in_the_past_and_none_waits(story):
    assert not Message.objects.filter(sent_at=None).exists()
    assert Message.objects.filter(created_at__lt=timezone.now() - timedelta(days=7)).exists()


def test_the_log_ins_are_named_with_something_to_look_up(story, capsys):
    call_command("demo_logins")

    told = capsys.readouterr().out
    assert "clerk" in told
    assert PASSWORD in told
    assert (
        ConstituentRequest.objects.filter(state="told").exclude(phone_index="").latest("pk").reference in told
    )


def test_production_refuses_the_demo(db, settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command("seed_demo", scale="story")
    with pytest.raises(CommandError, match="production"):
        call_command("demo_logins")
