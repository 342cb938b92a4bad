"""What pages ask about representatives: who speaks for a village, who is in office, which seats are empty."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import Area
from representatives import places
from representatives.models import Constituency, Mandate, Person, PersonQuerySet


def in_public() -> PersonQuerySet:
    """Representatives in office whose entry is public."""
    return Person.objects.public().in_office()


def with_mandates(people: QuerySet[Person]) -> QuerySet[Person]:
    """People with all that a card shows (`live_mandates`, topics), at three statements for any number."""
    live = Mandate.objects.current().select_related("term__body", "constituency")
    return people.select_related("photo").prefetch_related(
        Prefetch("mandates", queryset=live, to_attr="live_mandates"), "topics"
    )


def of_level(people: QuerySet[Person], level: str) -> QuerySet[Person]:
    held = Mandate.objects.current().filter(person=OuterRef("pk"), term__body__level=level)
    return people.filter(Exists(held))


def speaking_for(people: QuerySet[Person], area: Area) -> QuerySet[Person]:
    """Elected by a constituency that holds the village, or sitting at a station that serves it."""
    elected = Mandate.objects.current().filter(
        constituency__in=constituencies_of(area).values("pk"), person=OuterRef("pk")
    )
    return people.filter(Exists(elected) | Q(pk__in=places.people_serving(area)))


def constituencies_of(area: Area) -> QuerySet[Constituency]:
    """The constituencies that hold a village, or lie in a town or county."""
    holding = Constituency.areas.through.objects.filter(
        constituency=OuterRef("pk"), area__code__startswith=area.prefix
    )
    return Constituency.objects.filter(Exists(holding))


@dataclass(frozen=True)
class Vacancy:
    constituency: str
    seats: int


def vacancies(area: Area) -> list[Vacancy]:
    """Constituencies of the place with fewer people in office than seats. One statement."""
    live = Mandate.objects.current().values("pk")
    rows = (
        constituencies_of(area)
        .filter(Q(term__ends_on__isnull=True), term__mandates__isnull=False)
        .annotate(held=Count("mandates", filter=Q(mandates__in=live), distinct=True))
        .order_by("name")
    )
    return [Vacancy(row.name, row.seats - row.held) for row in rows if row.held < row.seats]


# --- the portal's own places


def site_area() -> Area | None:
    """The division whose portal this is."""
    return Area.objects.in_force().filter(code=settings.SITE_AREA_CODE).select_related("parent").first()


def child_areas(area: Area | None) -> QuerySet[Area]:
    """What lies directly below, to choose from."""
    return Area.objects.in_force().filter(parent=area) if area is not None else Area.objects.none()


def username_by_certificate(typed: str) -> str:
    """The user name of the representative with this certificate number, for the log-in; empty when there is none."""
    known = (
        Person.objects.filter(certificate_no=typed, user__isnull=False) if typed else Person.objects.none()
    )
    return known.values_list("user__username", flat=True).first() or ""
