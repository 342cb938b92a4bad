"""Which open cases may be the same matter: candidates of the same town by trigrams, re-ranked by their characters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Case, F, JSONField, OuterRef, QuerySet, Value, When
from django.db.models.functions import JSONObject

from core.similarity import rank
from intake.models import ConstituentRequest

WITHIN = timedelta(days=90)
CANDIDATES = 8
# Of spaced trigrams. Deliberately low: the ranking by characters decides, this keeps its work small.
NEAR = 0.12
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


def with_candidates(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Annotate `candidates`: what might be the same as each row that could still be merged. One statement with its rows."""
    near_to: Any = OuterRef("spaced")
    near = (
        ConstituentRequest.objects.visible_to(user)
        .filter(
            town_code=OuterRef("town_code"),
            state__in=MAY_BE_THE_SAME,
            created_at__gte=OuterRef("created_at") - WITHIN,
        )
        .exclude(pk=OuterRef("pk"))
        .annotate(nearness=TrigramSimilarity("spaced", near_to))
        .filter(nearness__gte=NEAR)
        .order_by("-nearness", "-pk")
        .values(json=JSONObject(pk=F("pk"), title=F("title"), body=F("body")))[:CANDIDATES]
    )
    return rows.annotate(
        candidates=Case(
            When(state__in=MAY_MERGE, then=ArraySubquery(near)),
            default=Value([], output_field=_array()),
        )
    )


def _array() -> Any:
    from django.contrib.postgres.fields import ArrayField

    return ArrayField(JSONField())


def matches(row: Any) -> list[int]:
    """The ids of at most three cases a person may want to merge a row with, the likeliest first."""
    pool = [(each["pk"], f"{each['title']} {each['body']}") for each in row.candidates or ()]
    return [pk for pk, _score in rank(f"{row.title} {row.body}", pool, top=SUGGESTED)]


def same_matter(request: ConstituentRequest, user: Any) -> list[ConstituentRequest]:
    """What the detail pane suggests: the same cases that the row counts, in full."""
    row = with_candidates(ConstituentRequest.objects.filter(pk=request.pk), user).first()
    wanted = matches(row) if row is not None else []
    found = {
        each.pk: each
        for each in ConstituentRequest.objects.visible_to(user).for_list().filter(pk__in=wanted)
        if wanted
    }
    return [found[pk] for pk in wanted if pk in found]
