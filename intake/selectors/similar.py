"""What the public may be shown that sounds like what somebody is writing: published cases only, never their words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.privacy import mask_text
from core.similarity import rank, spaced
from intake.models import ConstituentRequest, RequestReply
from intake.selectors.resident import ANSWERED

WITHIN = timedelta(days=365)
CANDIDATES = 12
NEAR = 0.12
SHOWN = 3
FEWEST_LETTERS = 6


@dataclass(frozen=True)
class Similar:
    """One published case as strangers see it: no name, no words of the resident, no exact place."""

    id: int
    public_id: str
    title: str
    where: str
    status: str
    result: str
    answered_on: Any
    is_open: bool


def similar(text: str, *, county_code: str, town_code: str = "") -> list[Similar]:
    """At most three published cases of the county (of the town, when known) that speak of the same. One statement."""
    words = spaced(mask_text(text))
    if len(words) < 2 * FEWEST_LETTERS or not county_code:
        return []
    result = (
        RequestReply.objects.filter(request=OuterRef("pk"), signed_at__isnull=False)
        .order_by("-signed_at")
        .values("headline")[:1]
    )
    pool = ConstituentRequest.objects.filter(
        county_code=county_code,
        is_public=True,
        is_confidential=False,
        anonymised_at__isnull=True,
        created_at__gte=timezone.now() - WITHIN,
    )
    if town_code:
        pool = pool.filter(town_code=town_code)
    near = (
        pool.annotate(
            nearness=TrigramSimilarity("spaced", words),
            result=Coalesce(Subquery(result), Value("")),
        )
        .filter(nearness__gte=NEAR)
        .select_related("village", "station")
        .only("public_id", "title", "body", "state", "told_at", "closed_at", "village__name", "station__name")
        .order_by("-nearness", "-pk")[:CANDIDATES]
    )
    found = {row.pk: row for row in near}
    best = rank(text, [(pk, f"{row.title} {row.body}") for pk, row in found.items()], top=SHOWN)
    return [_seen(found[pk]) for pk, _score in best]


def _seen(row: Any) -> Similar:
    told = row.state in ANSWERED
    return Similar(
        id=row.pk,
        public_id=row.public_id,
        title=row.title,
        where=row.village.name if row.village is not None else row.station.name,
        status=str(row.workflow.states[row.state].public_label),
        # A result is the resident's to hear first.
        result=row.result if told else "",
        answered_on=row.told_at,
        is_open=row.is_open,
    )
