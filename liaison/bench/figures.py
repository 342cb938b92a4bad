"""G12: the overview's figures against naive aggregates of the same data, and equal to them after random transitions."""

from __future__ import annotations

import random
import statistics
from collections import Counter
from typing import Any

from liaison.bench.measure import by_turns, cost_here
from liaison.bench.run import Run
from liaison.engines import postgres
from liaison.quality import Row

LEADER = "0301.leader"
OPEN_AT_ONCE = 200


def count_up(pairs: int) -> dict[str, Any]:
    """What the overview takes to count, by turns with the aggregates one would write first; and whether they agree."""
    from accounts.models import User
    from reports.selectors.periods import period_of
    from reports.views import overview

    leader, period = User.objects.get(username=LEADER), period_of("year")
    naive_figures()
    found = by_turns(
        lambda: cost_here(lambda: overview._count(leader, period), 1),
        lambda: cost_here(naive_figures, 1),
        pairs=pairs,
    )
    return {
        "ratio": found.ratio(), "told": found.told(), "costs": found.costs(),
        "ms": statistics.median(cost.wall for cost in found.product), "equal": agree(),
    }  # fmt: skip


def naive_figures() -> list[tuple[Any, ...]]:
    """Three plain aggregates over everything a leader may see: by state, by month, by place and kind of matter."""
    from django.db import connection

    statements = (
        "SELECT state, count(*), count(*) FILTER (WHERE satisfied <> '') FROM intake_constituentrequest "
        "WHERE NOT is_confidential GROUP BY 1",
        "SELECT date_trunc('month', created_at AT TIME ZONE 'Asia/Shanghai'), state, count(*), "
        "count(*) FILTER (WHERE satisfied IN ('satisfied', 'basically')) FROM intake_constituentrequest "
        "WHERE NOT is_confidential GROUP BY 1, 2",
        "SELECT r.town_code, r.category_id, count(*), count(*) FILTER (WHERE c.stopped_at < c.due_at) "
        "FROM intake_constituentrequest r LEFT JOIN core_clock c ON c.case_label = 'request' AND c.case_id = r.id "
        "AND c.name = 'request.answer' WHERE NOT r.is_confidential GROUP BY 1, 2",
    )
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
            found += cursor.fetchall()
    return found


def agree() -> bool:
    """Whether the page's totals are those counted row by row in Python, from columns read plainly."""
    from django.utils import timezone

    from accounts.models import User
    from intake.models import ConstituentRequest
    from reports.selectors import figures
    from reports.selectors.periods import period_of

    leader, period = User.objects.get(username=LEADER), period_of("year")
    shown = figures.breakdown(figures.scope_of(leader), period, now=timezone.now()).now
    rows = ConstituentRequest.objects.filter(
        is_confidential=False, created_at__gte=period.since, created_at__lt=period.until
    ).values_list("closed_at", "told_at", "rated_at", "satisfied", "solved")
    counted: Counter[str] = Counter()
    for closed, told, rated, satisfied, solved in rows.iterator():
        counted.update({
            "received": 1, "set_aside": closed is not None and told is None,
            "finished": closed is not None and told is not None, "told": told is not None,
            "rated": told is not None and rated is not None, "graded": satisfied != "",
            "satisfied": satisfied in ("satisfied", "basically"), "dissatisfied": satisfied == "dissatisfied",
            "judged": solved != "", "solved": solved == "yes", "partly": solved == "partly",
        })  # fmt: skip
    return all(getattr(shown, name) == number for name, number in counted.items())


def shake(times: int) -> dict[str, Any]:
    """So many random steps by the product's own actions; then whether the page still says what is counted."""
    from accounts.models import Category, Unit, User
    from intake import actions
    from intake.models import ConstituentRequest
    from stations.models import Station

    draw = random.Random(2746)
    clerk, office = User.objects.get(username="0301.clerk"), User.objects.get(username="0301.county")
    unit = Unit.objects.filter(code__startswith="0301", is_handling=True).order_by("pk")[0]
    prefix = unit.code.partition("-")[2]
    officer = User.objects.get(username=f"0301.{prefix}.officer")
    head = User.objects.get(username=f"0301.{prefix}.head")
    station = Station.objects.in_use().filter(county_code=unit.area.code).order_by("pk")[0]
    kinds = list(Category.objects.filter(is_active=True))
    pool: list[int] = []
    steps = {
        "received": lambda case: actions.register(case, by=clerk),
        "registered": lambda case: actions.assign(case, unit=unit, by=office),
        "assigned": lambda case: actions.submit_reply(
            case,
            by=officer,
            outcome="solved",
            headline="办好了",
            body="到现场看过，6月8日已经办好，以后有事打电话。",
        ),
        "signing": lambda case: actions.sign(case, by=head),
        "replied": lambda case: actions.feed_back(case, by=clerk),
        "told": lambda case: actions.rate(case, **draw.choice(VERDICTS)),
    }
    done: Counter[str] = Counter()
    while sum(done.values()) < times:
        if len(pool) < OPEN_AT_ONCE:
            contact = actions.Contact(name="王阿姨", phone="13800002746", notify="sms")
            made = actions.receive(
                station=station, channel="web", contact=contact, body="路灯不亮了，晚上看不见路。",
                category=draw.choice(kinds),
            )  # fmt: skip
            pool.append(made.pk)
            done["new"] += 1
            continue
        case = ConstituentRequest.objects.get(pk=draw.choice(pool))
        state, step = case.state, steps.get(case.state)
        if step is None:
            pool.remove(case.pk)
            continue
        step(case)
        done[state] += 1
    return {"done": sum(done.values()), "equal": agree()}


VERDICTS: tuple[dict[str, Any], ...] = (
    {"solved": "yes", "satisfied": "satisfied"}, {"solved": "yes", "satisfied": "basically"},
    {"solved": "no", "satisfied": "dissatisfied"}, {"solved": "partly", "satisfied": "basically"},
)  # fmt: skip


def measure(run: Run) -> list[Row]:
    bench = run.bench
    large = bench.call("liaison.bench.figures:count_up", bench.env(run.template()), run.pairs)
    small = bench.call("liaison.bench.figures:count_up", bench.env(run.template(run.small)), 3)
    growth = large["ms"] / small["ms"]
    rows = [
        Row("G12", f"overview ÷ naive aggregates, CPU, {run.size()} rows", "≤ 0.1 ×", large["told"],
            large["ratio"] <= 0.1 * 1.15, f"{large['costs']}; counted from the rows, nothing is kept but for 30 s"),
        Row("G12.growth", f"overview, {run.size(run.small)} → {run.size()} rows, wall", "≤ 2 ×", f"{growth:.1f} ×",
            growth <= 2.3),
        Row("G12.equal", "its totals are those counted row by row", "equal", "equal" if large["equal"] else "differ",
            large["equal"]),
    ]  # fmt: skip
    with run.copy("figures", run.small) as database:
        env = bench.env(database, role=postgres.APP)
        shaken = bench.call("liaison.bench.figures:shake", env, run.some(10_000, 60), seconds=1200)
    rows.append(
        Row("G12.shaken", f"the same after {shaken['done']} random transitions", "equal",
            "equal" if shaken["equal"] else "differ", shaken["equal"])
    )  # fmt: skip
    return rows


__all__ = ["agree", "count_up", "measure", "naive_figures", "shake"]
