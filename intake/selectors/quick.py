"""What the quick register at a stall needs to know: where the representative sits, what is on now, what was taken today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.utils import timezone

from core.deadlines import start_of
from core.models import Event
from intake.models import Channel, ConstituentRequest
from intake.models.request import RequestQuerySet
from representatives.models import Person
from stations.models import Posting, Reception, Station

OUTSIDE = (Reception.Kind.MARKET_DAY, Reception.Kind.MOBILE_VISIT)


@dataclass(frozen=True)
class Stall:
    """Who takes in at which station, and the reception held there now, if any."""

    person: Person
    stations: tuple[Station, ...]
    reception: Reception | None

    def channel_of(self, station: Station) -> str:
        """赶场快登 while a market or mobile visit of that station is on, otherwise 代表登记."""
        held = self.reception
        if held is not None and held.station_id == station.pk and held.kind in OUTSIDE:
            return Channel.MARKET
        return Channel.REPRESENTATIVE

    def came_by(self, station: Station) -> str:
        held = self.reception
        return held.public_id if held is not None and held.station_id == station.pk else ""


def stall_of(user: Any) -> Stall | None:
    """The stall of a representative; nothing for anybody else. The station of the reception on now comes first."""
    person = Person.objects.filter(user_id=user.pk).first()
    if person is None:
        return None
    postings = (
        Posting.objects.current()
        .filter(person=person, station__closed_on__isnull=True)
        .select_related("station__area")
        .order_by("begins_on", "pk")
    )
    stations = list(dict.fromkeys(posting.station for posting in postings))
    held = Reception.objects.now().filter(people=person).select_related("station__area").first()
    if held is not None:
        stations = [held.station, *(each for each in stations if each.pk != held.station_id)]
    return Stall(person, tuple(stations), held)


def taken_by(user: Any) -> RequestQuerySet:
    """What this person took in with the quick register and may see: by the first event, not by a name in a column."""
    first = Event.objects.filter(
        case_label=ConstituentRequest.label, case_id=OuterRef("pk"), seq=1, actor_id=user.pk
    )
    return (
        ConstituentRequest.objects.visible_to(user)
        .filter(
            Exists(first), follower__user_id=user.pk, channel__in=(Channel.MARKET, Channel.REPRESENTATIVE)
        )
        .order_by("-pk")
    )


def taken_today(user: Any) -> RequestQuerySet:
    return taken_by(user).filter(created_at__gte=start_of(timezone.localdate()))
