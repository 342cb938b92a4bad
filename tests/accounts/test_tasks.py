from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.models import LoginSession
from accounts.tasks import forget_log_ins
from core.models import Heartbeat
from liaison.celery import app
from tests.county import PASSWORD

pytestmark = pytest.mark.django_db


def test_log_ins_are_remembered_for_half_a_year(client, county):
    begin = timezone.now()
    client.post("/login/", {"username": "clerk", "password": "wrong"})
    client.post("/login/", {"username": "clerk", "password": PASSWORD})

    with time_machine.travel(begin + timedelta(days=2)):
        forget_log_ins()
        assert not Session.objects.exists()
        assert LoginSession.objects.get().ended_at is not None
    with time_machine.travel(begin + timedelta(days=180)):
        forget_log_ins()
        assert (
            AccessFailureLog.objects.count() == AccessLog.objects.count() == LoginSession.objects.count() == 1
        )
    with time_machine.travel(begin + timedelta(days=186)):
        forget_log_ins()
        assert (
            AccessFailureLog.objects.count() == AccessLog.objects.count() == LoginSession.objects.count() == 0
        )


def test_an_open_session_is_left_alone(client, county):
    client.post("/login/", {"username": "clerk", "password": PASSWORD})

    forget_log_ins()

    assert client.get("/account/").status_code == 200
    assert Heartbeat.objects.filter(name="forget_log_ins").exists()


def test_beat_runs_it_every_night():
    app.loader.import_default_modules()

    assert "accounts.tasks.forget_log_ins" in {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "accounts.tasks.forget_log_ins" in app.tasks
