import csv
import json
from datetime import date, datetime, time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from core import deadlines, rulebook
from core.management.commands.load_rules import DEFAULT, load_pack
from core.models import RulePack, Term
from intake.models import ConstituentRequest
from tests.proposals import make_golden

DATA = Path(__file__).parents[2] / "proposals" / "data"
PACKS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.json"))}


def golden():
    with make_golden.GOLDEN.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def packs(db):
    load_pack(json.loads(DEFAULT.read_text(encoding="utf-8")))
    for told in PACKS.values():
        load_pack(told)
    yield
    rulebook.clear()


def clock_of(row):
    """The clock a case of that county would have started with, at nine in the morning."""
    case = ConstituentRequest(county_code=row["county"])
    started = timezone.make_aware(datetime.combine(date.fromisoformat(row["start"]), time(9)))
    return deadlines.new_clock(case, row["clock"], started_at=started, case_class=row["class"])


class TestGoldenTable:
    @pytest.mark.parametrize("place", make_golden.COUNTIES)
    def test_every_due_date_of_a_place_and_its_article(self, packs, place):
        wrong = []
        for row in (row for row in golden() if row["place"] == place):
            clock = clock_of(row)
            found = (clock.due_on.isoformat(), row["article"] in clock.term.article)
            if found != (row["due"], True):
                wrong.append((row, found, clock.term.article))

        assert wrong == []

    def test_it_is_large_and_what_the_counting_script_writes(self):
        rows = golden()

        assert len(rows) >= 200
        assert [list(row.values()) for row in rows] == list(make_golden.rows())
        assert {row["place"] for row in rows} == set(make_golden.COUNTIES)

    def test_every_line_of_every_file_stands_in_the_table(self):
        def file_of(county):
            return max(
                (name for name, told in PACKS.items() if county.startswith(told["area_prefix"])),
                key=lambda name: len(PACKS[name]["area_prefix"]),
            )

        typed = {
            (file_of(make_golden.COUNTIES[place]), clock, kind)
            for place, clock, kind, *_ in make_golden.RULES
        }
        filed = {
            (name, term["clock"], term.get("case_class", ""))
            for name, told in PACKS.items()
            for term in told["terms"]
        }

        assert filed - typed == set()


class TestPacks:
    def test_loading_them_twice_changes_nothing(self, packs):
        before = (RulePack.objects.count(), Term.objects.count())

        for name in PACKS:
            call_command("load_rules", str(DATA / f"{name}.json"))

        assert (RulePack.objects.count(), Term.objects.count()) == before

    def test_the_national_file_adds_to_the_default_pack_and_leaves_the_terms_of_requests_alone(self, packs):
        default = json.loads(DEFAULT.read_text(encoding="utf-8"))
        term = rulebook.term_for("request.register", county_code="520112000000", on=date(2026, 1, 1))

        assert (term.amount, term.unit) == (1, "working_days")
        assert {**PACKS["national"], "terms": [], "rungs": []} == {**default, "terms": [], "rungs": []}

    def test_before_a_place_had_rules_the_wider_ones_hold(self, packs):
        where = {"county_code": "370202000000"}

        before = rulebook.term_for("proposal.assign", on=date(2021, 8, 31), **where)
        after = rulebook.term_for("proposal.assign", on=date(2021, 9, 1), **where)

        assert (before.unit, before.pack.code) == ("days", "shandong-proposals")
        assert (after.unit, after.pack.code) == ("working_days", "qingdao-proposals")

    @pytest.mark.parametrize("name", PACKS)
    def test_a_place_that_says_a_clock_says_each_class_of_it(self, name):
        classes = {
            (term["clock"], term["case_class"])
            for term in PACKS["national"]["terms"]
            if term.get("case_class")
        }
        terms = PACKS[name]["terms"]
        said = {(term["clock"], term.get("case_class", "")) for term in terms}

        # A general line of a place would otherwise hide the wider class: six months would become three.
        assert {(clock, kind) for clock, kind in classes if (clock, "") in said} <= said
        assert all(term["article"] for term in terms)

    def test_no_ladder_skips_a_rung(self):
        levels = ["remind", "urge", "supervise", "interview", "circulate", "report"]
        ladders = {}
        for rung in PACKS["national"]["rungs"]:
            ladders.setdefault(rung["clock"], []).append(rung)

        assert [rung["level"] for rung in ladders["assignment.reply"]] == levels
        for clock, rungs in ladders.items():
            assert [rung["order"] for rung in rungs] == list(range(1, len(rungs) + 1)), clock
            assert [rung["offset"] for rung in rungs] == sorted(rung["offset"] for rung in rungs), clock
