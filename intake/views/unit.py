"""The handling unit's desk: what is due, the answer, the signature, and what the resident will see."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import deadlines
from core.models import Attachment
from core.steps import StepForm, open_steps, require_right, step_of, take
from core.workflow import WorkflowError
from intake import rules
from intake.actions.desk import attach_photos, reason_of, remove_photo
from intake.actions.drafts import drop_draft, save_draft
from intake.forms.desk import PhotosField
from intake.models import ConstituentRequest
from intake.selectors import case as case_reads
from intake.selectors import unit as reads
from intake.selectors.desk import draft_of, due_faces, is_unit_person, page_of
from intake.views.desk.batch import see_other
from intake.views.desk.case import is_htmx, known_step, refreshed, words_of
from intake.views.desk.case import step_context as desk_step_context
from intake.views.desk.queue import Row

REPLY = "submit_reply"
HINTS = {
    "solved": _lazy("附办理后照片"),
    "planned": _lazy("写明哪天完成，到时再答复"),
    "cannot": _lazy("写明依据和什么时候再看"),
}
# What a unit may do beside answering, each on a page of its own.
BESIDE = ("hand_back", "ask", "request_extension", "note")


def require_unit(user: Any) -> None:
    """Raises PermissionDenied for people who belong to no handling unit."""
    if not is_unit_person(user):
        raise PermissionDenied


def find_reply(user: Any, public_id: str) -> ConstituentRequest:
    """A case now with this person's unit; for everybody else, an accused unit first of all, there is none."""
    seen = reads.of_units(user).for_page()
    # Every right of a unit asks whether it is complained about.
    case = seen.prefetch_related("accused").filter(public_id=public_id).first()
    if case is None:
        raise Http404
    return case


