"""What is remembered for half a minute, and what is not."""

import pytest

from core import remembered
from core.remembered import MOST, SECONDS, Remembered


@pytest.fixture
def asked():
    return []


@pytest.fixture
def known(asked):
    rows = {"a": 1, "b": 2}
    yield Remembered(lambda key: asked.append(key) or rows.get(key))
    remembered._all.pop()


def test_a_row_is_asked_for_once_in_half_a_minute(known, asked, monkeypatch):
    assert [known("a"), known("a"), known("b")] == [1, 1, 2]
    assert asked == ["a", "b"]

    clock = remembered.time.monotonic()
    monkeypatch.setattr(remembered.time, "monotonic", lambda: clock + SECONDS + 1)

    assert known("a") == 1
    assert asked == ["a", "b", "a"]


def test_what_is_not_there_is_asked_for_again(known, asked):
    assert known("c") is None
    assert known("c") is None
    assert asked == ["c", "c"]


def test_it_never_grows_without_end(asked):
    numbers = Remembered(lambda key: asked.append(key) or str(key))
    for key in range(MOST + 1):
        numbers(key)

    assert len(numbers._kept) == 1
    remembered._all.remove(numbers)


def test_everything_can_be_forgotten(known, asked):
    known("a")
    remembered.clear()
    known("a")

    assert asked == ["a", "a"]
