"""How the site itself is doing, for those who run it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import access
from accounts.permissions import Permission
from reports.selectors.status import standing


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """运行状态: background jobs, the outbox, dead letters, disk, backup, next year's holidays."""
    access.require(request.user, Permission.SYSTEM_STATUS)
    return render(request, "reports/status.html", {"standing": standing()})
