"""Health, errors, reading size, private files: views that belong to no app."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from core.models import Heartbeat, Message

BEAT_LIMIT = timedelta(seconds=30)


def render_page(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, or for htmx its part: same view, same URL."""
    template = part if getattr(request, "htmx", False) and not request.htmx.boosted else page
    response = render(request, template, context, status=status)
    response["Vary"] = "HX-Request"
    return response


def problem_page(request: HttpRequest, status: int, message: str = "") -> HttpResponse:
    """An error page in the house's words; JSON for scripts that asked for it."""
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"type": "about:blank", "title": message, "status": status}, status=status)
    return render(request, f"{status}.html", {"message": message}, status=status)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database answers and a heartbeat that beat scheduled and a worker ran is fresh; how far the outbox lags."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    beat = Heartbeat.objects.filter(pk="beat").first()
    age = (now - beat.at).total_seconds() if beat is not None else None
    oldest = (
        Message.objects.waiting(now).order_by("next_try_at").values_list("next_try_at", flat=True).first()
    )
    alive = beat is not None and now - beat.at < BEAT_LIMIT
    return JsonResponse(
        {
            "status": "ok" if alive else "no-heartbeat",
            "beat_heartbeat_age": age,
            "outbox_lag": (now - oldest).total_seconds() if oldest is not None else 0,
        },
        status=200 if alive else 503,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, 400, _("这个请求看不懂。请回到上一页再试一次。"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_page(request, 403, _("页面放得太久了。请返回上一页，刷新以后再交一次，您写的还在。"))


SIZES = ("", "1", "2", "3")
