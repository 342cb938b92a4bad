"""A case at the desk: its pane, its page, and the steps taken on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import grants_with
from accounts.permissions import Permission as P
from core.codes import show_code
from core.looking import ReasonForm, log_looking
from core.steps import Step, StepForm, Taken, open_steps, require_right, step_of, take
from intake import actions, rules
from intake.actions.drafts import drop_draft, save_draft
from intake.models import ConstituentRequest
from intake.pages import also_looking, case_context, pending_extension
from intake.selectors.case import events_of
from intake.selectors.desk import draft_of, is_desk_person, is_unit_person

# As long as a one-line result: only there the letters are counted.
HEADLINE = 30
TOLD = {
    "register": _lazy("登记后：群众看到“已经登记”和答应的日期。"),
    "reject": _lazy("群众看得到您写的原因。"),
    "answer": _lazy("群众看到一句话结果和答复，可以评价。"),
    "refer": _lazy("群众看到该去哪里，和您写的原因。"),
    "handle": _lazy("群众看到“联络站正在办”和日期。"),
    "escalate": _lazy("群众看到“已经上报县里”。"),
    "ask": _lazy("群众看到这个问题。等补充的时候，期限先停下。"),
    "extend": _lazy("群众看到新的日期和您写的原因。"),
    "merge": _lazy("群众看到“同样的问题，一起办”。编号照样能查，结果单独告诉，也单独评价。"),
    "split": _lazy("群众看到“您说了几件事，分开办”，每件有自己的编号。"),
    "feed_back": _lazy("群众看到结果全文，接着请群众评价。"),
    "report_result": _lazy("先不告诉群众，等“告诉群众结果”那一步。"),
    "note": _lazy("只有工作人员看得到。"),
    "hand_back": _lazy("群众看不到这一步。退回以前还归您单位办。"),
    "request_extension": _lazy("群众看不到这一步。批准以前，原来的日期照算。"),
    "publish": _lazy("公开事由、分类、经过和结果；姓名、电话、住址一律不公开。"),
}


def find_case(user: Any, public_id: str) -> ConstituentRequest:
    """The case, for whom may see it; for everybody else there is none. The id may come out of a query: PostgreSQL knows no NUL."""
    if "\0" in public_id:
        raise Http404
    seen = ConstituentRequest.objects.visible_to(user).for_page()
    return get_object_or_404(seen, public_id=public_id)


def safe_next(request: HttpRequest, default: str) -> str:
    """Where to go back to: only within our own site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return default


@require_safe
def case_page(request: HttpRequest, public_id: str) -> HttpResponse:
    """One case, whole: for a unit its own reply page."""
    case = find_case(request.user, public_id)
    if is_unit_person(request.user) and not is_desk_person(request.user):
        return redirect("intake:unit-reply", public_id)
    context = case_context(request.user, case) | {
        "back": reverse("intake:desk" if is_desk_person(request.user) else "reports:my"),
        "here": request.get_full_path(),
    }
    return render(request, "intake/desk/case.html", context)


# --- steps


def shown_form(case: ConstituentRequest, step: Step, user: Any) -> StepForm:
    """The step's form as somebody first sees it: suggestions, then what they had begun to write."""
    initial: dict[str, Any] = {}
    if step.name == "extend" and (asked := pending_extension(events_of(case))) is not None:
        initial["days"] = asked.facts.get("days")
        initial["note"] = asked.words.text if hasattr(asked, "words") else ""
    draft = draft_of(user, case, step.name)
    form = step.form(case=case, by=user, initial=initial | (draft.payload if draft is not None else {}))
    form.draft = draft  # type: ignore[attr-defined]
    return form


def refreshed(taken: Taken) -> StepForm:
    """The form after a refusal: everything typed is in it, and the version it will be sent with is the present one."""
    form = taken.form
    if taken.status == 409:
        form.data = with_version(form.data, form.case.event_seq)
    return form


def with_version(data: Any, version: int) -> Any:
    """What was sent, under the version the case has now."""
    fresh = data.copy()
    fresh["version"] = str(version)
    return fresh


