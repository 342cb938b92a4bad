"""Write golden_deadlines.csv by counting days one at a time. Shares no code with the product; run it by hand:

python -m tests.core.make_golden
"""

import csv
from datetime import date, timedelta
from pathlib import Path

from tests.core.notices import HOLIDAYS, MAKE_UP_WORKDAYS

GOLDEN = Path(__file__).with_name("golden_deadlines.csv")
COLUMNS = ["start", "amount", "unit", "roll", "due", "note"]
TERMS = [
    (1, "working_days", True),
    (2, "working_days", True),
    (5, "working_days", True),
    (10, "working_days", True),
    (15, "working_days", True),
    (20, "working_days", True),
    (30, "working_days", True),
    (15, "days", True),
    (30, "days", True),
    (60, "days", False),
    (1, "months", True),
    (3, "months", False),
    (6, "months", False),
]
STARTS = [
    date(2024, 1, 31),
    date(2024, 2, 29),
    date(2024, 8, 31),
    date(2024, 12, 27),
    date(2025, 3, 31),
    date(2025, 8, 29),
    date(2025, 11, 30),
    date(2026, 1, 30),
    date(2026, 8, 31),
    date(2026, 11, 24),
    date(2026, 12, 31),
    date(2027, 3, 1),
    date(2027, 9, 30),
]


def works(day):
    if day in MAKE_UP_WORKDAYS:
        return True
    for _name, first, last in HOLIDAYS:
        if first <= day <= last:
            return False
    return day.strftime("%a") not in ("Sat", "Sun")


def count(start, amount, unit, roll):
    day, left = start, abs(amount)
    step = timedelta(days=1 if amount >= 0 else -1)
    if unit == "working_days":
        while left > 0:
            day = day + step
            if works(day):
                left = left - 1
        return day
    if unit == "months":
        return rolled(month_later(start, amount), roll)
    while left > 0:
        day = day + step
        left = left - 1
    return rolled(day, roll)


def rolled(day, roll):
    while roll and not works(day):
        day = day + timedelta(days=1)
    return day


def month_later(start, amount):
    """Walk to the last day of the wanted month, then back to the same day number if the month has it."""
    first = date(start.year, start.month, 1)
    for _month in range(amount + 1):
        first = first + timedelta(days=1)
        while first.day != 1:
            first = first + timedelta(days=1)
    day = first - timedelta(days=1)
    while day.day > start.day:
        day = day - timedelta(days=1)
    return day


def cases():
    """(start, amount, unit, roll, note): every make-up workday, every edge of a holiday, the usual terms."""
    for day in MAKE_UP_WORKDAYS:
        note = f"{day} 调休上班"
        yield day - timedelta(days=1), 1, "working_days", True, note
        yield day, 1, "working_days", True, note
        yield day - timedelta(days=4), 5, "working_days", True, note
        yield day - timedelta(days=15), 15, "days", True, note
        yield day + timedelta(days=3), -2, "working_days", True, note
    for name, first, last in HOLIDAYS:
        note = f"{name} {first} 至 {last}"
        yield first - timedelta(days=1), 1, "working_days", True, note
        yield first, 1, "working_days", True, note
        yield last, 1, "working_days", True, note
        yield first - timedelta(days=10), 10, "days", True, note
        yield first - timedelta(days=10), 10, "days", False, note
        yield last - timedelta(days=30), 30, "days", True, note
        yield last + timedelta(days=2), -3, "working_days", True, note
    for start in STARTS:
        for amount, unit, roll in TERMS:
            yield start, amount, unit, roll, "常用期限"


def rows():
    seen = set()
    for start, amount, unit, roll, note in cases():
        due = count(start, amount, unit, roll)
        key = (start, amount, unit, roll)
        # The notice of 2024 says nothing of the days before it.
        if key in seen or min(start, due) < date(2024, 1, 1):
            continue
        seen.add(key)
        if max(start, due) >= date(2027, 1, 1):
            note = note + "，2027 年未公布"
        yield [start.isoformat(), str(amount), unit, "yes" if roll else "no", due.isoformat(), note]


def main():
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
