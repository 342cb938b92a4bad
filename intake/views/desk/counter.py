"""The counter and the telephone: writing down what somebody says, and calling back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import grants_with
from accounts.permissions import Permission as P
from core import rulebook
from core.idempotency import KeyReused, once
from core.workflow import NotAllowed, WorkflowError
from intake import rules
from intake.actions import Contact
from intake.actions.desk import call_back, reason_of, take_in
from intake.actions.feedback import CALLS_NEEDED, tried_days
from intake.forms.desk import CallBackForm, CounterForm
from intake.models import ConstituentRequest
from intake.selectors.desk import due_faces, to_call
from intake.views.desk.batch import see_other
from intake.views.desk.case import find_case, with_version
from intake.views.desk.queue import require_desk

LISTED = 50


@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """来访来电登记: two columns, read back to the person, ends with a slip to print."""
    require_desk(request.user)
    if not grants_with(request.user, P.REQUEST_RECEIVE):
        raise PermissionDenied
    if request.method != "POST":
        initial = {name: request.GET[name] for name in ("channel",) if name in request.GET}
        return _counter(request, CounterForm(by=request.user, initial=initial))
    form = CounterForm(request.POST, request.FILES, by=request.user)
    if not form.is_valid():
        return _counter(request, form, status=422)
    said = form.cleaned_data
    try:
        answer = once(
            f"counter:{request.user.pk}", said["key"], _digestible(said), lambda: _take_in(request.user, said)
        )
    except KeyReused:
        form.add_error(None, _("这一页刚才已经登记过一件。要再登记一件，请重新打开这一页。"))
        return _counter(request, form, status=422)
    request.session["slip"] = answer.body["public_id"]
    return see_other(reverse("intake:slip", args=[answer.body["public_id"]]))


def _counter(request: HttpRequest, form: CounterForm, *, status: int = 200) -> HttpResponse:
    return render(request, "intake/desk/counter.html", {"form": form}, status=status)


def _digestible(said: dict[str, Any]) -> dict[str, Any]:
    """What makes two sendings the same one. Photos are compared by what is in them."""
    words = {name: str(value) for name, value in said.items() if name not in ("photos", "accused")}
    return words | {
        "photos": [photo.sha256 for photo in said["photos"]],
        "accused": sorted(unit.pk for unit in said["accused"]),
    }


def _take_in(user: Any, said: dict[str, Any]) -> tuple[dict[str, Any], ConstituentRequest]:
    request = take_in(
        station=said["station"],
        channel=said["channel"],
        contact=Contact(said["name"], said["phone"], said["notify"] or "none", said["visibility"]),
        body=said["body"],
        title=said["title"],
        category=said["category"],
        complexity=said["complexity"],
        village=said["village"],
        place=said["place"],
        photos=said["photos"],
        follower=said["present"],
        accused=said["accused"],
        is_urgent=said["is_urgent"],
        is_minor=said["is_minor"],
        is_confidential=said["is_confidential"],
        register_now=said["register_now"],
        by=user,
    )
    return {"public_id": request.public_id}, request


# --- call-backs


@require_http_methods(["GET", "HEAD", "POST"])
def callbacks(request: HttpRequest, public_id: str = "") -> HttpResponse:
    """回访: whom to call, what to say, what they said. Three tries on three days, then 未联系上."""
    require_desk(request.user)
    if not grants_with(request.user, P.REQUEST_FEEDBACK):
        raise PermissionDenied
    case = find_case(request.user, public_id) if public_id else None
    if case is not None and case.state not in ("told", "callback") and request.method != "POST":
        return redirect(case)
    form = CallBackForm(request.POST or None, initial={"version": case.event_seq} if case is not None else {})
    status = 200
    if request.method == "POST" and case is not None:
        status = _call(request, case, form)
        if status == 303:
            return see_other(reverse("intake:callbacks"))
        case = find_case(request.user, public_id)
    return _callbacks(request, case, form, status=status)


def _call(request: HttpRequest, case: ConstituentRequest, form: CallBackForm) -> int:
    if not form.is_valid():
        return 422
    try:
        call_back(case, by=request.user, **form.cleaned_data)
    except NotAllowed as problem:
        form.add_error(None, problem.message)
        return 403
    except (WorkflowError, ValidationError) as problem:
        form.add_error(None, reason_of(problem))
        form.data = with_version(
            form.data, ConstituentRequest.objects.values_list("event_seq", flat=True).get(pk=case.pk)
        )
        return 409 if isinstance(problem, WorkflowError) else 422
    messages.success(request, _("%(number)s：这次联系记下了。") % {"number": case.reference})
    return 303


def _callbacks(
    request: HttpRequest, case: ConstituentRequest | None, form: CallBackForm, *, status: int
) -> HttpResponse:
    waiting = list(to_call(request.user)[: LISTED + 1])
    today = timezone.localdate()
    context: dict[str, Any] = {
        "rows": [
            {
                "case": each,
                "url": reverse("intake:callback", args=[each.public_id]),
                "tried_today": each.last_try is not None and timezone.localdate(each.last_try) == today,
                "is_current": case is not None and each.pk == case.pk,
                "face": None,
            }
            for each in waiting[:LISTED]
        ],
        "more": len(waiting) > LISTED,
        "form": form,
        "case": case,
        "calls_needed": CALLS_NEEDED,
    }
    faces = due_faces(waiting)
    for row in context["rows"]:
        row["face"] = faces.get(row["case"].pk)
    if case is not None:
        context |= _script(request.user, case)
    return render(request, "intake/desk/callbacks.html", context, status=status)


def _script(user: Any, case: ConstituentRequest) -> dict[str, Any]:
    """What to say, who is called, and when to try again."""
    calls = list(case.calls.select_related("by"))
    today = timezone.localdate()
    tried_today = any(timezone.localdate(call.at) == today and call.outcome != "reached" for call in calls)
    days = tried_days(case)
    may_reveal = rules.may_reveal(user, case)
    return {
        "calls": calls[::-1],
        "tried_days": days,
        "next_try": rulebook.calendar().add_working_days(today, 1) if tried_today else today,
        "tried_today": tried_today,
        "given_up": days >= CALLS_NEEDED,
        "reply": case.replies.filter(signed_at__isnull=False).last() or _masters_reply(case),
        "may_reveal": may_reveal,
        "contact_name": case.contact_name if may_reveal else "",
        "contact_masked": case.masked_phone if may_reveal and case.has_contact else "",
        "may_lapse": case.state == "told" and rules.may_lapse(user, case),
        "greeting": case.contact_name if may_reveal else "",
    }


def _masters_reply(case: ConstituentRequest) -> Any:
    return case.master.replies.filter(signed_at__isnull=False).last() if case.master is not None else None
