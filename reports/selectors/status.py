"""How the site itself is doing: what waits unsent, what died, which job is late, how full the disk is."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core import rulebook
from core.models import Heartbeat, Message

# How old a sign of life may be before it is shown as late: three periods of each job.
JOBS: dict[str, tuple[Any, timedelta]] = {
    "beat": (_("后台心跳"), timedelta(seconds=30)),
    "deliver_messages": (_("发送消息"), timedelta(seconds=30)),
    "sweep_deadlines": (_("检查期限"), timedelta(minutes=1)),
    "purge_personal_data": (_("清理个人信息"), timedelta(hours=50)),
    "backup": (_("备份"), timedelta(hours=50)),
}
OUTBOX_LATE = timedelta(minutes=5)
DISK_LOW = 0.10


@dataclass(frozen=True)
class Job:
    name: str
    label: Any
    at: datetime | None
    is_late: bool
    note: str


@dataclass(frozen=True)
class Standing:
    jobs: list[Job]
    waiting: int
    oldest: datetime | None
    dead: int
    disk_free: float  # share of the disk that is free
    calendar_missing: int | None  # next year, when its holidays are not known and should be

    @property
    def outbox_is_late(self) -> bool:
        return self.oldest is not None and timezone.now() - self.oldest > OUTBOX_LATE

    @property
    def disk_is_low(self) -> bool:
        return self.disk_free < DISK_LOW

    @property
    def is_well(self) -> bool:
        late = any(job.is_late for job in self.jobs)
        return not (late or self.outbox_is_late or self.dead or self.disk_is_low or self.calendar_missing)


def standing(now: datetime | None = None) -> Standing:
    """Everything the status page shows, in two statements."""
    now = now or timezone.now()
    waiting = Q(sent_at__isnull=True, dead_at__isnull=True)
    outbox = Message.objects.filter(waiting | Q(dead_at__isnull=False)).aggregate(
        waiting=Count("pk", filter=waiting),
        oldest=Min("created_at", filter=waiting & Q(next_try_at__lte=now)),
        dead=Count("pk", filter=Q(dead_at__isnull=False)),
    )
    beats = {beat.name: beat for beat in Heartbeat.objects.filter(name__in=JOBS)}
    return Standing(
        jobs=[_job(name, limit, beats.get(name), now) for name, (_label, limit) in JOBS.items()],
        waiting=outbox["waiting"],
        oldest=outbox["oldest"],
        dead=outbox["dead"],
        disk_free=_disk_free(),
        calendar_missing=_missing_year(now),
    )


def _disk_free() -> float:
    """The fullest of the disks that files and backups are written to."""
    places = (settings.STATE_DIR, settings.PRIVATE_ROOT, settings.BACKUP_DIR)
    disks = [shutil.disk_usage(place) for place in places if place.exists()]
    return min((disk.free / disk.total for disk in disks), default=1.0)


def _job(name: str, limit: timedelta, beat: Heartbeat | None, now: datetime) -> Job:
    at = beat.at if beat is not None else None
    return Job(name, JOBS[name][0], at, at is None or now - at > limit, beat.note if beat is not None else "")


def _missing_year(now: datetime) -> int | None:
    """The State Council's notice usually comes in November: from the 15th on its absence is worth a word."""
    today = timezone.localdate(now)
    following = today.year + 1
    late = (today.month, today.day) >= (11, 15)
    return following if late and not rulebook.calendar().is_published(following) else None