def step_context(
    request: HttpRequest, case: ConstituentRequest, step: Step, form: StepForm
) -> dict[str, Any]:
    move = case.workflow.transitions[step.name]
    return {
        "step": step,
        "step_form": form,
        "form": form,
        "step_label": step.label or move.label,
        "step_url": reverse("intake:step", args=[case.public_id, step.name]),
        "draft_url": reverse("intake:draft", args=[case.public_id, step.name]),
        "told": TOLD.get(step.name, ""),
        "next": safe_next(request, ""),
        "fields": [_field(form, field) for field in form.visible_fields()],
        "has_suggestions": bool(getattr(form, "suggested", None)),
        **(_told_of_unit(form) if step.name in ("assign", "reassign") else {}),
    }


def _field(form: StepForm, field: Any) -> dict[str, Any]:
    longest = getattr(field.field, "max_length", None) or 0
    suggested = getattr(form, "suggested", {})
    return {"field": field, "why": suggested.get(field.name, ""), "counted": longest == HEADLINE}


def _told_of_unit(form: Any) -> dict[str, Any]:
    """What the resident will be told of the unit now chosen; a script changes it with the choice."""
    unit = form["unit"].value()
    chosen = form.fields["unit"].queryset.filter(pk=unit).first() if str(unit or "").isdecimal() else None
    lengths = dict(form.fields["complexity"].choices)
    day = str(lengths.get(form["complexity"].value() or "", "")).rpartition(" · ")[2]
    return {"tells_unit": True, "told_unit": chosen.name if chosen is not None else "", "told_day": day}


def open_step_of(case: ConstituentRequest, verb: str, user: Any) -> Step:
    """The step, when this person may take it now. 404 for a verb that is none, 403 for one that is not theirs."""
    step = known_step(case, verb)
    if verb not in [each.name for each in open_steps(case, to=user)]:
        raise PermissionDenied
    return step


def known_step(case: ConstituentRequest, verb: str) -> Step:
    try:
        return step_of(case, verb)
    except KeyError:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
