"""Health, errors, reading size, private files: views that belong to no app."""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import connection
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from core.context import SIZE_COOKIE, SIZES
from core.files import may_see
from core.images import open_private
from core.models import Attachment, Heartbeat, Message

BEAT_LIMIT = timedelta(seconds=30)
ONE_YEAR = 365 * 24 * 3600


def render_page(
    request: HttpRequest, page: str, part: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, or for htmx its part: same view, same URL."""
    htmx = getattr(request, "htmx", None)
    template = part if htmx and not htmx.boosted else page
    response = render(request, template, context, status=status)
    response["Vary"] = "HX-Request"
    return response


PROBLEMS = {
    400: _lazy("这个请求看不懂。请回到上一页再试一次。"),
    403: _lazy("这一页只给有关人员看。"),
    404: _lazy("没有这一页。可能是网址抄错了。"),
    409: _lazy("这一件刚有人改过。请回到上一页，看一眼再交。"),
    413: _lazy("传的东西太大了。照片请一张一张传，每张不超过 8 MB。"),
    429: _lazy("试得太多了，请过一会儿再来，或打电话。"),
    503: _lazy("系统正在恢复，请稍后再试。"),
    507: _lazy("服务器现在存不下照片。您写的还在：可以先不传照片，或过一会儿再传。"),
}


def problem_page(
    request: HttpRequest, status: int, message: str = "", *, minutes: int | None = None
) -> HttpResponse:
    """An error page in the house's words; JSON for scripts that asked for it. `minutes` says when to come back (429)."""
    if minutes is not None and not message:
        message = _("试得太多了，请 %(minutes)d 分钟后再来，或打电话。") % {"minutes": minutes}
    words = message or str(PROBLEMS[status])
    response: HttpResponse
    if "application/json" in request.headers.get("Accept", ""):
        body = {"type": "about:blank", "title": words, "status": status}
        response = JsonResponse(body, status=status, content_type="application/problem+json")
    else:
        response = render(request, f"{status}.html", {"message": words}, status=status)
    patch_vary_headers(response, ["Accept"])
    if minutes is not None:
        response["Retry-After"] = str(minutes * 60)
    return response


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
    return problem_page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without the request: whatever broke may break the context processors too."""
    return HttpResponse(render_to_string("500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_page(request, 403, _("页面放得太久了。请返回上一页，刷新以后再交一次，您写的还在。"))


@require_POST
def set_size(request: HttpRequest) -> HttpResponse:
    """Remember the reading size, the one thing a public page may remember, and only when asked by POST."""
    size = request.POST.get("size", "")
    size = size if size in SIZES else ""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    response.status_code = 303
    if size:
        response.set_cookie(
            SIZE_COOKIE, size, max_age=ONE_YEAR, samesite="Lax", httponly=True, secure=settings.SECURE_COOKIES
        )
    else:
        response.delete_cookie(SIZE_COOKIE, samesite="Lax")
    return response


SHOWN_IN_PAGE = frozenset({"image/jpeg", "image/png", "image/webp"})


@login_not_required
@require_safe
def private_file(request: HttpRequest, public_id: str) -> HttpResponseBase:
    """A file of a case, for whom the case's rule lets see it; for everybody else there is no such file."""
    attachment = get_object_or_404(Attachment, public_id=public_id)
    if not may_see(request, attachment):
        raise Http404
    return send_file(request, attachment)


def send_file(request: HttpRequest, attachment: Attachment) -> HttpResponseBase:
    """The bytes of a private file, for a caller who has made sure that they may be seen."""
    # Asked for again each time: who logged out or lost a right must not see it from the browser's cache.
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{attachment.sha256}"', "Vary": "Cookie"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    try:
        content = open_private(attachment.path)
    except FileNotFoundError:
        raise Http404 from None
    is_picture = attachment.content_type in SHOWN_IN_PAGE
    name = attachment.public_id if is_picture else str(attachment)
    return FileResponse(
        content,
        content_type=attachment.content_type if is_picture else "application/octet-stream",
        as_attachment=not is_picture,
        filename=name + PurePosixPath(attachment.path).suffix,
        headers=headers
        | {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"},
    )
