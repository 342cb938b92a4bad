"""The public pages of stations: find one, see who is there, print its code. They set no cookie and write nothing."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import Area
from core import rulebook
from core.publicdoor import public_form
from representatives.selectors import child_areas, site_area
from representatives.views import page_url, typed_words
from stations import selectors
from stations.models import Station

PAGE = 20
NEAREST = 20
ON_PAGE = 3  # receptions and, in threes, faces a station page shows before 全部
FACES = 12
LONGEST_AGENDA = 60


# --- the finder


@login_not_required
@require_safe
def finder(request: HttpRequest) -> HttpResponse:
    """By village, by name or by number; by town from the list. Who receives now stands first."""
    words, code = typed_words(request, "q"), typed_words(request, "area")
    if words and (station := _by_number(words)) is not None:
        return redirect(station)
    area = get_object_or_404(Area.objects.in_force().select_related("parent"), code=code) if code else None
    context: dict[str, Any] = {"words": words, "area": area, "villages": [], "own": None}
    if words:
        found, context["villages"] = _by_name(words), _villages(words)
    else:
        context |= _around(area)
        found = _within(area)
        if area is not None and area.level == Area.Level.VILLAGE:
            serving = list(selectors.stations_serving(area).select_related("venue", "area", "photo")[:PAGE])
            return _listed(request, context | {"own": serving[0] if serving else None}, serving[1:])
    return _listed(request, *_paged(request, context, found))


def _by_number(words: str) -> Station | None:
    """0312, as it stands under the code on the wall."""
    return Station.objects.public().filter(code=words.upper()).first() if words.isalnum() else None


def _by_name(words: str) -> QuerySet[Station]:
    return selectors.within_site(selectors.open_to_public()).filter(
        Q(name__contains=words) | Q(pinyin__startswith=words.lower()) | Q(venue__address__contains=words)
    )


def _villages(words: str) -> list[Area]:
    """Villages and towns by that name, each leading to its station."""
    site = site_area()
    if site is None:
        return []
    below = Area.objects.in_force().below(site).filter(level__in=[Area.Level.VILLAGE, Area.Level.TOWN])
    return list(below.filter(name__contains=words).select_related("parent").order_by("code")[:8])


def _within(area: Area | None) -> QuerySet[Station]:
    stations = selectors.open_to_public()
    if area is None:
        return selectors.within_site(stations)
    if area.town_code:
        return stations.filter(town_code=area.town_code)
    return stations.filter(county_code__startswith=area.prefix)


def _around(area: Area | None) -> dict[str, Any]:
    """The divisions below the chosen one, with how many stations each has."""
    around = area if area is not None else site_area()
    below = list(child_areas(around))
    level = below[0].level if below else ""
    counted: Counter[str] = Counter()
    if level in (Area.Level.TOWN, Area.Level.COUNTY):
        column = "town_code" if level == Area.Level.TOWN else "county_code"
        counted.update(_within(around).values_list(column, flat=True))
    up = area.parent if area is not None and area.code != settings.SITE_AREA_CODE else None
    return {"below": [(each, counted[each.code]) for each in below], "below_level": level, "up": up}


def _paged(
    request: HttpRequest, context: dict[str, Any], found: QuerySet[Station]
) -> tuple[dict[str, Any], list[Station]]:
    """Those receiving now, then all others, each by number: from the one after the cursor `1-0312` or `0-0312`."""
    listed = selectors.marked_open(found).select_related("venue", "area", "photo")
    receiving, _dash, code = typed_words(request, "after").partition("-")
    if code:
        later = Q(is_receiving=receiving == "1", code__gt=code)
        listed = listed.filter(later | Q(is_receiving=False) if receiving == "1" else later)
    rows: list[Any] = list(listed.order_by("-is_receiving", "code")[: PAGE + 1])
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        context["older_url"] = page_url(request, after=f"{int(last.is_receiving)}-{last.code}")
    return context, rows[:PAGE]


def _listed(request: HttpRequest, context: dict[str, Any], stations: Iterable[Station]) -> HttpResponse:
    own = context["own"]
    marked = selectors.mark_duty([own, *stations] if own is not None else stations)
    return render(
        request,
        "stations/list.html",
        context
        | {
            "stations": marked[1:] if own is not None else marked,
            "site_code": settings.SITE_AREA_CODE,
        },
    )


class PlaceForm(forms.Form):
    """Where the resident stands, told once by the phone and kept nowhere."""

    latitude = forms.FloatField(
        min_value=-90, max_value=90, error_messages={"required": _("没有收到位置，请按村、社区找。")}
    )
    longitude = forms.FloatField(min_value=-180, max_value=180)


@public_form
def near(request: HttpRequest) -> HttpResponse:
    """The nearest stations. The place comes by POST, so that it stands in no address, log or history."""
    if request.method != "POST":
        return redirect("stations:list")
    form = PlaceForm(request.POST)
    context: dict[str, Any] = {"words": "", "area": None, "villages": [], "own": None, "is_near": True}
    if not form.is_valid():
        context |= {"place_error": _("没有收到位置，请按村、社区找。"), **_around(None)}
        response = _listed(request, context, [])
        response.status_code = 422
        return response
    found = selectors.by_distance(**form.cleaned_data, limit=NEAREST)
    for station, distance in found:
        station.metres, station.kilometres = distance, f"{distance / 1000:.1f}"  # type: ignore[attr-defined]
    return _listed(request, context | _around(None), [station for station, _distance in found])


# --- one station


def _station(code: str, **more: Any) -> Station:
    known = Station.objects.public().select_related(
        "area", "venue", "photo", "parent", "unit", "taken_over_by"
    )
    return get_object_or_404(known, code=code.upper(), **more)


@login_not_required
@require_safe
def detail(request: HttpRequest, code: str) -> HttpResponse:
    """The station's public face; a closed one points to the one that took over."""
    station = _station(code)
    people = selectors.representatives_of(station)
    agenda = selectors.agenda(station, limit=ON_PAGE + 1)
    on_duty = agenda[0] if agenda and agenda[0].is_now else None
    context = {
        "station": station,
        "takes_words": station.taken_over_by if station.is_closed else station,
        "on_duty": on_duty,
        "agenda": [day for day in agenda if day is not on_duty][:ON_PAGE],
        "people": people[:FACES],
        "people_count": len(people),
        "boards": selectors.boards_of(station),
        "plates": _plates(station),
        "photos": station.photos.select_related("attachment"),
        "points": selectors.open_to_public().filter(parent=station),
        "address": f"{settings.SITE_URL}{station.short_path}",
    }
    return render(request, "stations/detail.html", context)


