"""Background jobs: each computes from state, so a missed tick is caught up by the next one."""

from __future__ import annotations

from celery import shared_task
from django.db import connection
from django.utils import timezone

from core import deadlines, exports, outbox, retention, rulebook
from core import sweep as sweeping
from core.models.draft import Heartbeat, RateBucket, Submission

SWEEP_LOCK = 0x11A150


@shared_task(ignore_result=True)
def beat_heartbeat() -> None:
    """Proof of life: beat scheduled it and a worker ran it."""
    mark("beat")


def mark(name: str, note: str = "") -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now(), "note": note})


@shared_task(ignore_result=True)
def deliver_messages() -> None:
    outbox.deliver()
    mark("deliver_messages")


@shared_task(ignore_result=True)
def sweep_deadlines() -> None:
    """Climb due rungs. One sweep at a time is enough; two would only share the work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [SWEEP_LOCK])
        if not cursor.fetchone()[0]:
            return
        try:
            count = sweeping.sweep()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [SWEEP_LOCK])
    mark("sweep_deadlines", f"{count.rungs} rungs, {count.fired} fired, {len(count.refused)} refused")


@shared_task(ignore_result=True)
def recompute_deadlines() -> None:
    """Count running deadlines anew once the calendar is another one: a notice was entered, or a release brought it."""
    rulebook.clear()
    known = rulebook.calendar().fingerprint()
    last = Heartbeat.objects.filter(name="recompute_deadlines").values_list("note", flat=True).first()
    if last is not None and last.partition(" ")[0] == known:
        return
    moved = deadlines.recompute_all()
    mark("recompute_deadlines", f"{known} {len(moved)} moved")


@shared_task(ignore_result=True)
def write_exports() -> None:
    """Write the long lists people ordered, to files they fetch from their inbox."""
    if done := exports.write_waiting():
        mark("write_exports", f"{done} written")


@shared_task(ignore_result=True)
def purge_personal_data() -> None:
    """Nightly: anonymise what is past its retention, drop expired drafts, submissions and rate buckets."""
    now = timezone.now()
    done = retention.purge(now=now)
    retention.drop_drafts(now=now)
    retention.drop_orphans(now=now)
    Submission.objects.filter(created_at__lt=now - retention.SUBMISSION_KEPT).delete()
    RateBucket.objects.filter(expires_at__lt=now).delete()
    mark("purge_personal_data", f"{sum(done.values())} cases")
