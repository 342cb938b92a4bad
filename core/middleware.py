"""Short middleware: request ids, a clear answer when the database is down, and CSRF for staff pages only."""

from __future__ import annotations

import errno
import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.template.loader import render_to_string

from core.views import problem_page

logger = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]
# A disk that is full, over its quota, or mounted read-only.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,36}$")
request_id: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """A random id per request, in the log lines and in the answer's header."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        token = request_id.set(given if REQUEST_ID.match(given) else uuid.uuid4().hex)
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class DatabaseDownMiddleware:
    """503 with Retry-After and a static page when PostgreSQL does not answer, 507 when a file finds no room; the phone keeps
    what was typed and chosen."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, (InterfaceError, OperationalError)):
            return database_down(request)
        if isinstance(exception, OSError) and exception.errno in NO_ROOM:
            logger.error("no room for a file: %s", exception.strerror)
            return problem_page(request, 507)
        return None


def database_down(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
        body = '{"type":"about:blank","title":"系统正在恢复，请稍后再试。","status":503}'
        response = HttpResponse(body, status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "30"
    return response


class PermissionsPolicyMiddleware:
    """No page of ours needs the camera's stream, the microphone or payment; place only where the resident asks."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response["Permissions-Policy"] = "camera=(), microphone=(), payment=(), usb=(), geolocation=(self)"
        return response


class StaffCsrfMiddleware(CsrfViewMiddleware):
    """Django's CSRF check, but for views marked `public_form`: those set no cookie and check the origin themselves."""

    def process_view(self, request, callback, callback_args, callback_kwargs):  # type: ignore[no-untyped-def]
        if getattr(callback, "is_public_form", False):
            return None
        return super().process_view(request, callback, callback_args, callback_kwargs)
