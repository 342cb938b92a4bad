"""Loading the real file of divisions, and what a later file would retire or rename."""

from __future__ import annotations

import csv
import io
import time
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from accounts import areas
from accounts.models import Area, Unit

FILE = Path(settings.BASE_DIR) / "accounts" / "data" / "areas.csv"
pytestmark = pytest.mark.django_db


def load(path=FILE, *options):
    said = StringIO()
    call_command("load_areas", str(path), *options, stdout=said)
    return said.getvalue()


def table(*rows):
    out = io.StringIO()
    csv.writer(out).writerows([("code", "name", "level", "parent_code"), *rows])
    return ContentFile(out.getvalue().encode())


LINGNAN = [
    ("990000000000", "南岭省", "province", ""),
    ("990100000000", "云州市", "prefecture", "990000000000"),
    ("990127000000", "云岭县", "county", "990100000000"),
    ("990127101000", "石桥镇", "township", "990127000000"),
    ("990127101201", "牛场村", "village", "990127101000"),
]


def apply(*rows, on=date(2026, 1, 1)):
    made = areas.plan(areas.read(table(*rows)))
    areas.carry_out(made, on=on)
    return made


def test_the_real_file_is_loaded_in_seconds_and_twice_without_change():
    began = time.monotonic()

    first = load()

    assert time.monotonic() - began < 20
    assert "7808 new" in first
    assert Area.objects.count() == 7808
    again = load()
    assert "0 new, 0 changed, 0 retired, 7808 unchanged" in again
    history = Area.pgh_event_model.objects.count()
    assert history == 7808


def test_names_are_spelt_out_and_sortable():
    load()

    county = Area.objects.get(code="220104000000")
    assert county.full_name == "吉林省长春市朝阳区"
    assert county.pinyin.startswith("chaoyang")


def test_loading_takes_the_same_statements_for_five_rows_and_for_a_thousand(count_queries):
    other = [[cell.replace("99", "98", 1) if cell[:2] == "99" else cell for cell in row] for row in LINGNAN]
    many = [*other, *[(f"980127101{n:03}", f"村{n}", "village", "980127101000") for n in range(300, 999)]]
    with count_queries() as few_seen:
        apply(*LINGNAN)
    with count_queries() as many_seen:
        apply(*many)

    assert len(many_seen) == len(few_seen)


def test_a_dry_run_says_what_it_would_retire_and_rename_and_writes_nothing(tmp_path):
    apply(*LINGNAN)
    later = [*LINGNAN[:3], ("990127101000", "石桥街道", "township", "990127000000")]
    path = tmp_path / "later.csv"
    path.write_bytes(table(*later).read())

    said = load(path, "--dry-run")

    assert "To rename: 1\n  990127101000 南岭省云州市云岭县石桥镇 → 南岭省云州市云岭县石桥街道" in said
    assert "To retire: 1\n  990127101201 南岭省云州市云岭县石桥镇牛场村" in said
    assert "nothing was written" in said
    assert Area.objects.get(code="990127101000").name == "石桥镇"
    assert Area.objects.get(code="990127101201").valid_to is None


def test_a_rename_keeps_the_row_and_runs_through_the_names_below_it():
    apply(*LINGNAN)
    town = Area.objects.get(code="990127101000")

    apply(
        *LINGNAN[:3],
        ("990127101000", "石桥街道", "township", "990127000000"),
        LINGNAN[4],
        on=date(2026, 6, 1),
    )

    town.refresh_from_db()
    assert (town.name, town.pinyin, town.valid_to) == ("石桥街道", "shiqiaojiedao", None)
    assert Area.objects.get(code="990127101201").full_name == "南岭省云州市云岭县石桥街道牛场村"
    assert [row.name for row in Area.pgh_event_model.objects.filter(id=town.pk)] == ["石桥镇", "石桥街道"]


def test_only_what_lies_below_a_county_of_the_file_is_retired():
    elsewhere = [
        ("990128000000", "青川县", "county", "990100000000"),
        ("990128101000", "河口镇", "township", "990128000000"),
    ]
    apply(*LINGNAN, *elsewhere)

    made = apply(*LINGNAN[:4], on=date(2026, 6, 1))

    assert [area.name for area in made.retired] == ["牛场村"]
    assert Area.objects.get(code="990127101201").valid_to == date(2026, 6, 1)
    assert Area.objects.in_force().filter(code__in=["990128000000", "990128101000"]).count() == 2


def test_a_file_without_counties_retires_nothing():
    apply(*LINGNAN)

    made = apply(*LINGNAN[:2])

    assert made.retired == []
    assert Area.objects.in_force().count() == 5


def test_a_division_that_comes_back_begins_again():
    apply(*LINGNAN)
    apply(*LINGNAN[:4], on=date(2026, 3, 1))

    apply(*LINGNAN, on=date(2026, 6, 1))

    rows = Area.objects.filter(code="990127101201").order_by("valid_from")
    assert [(row.valid_from, row.valid_to) for row in rows] == [
        (date(2026, 1, 1), date(2026, 3, 1)),
        (date(2026, 6, 1), None),
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("99012710120", "短", "village", "990127101000"), "代码要 12 位数字"),
        (("990127101202", "", "village", "990127101000"), "名称要有"),
        (("990127101202", "杨家坪村", "hamlet", "990127101000"), "级别要是"),
        (("990127101202", "杨家坪村", "township", "990127000000"), "代码和级别对不上"),
        (("990127102201", "柳溪村", "village", "990127101000"), "不是以上级的代码开头"),
        (("990127103201", "孤村", "village", "990127103000"), "要有它的上一级"),
        (("980000000000", "北岭省", "province", "990000000000"), "省级没有上级"),
        (LINGNAN[4], "和第 6 行重复"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_read(row, words):
    with pytest.raises(ValidationError) as refused:
        areas.read(table(*LINGNAN, row))

    assert words in refused.value.messages[0]
    assert "第 7 行" in refused.value.messages[0]


def test_a_missing_or_broken_file_is_a_plain_sentence(tmp_path):
    with pytest.raises(CommandError, match="Cannot read"):
        load(tmp_path / "none.csv")
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="没有找到表头"):
        load(broken)
    assert Area.objects.count() == 0


def test_a_division_still_in_use_is_named_before_it_is_retired(county, tmp_path):
    Unit.objects.create(code="village", name="牛场村村委会", area=county.villages[0])
    rows = [*LINGNAN[:3], ("990127102000", "柳溪镇", "township", "990127000000")]
    path = tmp_path / "areas.csv"
    path.write_bytes(table(*rows).read())

    said = load(path, "--dry-run")

    used = said.partition("To retire though still in use")[2].splitlines()
    town = next(line for line in used if "石桥镇: " in line)
    assert "家站点 1" in town
    assert "单位 1" in town
    assert any("牛场村: 单位 1" in line for line in used)
    assert not [line for line in used if "杨家坪村" in line or "柳溪村" in line]
