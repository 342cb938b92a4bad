"""Pages for everybody: they set no cookie, write nothing and are drawn once in half a minute."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_POST, require_safe

from core import rulebook
from core.cells import write_csv
from core.models.rules import TimeUnit
from core.publicdoor import public_form
from intake.actions.receiving import CONSENT_VERSION
from reports.pages import cached_page
from reports.selectors import figures, home
from reports.selectors.periods import CHOICES, Period, period_of

STATION_COOKIE = f"{settings.COOKIE_OF_HOST}station"
CODE = re.compile(r"[0-9A-Z]{3,8}")
HALF_A_YEAR = 182 * 24 * 3600
RESULTS_PAGE = 20


@login_not_required
@require_safe
def resident_home(request: HttpRequest) -> HttpResponse:
    """有事找代表: the four things people come for."""
    asked = request.GET.get("s", "")
    remembered = request.COOKIES.get(STATION_COOKIE, "")
    code = next((each for each in (asked, remembered) if CODE.fullmatch(each)), "")
    is_plain = request.META.get("QUERY_STRING", "") in ("", f"s={code}")
    return cached_page(
        request,
        "reports/home.html",
        lambda: _home(code),
        key=f"{code}:{asked == code and bool(code)}",
        keep=is_plain and (not code or not asked or asked == code),
    )


def _home(code: str) -> dict[str, Any]:
    chosen = home.chosen_station(code)
    tally = figures.public_year()
    return {
        "nav": "home",
        "chosen": chosen,
        "towns": [] if chosen else home.towns(),
        "results": home.results(limit=3),
        "tally": tally,
        "promise": promise(),
    }


def promise() -> list[dict[str, str]]:
    """The line of four stations with what the rules in force promise under each."""
    return [
        {"name": _("登记"), "note": _("当场给编号")},
        {"name": _("处理"), "note": _("%(n)s内交办") % {"n": _length("request.triage")}},
        {"name": _("结果"), "note": _("一般 %(n)s") % {"n": _length("request.answer")}},
        {"name": _("反馈"), "note": _("您来评价，不满意重办")},
    ]


def _length(clock: str) -> str:
    """2 个工作日, as the rules of the portal's own county have it today."""
    term = rulebook.term_for(clock, county_code=settings.SITE_AREA_CODE, on=timezone.localdate())
    unit = TimeUnit(term.unit)
    return f"{term.amount} {unit.label}"


@public_form
@require_POST
def choose_station(request: HttpRequest) -> HttpResponse:
    """Remember the station, only when asked by POST; an empty choice forgets it."""
    code = request.POST.get("station", "")
    response = HttpResponseRedirect("/")
    response.status_code = 303
    if CODE.fullmatch(code) and home.chosen_station(code) is not None:
        response.set_cookie(
            STATION_COOKIE, code, max_age=HALF_A_YEAR, samesite="Lax", httponly=True, secure=settings.SECURE_COOKIES
        )  # fmt: skip
    else:
        response.delete_cookie(STATION_COOKIE, samesite="Lax")
    return response


@login_not_required
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """办成的事: everything published that residents called solved."""
    mark = request.GET.get("before", "")
    before = int(mark) if mark.isascii() and mark.isdigit() and len(mark) < 19 else 0
    listed = home.results(before=before, limit=RESULTS_PAGE + 1)
    shown = listed[:RESULTS_PAGE]
    return render(
        request,
        "reports/results.html",
        {
            "results": shown,
            "newer_url": request.path if before else "",
            "older_url": f"?before={shown[-1].pk}" if len(listed) > RESULTS_PAGE else "",
        },
    )


# --- plain explanations


def _explaining(template: str) -> Any:
    @login_not_required
    @require_safe
    def page(request: HttpRequest) -> HttpResponse:
        return cached_page(request, template, _words, key="", keep=not request.META.get("QUERY_STRING"))

    return page


def _words() -> dict[str, Any]:
    return {
        "consent_version": CONSENT_VERSION,
        "kept_years": settings.RETENTION_DAYS // 365,
        "smallest": figures.SMALLEST_BASE,
        "promise": promise(),
    }


help_page = _explaining("reports/help.html")
privacy = _explaining("reports/privacy.html")
accessibility = _explaining("reports/accessibility.html")
how_we_count = _explaining("reports/how_we_count.html")


# --- figures for everybody


@login_not_required
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """公开数字: the same definitions as the leaders' overview; fewer than five are not shown."""
    wanted = request.GET.get("period", "year")
    period = period_of(wanted)
    return cached_page(
        request,
        "reports/statistics.html",
        lambda: _statistics(period),
        key=period.key,
        keep=request.META.get("QUERY_STRING", "") in ("", f"period={period.key}"),
    )


def _statistics(period: Period) -> dict[str, Any]:
    scope = figures.public_scope()
    found = figures.breakdown(scope, period)
    listed = figures.places(scope, found)
    shown = figures.without_small(listed)
    return {
        "period": period,
        "periods": CHOICES,
        "tally": found.now,
        "rows": [place for place in shown if place is not None],
        "hidden": [place for place, kept in zip(listed, shown, strict=True) if kept is None],
        "smallest": figures.SMALLEST_BASE,
    }


STATISTICS_HEADINGS = (
    _lazy("乡镇、街道"), _lazy("收到"), _lazy("应办"), _lazy("办结"), _lazy("到期应答复"), _lazy("按时答复"),
    _lazy("告诉过结果"), _lazy("参评"), _lazy("评满意度的"), _lazy("满意和基本满意"), _lazy("答是否解决的"), _lazy("解决了"),
)  # fmt: skip


@login_not_required
@require_safe
def statistics_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The table of the page as CSV: counts only, so that whoever reads it may compute every rate."""
    period = period_of(request.GET.get("period", "year"))
    rows = [[place.name, *public_counts(place.tally)] for place in _statistics(period)["rows"]]
    response = StreamingHttpResponse(
        write_csv(STATISTICS_HEADINGS, rows), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="statistics-{period.key}.csv"'
    return response


def public_counts(tally: figures.Tally) -> list[int | str]:
    """The counts of one place; a pair whose base is below five is left out, so that nobody is seen through it."""
    pairs = (
        (tally.to_handle, tally.finished),
        (tally.due, tally.on_time),
        (tally.told, tally.rated),
        (tally.graded, tally.satisfied),
        (tally.judged, tally.solved),
    )
    small = figures.SMALLEST_BASE
    counts: list[int | str] = [tally.received]
    for base, part in pairs:
        counts += [base, part] if base >= small else [_("少于 5"), ""]
    return counts
