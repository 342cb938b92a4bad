"""快登: a representative at a stall writes down what somebody says and hands them a number."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import has_permission
from accounts.models import Category
from accounts.permissions import Permission
from core.codes import show_code
from core.idempotency import KeyReused, once
from intake import actions
from intake.forms.quick import QuickForm
from intake.models import ConstituentRequest, Notify
from intake.selectors import places
from intake.selectors import quick as stalls

SHOWN = 20


def _stall(request: HttpRequest) -> stalls.Stall:
    stall = stalls.stall_of(request.user) if has_permission(request.user, Permission.REQUEST_FOLLOW) else None
    if stall is None:
        raise PermissionDenied
    return stall


def _form(stall: stalls.Stall, *data: Any) -> QuickForm:
    return QuickForm(
        *data,
        stations=stall.stations,
        categories=list(Category.objects.filter(is_active=True, parent__isnull=True)),
        villages=places.villages_of(stall.stations[0]) if stall.stations else [],
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def quick(request: HttpRequest) -> HttpResponse:
    stall = _stall(request)
    if request.method != "POST":
        return _page(request, stall, _form(stall))
    form = _form(stall, request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, stall, form, status=422)
    said = form.cleaned_data
    try:
        answer = once(
            f"quick:{request.user.pk}",
            said["key"],
            form.digestible(),
            lambda: _take_in(request.user, stall, said),
        )
    except KeyReused:
        form.add_error(None, _("这一页刚才已经登记过一件。要再登记一件，请重新打开这一页。"))
        return _page(request, stall, form, status=422)
    taken = answer.body["public_id"]
    if request.POST.get("then") == "slip":
        return _see_other(reverse("intake:quick-slip", args=[taken]))
    if not answer.replayed:
        messages.success(request, _("登记好了，编号 %(number)s。") % {"number": answer.body["number"]})
    return _see_other(f"{reverse('intake:quick')}?done={taken}")


def _take_in(
    user: Any, stall: stalls.Stall, said: dict[str, Any]
) -> tuple[dict[str, Any], ConstituentRequest]:
    station = said["station"]
    request = actions.receive(
        station=station,
        channel=stall.channel_of(station),
        contact=actions.Contact(phone=said["phone"], notify=Notify.SMS if said["phone"] else Notify.NONE),
        body=said["body"],
        category=said["category"],
        village=said["village"],
        place=said["place"],
        photos=said["photos"],
        follower=stall.person,
        came_by=stall.came_by(station),
        by=user,
    )
    return {"public_id": request.public_id, "number": request.reference}, request


def _page(request: HttpRequest, stall: stalls.Stall, form: QuickForm, *, status: int = 200) -> HttpResponse:
    taken = list(stalls.taken_today(request.user).for_list()[: SHOWN + 1])
    return render(
        request,
        "intake/quick/form.html",
        {
            "form": form,
            "stall": stall,
            "taken": taken[:SHOWN],
            "taken_more": len(taken) > SHOWN,
            "is_done": "done" in request.GET and status == 200,
        },
        status=status,
    )


@never_cache
@require_safe
def slip(request: HttpRequest, public_id: str) -> HttpResponse:
    """The receipt to show and to copy: for what this person took in, on the very day only, as it holds the key."""
    _stall(request)
    case = get_object_or_404(
        stalls.taken_today(request.user).select_related("station", "category"), public_id=public_id
    )
    return render(
        request,
        "intake/quick/slip.html",
        {
            "case": case,
            "code": show_code(case.receipt_code),
            "track_url": urljoin(settings.SITE_URL + "/", reverse("intake:case", args=[case.receipt_code])),
        },
    )


def _see_other(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
