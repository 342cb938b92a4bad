"""Nightly: log-ins are remembered for half a year, as the law asks, and no longer."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.lockout import MEMORY
from accounts.models import LoginSession
from core.tasks import mark

# 《网络安全法》第二十一条：网络日志留存不少于六个月。
KEPT = timedelta(days=183)


@shared_task(ignore_result=True)
def forget_log_ins() -> None:
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    LoginSession.objects.filter(ended_at__isnull=True, seen_at__lt=now - timedelta(days=1)).update(
        ended_at=now
    )
    AccessAttempt.objects.filter(attempt_time__lt=now - MEMORY).delete()
    for log in (AccessFailureLog, AccessLog):
        log.objects.filter(attempt_time__lt=now - KEPT).delete()
    LoginSession.objects.filter(ended_at__lt=now - KEPT).delete()
    mark("forget_log_ins")
