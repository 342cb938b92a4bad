"""Saying something without an account: three steps, read it back, the receipt. Every page works without script."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
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
from intake.actions import drafting
from intake.forms.public import ELSEWHERE, MAX_PHOTOS, ContactForm, SayForm, WhereForm, offered_notices
from intake.models import Visibility
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
        return door.private(door.see_other(onward))

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
            return door.see_other(f"{reverse('intake:new-where')}?town={request.POST.get('town', '')[:12]}")
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
