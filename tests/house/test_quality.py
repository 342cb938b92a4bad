"""What was measured is kept in one shape, and its page is drawn from it."""

import json
from datetime import UTC, datetime

import pytest

from liaison import quality
from liaison.quality import Row

FAST = Row("G3", "statements of one intake", limit="≤ 20", measured="19", passed=True)
SLOW = Row("G12", "overview | naive", limit="≤ 0.10", measured="0.31", passed=False, note="see below")


def put(directory, *rows):
    return quality.write(
        "bench",
        rows,
        title="Speed",
        command="python3 dev.py bench",
        how="Side by side.",
        weak=["One machine."],
        directory=directory,
    )


def test_a_file_says_what_where_and_when(tmp_path):
    told = json.loads(put(tmp_path, FAST).read_text(encoding="utf-8"))

    assert set(quality.SHAPE) <= set(told)
    assert set(quality.ROW_SHAPE) <= set(told["rows"][0])
    assert "cores" in told["machine"]
    assert datetime.fromisoformat(told["date"]).tzinfo == UTC


def test_a_run_of_a_part_keeps_the_other_rows_in_order(tmp_path):
    put(tmp_path, SLOW)
    told = quality.read(put(tmp_path, FAST))

    assert [row["id"] for row in told["rows"]] == ["G3", "G12"]


def test_the_page_names_what_was_missed_and_what_is_weak(tmp_path):
    put(tmp_path, FAST, SLOW)

    page = quality.page(tmp_path)

    assert "Missed: G12." in page
    assert "| G12 | overview \\| naive | ≤ 0.10 | 0.31 | **missed** |" in page
    assert "* One machine." in page


def test_a_file_of_another_shape_is_refused(tmp_path):
    (tmp_path / "faults.json").write_text('{"name": "faults", "rows": [{"id": "F01"}]}', encoding="utf-8")

    with pytest.raises(ValueError, match=r"commit, date, machine, F01\.what"):
        quality.page(tmp_path)


def test_every_file_kept_has_the_shape():
    assert all(told["rows"] for told in quality.reports())
