"""The representative's own pages, phone first: today, what they follow, when they sit, what they did."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import access
from accounts.http import AuthenticatedHttpRequest
from accounts.permissions import Permission
from core import deadlines
from core.looking import ReasonForm
from core.models import Message
from core.steps import Step, step_of, take
from core.workflow import NotAllowed, available
from intake import actions
from intake.models import ConstituentRequest
from intake.selectors import desk
from reports import calendar_file
from reports.forms import TalkForm
from reports.selectors import desk_of_representative as own
from reports.selectors import inbox
from representatives import duty
from representatives.models import DutyRecord

RECORDS_PAGE = 40
TALK = Step("note", TalkForm, actions.note, label=_lazy("记一次联系"))
VERBS = ("talk", "urge", "note")


def me_or_refuse(request: HttpRequest) -> own.Me:
    """The representative behind the account; everybody else is told that this page is not theirs."""
    if not access.has_permission(request.user, Permission.REQUEST_FOLLOW):
        raise PermissionDenied
    found = own.me(request.user)
    if found is None:
        raise PermissionDenied
    return found


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """今天: what waits, what is followed, the next duty, this year's record."""
    me = me_or_refuse(request)
    coming = own.next_duty(me.person)
    matters = own.open_matters(request.user)
    earned = duty.earned(me.person, year=timezone.localdate().year)
    return render(
        request,
        "reports/my/today.html",
        {
            "me": me,
            "todos": own.todos(request.user, coming),
            "matters": matters[:5],
            "matter_count": len(matters),
            "duty": coming,
            "earned": earned,
            "earned_most": max((each.count for each in earned), default=0),
            "unread": inbox.unread_count(request.user),
        },
    )


# --- what they follow


@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    me_or_refuse(request)
    tab = request.GET.get("tab", "")
    tab = tab if tab in own.TABS else "open"
    village = _number(request.GET.get("village"))
    page = own.page_of(request.user, tab=tab, village=village, before=_number(request.GET.get("before")))
    kept = f"&village={village}" if village is not None else ""
    return render(
        request,
        "reports/my/cases.html",
        {
            "page": page,
            "tab": tab,
            "village": village,
            "chips": [
                {
                    "url": f"?tab={name}{kept}",
                    "text": text,
                    "count": page.counts[name],
                    "is_current": name == tab,
                }
                for name, text in own.TABS.items()
            ],
            "older_url": f"?tab={tab}{kept}&before={page.older}" if page.older else "",
            "newer_url": f"?tab={tab}{kept}" if request.GET.get("before") else "",
        },
    )


@require_safe
def case(request: HttpRequest, public_id: str) -> HttpResponse:
    me_or_refuse(request)
    return _case_page(request, _followed(request, public_id))


