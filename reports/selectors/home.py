"""What the resident's home and the pages of results say: the chosen station, what was solved lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, OuterRef, Subquery, Value, When
from django.utils import timezone

from accounts.models import Area
from intake.models import ConstituentRequest, RequestReply, Satisfied, Solved
from reports.selectors import figures
from stations.models import Reception, Station
from stations.selectors import agenda, open_to_public


@dataclass(frozen=True)
class ChosenStation:
    station: Station
    # The reception on now, or else the next one; nothing when none is planned.
    reception: Reception | None

    @property
    def is_receiving(self) -> bool:
        return self.reception is not None and self.reception.starts_at <= timezone.now()


def chosen_station(code: str) -> ChosenStation | None:
    """The public station of that code with whoever receives there; nothing for a code that is none."""
    if not code:
        return None
    station = open_to_public().filter(code=code[:8]).select_related("venue", "photo", "area").first()
    if station is None:
        return None
    coming = agenda(station, limit=1)
    return ChosenStation(station, coming[0] if coming else None)


@dataclass(frozen=True)
class Town:
    """A town and the station its people turn to first."""

    name: str
    station_code: str
    station_name: str


def towns() -> list[Town]:
    """Every town of the portal's area that has a station. Two statements."""
    rank = Case(
        When(kind=Station.Kind.STATION, then=Value(0)),
        When(kind=Station.Kind.HOME, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows = (
        figures.within_site(open_to_public())
        .exclude(town_code="")
        .annotate(rank=rank)
        .order_by("town_code", "rank", "code")
        .distinct("town_code")
        .values_list("town_code", "code", "name")
    )
    found = list(rows)
    names = dict(
        Area.objects.filter(
            code__in=[town for town, _code, _name in found], valid_to__isnull=True
        ).values_list("code", "name")
    )
    return [Town(names.get(town, name), code, name) for town, code, name in found]


@dataclass(frozen=True)
class Result:
    """A solved matter as everybody may read it: no name, no number, no words of the resident but the cut title."""

    pk: int
    headline: str
    title: str
    place: str
    icon: str
    days: int
    satisfied: str
    told_at: datetime


def results(*, before: int = 0, station: Station | None = None, limit: int) -> list[Result]:
    """Published matters that the residents themselves called solved, the newest first. One statement."""
    signed = RequestReply.objects.filter(request=OuterRef("pk"), signed_at__isnull=False).order_by(
        "-signed_at"
    )
    rows: Any = ConstituentRequest.objects.filter(
        is_public=True,
        is_confidential=False,
        is_minor=False,
        anonymised_at__isnull=True,
        solved=Solved.YES,
        closed_at__isnull=False,
        told_at__isnull=False,
    ).exclude(satisfied=Satisfied.DISSATISFIED)
    rows = rows.filter(station=station) if station is not None else figures.within_site(rows)
    if before:
        rows = rows.filter(pk__lt=before)
    rows = (
        rows.annotate(headline=Subquery(signed.values("headline")[:1]))
        .order_by("-pk")
        .values(
            "pk", "headline", "title", "satisfied", "created_at", "told_at", "village__name", "station__area__name",
            "category__icon",
        )[:limit]
    )  # fmt: skip
    return [
        Result(
            pk=row["pk"],
            headline=row["headline"] or row["title"],
            title=row["title"],
            place=row["village__name"] or row["station__area__name"],
            icon=row["category__icon"],
            days=max(1, (timezone.localdate(row["told_at"]) - timezone.localdate(row["created_at"])).days),
            satisfied=str(Satisfied(row["satisfied"]).label) if row["satisfied"] else "",
            told_at=row["told_at"],
        )
        for row in rows
    ]
