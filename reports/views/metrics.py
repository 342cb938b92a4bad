"""The figures of the status page for a machine that rings the bell: Prometheus' text format.

Rates, latencies and 5xx are the proxy's to count: it sees what never reaches us, and counting them here would have every
process of every machine share its counts on every request.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.publicdoor import is_from
from intake.models import ConstituentRequest
from reports.selectors.status import Standing, standing

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STATES_KEPT = 60  # seconds; counting open cases is the one figure here that grows with the table


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For the networks or the token named in the settings; to everybody else there is no such page."""
    if not _may_read(request):
        raise Http404
    now = timezone.now()
    lines = "".join(f"{line}\n" for line in _lines(standing(now), now))
    return HttpResponse(lines, content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    networks, token = settings.METRICS_ALLOWED_NETWORKS, settings.METRICS_TOKEN
    asked = f"Bearer {token}".encode()
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    return (
        bool(networks or token)
        and (not networks or is_from(request, networks))
        and (not token or hmac.compare_digest(given, asked))
    )


def _lines(told: Standing, now: datetime) -> Iterator[str]:
    oldest = (now - told.oldest).total_seconds() if told.oldest else 0
    yield from _gauge("liaison_well", "1 when the status page has nothing to say.", int(told.is_well))
    yield from _gauge("liaison_outbox_waiting", "Messages not sent yet.", told.waiting)
    yield from _gauge("liaison_outbox_oldest_age_seconds", "Age of the oldest message that is due.", oldest)
    yield from _gauge("liaison_outbox_dead", "Messages given up.", told.dead)
    yield from _gauge("liaison_disk_free_ratio", "Free share of the fullest disk.", round(told.disk_free, 4))
    ages = {job.name: (now - job.at).total_seconds() for job in told.jobs if job.at}
    yield from _gauges("liaison_job_age_seconds", "Time since a job last ended well.", "job", ages)
    late = {job.name: int(job.is_late) for job in told.jobs}
    yield from _gauges("liaison_job_late", "1 when a job is late or never ran.", "job", late)
    yield from _gauges("liaison_requests_open", "Open requests (a minute old).", "state", _open_by_state())


def _open_by_state() -> dict[str, int]:
    def count() -> dict[str, int]:
        rows = ConstituentRequest.objects.filter(closed_at__isnull=True).order_by().values_list("state")
        return dict(rows.annotate(Count("pk")))

    return cache.get_or_set("metrics-open-by-state", count, STATES_KEPT) or {}


def _gauge(name: str, words: str, value: float) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    yield f"{name} {value}"


def _gauges(name: str, words: str, label: str, values: dict[str, float] | dict[str, int]) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} gauge"
    for key, value in sorted(values.items()):
        yield f'{name}{{{label}="{key}"}} {value}'
