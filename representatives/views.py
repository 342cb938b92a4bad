"""The public pages of representatives: no phone, no score; words go in through the station."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Area, Category
from core.privacy import fold
from representatives import places, selectors
from representatives.models import CongressLevel, Person

PAGE = 24


@login_not_required
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Find one's representatives by village, name, level or what they like to hear about."""
    given = {name: typed_words(request, name) for name in ("q", "level", "topic", "area")}
    area = _area(given["area"])
    found: QuerySet[Person] = selectors.in_public()
    if given["q"]:
        found = found.filter(Q(name__contains=given["q"]) | Q(pinyin__startswith=given["q"].lower()))
    if given["level"] in CongressLevel.values:
        found = selectors.of_level(found, given["level"])
    if given["topic"]:
        found = found.filter(topics__code=given["topic"])
    if area is not None:
        found = selectors.speaking_for(found, area)
    listed, more = _page(found, typed_words(request, "after"))
    seats = places.seats([person.pk for person in listed])
    for person in listed:
        person.sits_at = seats.get(person.pk, [])
    around = area if area is not None else selectors.site_area()
    context: dict[str, Any] = {
        "people": listed,
        "given": given,
        "area": area,
        "up": area.parent if area is not None and area.code != settings.SITE_AREA_CODE else None,
        "areas": selectors.child_areas(around),
        "levels": CongressLevel.choices,
        "topics": Category.objects.filter(parent__isnull=True, is_active=True),
        "vacancies": selectors.vacancies(area) if area is not None and not given["q"] else [],
        "is_filtered": any(given.values()),
        "older_url": page_url(request, after=listed[-1].public_id) if more else "",
    }
    return render(request, "representatives/list.html", context)


def typed_words(request: HttpRequest, name: str) -> str:
    """What a GET form carries: width folded, nothing a database chokes on, no more than a name is long."""
    return fold(request.GET.get(name, "")).replace("\0", "").strip()[:40]


def page_url(request: HttpRequest, **changed: str) -> str:
    """The same list with other parameters; empty ones fall away."""
    query = {**{name: typed_words(request, name) for name in request.GET}, **changed}
    return "?" + urlencode({name: value for name, value in query.items() if value})


def _area(code: str) -> Area | None:
    return get_object_or_404(Area.objects.in_force().select_related("parent"), code=code) if code else None


def _page(found: QuerySet[Person], after: str) -> tuple[list[Any], bool]:
    """By the pinyin of the name, from the one after `after`: the last page costs what the first does."""
    if after:
        last = Person.objects.filter(public_id=after[:12])
        # A mark nobody knows is the beginning of the list.
        pinyin = Coalesce(Subquery(last.values("pinyin")), Value(""))
        found = found.filter(
            Q(pinyin__gt=pinyin) | Q(pinyin=pinyin, pk__gt=Coalesce(Subquery(last.values("pk")), 0))
        )
    rows = list(selectors.with_mandates(found).order_by("pinyin", "pk")[: PAGE + 1])
    return rows[:PAGE], len(rows) > PAGE


@login_not_required
@require_safe
def person(request: HttpRequest, public_id: str) -> HttpResponse:
    """Who a representative is, where to meet and how to leave word."""
    whole: Any = selectors.with_mandates(selectors.in_public())
    found = get_object_or_404(
        whole.prefetch_related("live_mandates__constituency__areas"), public_id=public_id
    )
    found.sits_at = places.seats([found.pk]).get(found.pk, [])
    return render(
        request,
        "representatives/detail.html",
        {"person": found, "address": f"{settings.SITE_URL}/r/{found.public_id}"},
    )


@login_not_required
@require_safe
def short(request: HttpRequest, public_id: str) -> HttpResponse:
    """The address in a representative's QR code; sets nothing."""
    return HttpResponseRedirect(
        get_object_or_404(selectors.in_public(), public_id=public_id).get_absolute_url()
    )
