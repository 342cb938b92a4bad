"""Which open cases may be the same matter: recent ones of the same town that share letters, re-ranked by tf-idf."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from core.similarity import rank, spaced
from intake.models import ConstituentRequest

WITHIN = timedelta(days=90)
# How many of a town's newest open cases are looked at, however many wait there.
NEWEST = 150
CANDIDATES = 8
# The share of letters two texts have in common. Deliberately low: the ranking decides, this keeps its work small.
NEAR = 0.15
SUGGESTED = 3
MAY_MERGE = ("received", "registered")
MAY_BE_THE_SAME = (
    "received",
    "registered",
    "handling",
    "assigned",
    "signing",
    "returned",
    "escalated",
    "waiting",
    "redoing",
    "following",
)


def same_matters(cases: Iterable[ConstituentRequest], user: Any) -> dict[int, list[int]]:
    """For each case that could still be merged: at most three others a person may want to merge it with. One statement.

    Only what the person may see, of the same town, open, of the last ninety days. Never decides, only suggests.
    """
    open_ones = [case for case in cases if case.state in MAY_MERGE]
    if not open_ones:
        return {}
    pool = _pool({case.town_code for case in open_ones}, user)
    return {case.pk: _nearest(case, pool.get(case.town_code, ())) for case in open_ones}


def _pool(towns: set[str], user: Any) -> dict[str, list[tuple[int, str, frozenset[str]]]]:
    """The newest open cases of each town: id, words, letters."""
    place = Window(RowNumber(), partition_by=F("town_code"), order_by=F("pk").desc())
    rows = (
        ConstituentRequest.objects.visible_to(user)
        .filter(town_code__in=towns, state__in=MAY_BE_THE_SAME, created_at__gte=timezone.now() - WITHIN)
        .annotate(place_in_town=place)
        .filter(place_in_town__lte=NEWEST)
        .values_list("town_code", "pk", "title", "body")
    )
    found: dict[str, list[tuple[int, str, frozenset[str]]]] = {}
    for town, pk, title, body in rows:
        words = f"{title} {body}"
        found.setdefault(town, []).append((pk, words, _letters(words)))
    return found


def _letters(words: str) -> frozenset[str]:
    return frozenset(spaced(words).split())


def _nearest(case: ConstituentRequest, pool: Sequence[tuple[int, str, frozenset[str]]]) -> list[int]:
    words = f"{case.title} {case.body}"
    mine = _letters(words)
    near = sorted(
        (
            (len(mine & letters) / len(mine | letters), pk, other)
            for pk, other, letters in pool
            if pk != case.pk and mine and letters
        ),
        reverse=True,
    )[:CANDIDATES]
    likely = [(pk, other) for share, pk, other in near if share >= NEAR]
    return [pk for pk, _score in rank(words, likely, top=SUGGESTED)]
