"""Write golden_deadlines.csv from the eight sets of rules as their texts word them. Shares no code with the product, nor its data.

python -m tests.proposals.make_golden
"""

import csv
from datetime import date
from pathlib import Path

from tests.core.make_golden import count

GOLDEN = Path(__file__).with_name("golden_deadlines.csv")
COLUMNS = ["place", "county", "clock", "class", "start", "due", "article"]
WD, D, M = "working_days", "days", "months"

# One county of each place. The last one has no rules of its own: what the law and the house say holds.
COUNTIES = {
    "上海": "310101000000",
    "北京": "110101000000",
    "重庆": "500101000000",
    "浙江": "330102000000",
    "河南": "410102000000",
    "山东": "370102000000",
    "青岛": "370202000000",
    "全国": "520112000000",
}

# (place, clock, class, amount, unit, rolls off a day of rest, article), typed from the texts one by one.
RULES = [
    ("全国", "assignment.reply", "", 3, M, False, "第五十一条"),
    ("全国", "assignment.reply", "complex", 6, M, False, "第五十一条"),
    ("全国", "proposal.accept", "", 7, D, True, ""),
    ("全国", "proposal.assign", "", 5, WD, True, ""),
    ("全国", "proposal.assign", "session", 1, M, True, ""),
    ("全国", "assignment.return_window", "", 5, WD, True, ""),
    ("全国", "assignment.reassign", "", 10, WD, True, ""),
    ("全国", "assignment.contact", "", 20, WD, True, ""),
    ("全国", "assignment.co_opinion", "", 1, M, True, ""),
    ("全国", "assignment.co_redo", "", 5, WD, True, ""),
    ("全国", "assignment.rating", "", 20, WD, True, ""),
    ("全国", "assignment.rehandle", "", 1, M, True, ""),
    ("全国", "commitment.rating", "", 20, WD, True, ""),
    ("全国", "proposal.cosign", "", 5, WD, True, ""),
    ("全国", "proposal.complete", "", 5, WD, True, ""),
    ("全国", "assignment.receipt", "", 3, WD, True, ""),
    ("全国", "assignment.review", "", 1, M, True, ""),
    ("全国", "assignment.answer_supervision", "", 5, WD, True, ""),
    ("全国", "commitment.delivery", "", 1, D, False, ""),
    ("全国", "commitment.proof", "", 5, WD, True, ""),
    ("重庆", "proposal.assign", "session", 1, M, True, ""),
    ("山东", "proposal.assign", "session", 1, M, True, "第十条"),
    ("青岛", "proposal.assign", "session", 1, M, True, ""),
    ("上海", "proposal.assign", "", 7, WD, True, "第十一条"),
    ("上海", "proposal.assign", "session", 1, M, True, "第十五条"),
    ("上海", "assignment.return_window", "", 7, WD, True, "第十四条"),
    ("上海", "assignment.co_opinion", "", 1, M, True, "第十七条"),
    ("上海", "assignment.reply", "", 3, M, False, "第十九条"),
    ("上海", "assignment.reply", "complex", 6, M, False, "第十九条"),
    ("上海", "assignment.rehandle", "", 1, M, True, "第二十一条"),
    ("北京", "assignment.reply", "", 3, M, False, "第二十一条"),
    ("北京", "assignment.reply", "complex", 6, M, False, "第二十一条"),
    ("北京", "assignment.rating", "", 15, WD, True, "第二十三条"),
    ("北京", "assignment.rehandle", "", 2, M, True, "第二十七条"),
    ("重庆", "proposal.assign", "", 10, WD, True, "第十三条"),
    ("重庆", "assignment.return_window", "", 10, WD, True, "第十六条"),
    ("重庆", "assignment.reassign", "", 10, WD, True, "第十六条"),
    ("重庆", "assignment.contact", "", 20, WD, True, "第十八条"),
    ("重庆", "assignment.co_opinion", "", 30, WD, True, "第二十条"),
    ("重庆", "assignment.co_redo", "", 5, WD, True, "第二十条"),
    ("重庆", "assignment.reply", "", 3, M, False, "第二十一条"),
    ("重庆", "assignment.reply", "complex", 6, M, False, "第二十一条"),
    ("重庆", "assignment.rating", "", 20, WD, True, "第二十七条"),
    ("重庆", "assignment.rehandle", "", 2, M, True, "第二十七条"),
    ("重庆", "commitment.rating", "", 20, WD, True, "第二十八条"),
    ("浙江", "proposal.accept", "", 7, D, True, "第十条"),
    ("浙江", "assignment.return_window", "", 10, D, True, "第十四条"),
    ("浙江", "assignment.co_opinion", "", 2, M, True, "第十八条"),
    ("浙江", "assignment.reply", "", 3, M, False, "第二十一条"),
    ("浙江", "assignment.reply", "complex", 6, M, False, "第二十一条"),
    ("浙江", "assignment.rehandle", "", 1, M, True, "第二十四条"),
    ("河南", "assignment.return_window", "", 10, WD, True, "第十四条"),
    ("河南", "assignment.reassign", "", 10, WD, True, "第十四条"),
    ("河南", "assignment.co_opinion", "", 2, M, True, "第十八条"),
    ("河南", "assignment.reply", "", 3, M, False, "第二十条"),
    ("河南", "assignment.reply", "complex", 6, M, False, "第二十条"),
    ("河南", "assignment.rating", "", 10, WD, True, "第二十二条"),
    ("河南", "assignment.rehandle", "", 1, M, True, "第二十二条"),
    ("山东", "proposal.assign", "", 5, D, True, "第十条"),
    ("山东", "assignment.return_window", "", 5, D, True, "第十二条"),
    ("山东", "assignment.reply", "", 3, M, False, "第十九条"),
    ("山东", "assignment.reply", "complex", 6, M, False, "第十九条"),
    ("山东", "assignment.co_opinion", "", 1, M, True, "第二十一条"),
    ("山东", "assignment.rehandle", "", 1, M, True, "第二十四条"),
    ("青岛", "proposal.assign", "", 5, WD, True, "第十四条"),
    ("青岛", "assignment.return_window", "", 5, WD, True, "第十九条"),
    ("青岛", "assignment.co_opinion", "", 1, M, True, "第二十四条"),
    ("青岛", "assignment.reply", "", 3, M, False, "第二十五条"),
    ("青岛", "assignment.reply", "complex", 6, M, False, "第二十五条"),
    # What a city leaves open, its province says; what a province leaves open, the house.
    ("青岛", "assignment.rehandle", "", 1, M, True, "第二十四条"),
    ("青岛", "assignment.contact", "", 20, WD, True, ""),
]

# Before make-up workdays and long holidays, at ends of months, in a leap year, into the year without a notice.
STARTS = [
    date(2024, 2, 1),
    date(2024, 11, 30),
    date(2025, 1, 21),
    date(2025, 8, 31),
    date(2026, 2, 10),
    date(2026, 9, 16),
]


def rows():
    for place, clock, case_class, amount, unit, roll, article in RULES:
        for start in STARTS:
            due = count(start, amount, unit, roll)
            yield [place, COUNTIES[place], clock, case_class, start.isoformat(), due.isoformat(), article]


def main():
    with GOLDEN.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows())


if __name__ == "__main__":
    main()
