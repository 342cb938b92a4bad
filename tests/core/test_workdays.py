import csv
import time
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.workdays import Calendar, add_months
from tests.core import make_golden
from tests.core.notices import HOLIDAYS, MAKE_UP_WORKDAYS

CALENDAR = Calendar()
DAYS = st.dates(date(2019, 1, 1), date(2031, 12, 31))
OVERRIDES = st.dictionaries(st.dates(date(2026, 12, 1), date(2027, 12, 31)), st.booleans(), max_size=40)


def golden():
    with make_golden.GOLDEN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def every_day(first, last):
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


class TestGoldenTable:
    @pytest.mark.parametrize("row", golden(), ids=lambda row: f"{row['start']}+{row['amount']}{row['unit']}")
    def test_due_date(self, row):
        start, roll = date.fromisoformat(row["start"]), row["roll"] == "yes"

        due = CALENDAR.add(start, int(row["amount"]), row["unit"], roll=roll)
        reasons = CALENDAR.explain(start, int(row["amount"]), row["unit"], roll)

        assert due.isoformat() == row["due"]
        assert any("2027 年节假日未公布" in line for line in reasons) == ("2027 年未公布" in row["note"])

    def test_it_is_large_and_what_the_counting_script_writes(self):
        rows = golden()

        assert len(rows) >= 200
        assert [list(row.values()) for row in rows] == list(make_golden.rows())
        assert {row["start"][:4] for row in rows} == {"2024", "2025", "2026", "2027"}

    def test_the_typed_notices_agree_with_the_library_on_every_day(self):
        for day in every_day(date(2024, 1, 1), date(2026, 12, 31)):
            assert chinese_calendar.is_workday(day) == make_golden.works(day), day
            assert CALENDAR.is_workday(day) == make_golden.works(day), day

    def test_every_make_up_workday_is_a_weekend_day_and_every_notice_is_here(self):
        assert all(day.weekday() >= 5 for day in MAKE_UP_WORKDAYS)
        assert [sum(day.year == year for day in MAKE_UP_WORKDAYS) for year in (2024, 2025, 2026)] == [8, 5, 6]
        assert [sum(first.year == year for _n, first, _l in HOLIDAYS) for year in (2024, 2025, 2026)] == [
            7,
            6,
            7,
        ]


class TestLaws:
    @given(DAYS, st.integers(1, 300))
    def test_a_due_date_is_worked_and_counts_back_to_its_amount(self, start, amount):
        due = CALENDAR.add_working_days(start, amount)

        assert CALENDAR.is_workday(due)
        assert due > start
        assert CALENDAR.working_days_between(start, due) == amount

    @given(DAYS, st.integers(1, 300))
    def test_counting_backwards_ends_on_a_worked_day_before(self, start, amount):
        due = CALENDAR.add_working_days(start, -amount)

        assert CALENDAR.is_workday(due)
        assert due < start
        worked = sum(CALENDAR.is_workday(day) for day in every_day(due, start - timedelta(days=1)))
        assert worked == amount

    @given(DAYS, st.integers(0, 200))
    def test_from_a_worked_day_there_and_back_is_the_same_day(self, start, amount):
        start = CALENDAR.next_workday(start)

        assert CALENDAR.add_working_days(CALENDAR.add_working_days(start, amount), -amount) == start

    @given(DAYS, st.integers(0, 200), st.integers(0, 200))
    def test_amounts_add_up(self, start, one, two):
        in_two_steps = CALENDAR.add_working_days(CALENDAR.add_working_days(start, one), two)

        assert in_two_steps == CALENDAR.add_working_days(start, one + two)

    @given(
        DAYS, DAYS, st.integers(-50, 200), st.sampled_from(["days", "working_days", "months"]), st.booleans()
    )
    def test_who_starts_later_is_never_due_earlier(self, one, two, amount, unit, roll):
        earlier, later = sorted([one, two])

        assert CALENDAR.add(earlier, amount, unit, roll=roll) <= CALENDAR.add(later, amount, unit, roll=roll)

    @given(DAYS, st.integers(0, 100), st.sampled_from(["days", "months"]))
    def test_rolling_ends_on_a_worked_day_and_once_is_enough(self, start, amount, unit):
        plain = CALENDAR.add(start, amount, unit, roll=False)
        due = CALENDAR.add(start, amount, unit, roll=True)

        assert CALENDAR.is_workday(due)
        assert due >= plain
        assert CALENDAR.next_workday(due) == due
        assert (due == plain) == CALENDAR.is_workday(plain)

    @given(DAYS, DAYS)
    def test_days_between_are_counted_one_by_one_and_signed(self, one, two):
        start, end = sorted([one, two])
        worked = sum(CALENDAR.is_workday(day) for day in every_day(start + timedelta(days=1), end))

        assert CALENDAR.working_days_between(start, end) == worked
        assert CALENDAR.working_days_between(end, start) == -worked

    @given(OVERRIDES, st.dates(date(2026, 11, 1), date(2027, 12, 31)), st.integers(-60, 60))
    def test_overrides_win_in_every_calculation(self, overrides, start, amount):
        calendar = Calendar(overrides)
        due = calendar.add_working_days(start, amount)

        assert all(calendar.is_workday(day) == worked for day, worked in overrides.items())
        assert amount == 0 or calendar.is_workday(due)
        assert calendar.explain(start, amount, "working_days", True)


