"""The stretches of time figures are given for. All days are local; `until` is the first instant not counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

CHOICES = {"year": _("今年以来"), "month": _("本月"), "12m": _("近 12 个月")}


@dataclass(frozen=True)
class Period:
    key: str
    label: Any
    first: date
    last: date

    @property
    def since(self) -> datetime:
        return midnight(self.first)

    @property
    def until(self) -> datetime:
        return midnight(date.fromordinal(self.last.toordinal() + 1))

    @property
    def year_before(self) -> Period:
        """The same days of the year before."""
        return Period(self.key, _("去年同期"), _earlier(self.first), _earlier(self.last))


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _earlier(day: date) -> date:
    """29 February has no day of its own a year before: the 28th stands for it."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def months_back(day: date, months: int) -> date:
    """The first day of the month so many months before the one `day` lies in."""
    whole = day.year * 12 + day.month - 1 - months
    return date(whole // 12, whole % 12 + 1, 1)


def period_of(key: str, *, today: date | None = None) -> Period:
    """The period of that name up to today; an unknown name is this year."""
    today = today or timezone.localdate()
    key = key if key in CHOICES else "year"
    first = {"year": today.replace(month=1, day=1), "month": today.replace(day=1)}.get(
        key, months_back(today, 11)
    )
    return Period(key, CHOICES[key], first, today)


def month_of(text: str) -> Period | None:
    """2026-05 as a period; nothing for anything else."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    last = date.fromordinal(months_back(first, -1).toordinal() - 1)
    return Period(text, _("%(year)s年%(month)s月") % {"year": first.year, "month": first.month}, first, last)
