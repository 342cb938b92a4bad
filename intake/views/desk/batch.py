"""One thing done to several cases, and lists taken away as files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import grants_with
from accounts.permissions import Permission as P
from core import exports
from core.exports import ExportForm
from core.search import words_of
from intake.actions.desk import Batch, assign_many, merge_many
from intake.forms.desk import BulkAssignForm, BulkMergeForm
from intake.models import ConstituentRequest
from intake.views.desk.case import safe_next
from intake.views.desk.queue import Wanted, require_desk

MOST = 200


def chosen(request: Any) -> list[ConstituentRequest]:
    """The cases ticked in the list, out of those the person may see."""
    ids = [each for each in dict.fromkeys(request.POST.getlist("ids")) if each.isalnum()][:MOST]
    seen = ConstituentRequest.objects.visible_to(request.user).for_list()
    return list(seen.filter(public_id__in=ids).order_by("pk"))


def versions(request: HttpRequest, cases: list[ConstituentRequest]) -> dict[int, int]:
    """The version each case had when its row was ticked."""
    found = {}
    for case in cases:
        given = request.POST.get(f"v-{case.public_id}", "")
        if given.isdecimal() and len(given) < 10:
            found[case.pk] = int(given)
    return found


FORMS: dict[str, tuple[Any, P, str]] = {
    "assign": (BulkAssignForm, P.REQUEST_ASSIGN, "intake/desk/batch_assign.html"),
    "merge": (BulkMergeForm, P.REQUEST_MERGE, "intake/desk/batch_merge.html"),
}


@require_POST
def batch(request: HttpRequest, verb: str) -> HttpResponse:
    """First what will change, on a page of its own; then, confirmed, what was done and what was left."""
    require_desk(request.user)
    if verb not in FORMS:
        raise Http404
    form_class, right, template = FORMS[verb]
    if not grants_with(request.user, right):
        raise PermissionDenied
    cases = chosen(request)
    back = safe_next(request, reverse("intake:desk"))
    if len(cases) < (2 if verb == "merge" else 1):
        messages.warning(
            request, _("先勾选要合并的，至少两件。") if verb == "merge" else _("先勾选要交办的。")
        )
        return see_other(back)
    form = form_class(request.POST if "confirm" in request.POST else None, cases=cases)
    if not form.is_valid():
        context = {"cases": cases, "form": form, "next": back, "verb": verb}
        return render(request, template, context, status=422 if form.is_bound else 200)
    done = _do(verb, form.cleaned_data, cases, by=request.user, versions=versions(request, cases))
    _say(request, verb, done)
    return see_other(back)


def _do(
    verb: str, wanted: dict[str, Any], cases: list[ConstituentRequest], *, by: Any, versions: dict[int, int]
) -> Batch:
    if verb == "assign":
        return assign_many(cases, by=by, versions=versions, **wanted)
    into = next(case for case in cases if case.public_id == wanted["into"])
    return merge_many(cases, into=into, by=by, versions=versions)


def _say(request: HttpRequest, verb: str, done: Batch) -> None:
    what = _("交办了") if verb == "assign" else _("合并了")
    if done.done:
        messages.success(request, _("%(what)s %(n)d 件。") % {"what": what, "n": len(done.done)})
    for case, why in done.left:
        messages.warning(request, f"{case.reference}：{why}")


def see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


# --- taking a list along

NAME = "requests"
HEADINGS = (
    "编号", "事由", "内容", "分类", "家站点", "村、社区", "具体位置", "来源", "状态", "承办单位", "跟进代表",
    "加急", "收到时间", "受理日期", "答应群众的日期", "答复时间", "反馈时间", "解决了吗", "满意吗", "办结时间",
)  # fmt: skip


def _cells(rows: Any) -> Iterator[list[Any]]:
    for case in rows:
        yield [
            case.reference, case.title, case.body, case.category.name, case.station.name,
            case.village.name if case.village is not None else "", case.place, case.get_channel_display(),
            case.state_label, case.unit.name if case.unit is not None else "",
            case.follower.name if case.follower is not None else "", case.is_urgent, case.created_at,
            case.registered_on, case.promised_on, case.answered_at, case.told_at, case.get_solved_display(),
            case.get_satisfied_display(), case.closed_at,
        ]  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as it is narrowed, as a table: only rows the person may see, no names, no numbers, with a reason."""
    require_desk(request.user)
    if not may_take(request.user):
        raise PermissionDenied
    form = ExportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            answer = exports.take_along(request, "requests", NAME, form)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            return answer if answer is not None else exports.on_its_way(request)
    wanted = Wanted(request)
    context = {"form": form, "view": wanted.view, "filters": wanted.filters, "back": wanted.link()}
    return render(request, "intake/desk/export.html", context, status=422 if form.is_bound else 200)


def may_take(user: Any, name: str = "") -> bool:
    return bool(grants_with(user, P.REQUEST_EXPORT))


def taken(request: HttpRequest, name: str) -> exports.Table:
    """The table of a desk's list, for `core.exports`."""
    if not may_take(request.user):
        raise PermissionDenied
    wanted = Wanted(request)
    rows = wanted.rows(request.user).select_related("village").order_by("-pk")
    return exports.Table(
        name=f"{name}.{wanted.view.name}",
        title=str(wanted.view.label),
        headings=HEADINGS,
        count=rows.count(),
        rows=lambda: _cells(rows.iterator(chunk_size=exports.FETCHED)),
        narrowed=" ".join(words_of(str(wanted.filters.get("q", "")))),
    )
