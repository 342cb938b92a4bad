"""The triage desk: lists at the left, the case at the right; everything works as plain pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import grants_with
from accounts.permissions import Permission as P
from core import tallies
from core.privacy import blind_index
from intake.forms.desk import FilterForm, PhoneForm
from intake.models import ConstituentRequest
from intake.pages import case_context
from intake.selectors import desk as reads
from intake.selectors.matching import same_matters
from intake.views.desk.case import find_case, in_pane, is_htmx

FILTERS = (
    "q", "station", "category", "state", "unit", "channel", "town", "standing", "since", "until", "is_urgent",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A case as its row shows it."""

    case: Any
    face: Any
    alike: int
    url: str
    is_current: bool


def require_desk(user: Any) -> None:
    """Raises PermissionDenied for people whose work is elsewhere."""
    if not reads.is_desk_person(user):
        raise PermissionDenied


class Wanted:
    """What the address asks for: which list, narrowed how, sorted how, from where on."""

    def __init__(self, request: HttpRequest) -> None:
        self.params = request.GET.copy()
        names = {view.name: view for view in reads.views_for(request.user)}
        self.view = names.get(self.params.get("view", ""), reads.first_view(request.user))
        is_narrowed = any(self.params.get(name) for name in FILTERS)
        # The form asks for its choices: an unnarrowed list does without it.
        self.filters = FilterForm(self.params, by=request.user).wanted() if is_narrowed else {}
        self.sort = self._sort()

    def _sort(self) -> str:
        wanted = self.params.get("sort", "")
        allowed = ("due", "new", "old") if self.view.by_due else ("new", "old")
        return wanted if wanted in allowed else allowed[0]

    def rows(self, user: Any) -> Any:
        seen = ConstituentRequest.objects.visible_to(user).for_list()
        return reads.filtered(reads.of_view(seen, self.view, user, timezone.now()), self.filters)

    def link(self, **changes: str) -> str:
        """This list, changed: an empty value takes the parameter away."""
        params = self.params.copy()
        for name, value in changes.items():
            params.pop(name, None)
            if value:
                params[name] = value
        query = params.urlencode()
        return reverse("intake:desk") + (f"?{query}" if query else "")


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    require_desk(request.user)
    wanted = Wanted(request)
    case_id = request.GET.get("case", "")
    if in_pane(request):
        return _part(request, "intake/desk/_pane.html", _pane(request, wanted, case_id))
    context = _queue(request, wanted, case_id)
    if is_htmx(request) and request.headers.get("HX-Target") == "queue":
        return _part(request, "intake/desk/_queue.html", context)
    if case_id:
        context |= _pane(request, wanted, case_id)
    return _part(request, "intake/desk/desk.html", context)


def _part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def _pane(request: HttpRequest, wanted: Wanted, case_id: str) -> dict[str, Any]:
    if not case_id:
        return {"list_url": wanted.link(case="")}
    context = case_context(request.user, find_case(request.user, case_id))
    return context | {"list_url": wanted.link(case=""), "here": wanted.link()}


def _queue(request: HttpRequest, wanted: Wanted, case_id: str) -> dict[str, Any]:
    rows = wanted.rows(request.user)
    page = reads.page_of(
        rows,
        wanted.sort,
        on=request.GET.get("on", ""),
        back=request.GET.get("back", ""),
        by_day="since" in wanted.filters or "until" in wanted.filters,
    )
    faces, alike = reads.due_faces(page.rows), same_matters(page.rows, request.user)
    counts = reads.counts(request.user)
    return {
        "view": wanted.view,
        "views": [
            {
                "label": view.label,
                "name": view.name,
                "icon": view.icon,
                "count": counts.get(view.name),
                "url": f"{reverse('intake:desk')}?view={view.name}",
                "is_current": view.name == wanted.view.name,
            }
            for view in reads.views_for(request.user)
        ],
        "count": counts.get(wanted.view.name),
        "cap": tallies.CAP,
        "rows": [
            Row(
                case=case,
                face=faces.get(case.pk),
                alike=len(alike.get(case.pk, ())),
                url=wanted.link(case=case.public_id),
                is_current=case.public_id == case_id,
            )
            for case in page.rows
        ],
        "newest": max((case.pk for case in page.rows), default=0),
        "older_url": wanted.link(on=page.on, back="", case="") if page.on else "",
        "newer_url": wanted.link(back=page.back, on="", case="") if page.back else "",
        "filters": wanted.filters,
        "filter_count": len([name for name in wanted.filters if name != "q"]),
        "q": request.GET.get("q", "")[:60],
        "sort": wanted.sort,
        "sorts": [
            {
                "label": label,
                "url": wanted.link(sort=name, on="", back="", case=""),
                "is_current": name == wanted.sort,
            }
            for name, label in reads.SORTS
            if wanted.view.by_due or name != "due"
        ],
        "list_url": wanted.link(case=""),
        "here": wanted.link(),
        "reset_url": f"{reverse('intake:desk')}?view={wanted.view.name}",
        "filter_url": f"{reverse('intake:desk-filter')}?{request.GET.urlencode()}",
        "may_assign": bool(grants_with(request.user, P.REQUEST_ASSIGN)),
        "may_merge": bool(grants_with(request.user, P.REQUEST_MERGE)),
        "may_export": bool(grants_with(request.user, P.REQUEST_EXPORT)),
        "may_receive": bool(grants_with(request.user, P.REQUEST_RECEIVE)),
        "has_case": bool(case_id),
    }


@require_safe
def desk_filter(request: HttpRequest) -> HttpResponse:
    """The filter form: a page of its own, so that a list costs nothing for choices nobody opens."""
    require_desk(request.user)
    wanted = Wanted(request)
    context = {
        "view": wanted.view,
        "form": FilterForm(initial=request.GET.dict(), by=request.user),
        "phone_form": PhoneForm() if grants_with(request.user, P.PERSONAL_REVEAL) else None,
    }
    return render(request, "intake/desk/filter.html", context)


@require_POST
def lookup(request: HttpRequest) -> HttpResponse:
    """Everything a phone number ever told us. Posted: a number never stands in an address.

    Who may open no number may not ask whose matters one is either: a leader reads, and does not look people up.
    """
    require_desk(request.user)
    if not grants_with(request.user, P.PERSONAL_REVEAL):
        raise PermissionDenied
    form = PhoneForm(request.POST)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        index = blind_index(form.cleaned_data["phone"], scope="phone")
        found = list(reads.by_phone(request.user, index)[:50])
        faces = reads.due_faces(found)
        context["rows"] = [
            Row(case=case, face=faces.get(case.pk), alike=0, url=case.get_absolute_url(), is_current=False)
            for case in found
        ]
    response = render(request, "intake/desk/lookup.html", context, status=200 if form.is_valid() else 422)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def pulse(request: HttpRequest) -> HttpResponse:
    """What came in since the list was drawn: the bar 新来 n 件, polled every minute."""
    require_desk(request.user)
    since = request.GET.get("since", "")
    newest = int(since) if since.isdecimal() and len(since) < 19 else 0
    context = {
        "arrived": reads.arrived_since(request.user, newest),
        "cap": tallies.CAP,
        "fresh_url": reverse("intake:desk") + "?view=register&sort=new",
        "newest": newest,
    }
    return render(request, "intake/desk/_newbar.html", context)
