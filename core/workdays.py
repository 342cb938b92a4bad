"""Working-day arithmetic: overrides first, then published holidays, then Monday to Friday with a warning."""

from __future__ import annotations

import calendar as month_lengths
import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

import chinese_calendar

_ONE = timedelta(days=1)
_NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
}
_DAY_OFF = "放假"
FIRST_PUBLISHED = min(chinese_calendar.holidays).year
LAST_PUBLISHED = max(chinese_calendar.holidays).year


@dataclass(frozen=True)
class Calendar:
    """Which days are worked. `overrides` come from the yearly notice as an office entered it, and win.

    Reading only: a calendar with other overrides is another calendar.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    # Working days by year, listed once: a sweep of 100,000 deadlines then costs a look-up each.
    _years: dict[int, list[date]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_workday(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        if FIRST_PUBLISHED <= day.year <= LAST_PUBLISHED:
            return day in chinese_calendar.workdays or (
                day.weekday() < 5 and day not in chinese_calendar.holidays
            )
        return day.weekday() < 5

    def is_published(self, year: int) -> bool:
        """Whether the year's holidays are known: by the library, or because an office entered its notice.

        Every notice frees 1 January and 1 October; a local holiday entered alone does not make a year known.
        """
        return FIRST_PUBLISHED <= year <= LAST_PUBLISHED or (
            self.overrides.get(date(year, 1, 1)) is False and self.overrides.get(date(year, 10, 1)) is False
        )

    def fingerprint(self) -> str:
        """Sixteen characters that change with the overrides and with the years the library knows."""
        told = repr((LAST_PUBLISHED, sorted(self.overrides.items())))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def next_workday(self, day: date) -> date:
        """The day itself when it is worked, else the first one after it."""
        while not self.is_workday(day):
            day += _ONE
        return day

    def add_working_days(self, start: date, amount: int) -> date:
        """The `amount`-th working day after `start` (before it, when negative); day 0 is not counted."""
        if amount == 0:
            return start
        year, days, left = start.year, self._workdays(start.year), abs(amount)
        if amount > 0:
            position = bisect_right(days, start)
            while left > len(days) - position:
                left -= len(days) - position
                year, position = year + 1, 0
                days = self._workdays(year)
            return days[position + left - 1]
        position = bisect_left(days, start)
        while left > position:
            left -= position
            year -= 1
            days = self._workdays(year)
            position = len(days)
        return days[position - left]

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before."""
        if end < start:
            return -self.working_days_between(end, start)
        whole_years = sum(len(self._workdays(year)) for year in range(start.year, end.year))
        return (
            whole_years
            + bisect_right(self._workdays(end.year), end)
            - bisect_right(self._workdays(start.year), start)
        )

    def _workdays(self, year: int) -> list[date]:
        known = self._years.get(year)
        if known is None:
            first = date(year, 1, 1)
            days = (first + timedelta(days=offset) for offset in range(366))
            known = self._years[year] = [day for day in days if day.year == year and self.is_workday(day)]
        return known

    def add(self, start: date, amount: int, unit: str, *, roll: bool) -> date:
        """`start` plus so many "days", "working_days" or "months"; `roll` moves on from a day off.

        Raises ValueError for another unit: hours are counted on the clock, not on the calendar.
        """
        if unit == "working_days":
            return self.add_working_days(start, amount)
        due = self._plain(start, amount, unit)
        return self.next_workday(due) if roll else due

    @staticmethod
    def _plain(start: date, amount: int, unit: str) -> date:
        if unit == "days":
            return start + timedelta(days=amount)
        if unit == "months":
            return add_months(start, amount)
        raise ValueError(f"{unit} is no unit of days.")

    def explain(self, start: date, amount: int, unit: str, roll: bool) -> list[str]:
        """Why the due date is that day, in sentences: what was skipped or counted, what is not yet known."""
        due = self.add(start, amount, unit, roll=roll)
        words = {"working_days": "个工作日", "days": "天", "months": "个月"}[unit]
        way = "" if amount >= 0 else "往前数 "
        lines = [
            f"{_full(start)}起算，当天不计，{way}{abs(amount)} {words}，到{_full(due)}（{_weekday(due)}）。"
        ]
        if unit == "working_days":
            lines += self._passed_over(start, due)
        else:
            lines += self._moved(start, amount, unit, due)
        years = range(min(start, due).year, max(start, due).year + 1)
        lines += [
            f"{year} 年节假日未公布，按周一至周五算，公布后重算。"
            for year in years
            if not self.is_published(year)
        ]
        return lines

    def _passed_over(self, start: date, due: date) -> list[str]:
        """The days between that were not counted, by name, and the make-up workdays that were."""
        weekend, made_up = 0, []
        runs: list[list[date]] = []
        counted = _days_after(start, due) if due >= start else _days_after(due - _ONE, start - _ONE)
        for day in counted:
            name = self.holiday_name(day)
            if self.is_workday(day):
                if day.weekday() >= 5:
                    made_up.append(f"{_short(day)}（{_weekday(day)}，调休上班）计算在内。")
            elif not name:
                weekend += 1
            elif runs and runs[-1][-1] == day - _ONE:
                runs[-1].append(day)
            else:
                runs.append([day])
        lines = [f"跳过周六、周日 {weekend} 天。"] if weekend else []
        return lines + [f"跳过{self._run(days)}，{len(days)} 天。" for days in runs] + made_up

    def _run(self, days: list[date]) -> str:
        """国庆节、中秋节 10月1日至8日: the holidays of one stretch of days off, and from when to when."""
        names = "、".join(dict.fromkeys(self.holiday_name(day) for day in days))
        first, last = days[0], days[-1]
        if first == last:
            return f"{names} {_short(first)}"
        return (
            f"{names} {_short(first)}至{last.day}日"
            if first.month == last.month
            else f"{names} {_short(first)}至{_short(last)}"
        )

    def _moved(self, start: date, amount: int, unit: str, due: date) -> list[str]:
        plain = self._plain(start, amount, unit)
        lines = []
        if unit == "months" and plain.day != start.day:
            lines.append(f"{plain.month}月没有{start.day}日，取当月最后一天。")
        if not self.is_workday(plain):
            day = f"{_short(plain)}是{self.holiday_name(plain) or _weekday(plain)}，不上班"
            lines.append(f"{day}，顺延到下一个工作日。" if due != plain else f"{day}，按规定不顺延。")
        return lines

    def holiday_name(self, day: date) -> str:
        """国庆节 and the like; empty for ordinary days and for days an office made workdays."""
        override = self.overrides.get(day)
        if override is True:
            return ""
        if FIRST_PUBLISHED <= day.year <= LAST_PUBLISHED and day in chinese_calendar.holidays:
            return _NAMES.get(chinese_calendar.holidays[day], _DAY_OFF)
        return _DAY_OFF if override is False else ""


def add_months(start: date, amount: int) -> date:
    """Calendar months, clipped to the end of a shorter month (代表法第五十一条的“三个月”“六个月”)."""
    years, month = divmod(start.month - 1 + amount, 12)
    year, month = start.year + years, month + 1
    return date(year, month, min(start.day, month_lengths.monthrange(year, month)[1]))


def _days_after(start: date, end: date) -> Iterator[date]:
    return (start + timedelta(days=offset) for offset in range(1, (end - start).days + 1))


def _full(day: date) -> str:
    return f"{day.year}年{_short(day)}"


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _weekday(day: date) -> str:
    return f"周{'一二三四五六日'[day.weekday()]}"
