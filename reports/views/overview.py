"""总览: what a leader sees first, every figure with its base and the list behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.cache import caches
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import access
from accounts.permissions import Permission
from reports import charts, exports
from reports.selectors import figures
from reports.selectors.attention import Attention, attention
from reports.selectors.periods import CHOICES, Period, period_of

KEPT_SECONDS = 30


@dataclass(frozen=True)
class Overview:
    """Everything the page says, as of one moment."""

    scope_name: str
    by_town: bool
    found: figures.Breakdown
    months: list[figures.Month]
    places: list[figures.Place]
    heat: figures.Heat
    attention: Attention
    as_of: Any


def overview_of(user: Any, period: Period) -> Overview:
    """Counted at most once in half a minute for one person and period: a page of figures is often opened again."""
    cache = caches["pages"]
    key = f"overview:{user.pk}:{hash(tuple(access.grants_of(user)))}:{period.key}:{period.last}"
    kept = cache.get(key)
    if kept is None:
        kept = _count(user, period)
        cache.set(key, kept, KEPT_SECONDS)
    return kept


def _count(user: Any, period: Period) -> Overview:
    scope = figures.scope_of(user)
    found = figures.breakdown(scope, period)
    places = figures.places(scope, found)
    return Overview(
        scope_name=scope.name,
        by_town=scope.place_column == "town_code",
        found=found,
        months=figures.months(scope),
        places=places,
        heat=figures.heat(found, places),
        attention=attention(scope, user),
        as_of=timezone.now(),
    )


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    access.require(request.user, Permission.OVERVIEW_VIEW)
    period = period_of(request.GET.get("period", ""))
    seen = overview_of(request.user, period)
    links = Links(period, by_town=seen.by_town)
    return render(
        request,
        "reports/overview.html",
        {
            "seen": seen,
            "tally": seen.found.now,
            "before": seen.found.before,
            "period": period,
            "periods": CHOICES,
            "links": links,
            "chart": charts.months(seen.months),
            "rows": [(place, links.of_place(place), _to_ask(place.tally)) for place in seen.places],
            "heat_rows": [
                (
                    place,
                    [
                        (cell, links.of_cell(place, column))
                        for cell, column in zip(cells, seen.heat.columns, strict=True)
                    ],
                )
                for place, cells in seen.heat.rows
            ],
        },
    )


def _to_ask(tally: figures.Tally) -> str:
    """What stands out in a row: many late, or too few who rated for the satisfaction to say much."""
    if tally.overdue and tally.overdue * 10 >= max(tally.to_handle, 1):
        return "late"
    participation = tally.participation.percent
    return "few" if participation is not None and participation < 50 else ""


class Links:
    """Addresses of the lists behind the figures: `town` or `station`, `category`, `standing`, `since`, `until`, `view`."""

    def __init__(self, period: Period, *, by_town: bool) -> None:
        self.by_town = by_town
        self.days = {"since": period.first.isoformat(), "until": period.last.isoformat()}

    def to(self, **more: Any) -> str:
        return f"{reverse('intake:desk')}?{urlencode({'view': 'all'} | self.days | more)}"

    def of_place(self, place: figures.Place) -> dict[str, str]:
        where = self._where(place)
        return {
            "received": self.to(**where),
            **{name: self.to(**where, standing=name) for name in ("finished", "late_answer", "unrated")},
        }

    def of_cell(self, place: figures.Place, category: Any) -> str:
        return self.to(**self._where(place), category=category.pk)

    def _where(self, place: figures.Place) -> dict[str, Any]:
        return {"town": place.code} if self.by_town else {"station": place.key}

    @property
    def received(self) -> str:
        return self.to()

    @property
    def finished(self) -> str:
        return self.to(standing="finished")

    @property
    def open(self) -> str:
        return self.to(standing="open")

    @property
    def late_answer(self) -> str:
        return self.to(standing="late_answer")

    @property
    def unrated(self) -> str:
        return self.to(standing="unrated")

    @property
    def dissatisfied(self) -> str:
        return self.to(standing="dissatisfied")

    @property
    def unsolved(self) -> str:
        return self.to(standing="unsolved")

    @property
    def late(self) -> str:
        return f"{reverse('intake:desk')}?view=late"


@require_safe
def overview_table(request: HttpRequest, form: str) -> HttpResponseBase:
    """各地办理 as a table to take away: counts of places, nobody's words."""
    access.require(request.user, Permission.OVERVIEW_VIEW)
    if form not in ("csv", "xlsx"):
        raise Http404
    period = period_of(request.GET.get("period", ""))
    seen = overview_of(request.user, period)
    name = f"overview-{period.key}-{timezone.localdate():%Y%m%d}.{form}"
    if form == "csv":
        response = StreamingHttpResponse(
            exports.places_csv(seen.places), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    return FileResponse(
        exports.places_xlsx(seen.places, title=str(period.label)),
        as_attachment=True,
        filename=name,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