class TestMonths:
    @pytest.mark.parametrize(
        ("start", "amount", "due"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2024, 1, 31), 1, date(2024, 2, 29)),
            (date(2026, 8, 31), 6, date(2027, 2, 28)),
            (date(2026, 11, 24), 3, date(2027, 2, 24)),
            (date(2026, 12, 31), 12, date(2027, 12, 31)),
            (date(2026, 3, 31), -1, date(2026, 2, 28)),
        ],
    )
    def test_calendar_months_are_clipped_to_the_end_of_the_month(self, start, amount, due):
        assert add_months(start, amount) == due


class TestYearsNotPublished:
    def test_beyond_the_notices_monday_to_friday_is_worked_and_said_to_be_provisional(self):
        assert CALENDAR.is_workday(date(2027, 1, 1))
        assert not CALENDAR.is_workday(date(2027, 1, 2))
        assert not CALENDAR.is_published(2027)
        assert CALENDAR.is_published(2026)

    def test_an_entered_notice_makes_a_year_published_and_a_single_local_holiday_does_not(self):
        notice = {date(2027, 1, 1): False, date(2027, 10, 1): False, date(2027, 1, 3): True}

        assert Calendar(notice).is_published(2027)
        assert not Calendar({date(2027, 7, 19): False}).is_published(2027)
        assert Calendar(notice).add_working_days(date(2026, 12, 31), 1) == date(2027, 1, 3)
        assert not any(
            "未公布" in line for line in Calendar(notice).explain(date(2026, 12, 31), 5, "days", True)
        )

    def test_before_the_first_notice_the_rule_is_the_same(self):
        assert CALENDAR.is_workday(date(2003, 5, 1))
        assert not CALENDAR.is_published(2003)


class TestReasons:
    @pytest.mark.parametrize(
        ("start", "amount", "unit", "roll", "reasons"),
        [
            (
                date(2026, 9, 14),
                16,
                "working_days",
                True,
                [
                    "2026年9月14日起算，当天不计，16 个工作日，到2026年10月12日（周一）。",
                    "跳过周六、周日 2 天。",
                    "跳过中秋节 9月25日至27日，3 天。",
                    "跳过国庆节 10月1日至7日，7 天。",
                    "9月20日（周日，调休上班）计算在内。",
                    "10月10日（周六，调休上班）计算在内。",
                ],
            ),
            (
                date(2025, 9, 29),
                4,
                "working_days",
                True,
                [
                    "2025年9月29日起算，当天不计，4 个工作日，到2025年10月11日（周六）。",
                    "跳过国庆节、中秋节 10月1日至8日，8 天。",
                    "10月11日（周六，调休上班）计算在内。",
                ],
            ),
            (
                date(2026, 9, 1),
                1,
                "months",
                True,
                [
                    "2026年9月1日起算，当天不计，1 个月，到2026年10月8日（周四）。",
                    "10月1日是国庆节，不上班，顺延到下一个工作日。",
                ],
            ),
            (
                date(2026, 8, 31),
                6,
                "months",
                False,
                [
                    "2026年8月31日起算，当天不计，6 个月，到2027年2月28日（周日）。",
                    "2月没有31日，取当月最后一天。",
                    "2月28日是周日，不上班，按规定不顺延。",
                    "2027 年节假日未公布，按周一至周五算，公布后重算。",
                ],
            ),
            (
                date(2026, 10, 12),
                -2,
                "working_days",
                True,
                [
                    "2026年10月12日起算，当天不计，往前数 2 个工作日，到2026年10月9日（周五）。",
                    "跳过周六、周日 1 天。",
                    "10月10日（周六，调休上班）计算在内。",
                ],
            ),
            (
                date(2026, 11, 24),
                7,
                "days",
                True,
                ["2026年11月24日起算，当天不计，7 天，到2026年12月1日（周二）。"],
            ),
        ],
    )
    def test_every_due_date_says_why(self, start, amount, unit, roll, reasons):
        assert CALENDAR.explain(start, amount, unit, roll) == reasons

    @given(DAYS, st.integers(1, 120))
    def test_the_days_named_add_up_to_the_days_passed(self, start, amount):
        due = CALENDAR.add_working_days(start, amount)
        lines = CALENDAR.explain(start, amount, "working_days", True)

        skipped = sum(int(line.rsplit("，", 1)[-1].split()[-2]) for line in lines if line.startswith("跳过"))

        assert skipped + amount == (due - start).days

    def test_a_day_an_office_freed_is_named_as_such(self):
        calendar = Calendar({date(2026, 11, 25): False})

        assert "跳过放假 11月25日，1 天。" in calendar.explain(date(2026, 11, 24), 2, "working_days", True)


def test_hours_are_no_matter_of_the_calendar():
    with pytest.raises(ValueError, match="hours"):
        CALENDAR.add(date(2026, 1, 1), 2, "hours", roll=True)


def test_a_sweep_of_a_hundred_thousand_deadlines_takes_seconds_at_most():
    calendar = Calendar()
    started = time.process_time()

    for n in range(100_000):
        calendar.add_working_days(date(2026, 1, 1) + timedelta(days=n % 300), n % 1000)

    assert time.process_time() - started < 3
