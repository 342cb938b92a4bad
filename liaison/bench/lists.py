"""G5: every list, filter, sort and last reachable page of the desk, in a large table against a small one."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from liaison.bench import load
from liaison.bench.load import Call
from liaison.bench.measure import MARGIN
from liaison.bench.run import Run
from liaison.bench.server import PRODUCT, Server, serving
from liaison.engines.host import EngineError
from liaison.quality import Row

LIMIT = 1.5
CLERK, OFFICE = "0301.clerk", "0301.county"
NEWEST = (("view", "all"), ("sort", "new"))


def facts() -> dict[str, Any]:
    """What the filters offer: one value that leaves much and one that leaves little, where there are several."""
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Area, Category, Unit
    from intake.models import Channel, ConstituentRequest
    from intake.models.states import STATES
    from intake.selectors.desk import SORTS, VIEWS
    from intake.selectors.standing import STANDINGS
    from liaison.bench.signin import sessions
    from stations.models import Station

    county = ConstituentRequest.objects.order_by("pk").values_list("county_code", flat=True)[0]

    def ends(rows: Any, name: str) -> list[Any]:
        """The first and the last: one hears much, the other little."""
        found = list(rows.values_list(name, flat=True))
        return [found[0], found[-1]]

    here = Station.objects.filter(county_code=county).order_by("pk")
    towns = Area.objects.filter(level="township", code__startswith=county[:6]).order_by("pk")
    units = Unit.objects.filter(area__code=county, is_handling=True).order_by("pk")
    categories = Category.objects.filter(is_active=True, parent=None).order_by("order")
    today = timezone.localdate()
    days = [today - timedelta(days=back) for back in (900, 870, 30)]
    return {
        "sessions": sessions(CLERK, OFFICE),
        "views": list(VIEWS), "by_due": [view.name for view in VIEWS.values() if view.by_due],
        "sorts": [name for name, _label in SORTS],
        "filters": [
            *({"station": pk} for pk in ends(here, "pk")),
            *({"town": code} for code in ends(towns, "code")),
            *({"unit": pk} for pk in ends(units, "pk")),
            *({"category": pk} for pk in ends(categories, "pk")),
            *({"state": state.name} for state in STATES), *({"channel": value} for value in Channel.values),
            *({"standing": name} for name in STANDINGS), {"is_urgent": "on"},
            {"since": days[2].isoformat()}, {"until": days[0].isoformat()},
            {"since": days[0].isoformat(), "until": days[1].isoformat()},
            {"q": "路灯"}, {"q": "没有这样的话"}, {"q": "灯"}, {"q": "老人反映小区门口"},
        ],
    }  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A list as one person asks for it. `name` says which of its pages."""

    who: str
    query: tuple[tuple[str, Any], ...]
    name: str = "first"

    def __str__(self) -> str:
        return f"{self.who.partition('.')[2]} {urlencode(self.query)} ({self.name})"


def pages_of(told: dict[str, Any]) -> list[Page]:
    found = [
        Page(who, (("view", view), ("sort", sort)))
        for who in (CLERK, OFFICE)
        for view in told["views"]
        for sort in told["sorts"]
        if sort != "due" or view in told["by_due"]
    ]
    found += [
        Page(who, (("view", "all"), ("sort", sort), *each.items()))
        for who in (CLERK, OFFICE)
        for each in told["filters"]
        for sort in (("new", "old") if who == OFFICE else ("new",))
    ]
    # The last page that can be reached: from the other end it is one step back over the whole list.
    return found + [Page(page.who, page.query, "last") for page in found if page.query[:2] == NEWEST]


def measure(run: Run) -> list[Row]:
    bench = run.bench
    small, large = run.template(run.small), run.template()
    told = {name: bench.call("liaison.bench.lists:facts", bench.env(name)) for name in {small, large}}
    tries = run.some(3, 3)
    with serving(bench, PRODUCT, small) as less, serving(bench, PRODUCT, large) as more:
        few, many = pages_of(told[small]), pages_of(told[large])
        if run.is_short:
            few, many = few[::6], many[::6]
        found = []
        for one, other in zip(few, many, strict=True):
            calls = (_call(one, told[small]), _call(other, told[large]))
            spent = _by_turns((less, more), calls, tries)
            found.append((other, *spent))
    return _rows(run, found)


def _call(page: Page, told: dict[str, Any]) -> Call:
    query = list(page.query)
    if page.name == "last":
        # Newest first, the end of the list lies just after the lowest number: where somebody who went on and on arrives.
        falling = ("sort", "new") in query
        by_day = any(name in ("since", "until") for name, _value in query)
        instant = "2000-01-01T00:00:00+00:00" if falling else "2100-01-01T00:00:00+00:00"
        pk = 0 if falling else 2**62
        query.append(("back", f"{instant}_{pk}" if by_day else str(pk)))
    return Call("GET", f"/desk/requests/?{urlencode(query)}", headers={"Cookie": told["sessions"][page.who]})


def _always(call: Call, _number: int) -> Call:
    return call


def _by_turns(servers: tuple[Server, Server], calls: tuple[Call, Call], tries: int) -> tuple[float, float]:
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(tries + 1):
        for place in (0, 1):
            call = calls[place]
            done = load.send(servers[place].port, partial(_always, call), count=1, connections=1)
            if set(done.statuses) != {200}:
                raise EngineError(f"{call.path} was answered {dict(done.statuses)}.")
            if turn:  # the first is for warming up
                spent[place].append(done.latencies[0])
    return statistics.median(spent[0]), statistics.median(spent[1])


def _rows(run: Run, found: list[tuple[Page, float, float]]) -> list[Row]:
    by_ratio = sorted(found, key=lambda each: each[2] / each[1], reverse=True)
    over = [each for each in by_ratio if each[2] / each[1] > LIMIT * MARGIN]
    _page, small, large = by_ratio[0]
    middle = statistics.median(each[2] / each[1] for each in found)
    worst = "; ".join(f"{each[0]} {each[1]:.0f} → {each[2]:.0f} ms" for each in by_ratio[:5])
    sizes = f"{run.size(run.small)} → {run.size()}"
    return [
        Row("G5", f"lists of the desk, wall, {sizes} rows: the worst of {len(found)}", f"≤ {LIMIT} ×",
            f"{large / small:.2f} × ({small:.0f} → {large:.0f} ms)", not over,
            f"{len(over)} over the limit; the five that grow most: {worst}"),
        Row("G5.middle", f"the same, the middle one of {len(found)}", f"≤ {LIMIT} ×", f"{middle:.2f} ×",
            middle <= LIMIT),
    ]  # fmt: skip
