"""Where the bars and dots of a chart stand, for plain SVG in a template: no script, prints anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.selectors.figures import Month, Rate

WIDTH, TOP, BOTTOM, LEFT, RIGHT = 760, 24, 212, 40, 10
BAR = 17


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    height: float


@dataclass(frozen=True)
class Column:
    month: Month
    center: float
    received: Bar
    finished: Bar
    satisfaction: Rate


@dataclass(frozen=True)
class Chart:
    """Paired bars of received and finished; `ticks` are (y, number) of the axis."""

    columns: list[Column]
    ticks: list[tuple[float, int]]


def months(listed: Sequence[Month]) -> Chart:
    highest = max((max(each.received, each.finished) for each in listed), default=0)
    step = tick_step(highest)
    top = max(step, -(-highest // step) * step)
    room = (WIDTH - LEFT - RIGHT) / max(len(listed), 1)

    def bar(x: float, number: int) -> Bar:
        height = round((BOTTOM - TOP) * number / top, 1)
        return Bar(round(x, 1), round(BOTTOM - height, 1), height)

    columns = []
    for place, month in enumerate(listed):
        center = LEFT + room * (place + 0.5)
        columns.append(
            Column(
                month,
                round(center, 1),
                bar(center - BAR - 1, month.received),
                bar(center + 1, month.finished),
                Rate(month.satisfied, month.graded),
            )
        )
    ticks = [(round(BOTTOM - (BOTTOM - TOP) * number / top, 1), number) for number in range(0, top + 1, step)]
    return Chart(columns, ticks)


def tick_step(highest: int) -> int:
    """A round step that gives two to five marks: 1, 2, 5, 10, 20, 50 …"""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor * 4:
                return step * factor
        step *= 10