def take_step(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """One step: its form by GET, taken by POST. A page of its own, or for htmx the pane of the desk."""
    case = find_case(request.user, public_id)
    if request.method != "POST":
        step = open_step_of(case, verb, request.user)
        return _show_step(request, case, step, shown_form(case, step, request.user))
    step = known_step(case, verb)
    require_right(case, verb, request.user)
    taken = take(step, case=case, by=request.user, data=request.POST, files=request.FILES)
    if not taken.ok:
        case = find_case(request.user, public_id)
        return _show_step(request, case, step, refreshed(taken), status=taken.status)
    drop_draft(case, verb, by=request.user)
    return _after_step(request, case, step)


def _show_step(
    request: HttpRequest, case: ConstituentRequest, step: Step, form: StepForm, *, status: int = 200
) -> HttpResponse:
    """A stale or forbidden step is shown too: what was typed must not be lost."""
    context = (
        case_context(request.user, case) | step_context(request, case, step, form) | back_links(request, case)
    )
    context["status"] = status
    template = "intake/desk/_pane.html" if in_pane(request) else "intake/desk/step.html"
    response = render(request, template, context, status=status)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def is_htmx(request: Any) -> bool:
    return bool(request.htmx)


def in_pane(request: Any) -> bool:
    return is_htmx(request) and request.htmx.target == "pane"


def _after_step(request: Any, case: ConstituentRequest, step: Step) -> HttpResponse:
    """Say what was done. In the pane the case comes back with its next step already open when it is this person's."""
    label = step.label or case.workflow.transitions[step.name].label
    said = _("%(number)s：%(step)s，好了。") % {"number": case.reference, "step": label}
    if not in_pane(request):
        messages.success(request, said)
        return _see_other(safe_next(request, case.get_absolute_url()))
    seen = ConstituentRequest.objects.visible_to(request.user).for_page().filter(pk=case.pk).first()
    if seen is None:
        response = render(request, "intake/desk/_gone.html", {"said": said})
    else:
        context = case_context(request.user, seen) | {"said": said} | back_links(request, seen)
        if step.name == "register" and any(each["verb"] == "assign" for each in context["main_steps"]):
            following = step_of(seen, "assign")
            form = shown_form(seen, following, request.user)
            context |= step_context(request, seen, following, form)
        response = render(request, "intake/desk/_pane.html", context)
    response["HX-Trigger"] = "desk:changed"
    response["Vary"] = "HX-Request, HX-Target"
    return response


def back_links(request: HttpRequest, case: ConstituentRequest) -> dict[str, str]:
    """Where the pane stands, and the list it came from."""
    here = safe_next(request, case.get_absolute_url())
    address = urlsplit(here)
    query = urlencode([(name, value) for name, value in parse_qsl(address.query) if name != "case"])
    return {"here": here, "list_url": urlunsplit(("", "", address.path, query, ""))}


def _see_other(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


@require_POST
def keep_draft(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Keep what is being written on a step, for this person only."""
    case = find_case(request.user, public_id)
    step = open_step_of(case, verb, request.user)
    draft = save_draft(case, verb, by=request.user, words=words_of(step, request.POST))
    return render(request, "intake/desk/_saved.html", {"draft": draft})


def words_of(step: Step, data: Mapping[str, str]) -> dict[str, str]:
    return {name: str(data.get(name, "")) for name in step.form.base_fields if name not in ("version",)}


# --- looking at a number


@require_http_methods(["GET", "HEAD", "POST"])
def reveal(request: HttpRequest, public_id: str, part: str) -> HttpResponse:
    """看全号: asks why, writes it down, and only then shows name and number, or the numbers in the words. Never by GET."""
    case = find_case(request.user, public_id)
    if not rules.may_reveal(request.user, case):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    context: dict[str, Any] = {
        "case": case,
        "form": form,
        "part": part,
        "url": request.path,
        "next": safe_next(request, case.get_absolute_url()),
    }
    status = 200
    if request.method == "POST":
        if form.is_valid():
            context |= {"opened": _opened(case, part, by=request.user, reason=form.cleaned_data["reason"])}
        else:
            status = 422
    template = "intake/desk/_reveal.html" if is_htmx(request) else "intake/desk/reveal.html"
    response = render(request, template, context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _opened(case: ConstituentRequest, part: str, *, by: Any, reason: str) -> dict[str, Any]:
    if part == "numbers":
        return {"numbers": actions.reveal_numbers(case, by=by, reason=reason)}
    name, phone = actions.reveal_contact(case, by=by, reason=reason)
    return {"name": name, "phone": phone}


@require_http_methods(["GET", "HEAD", "POST"])
def slip(request: HttpRequest, public_id: str) -> HttpResponse:
    """The receipt to print: at once for whoever just wrote it down, later with a reason, because it opens the case."""
    case = find_case(request.user, public_id)
    if not grants_with(request.user, P.REQUEST_RECEIVE) or not is_desk_person(request.user):
        raise PermissionDenied
    form = ReasonForm(request.POST or None)
    if request.session.get("slip") == case.public_id:
        return _slip(request, case)
    if request.method == "POST" and form.is_valid():
        log_looking(by=request.user, what="receipt", reason=form.cleaned_data["reason"], about=case)
        return _slip(request, case)
    status = 422 if request.method == "POST" else 200
    return render(request, "intake/desk/slip_reason.html", {"case": case, "form": form}, status=status)


def _slip(request: HttpRequest, case: ConstituentRequest) -> HttpResponse:
    context = {
        "case": case,
        "code": show_code(case.receipt_code),
        "track_url": request.build_absolute_uri(reverse("intake:case", args=[case.receipt_code])),
        "promised_on": case.promised_on,
    }
    response = render(request, "intake/desk/slip.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def presence(request: HttpRequest, public_id: str) -> HttpResponse:
    case = find_case(request.user, public_id)
    return render(request, "intake/desk/_also.html", {"case": case, "also": also_looking(case, request.user)})
