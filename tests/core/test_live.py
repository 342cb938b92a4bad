"""The background, really running: beat schedules, a worker delivers a message and climbs a rung."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from core.models import Event, Heartbeat, Message
from tests.county import build_county

pytestmark = [pytest.mark.live, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def background(tmp_path):
    """A worker and a beat of this checkout on the test's own database and broker."""
    url = urlsplit(os.environ["DATABASE_URL"])
    env = os.environ | {
        "DATABASE_URL": urlunsplit(url._replace(path=f"/{connection.settings_dict['NAME']}")),
        "STATE_DIR": str(tmp_path),
        "PYTHONUNBUFFERED": "1",
    }
    celery = [sys.executable, "-m", "celery", "-A", "liaison"]
    log = (tmp_path / "background.log").open("w")
    running = [
        subprocess.Popen([*celery, *words], env=env, cwd=settings.BASE_DIR, stdout=log, stderr=log)
        for words in (
            ["worker", "-P", "solo", "-l", "WARNING", "--without-gossip", "--without-mingle"],
            ["beat", "-l", "WARNING", "-s", str(tmp_path / "schedule")],
        )
    ]
    yield tmp_path / "background.log"
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
    log.close()


def wait_for(what, log, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds} s; the background said:\n{log.read_text()[-3000:]}")


def test_a_message_goes_out_and_a_rung_is_climbed_without_anybody_pressing_a_button(background):
    county = build_county()
    now = timezone.now()
    county.unit_officer.email = "officer@example.org"
    county.unit_officer.save()
    request = county.assigned(now=now - timedelta(days=60))
    assert Message.objects.filter(channel="email", sent_at=None).exists()

    wait_for(lambda: Heartbeat.objects.filter(name="beat").exists(), background)
    wait_for(
        lambda: not Message.objects.filter(kind="intake.request_assigned", sent_at=None).exists(), background
    )
    wait_for(lambda: Event.objects.about(request).filter(kind__endswith=".escalate").exists(), background)

    escalation = Event.objects.about(request).get(kind__endswith=".escalate")
    assert (escalation.actor, escalation.actor_kind) == (None, "system")
    assert Message.objects.filter(kind="intake.request_escalated", recipient=county.county_office).exists()
    wait_for(
        lambda: Heartbeat.objects.filter(name="sweep_deadlines", note__endswith="0 refused").exists(),
        background,
    )
