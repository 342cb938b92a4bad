from __future__ import annotations

import pytest

from accounts.models import Area, Unit
from core import tallies
from core.models import Message


@pytest.fixture(autouse=True)
def _own_lists(monkeypatch):
    monkeypatch.setattr(tallies, "_sources", [])


def test_lists_of_several_apps_are_counted_in_one_statement(county, count_queries):
    tallies.register(lambda user: {"towns": Area.objects.filter(level="township")})
    tallies.register(lambda user: {"units": Unit.objects.order_by("-name"), "none": Unit.objects.none()})

    with count_queries() as seen:
        counted = tallies.of(county.clerk)

    assert counted == {"towns": 3, "units": 3, "none": 0}
    assert len(seen) == 1


def test_they_are_counted_once_for_one_person_and_request(county, count_queries):
    tallies.register(lambda user: {"units": Unit.objects.all()})
    tallies.of(county.clerk)

    with count_queries() as seen:
        assert tallies.of(county.clerk) == {"units": 3}

    assert len(seen) == 0


def test_counting_stops_at_a_hundred(county):
    for number in range(103):
        Message.objects.create(kind="x", channel="inbox", dedupe=str(number), recipient=county.clerk)

    assert tallies.count({"inbox": Message.objects.inbox_of(county.clerk)}) == {"inbox": 100}


def test_whom_no_list_concerns_costs_nothing(county, count_queries):
    tallies.register(lambda user: {})

    with count_queries() as seen:
        assert tallies.of(county.nobody) == {}

    assert len(seen) == 0
