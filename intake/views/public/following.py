"""Finding a case again and seeing it through: the look-up, the private page, what the resident may still say."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.codes import show_code
from core.publicdoor import client_address, public_form
from core.templatetags.house import zh_day
from core.throttle import Limit, hit
from core.views import problem_page, send_file
from core.workflow import WorkflowError
from intake import actions
from intake.actions import drafting
from intake.forms.public import AddForm, AnswerForm, RatingForm, TrackForm, WithdrawForm
from intake.models import Notify
from intake.selectors import resident
from intake.views.public import door

# What one case may be told in a day: the code opens it to its owner, not to a program.
SAID_MORE = Limit("case.words", 30, 24 * 3600)
ADDED_PHOTOS = 6


@public_form
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Number and last four digits, or number and code: one answer for a wrong number and a wrong secret."""
    if request.method != "POST":
        return door.answer(request, "intake/public/track.html", {"form": TrackForm()})
    form = TrackForm(request.POST)
    if not form.is_valid():
        return door.answer(request, "intake/public/track.html", {"form": form}, status=422)
    found = actions.look_up(
        form.cleaned_data["number"], form.cleaned_data["secret"], source=client_address(request)
    )
    if found.wait_seconds:
        return problem_page(request, 429, minutes=max(1, -(-found.wait_seconds // 60)))
    if found.request is None:
        return door.answer(request, "intake/public/track.html", {"form": form, "not_found": True}, status=422)
    return door.private(door.see_other(reverse("intake:case", args=[found.request.receipt_code])))


@public_form
@require_safe
def short_track(request: HttpRequest) -> HttpResponse:
    return redirect("intake:track")


def _page_of(code: str) -> resident.CasePage:
    page = resident.case_page(code)
    if page is None:
        raise Http404
    return page


@public_form
@require_safe
def case(request: HttpRequest, code: str) -> HttpResponse:
    """The private page of a case."""
    return _show(request, code, _page_of(code))


def _show(
    request: HttpRequest, code: str, page: resident.CasePage, *, status: int = 200, **forms: Any
) -> HttpResponse:
    rated_now = page.request.state == "told"
    context = {
        "page": page,
        "case": page.request,
        "code": code,
        "rating": forms.get("rating") or (RatingForm() if rated_now else None),
        "answering": forms.get("answering") or (AnswerForm() if page.request.state == "waiting" else None),
        "wrong": forms.get("rating") or forms.get("answering"),
        "said": forms.get("said", ""),
        "photos": _photos(code, page.photos),
        "before": _photo(code, page.before, _("办理前")),
        "after": _photo(code, page.after, _("办理后")),
        "events": _events(page),
        "rail_notes": _rail_notes(page),
        "can_withdraw": page.can("withdraw"),
    }
    return door.answer(request, "intake/public/case.html", context, status=status)


def _photo(code: str, photo: Any, alt: str) -> dict[str, str] | None:
    if photo is None:
        return None
    return {
        "url": reverse("intake:case-photo", args=[code, photo.public_id]),
        "alt": f"{alt}：{photo.caption}" if photo.caption else alt,
    }


def _photos(code: str, photos: list[Any]) -> list[Any]:
    return [
        _photo(code, photo, _("第 %(n)d 张照片") % {"n": place})
        for place, photo in enumerate(photos, start=1)
    ]


def _events(page: resident.CasePage) -> list[dict[str, Any]]:
    last = len(page.lines) - 1
    return [
        {
            "title": line.title,
            "at": line.at,
            "said": line.text if _is_said(line) else "",
            "note": "" if _is_said(line) else line.text,
            "is_now": place == 0 and page.request.is_open,
            "is_late": place == 0 and page.clock is not None and page.clock.is_overdue and page.station < 4,
            "who": page.request.get_channel_display() if place == last else "",
        }
        for place, line in enumerate(page.lines)
    ]


# Lines that repeat somebody's own words; the others are ours.
_SAID = frozenset(
    (
        "ask",
        "supplement",
        "add",
        "answer",
        "feed_back",
        "promise",
        "refer",
        "reject",
        "extend",
        "close_disputed",
        "split",
    )
)


def _is_said(line: Any) -> bool:
    return line.event is not None and line.event.verb in _SAID


def _rail_notes(page: resident.CasePage) -> list[str]:
    """What stands under each of the four stations: the day it was reached, or what is awaited."""
    reached: dict[int, Any] = {}
    for line in reversed(page.lines):
        reached.setdefault(line.station, line.at)
    notes = [zh_day(reached.get(1) or page.request.created_at)]
    if page.station > 2:
        notes.append(zh_day(reached.get(2)))
    else:
        notes.append(_("正在办") if page.station == 2 and page.request.is_open else "")
    promised = page.handled.promised_on
    if page.station > 2:
        notes.append(zh_day(page.handled.told_at or reached.get(3)))
    else:
        notes.append(_("%(day)s前") % {"day": zh_day(promised)} if promised and page.request.is_open else "")
    notes.append(_("等您") if page.request.state == "told" else "")
    return notes


@public_form
@require_safe
def case_photo(request: HttpRequest, code: str, public_id: str) -> HttpResponse:
    page = _page_of(code)
    for photo in (*page.photos, page.before, page.after):
        if photo is not None and photo.public_id == public_id:
            return door.private(send_file(request, photo))  # type: ignore[arg-type]
    raise Http404


@public_form
@require_safe
def printed(request: HttpRequest, code: str) -> HttpResponse:
    """The whole case on paper, for its owner."""
    page = _page_of(code)
    context = {
        "page": page,
        "case": page.request,
        "code": code,
        "events": _events(page),
        "photos": _photos(code, page.photos),
    }
    return door.answer(request, "intake/public/print.html", context)


# --- what the resident may still say


def _still_welcome(request: HttpRequest, page: resident.CasePage) -> HttpResponse | None:
    verdict = hit(SAID_MORE, f"request:{page.request.pk}")
    if verdict.allowed:
        return None
    return problem_page(request, 429, minutes=max(1, -(-verdict.retry_after // 60)))


def _done(code: str, part: str = "") -> HttpResponse:
    return door.private(door.see_other(reverse("intake:case", args=[code]) + part))


@public_form
@require_POST
def rate(request: HttpRequest, code: str) -> HttpResponse:
    """没解决 or 不满意 sends it back by itself, with a new date."""
    page = _page_of(code)
    form = RatingForm(request.POST)
    if page.request.state != "told":
        # The second press of a double tap, or a page left open too long: it shows how things stand.
        return _done(code)
    if not form.is_valid():
        return _show(request, code, page, status=422, rating=form)
    try:
        actions.rate(page.request, **form.cleaned_data)
    except (WorkflowError, ValidationError):
        return _done(code)
    return _done(code, "#st")


@public_form
@require_POST
def reply(request: HttpRequest, code: str) -> HttpResponse:
    """The answer to a question asked back."""
    page = _page_of(code)
    form = AnswerForm(request.POST)
    if page.request.state != "waiting":
        return _done(code)
    if not form.is_valid():
        return _show(request, code, page, status=422, answering=form)
    try:
        actions.supplement(page.request, text=form.cleaned_data["text"])
    except WorkflowError:
        return _done(code)
    return _done(code, "#log")


@public_form
@require_http_methods(["GET", "HEAD", "POST"])
def say_more(request: HttpRequest, code: str) -> HttpResponse:
    """补充情况、照片."""
    page = _page_of(code)
    if not page.can("add"):
        return _done(code)
    form = AddForm(request.POST, request.FILES) if request.method == "POST" else AddForm()
    if request.method == "POST":
        slow = _still_welcome(request, page)
        if slow is not None:
            return slow
        form.is_valid()
        photos = form.take_photos(ADDED_PHOTOS) if form.files else []
        if not form.errors:
            drafting.say_more(page.request, text=form.cleaned_data["text"], photos=photos)
            return _done(code, "#log")
    context = {"form": form, "case": page.request, "code": code}
    return door.answer(request, "intake/public/more.html", context, status=422 if form.errors else 200)


@public_form
@require_POST
def more_photos(request: HttpRequest, code: str) -> HttpResponse:
    """Photos that follow their words when the network is back: sent twice they are kept once."""
    page = _page_of(code)
    form = AddForm(request.POST, request.FILES)
    form.is_valid()
    photos = form.take_photos(ADDED_PHOTOS)
    if page.can("add") and photos:
        slow = _still_welcome(request, page)
        if slow is not None:
            return slow
        drafting.say_more(page.request, text="", photos=photos)
    problems = [str(each) for each in form.errors.get("photos", [])]
    return door.private(JsonResponse({"kept": len(photos), "problems": problems}))


@public_form
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """A page of its own asks once more."""
    page = _page_of(code)
    if not page.can("withdraw"):
        return _done(code)
    form = WithdrawForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.withdraw(page.request, note=form.cleaned_data["note"])
        except WorkflowError:
            return _done(code)
        return _done(code)
    context = {"form": form, "case": page.request, "code": code}
    return door.answer(request, "intake/public/withdraw.html", context, status=422 if form.errors else 200)


# --- the receipt


@public_form
@require_safe
def received(request: HttpRequest) -> HttpResponse:
    """The receipt of what this browser handed in last: reloading shows the same."""
    draft = drafting.find(door.token_of(request))
    last = draft.payload.get("last") if draft is not None else None
    if not last:
        return redirect("intake:track")
    return _receipt(request, last["code"])


@public_form
@require_safe
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    return _receipt(request, code)


def _receipt(request: HttpRequest, code: str) -> HttpResponse:
    case = resident.by_code(code)
    if case is None:
        raise Http404
    link = urljoin(settings.SITE_URL + "/", reverse("intake:case", args=[case.receipt_code]))
    person = resident.contact_person(case.station_id)
    rows = [
        {"name": _("接收"), "value": case.station.name},
        {
            "name": _("联系人"),
            "value": person or _("联络站"),
            "tel": case.station.phone or settings.SITE_PHONE,
        },
    ]
    if case.has_contact:
        rows.append(
            {
                "name": _("查进度用"),
                "value": _("编号 + 手机后四位 %(four)s") % {"four": case.contact_phone[-4:]},
            }
        )
    context = {
        "case": case,
        "rows": rows,
        "link": link,
        "code": show_code(case.receipt_code),
        "expected": resident.expected(case),
        "by_sms": case.has_contact and case.notify == Notify.SMS,
    }
    return door.answer(request, "intake/public/received.html", context)