@require_POST
def case_step(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Talk, press, note: by the same step and action as everywhere else."""
    me_or_refuse(request)
    followed = _followed(request, public_id)
    if verb not in VERBS:
        raise Http404
    step = TALK if verb == "talk" else step_of(followed, verb)
    taken = take(step, case=followed, by=request.user, data=request.POST)
    if not taken.ok:
        return _case_page(request, followed, {verb: taken.form}, status=taken.status)
    messages.success(request, _DONE[verb])
    return redirect("reports:my-case", followed.public_id)


_DONE = {
    "talk": _lazy("记下了。"),
    "urge": _lazy("已经催办，办理单位会收到通知。"),
    "note": _lazy("记下了。"),
}


@require_POST
@never_cache
def case_contact(request: HttpRequest, public_id: str) -> HttpResponse:
    """The number in full, after a reason; where the resident allowed it, and written down who looked."""
    me_or_refuse(request)
    followed = _followed(request, public_id)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _case_page(request, followed, {"contact": form}, status=422)
    try:
        name, phone = actions.reveal_contact(followed, by=request.user, reason=form.cleaned_data["reason"])
    except NotAllowed as problem:
        form.add_error(None, problem.message)
        return _case_page(request, followed, {"contact": form}, status=403)
    return _case_page(request, followed, opened=(name, phone))


def _followed(request: HttpRequest, public_id: str) -> ConstituentRequest:
    rows = own.followed(request.user).select_related("station", "unit", "category", "village", "follower")
    return get_object_or_404(rows, public_id=public_id)


def _case_page(
    request: HttpRequest,
    followed: ConstituentRequest,
    refused: dict[str, Any] | None = None,
    *,
    opened: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one matter; a form that was refused comes back with what was typed, in its own place."""
    forms: dict[str, Any] = {
        "talk": TalkForm(case=followed, by=request.user, auto_id="talk_%s"),
        "contact": ReasonForm(auto_id="contact_%s"),
    }
    for verb in ("urge", "note"):
        forms[verb] = step_of(followed, verb).form(case=followed, by=request.user, auto_id=f"{verb}_%s")
    for verb, form in (refused or {}).items():
        form.auto_id = f"{verb}_%s"
        forms[verb] = form
    faces = deadlines.faces(followed)
    open_verbs = {move.name for move in available(followed, to=request.user)}
    return render(
        request,
        "reports/my/case.html",
        {
            "case": followed,
            "faces": faces,
            "state": followed.workflow.states[followed.state],
            "lines": own.log_of(followed, request.user),
            "reachable": own.reachable(followed, request.user),
            "forms": forms,
            "refused": next(iter((refused or {}).values()), None),
            "refused_verb": next(iter(refused or {}), ""),
            "may_note": "note" in open_verbs,
            "may_urge": "urge" in open_verbs,
            "opened": opened,
        },
        status=status,
    )


# --- duty


@require_safe
def schedule(request: HttpRequest) -> HttpResponse:
    me = me_or_refuse(request)
    return render(
        request,
        "reports/my/schedule.html",
        {"me": me, "coming": own.duties(me.person), "past": own.duties(me.person, past=True)},
    )


@require_safe
def schedule_file(request: HttpRequest) -> HttpResponse:
    """The coming receptions as a calendar file a phone opens by itself."""
    me = me_or_refuse(request)
    response = HttpResponse(
        calendar_file.of_receptions(own.duties(me.person)), content_type="text/calendar; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="receptions.ics"'
    return response


@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """履职记录: facts and the points by this year's rules, for the representative alone; no ranking."""
    me = me_or_refuse(request)
    this_year = timezone.localdate().year
    year = _number(request.GET.get("year")) or this_year
    year = year if 2000 <= year <= this_year else this_year
    rows = DutyRecord.objects.filter(person=me.person, on__year=year).select_related("event").order_by("-pk")
    before = _number(request.GET.get("before"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: RECORDS_PAGE + 1])
    shown = found[:RECORDS_PAGE]
    earned = duty.earned(me.person, year=year)
    return render(
        request,
        "reports/my/record.html",
        {
            "me": me,
            "year": year,
            "years": range(this_year, this_year - 3, -1),
            "earned": earned,
            "total": sum(each.points for each in earned),
            "has_rules": any(each.each is not None for each in earned),
            "records": _with_matters(shown, request.user),
            "older_url": f"?year={year}&before={shown[-1].pk}" if len(found) > RECORDS_PAGE else "",
            "newer_url": f"?year={year}" if before is not None else "",
        },
    )


def _with_matters(records: list[DutyRecord], user: Any) -> list[tuple[DutyRecord, Any]]:
    ids = {row.event.case_id for row in records if row.event.case_label == ConstituentRequest.label}
    known = {case.pk: case for case in own.followed(user).for_list().filter(pk__in=ids)}
    return [(row, known.get(row.event.case_id)) for row in records]


# --- messages


@require_safe
def letters(request: HttpRequest) -> HttpResponse:
    """消息: what the house has to say to whoever is signed in."""
    before = _number(request.GET.get("before"))
    listed, older = inbox.inbox_of(request.user, before=before)
    return render(
        request,
        "reports/messages.html",
        {
            "letters": listed,
            "unread": inbox.unread_count(request.user),
            "older_url": f"?before={older}" if older else "",
            "newer_url": request.path if before is not None else "",
        },
    )


@require_POST
def open_letter(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Mark a message as read and go to what it is about."""
    letter = get_object_or_404(Message.objects.inbox_of(request.user), pk=pk)
    _mark_read(request, Message.objects.filter(pk=letter.pk))
    if page := letter.context.get("page"):
        return redirect(page)
    if letter.case_label != ConstituentRequest.label:
        return redirect("reports:messages")
    found = ConstituentRequest.objects.visible_to(request.user).filter(pk=letter.case_id).first()
    if found is None:
        messages.info(request, _("这一件已经不归您管了。"))
        return redirect("reports:messages")
    return redirect(_page_of(found, request.user))


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    _mark_read(request, Message.objects.inbox_of(request.user))
    return redirect("reports:messages")


def _mark_read(request: HttpRequest, rows: Any) -> None:
    rows.filter(recipient=request.user, read_at__isnull=True).order_by().update(read_at=timezone.now())


def _page_of(case: ConstituentRequest, user: Any) -> str:
    """Where this person works on a request."""
    if desk.is_desk_person(user):
        return reverse("intake:request", args=[case.public_id])
    if desk.is_unit_person(user):
        return reverse("intake:unit-reply", args=[case.public_id])
    return reverse("reports:my-case", args=[case.public_id])


def _number(text: str | None) -> int | None:
    """A mark out of an address; anything that is no small number is no mark."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None