def _plates(station: Station) -> QuerySet[Station]:
    """The other plates on the same door."""
    if station.venue_id is None:
        return Station.objects.none()
    return selectors.open_to_public().filter(venue=station.venue_id).exclude(pk=station.pk)


@login_not_required
@require_safe
def receptions(request: HttpRequest, code: str) -> HttpResponse:
    station = _station(code)
    agenda = selectors.agenda(station, limit=LONGEST_AGENDA)
    return render(request, "stations/receptions.html", {"station": station, "agenda": agenda})


@login_not_required
@require_safe
def representatives(request: HttpRequest, code: str) -> HttpResponse:
    station = _station(code)
    people = selectors.representatives_of(station)
    return render(request, "stations/representatives.html", {"station": station, "people": people})


# --- its code


@login_not_required
@require_safe
def short(request: HttpRequest, code: str) -> HttpResponse:
    """The address in the code on the wall: to the station's page, where one sees who is there and says it there."""
    return redirect(_station(code))


@login_not_required
@require_safe
def qr_svg(request: HttpRequest, code: str) -> HttpResponse:
    return _picture(code, "svg", "image/svg+xml", scale=8, xmldecl=False)


@login_not_required
@require_safe
def qr_png(request: HttpRequest, code: str) -> HttpResponse:
    """WeChat recognises pictures of at least 240 pixels on a long press."""
    return _picture(code, "png", "image/png", scale=16)


def _picture(code: str, kind: str, content_type: str, **options: Any) -> HttpResponse:
    station = _station(code)
    drawn = segno.make(f"{settings.SITE_URL}{station.short_path}", error="m", micro=False, boost_error=False)
    file = io.BytesIO()
    drawn.save(file, kind=kind, border=4, **options)
    return HttpResponse(
        file.getvalue(), content_type=content_type, headers={"Cache-Control": "public, max-age=86400"}
    )


def _length(clock: str) -> str:
    """2 个工作日, as the rules in force say it."""
    term = rulebook.term_for(clock, county_code=settings.SITE_AREA_CODE, on=timezone.localdate())
    return f"{term.amount} {term.get_unit_display()}"


def _sheet(request: HttpRequest, code: str, template: str) -> HttpResponse:
    station = _station(code)
    context = {
        "station": station,
        "plans": station.reception_plans.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gte=timezone.localdate()), is_public=True
        ),
        "handed_within": _length("request.triage"),
        "answered_within": _length("request.answer"),
        "address": f"{settings.SITE_URL}{station.short_path}",
    }
    return render(request, template, context)


@login_not_required
@require_safe
def poster(request: HttpRequest, code: str) -> HttpResponse:
    """A4 for the wall."""
    return _sheet(request, code, "print/station_poster.html")


@login_not_required
@require_safe
def stall_card(request: HttpRequest, code: str) -> HttpResponse:
    """A5 for the stall's table."""
    return _sheet(request, code, "print/station_card.html")
