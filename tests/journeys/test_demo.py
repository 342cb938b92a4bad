"""The story of the demonstration: told by real steps, once, with every state to look at."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from core.ledger import broken_links
from intake.models import ConstituentRequest
from intake.workflow import WORKFLOW


@pytest.fixture
def story(db):
    call_command("seed_demo", scale="story")


def test_the_story_visits_every_state_with_an_unbroken_chain(story):
    seen = set(ConstituentRequest.objects.values_list("state", flat=True))

    assert seen == set(WORKFLOW.states)
    assert broken_links(ConstituentRequest) == []
