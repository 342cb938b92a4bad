from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core.models import Heartbeat, Message
from reports.selectors import status

pytestmark = pytest.mark.django_db


def test_jobs_that_never_ran_or_ran_long_ago_are_late():
    Heartbeat.objects.create(name="beat", at=timezone.now())
    Heartbeat.objects.create(name="sweep_deadlines", at=timezone.now() - timedelta(minutes=5))

    late = {str(job.label): job.is_late for job in status.standing().jobs}

    assert late == {"后台心跳": False, "发送消息": True, "检查期限": True, "清理个人信息": True, "备份": True}


def test_waiting_and_dead_messages_are_counted_and_alarmed(county):
    request = county.receive()
    Message.objects.filter(channel="sms").update(created_at=timezone.now() - timedelta(hours=1))

    told = status.standing()

    assert told.waiting == Message.objects.filter(channel="sms").count() == 1
    assert told.outbox_is_late
    Message.objects.filter(case_id=request.pk, channel="sms").update(dead_at=timezone.now())
    assert status.standing().dead == 1
    assert not status.standing().is_well


@pytest.mark.parametrize(
    ("day", "missing"), [((2026, 11, 14), None), ((2026, 11, 15), 2027), ((2025, 12, 1), None)]
)
def test_from_mid_november_unknown_holidays_of_next_year_are_said(day, missing):
    assert status.standing(datetime(*day, 4, tzinfo=UTC)).calendar_missing == missing


@pytest.mark.parametrize(
    ("who", "expected"), [("auditor", 200), ("sysadmin", 200), ("county_office", 200), ("clerk", 403)]
)
def test_the_page_is_for_those_who_run_the_site(county, sign_in, who, expected):
    assert sign_in(getattr(county, who)).get("/status/").status_code == expected
