"""Reading it back and handing it in: one press or twenty, one tab or two, with the queue of a phone: one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.models import Draft
from core.publicdoor import client_address, new_stamp, public_form
from intake.actions import Contact, drafting
from intake.forms.public import ELSEWHERE
from intake.models import Channel, Notify, Visibility
from intake.selectors import places
from intake.views.public import door
from intake.views.public.writing import ORIGIN, HowToReach, Say, StepView, Where, draft_photos


class Incomplete(Exception):
    """A step of the draft that is not filled in, or is no longer right."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


def matter_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `receive` from the words of a draft. Raises Incomplete naming the step to go back to."""
    category = places.category_of_code(said.get("category") or "")
    if category is None or not said.get("body"):
        raise Incomplete("intake:new")
    village = None
    if said.get("village") != ELSEWHERE:
        village = places.village_of(said.get("village") or "")
        if village is None:
            raise Incomplete("intake:new-where")
    station = places.open_station(said.get("to") or "")
    station = station or (places.station_for(village) if village is not None else None)
    if station is None:
        raise Incomplete("intake:new-where")
    if not said.get("name"):
        raise Incomplete("intake:new-contact")
    came = places.origin_of({key: said.get(key) for key in ("r", "a")}, find_station=False)
    return {
        "station": station,
        "channel": Channel.QR if any(said.get(key) for key in ORIGIN) else Channel.WEB,
        "contact": Contact(
            said["name"], said.get("phone", ""), said.get("notify", ""), said.get("visibility", "")
        ),
        "body": said["body"],
        "category": category,
        "village": village,
        "place": said.get("place", ""),
        "is_minor": bool(said.get("is_minor")),
        "follower": came.follower,
        "came_by": came.came_by,
        "joins": said.get("joins_id"),
    }


@public_form
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Read it back; one press hands it in, and however often it is pressed there is one request."""
    token = door.token_of(request)
    if request.method == "POST":
        return _hand_in(request, token, _key(request) or "")
    draft = drafting.find(token)
    said = (draft.payload.get("now") if draft is not None else None) or {}
    if draft is None or not said:
        handed_in = draft is not None and draft.payload.get("last")
        return redirect("intake:received" if handed_in else "intake:new")
    try:
        matter = matter_of(said)
    except Incomplete as problem:
        return redirect(problem.step)
    context = {
        "said": said,
        "matter": matter,
        "rows": _read_back(said, matter, draft),
        "stamp": new_stamp(),
        "origin": {key: said[key] for key in ORIGIN if said.get(key)},
    }
    return door.answer(request, "intake/public/check.html", context)


def _read_back(said: Mapping[str, Any], matter: Mapping[str, Any], draft: Draft) -> list[dict[str, Any]]:
    say, where, contact = (
        f"{reverse(name)}?back=check" for name in ("intake:new", "intake:new-where", "intake:new-contact")
    )
    village = matter["village"]
    town = village.parent.name if village is not None and village.parent is not None else ""
    spot = "\n".join(
        filter(None, [f"{town} {village.name}".strip() if village is not None else "", matter["place"]])
    )
    photos = draft_photos(draft)
    return [
        {"name": _("什么事"), "strong": matter["category"].name, "value": matter["body"], "change_url": say},
        {"name": _("在哪里"), "value": spot or _("没有写"), "change_url": where},
        {"name": _("照片"), "value": "" if photos else _("没有传"), "photos": photos, "change_url": where},
        {"name": _("称呼"), "value": said["name"], "change_url": contact},
        {
            "name": _("手机号"),
            "value": _spaced(said.get("phone", "")) or _("没有留，凭查询码查进度"),
            "is_num": bool(said.get("phone")),
            "change_url": contact,
        },
        {"name": _("通知"), "value": _how_told(said), "change_url": contact},
    ]


def _spaced(phone: str) -> str:
    """138 0000 2746, as people read a mobile number."""
    return f"{phone[:3]} {phone[3:7]} {phone[7:]}" if len(phone) == 11 and phone[0] == "1" else phone


def _how_told(said: Mapping[str, Any]) -> str:
    way = Notify(said.get("notify") or Notify.NONE).label
    if said.get("visibility") == Visibility.HANDLERS:
        return _("%(way)s；称呼和手机号给联络站、跟进的代表和办理单位看") % {"way": way}
    return _("%(way)s；称呼和手机号只给联络站看") % {"way": way}


def _hand_in(request: HttpRequest, token: str, key: str) -> HttpResponse:
    if request.POST.get("website"):
        return door.see_other(reverse("intake:new-check"))
    try:
        receipt = drafting.submit(token, key, matter_of=matter_of, address=client_address(request))
    except Incomplete as problem:
        return _go(request, reverse(problem.step), status=409)
    except drafting.TooMany as problem:
        return door.too_many(request, problem.minutes)
    if receipt is None:
        # Another tab handed it in already, or the draft is older than its seven days.
        draft = drafting.find(token)
        last = draft.payload.get("last") if draft is not None else None
        return _go(request, reverse("intake:received" if last else "intake:new"), status=409)
    return _go(request, reverse("intake:received"), receipt=receipt)


def _go(
    request: HttpRequest, onward: str, *, receipt: drafting.Receipt | None = None, status: int = 201
) -> HttpResponse:
    if not door.wants_json(request):
        return door.private(door.see_other(onward))
    body: dict[str, Any] = {"next": onward}
    if receipt is not None:
        body |= {
            "number": receipt.number,
            "next": reverse("intake:receipt", args=[receipt.code]),
            "photos": reverse("intake:case-photos", args=[receipt.code]),
            "again": receipt.again,
        }
    return door.private(JsonResponse(body, status=status))


@public_form
@require_POST
def submit(request: HttpRequest) -> HttpResponse:
    """All three steps in one, as a phone sends what was written without a network: the same forms, the same key.

    Photos follow to the address in the answer: the words alone already give a number.
    """
    key = _key(request)
    if key is None:
        return door.private(
            JsonResponse({"errors": {"key": [_("缺少这一件的编号，请刷新页面再交")]}}, status=422)
        )
    receipt = drafting.receipt_of(key)
    if receipt is not None:
        return _go(request, "", receipt=receipt, status=200)
    slow = door.slow_down(request)
    if slow is not None:
        return slow
    steps: list[StepView] = []
    changes: dict[str, Any] = {}
    for kind in (Say, Where, HowToReach):
        step = kind()
        step.setup(request)
        step.said |= changes
        form = step.build(request.POST)
        if not form.is_valid():
            return door.wrong(form)
        changes |= step.changes(form)
        steps.append(step)
    changes |= {name: steps[0].said[name] for name in ORIGIN if name in steps[0].said}
    # Another matter may be half-written under the cookie: that one is left alone.
    own = steps[0].said.get("key", key) == key
    token, _draft = drafting.keep(steps[0].token if own else "", changes, key=key)
    response = _hand_in(request, token, key)
    if own:
        door.remember(response, token)
    return response


def _key(request: HttpRequest) -> str | None:
    """The key of the matter a form carries, as far as it is one."""
    try:
        return str(UUID(request.POST.get("key", "")))
    except ValueError:
        return None
