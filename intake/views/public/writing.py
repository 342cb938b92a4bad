"""Saying something without an account: three steps, read it back, the receipt. Every page works without script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views import View
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Category
from core.models import Draft
from core.publicdoor import client_address, new_stamp, public_form
from core.throttle import Limit, hit
from core.views import send_file
from intake.actions import Contact, drafting
from intake.forms.public import ELSEWHERE, MAX_PHOTOS, ContactForm, SayForm, WhereForm, offered_notices
from intake.models import Channel, Notify, Visibility
from intake.selectors import places
from intake.selectors.similar import Similar, similar
from intake.views.public import door

ORIGIN = ("s", "r", "a")
LOOK_ALIKE = Limit("similar.address", 240, 3600)


def categories() -> list[Category]:
    return list(Category.objects.filter(is_active=True, parent=None)[:9])


class StepView(View):
    """One step: shows what the draft has, writes what was said into it, goes on to the next."""

    http_method_names = ["get", "head", "post"]
    n: ClassVar[int]
    name: ClassVar[Any]
    template: ClassVar[str]
    following: ClassVar[str]
    preceding: ClassVar[str] = ""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.token = door.token_of(request)
        self.draft = drafting.find(self.token)
        self.said: dict[str, Any] = dict((self.draft.payload.get("now") if self.draft else None) or {})
        given = request.POST if request.method == "POST" else request.GET
        for key in ORIGIN:
            value = str(given.get(key, ""))[:16]
            if value.isascii() and value.isalnum():
                self.said[key] = value

    # --- what each step says for itself

    def build(self, data: Any = None, files: Any = None) -> Any:
        raise NotImplementedError

    def extra(self, form: Any) -> dict[str, Any]:
        return {}

    def changes(self, form: Any) -> dict[str, Any]:
        return form.words()

    # --- the two ways in

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page(self.build())

    def post(self, request: HttpRequest) -> HttpResponse:
        slow = door.slow_down(request)
        if slow is not None:
            return slow
        form = self.build(request.POST, request.FILES)
        form.is_valid()
        return self.save(form)

    def save(self, form: Any, **more: Any) -> HttpResponse:
        if form.errors and not more:
            return self.refuse(form)
        changes = {key: self.said[key] for key in ORIGIN if key in self.said}
        if not form.errors:
            changes |= self.changes(form)
        self.token, self.draft = drafting.keep(
            self.token, changes, key=self.request.POST.get("key", ""), **more
        )
        self.said = self.draft.payload["now"]
        response = self.refuse(form) if form.errors else self.go_on()
        door.remember(response, self.token)
        return response

    def go_on(self) -> HttpResponse:
        onward = reverse("intake:new-check" if self.request.POST.get("back") else self.following)
        if door.wants_json(self.request):
            return door.private(JsonResponse({"next": onward, "key": self.said["key"]}))
        return door.private(_see_other(onward))

    def refuse(self, form: Any) -> HttpResponse:
        return door.wrong(form) if door.wants_json(self.request) else self.page(form, status=422)

    def page(self, form: Any, status: int = 200) -> HttpResponse:
        given = self.request.POST if self.request.method == "POST" else self.request.GET
        stamp = self.request.POST.get("stamp", "")
        context = {
            "form": form,
            "n": self.n,
            "step_name": self.name,
            "following": reverse(self.following),
            "stamp": stamp or new_stamp(),
            "key": self.said.get("key", ""),
            "back": "check" if given.get("back") else "",
            "back_url": self._way_back(bool(given.get("back"))),
            "origin": {key: self.said[key] for key in ORIGIN if self.said.get(key)},
            **self.extra(form),
        }
        response = door.answer(self.request, self.template, context, status=status)
        if self.draft is None and status == 200:
            # Nobody's words stand in it: the phone may keep it for a day without a network.
            response["Cache-Control"] = "private, no-cache"
        return response

    def _way_back(self, from_check: bool) -> str:
        if from_check:
            return reverse("intake:new-check")
        if self.preceding:
            return reverse(self.preceding)
        return f"/s/{self.said['s']}" if self.said.get("s") else "/"


class Say(StepView):
    n, name, template = 1, _lazy("说什么事"), "intake/public/say.html"
    following = "intake:new-where"

    def build(self, data: Any = None, files: Any = None) -> SayForm:
        self.categories = categories()
        choices = [(each.code, each.name) for each in self.categories]
        return SayForm(data, initial=self.said, categories=choices)

    def extra(self, form: Any) -> dict[str, Any]:
        origin = places.origin_of(self.said)
        return {
            "icons": {each.code: each.icon for each in self.categories},
            "station": origin.station,
            "follower": origin.follower,
        }


class Where(StepView):
    n, name, template = 2, _lazy("在哪里"), "intake/public/where.html"
    preceding, following = "intake:new", "intake:new-contact"

    def build(self, data: Any = None, files: Any = None) -> WhereForm:
        self.station = places.origin_of(self.said).station
        given = self.request.POST if data is not None else self.request.GET
        self.town = str(given.get("town", self.said.get("town", "")))[:12]
        villages = places.villages_of(self.station, self.town)
        choices = places.choices_of(villages)
        if self.station is not None:
            choices.append((ELSEWHERE, _("不在上面这些地方")))
        self.towns = places.towns() if not villages and self.station is None else []
        self.similar = self._similar()
        alike = [(each.public_id, each.title) for each in self.similar]
        return WhereForm(data, files, initial=self.said, villages=choices, similar=alike)

    def _similar(self) -> list[Similar]:
        county = self.station.county_code if self.station is not None else places.site_county()
        return similar(self.said.get("body", ""), county_code=county)

    def post(self, request: HttpRequest) -> HttpResponse:
        if "choose_town" in request.POST:
            return _see_other(f"{reverse('intake:new-where')}?town={request.POST.get('town', '')[:12]}")
        return super().post(request)

    def save(self, form: Any, **more: Any) -> HttpResponse:
        drop = self.request.POST.get("remove", "")
        room = MAX_PHOTOS - len(drafting.photos_of(self.draft))
        photos = form.take_photos(room) if form.files else []
        if drop:
            # Only the photo goes; what else was typed stays on the page, right or not yet.
            form.errors.clear()
            self.said |= {key: str(form.data.get(key, "")) for key in ("village", "place", "joins")}
            self._drop(drop)
            return self.page(self.build())
        return super().save(form, **({"photos": photos} if photos else {}))

    def _drop(self, public_id: str) -> None:
        if self.draft is not None and public_id.isascii() and public_id.isalnum():
            drafting.keep(self.token, {}, drop=public_id)

    def changes(self, form: Any) -> dict[str, Any]:
        said = form.words()
        village = places.village_of(said["village"]) if said["village"] != ELSEWHERE else None
        station = self.station or (places.station_for(village) if village is not None else None)
        # What may be joined was published when it was shown.
        joined = next((each.id for each in self.similar if each.public_id == said["joins"]), None)
        return {
            **said,
            "joins_id": joined,
            "town": self.town,
            "to": station.code if station is not None else "",
        }

    def extra(self, form: Any) -> dict[str, Any]:
        return {
            "station": self.station,
            "similar": self.similar,
            "towns": self.towns,
            "town": self.town,
            "photos": draft_photos(self.draft),
        }


class HowToReach(StepView):
    n, name, template = 3, _lazy("怎么联系您"), "intake/public/contact.html"
    preceding, following = "intake:new-where", "intake:new-check"

    def build(self, data: Any = None, files: Any = None) -> ContactForm:
        return ContactForm(data, initial=self.said)

    def extra(self, form: Any) -> dict[str, Any]:
        return {
            "hints": {
                Visibility.STATION.value: _("办理单位有话，由联络站转告"),
                Visibility.HANDLERS.value: _("方便他们直接问您，办得快些"),
            },
            "only_here": len(offered_notices()) < 3,
        }


def draft_photos(draft: Draft | None) -> list[dict[str, Any]]:
    return [
        {
            "url": reverse("intake:draft-photo", args=[each.public_id]),
            "alt": _("第 %(n)d 张照片") % {"n": place},
            "cap": _("已存好"),
            "remove": each.public_id,
        }
        for place, each in enumerate(drafting.photos_of(draft), start=1)
    ]


@public_form
@require_safe
def draft_photo(request: HttpRequest, public_id: str) -> HttpResponse:
    """A photo of one's own draft."""
    for each in drafting.photos_of(drafting.find(door.token_of(request))):
        if each.public_id == public_id:
            return door.private(send_file(request, each))  # type: ignore[arg-type]
    raise Http404


@public_form
@require_POST
def look_alike(request: HttpRequest) -> HttpResponse:
    """While writing: what was answered in public to something similar. Writes nothing, keeps nothing."""
    if not hit(LOOK_ALIKE, client_address(request)).allowed:
        return HttpResponse(status=204)
    station = places.open_station(request.POST.get("s", "")[:8])
    county = station.county_code if station is not None else places.site_county()
    text = request.POST.get("body", "").replace("\0", "")[:500]
    found = similar(text, county_code=county)
    if not found:
        return HttpResponse(status=204)
    return door.answer(request, "intake/public/_similar.html", {"similar": found, "only_look": True})


# --- read it back, hand it in


class Incomplete(Exception):
    """A step of the draft that is not filled in, or is no longer right."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


def matter_of(said: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `receive` from the words of a draft. Raises Incomplete naming the step to go back to."""
    category = Category.objects.filter(code=said.get("category") or "", is_active=True).first()
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
        return _see_other(reverse("intake:new-check"))
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
        return door.private(_see_other(onward))
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


def _see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