@require_safe
def unit_desk(request: HttpRequest) -> HttpResponse:
    require_unit(request.user)
    view = reads.LISTS.get(request.GET.get("view", ""), reads.LISTS["todo"])
    page = page_of(
        reads.in_list(request.user, view).for_list(),
        "due" if view.by_due else "new",
        on=request.GET.get("on", ""),
        back=request.GET.get("back", ""),
    )
    counts, faces = reads.unit_counts(request.user), due_faces(page.rows)
    here = f"{reverse('intake:unit-desk')}?view={view.name}"
    context = {
        "view": view,
        "chips": [
            {
                "url": f"{reverse('intake:unit-desk')}?view={each.name}",
                "text": each.label,
                "count": counts.get(each.name),
                "is_current": each.name == view.name,
            }
            for each in reads.LISTS.values()
        ],
        "count": counts.get(view.name),
        "rows": [
            Row(case, faces.get(case.pk), 0, reverse("intake:unit-reply", args=[case.public_id]), False)
            for case in page.rows
        ],
        "older_url": f"{here}&on={page.on.replace('+', '%2B')}" if page.on else "",
        "newer_url": f"{here}&back={page.back.replace('+', '%2B')}" if page.back else "",
    }
    return render(request, "intake/unit/desk.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_reply(request: HttpRequest, public_id: str) -> HttpResponse:
    """One case at the unit: the officer writes, the head signs or sends back, on the same page."""
    require_unit(request.user)
    case = find_reply(request.user, public_id)
    if request.method != "POST":
        return _page(request, case)
    if request.POST.get("outcome") == "hand_back":
        _keep(request, case)
        return see_other(reverse("intake:unit-step", args=[public_id, "hand_back"]))
    photos = _take_photos(request, case)
    if photos is not None:
        _keep(request, case)
        form = _form_as_typed(case, request)
        form.add_error(None, photos)
        return _page(request, case, form=form, status=422)
    taken = take(step_of(case, REPLY), case=case, by=request.user, data=request.POST)
    if not taken.ok:
        _keep(request, find_reply(request.user, public_id))
        return _page(request, find_reply(request.user, public_id), form=refreshed(taken), status=taken.status)
    drop_draft(case, REPLY, by=request.user)
    messages.success(request, _("%(number)s：答复送审了，等负责人签发。") % {"number": case.reference})
    return see_other(reverse("intake:unit-reply", args=[public_id]))


def _form_as_typed(case: ConstituentRequest, request: HttpRequest) -> StepForm:
    form = step_of(case, REPLY).form(request.POST, case=case, by=request.user)
    form.is_valid()
    return form


def _keep(request: HttpRequest, case: ConstituentRequest) -> Any:
    """What was typed is this person's draft, whatever becomes of the case."""
    words = words_of(step_of(case, REPLY), request.POST)
    words["points"] = " ".join(name for name in request.POST.getlist("points") if name.isdecimal())[:40]
    if not any(words.values()):
        return None
    return save_draft(case, REPLY, by=request.user, words=words)


def _take_photos(request: HttpRequest, case: ConstituentRequest) -> str | None:
    """Keep the photos that came with the form at once; gives what is wrong with them."""
    for role in (Attachment.Role.BEFORE, Attachment.Role.AFTER):
        uploads = request.FILES.getlist(role.value)
        if not uploads:
            continue
        try:
            attach_photos(case, photos=PhotosField().clean(uploads), role=role.value, by=request.user)
        except (ValidationError, WorkflowError) as problem:
            return reason_of(problem)
    return None


# --- the page


def _page(
    request: HttpRequest, case: ConstituentRequest, *, form: StepForm | None = None, status: int = 200
) -> HttpResponse:
    return render(
        request,
        "intake/unit/reply.html",
        reply_context(request, case, form=form, status=status),
        status=status,
    )


def reply_context(
    request: HttpRequest, case: ConstituentRequest, *, form: StepForm | None = None, status: int = 200
) -> dict[str, Any]:
    user = request.user
    verbs = {step.name: step for step in open_steps(case, to=user)}
    questions = list(case.notes.exclude(kind="staff"))
    draft = draft_of(user, case, REPLY)
    replies = list(case.replies.select_related("written_by", "signed_by", "unit"))
    if form is None and REPLY in verbs:
        form = _first_form(case, user, draft, replies)
    photos = case_reads.photos(case)
    shared = rules.may_reveal(user, case)
    words: dict[str, Any] = dict(draft.payload) if draft is not None else {}
    unsigned = next(
        (each for each in reversed(replies) if each.signed_at is None and each.round == case.round), None
    )
    return {
        "case": case,
        "status": status,
        "form": form,
        "draft": draft,
        "may_write": REPLY in verbs or (form is not None and form.is_bound),
        "may_sign": "sign" in verbs,
        "may_hand_back": "hand_back" in verbs,
        "hints": HINTS,
        "unsigned": unsigned,
        "said_back": next((each.check_note for each in reversed(replies) if each.check_note), ""),
        "signed": [each for each in replies if each.signed_at is not None],
        "beside": [
            {
                "url": reverse("intake:unit-step", args=[case.public_id, verb]),
                "label": verbs[verb].label,
                "verb": verb,
            }
            for verb in BESIDE
            if verb in verbs
        ],
        "face": due_faces([case]).get(case.pk),
        "faces": deadlines.faces(case),
        "photos": [photo for photo in photos if photo.role == "evidence"],
        "before": [photo for photo in photos if photo.role == "before"],
        "after": [photo for photo in photos if photo.role == "after"],
        "shared": shared,
        "contact_name": case.contact_name if shared else "",
        "contact_masked": case.masked_phone if shared and case.has_contact else "",
        "hides_numbers": shared and case.hides_numbers(questions),
        "questions": questions,
        "draft_url": reverse("intake:unit-draft", args=[case.public_id]),
        **check_context(case, words, photos, asked=any(note.kind == "question" for note in questions)),
    }


def _first_form(case: ConstituentRequest, user: Any, draft: Any, replies: list[Any]) -> StepForm:
    """Empty, or what was begun, or the words the head sent back."""
    initial: dict[str, Any] = {}
    sent_back = next(
        (each for each in reversed(replies) if each.signed_at is None and each.round == case.round), None
    )
    if draft is not None:
        initial = dict(draft.payload)
    elif sent_back is not None:
        initial = {
            name: getattr(sent_back, name) for name in ("outcome", "headline", "body", "basis", "planned_on")
        }
    return step_of(case, REPLY).form(case=case, by=user, initial=initial)


def check_context(
    case: ConstituentRequest, words: dict[str, Any], photos: list[Any], *, asked: bool
) -> dict[str, Any]:
    ticked = set(str(words.get("points", "")).split())
    return {
        "checks": reads.checks(words, case, {photo.role for photo in photos}, asked=asked),
        "points": [
            {"name": str(place), "text": text, "ticked": str(place) in ticked}
            for place, text in enumerate(reads.points_of(case.body))
        ],
    }


@require_POST
def unit_draft(request: HttpRequest, public_id: str) -> HttpResponse:
    """Keep what is being written; the check list answers with what it finds so far."""
    require_unit(request.user)
    case = find_reply(request.user, public_id)
    draft = _keep(request, case)
    if not is_htmx(request):
        return see_other(reverse("intake:unit-reply", args=[public_id]))
    words = dict(draft.payload) if draft is not None else {}
    asked = case.notes.filter(kind="question").exists()
    context = {"draft": draft, "case": case} | check_context(
        case, words, case_reads.photos(case), asked=asked
    )
    return render(request, "intake/unit/_saved.html", context)


@require_POST
def unit_photos(request: HttpRequest, public_id: str) -> HttpResponse:
    """Add photos to a result not yet signed, or take one back; what is written stays."""
    require_unit(request.user)
    case = find_reply(request.user, public_id)
    _keep(request, case)
    problem = None
    if request.POST.get("remove"):
        try:
            remove_photo(case, public_id=request.POST["remove"], by=request.user)
        except WorkflowError as refused:
            problem = refused.message
    else:
        problem = _take_photos(request, case)
    if problem is not None:
        form = _form_as_typed(case, request)
        form.errors.clear()
        form.add_error(None, problem)
        return _page(request, case, form=form, status=422)
    return see_other(reverse("intake:unit-reply", args=[public_id]) + "#photos")


@require_POST
def unit_preview(request: HttpRequest, public_id: str) -> HttpResponse:
    """看群众看到的样子: the answer as the resident will read it; nothing is sent."""
    require_unit(request.user)
    case = find_reply(request.user, public_id)
    _keep(request, case)
    form = _form_as_typed(case, request)
    said = form.cleaned_data
    photos = case_reads.photos(case)
    context = {
        "case": case,
        "form": form,
        "headline": said.get("headline") or request.POST.get("headline", "")[:30],
        "body": said.get("body") or request.POST.get("body", "")[:2000],
        "basis": said.get("basis", ""),
        "planned_on": said.get("planned_on"),
        "outcome": said.get("outcome", ""),
        "before": next((photo for photo in photos if photo.role == "before"), None),
        "after": next((photo for photo in photos if photo.role == "after"), None),
    }
    template = "intake/unit/_preview.html" if is_htmx(request) else "intake/unit/preview.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
def unit_step(request: HttpRequest, public_id: str, verb: str) -> HttpResponse:
    """Handing back, asking, another date, signing and sending back: the same steps, on the unit's own pages."""
    require_unit(request.user)
    case = find_reply(request.user, public_id)
    allowed = [step.name for step in open_steps(case, to=request.user)]
    step = known_step(case, verb)
    if request.method != "POST":
        if verb not in allowed:
            raise PermissionDenied
        draft = draft_of(request.user, case, verb)
        form = step.form(case=case, by=request.user, initial=dict(draft.payload) if draft is not None else {})
        return _step_page(request, case, step, form)
    require_right(case, verb, request.user)
    taken = take(step, case=case, by=request.user, data=request.POST)
    if not taken.ok:
        case = find_reply(request.user, public_id)
        return _step_page(request, case, step, refreshed(taken), status=taken.status)
    drop_draft(case, verb, by=request.user)
    label = step.label or case.workflow.transitions[verb].label
    messages.success(request, _("%(number)s：%(step)s，好了。") % {"number": case.reference, "step": label})
    return see_other(reverse("intake:unit-desk"))


def _step_page(
    request: HttpRequest, case: ConstituentRequest, step: Any, form: StepForm, *, status: int = 200
) -> HttpResponse:
    context = desk_step_context(request, case, step, form) | {
        "case": case,
        "status": status,
        "face": due_faces([case]).get(case.pk),
        "step_url": reverse("intake:unit-step", args=[case.public_id, step.name]),
    }
    return render(request, "intake/unit/step.html", context, status=status)
