"""What is done to stations: open, close, post representatives, plan and cancel reception days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core import rulebook
from representatives.actions import replace_photo
from representatives.models import Constituency, Mandate, Person
from stations import rules
from stations.models import Posting, Reception, ReceptionPlan, Station, StationStaff

if TYPE_CHECKING:
    from accounts.models import Area, User

# Plans reach this far: what lies beyond would have to be replanned with the next holiday notice anyway.
LONGEST_PLAN = timedelta(days=400)


def _require(allowed: bool) -> None:
    if not allowed:
        raise PermissionDenied


# --- the life of a station


@transaction.atomic
def open_station(station: Station, *, on: date, by: User) -> Station:
    """Open a station, or take a closed one into use again."""
    _require(rules.may_manage(by, station) or rules.may_found(by, station.area))
    station.opened_on = station.opened_on or on
    station.closed_on = None
    station.taken_over_by = None
    station.is_public = True
    station.save()
    return station


@transaction.atomic
def close_station(
    station: Station, *, on: date, by: User, taken_over_by: Station | None = None, move_people: bool = True
) -> Station:
    """Close a station: its people, villages and points go to the station that takes over, its coming days are off."""
    _require(rules.may_manage(by, station) and rules.may_found(by, station.area))
    station = Station.objects.select_for_update().get(pk=station.pk)
    if station.closed_on is not None:
        raise ValidationError(_("这个站已经撤销了。"), code="closed")
    if taken_over_by is not None:
        _check_takes_over(station, taken_over_by)
        _require(rules.may_manage(by, taken_over_by))
    station.closed_on, station.taken_over_by = on, taken_over_by
    station.save()
    if taken_over_by is not None:
        station.children.update(parent=taken_over_by)
        taken_over_by.serves.add(*station.serves.all())
    here = Posting.objects.filter(station=station).filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on))
    _move_postings(
        here.select_related("person"), to=taken_over_by if move_people else None, on=on, reason=_("站点撤并")
    )
    StationStaff.objects.filter(station=station, ends_on__isnull=True).update(ends_on=on)
    # Days before the closing are still held.
    coming = station.receptions.filter(starts_at__gte=_midnight(on), cancelled_reason="")
    coming.update(cancelled_reason=_("站点撤并"))
    station.reception_plans.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=on)).update(
        ends_on=on - timedelta(days=1)
    )
    return station


def _check_takes_over(station: Station, other: Station) -> None:
    if other.pk == station.pk:
        raise ValidationError(_("不能由自己接替自己。"), code="itself")
    if other.closed_on is not None:
        raise ValidationError(
            _("%(name)s已经撤销，请选一个在用的站。") % {"name": other.name}, code="taker_closed"
        )
    if other.parent_id == station.pk:
        other.parent = station.parent
        other.save()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))


def set_station_photo(station: Station, upload: Any, *, by: User) -> Station:
    """The first picture of the station: re-encoded, without the place it was taken at."""
    _require(rules.may_manage(by, station))
    return replace_photo(station, upload, label="station", by=by)


# --- representatives at stations


@transaction.atomic
def post_representatives(
    station: Station, *, people: Collection[Person], begins_on: date, by: User, duty_days: str = ""
) -> list[Posting]:
    """Let representatives sit at the station from a day on; who sits there already is left as is."""
    _require(rules.may_manage(by, station))
    if station.closed_on is not None and station.closed_on <= begins_on:
        raise ValidationError(_("这个站已经撤销，不能再进站。"), code="closed")
    there = set(
        station.postings.filter(
            Q(ends_on__isnull=True) | Q(ends_on__gt=begins_on), person__in=people
        ).values_list("person_id", flat=True)
    )
    return Posting.objects.bulk_create(
        Posting(station=station, person=person, begins_on=begins_on, duty_days=duty_days)
        for person in people
        if person.pk not in there
    )


@transaction.atomic
def end_posting(posting: Posting, *, on: date, reason: str, by: User) -> Posting:
    """A representative leaves a station; who sat there until when stays known."""
    _require(rules.may_manage(by, posting.station))
    _end(posting, on, reason)
    return posting


def _end(posting: Posting, on: date, reason: str) -> None:
    # A posting has at least one day: one that has not begun ends as it begins.
    posting.ends_on = max(on, posting.begins_on)
    posting.end_reason = reason
    posting.save(update_fields=["ends_on", "end_reason"])


def _move_postings(
    postings: Iterable[Posting], *, to: Station | None, on: date, reason: str
) -> list[Posting]:
    leaving = list(postings)
    for posting in leaving:
        _end(posting, on, reason)
    if to is None:
        return []
    there = set(
        to.postings.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on)).values_list("person_id", flat=True)
    )
    return Posting.objects.bulk_create(
        Posting(
            station=to,
            person=posting.person,
            begins_on=max(on, posting.begins_on),
            duty_days=posting.duty_days,
        )
        for posting in leaving
        if posting.person_id not in there
    )


@transaction.atomic
def move_postings(postings: Collection[Posting], *, to: Station, on: date, by: User) -> list[Posting]:
    """Let these representatives sit at another station from a day on."""
    _require(all(rules.may_manage(by, station) for station in (to, *(each.station for each in postings))))
    return _move_postings(postings, to=to, on=on, reason=_("转到%(name)s") % {"name": to.name})


@transaction.atomic
def repost_after_boundary_change(
    villages: Collection[Area], *, to: Station, on: date, by: User
) -> list[Posting]:
    """Villages now belong to another station: from that day on it serves them, and the representatives whose whole
    constituency moved sit there. Earlier postings end on the day and stay on record."""
    moved = [village.pk for village in villages]
    former = list(Station.objects.filter(serves__in=moved).exclude(pk=to.pk).distinct())
    _require(all(rules.may_manage(by, station) for station in (to, *former)))
    Station.serves.through.objects.filter(area_id__in=moved).exclude(station_id=to.pk).delete()
    to.serves.add(*villages)
    staying = Constituency.areas.through.objects.filter(constituency=OuterRef("pk")).exclude(
        area_id__in=moved
    )
    whole = Constituency.objects.filter(~Exists(staying), areas__in=moved)
    people = Mandate.objects.current(on).filter(constituency__in=whole).values("person")
    here = Posting.objects.current(on).filter(station__in=former, person__in=people)
    return _move_postings(here.select_related("person"), to=to, on=on, reason=_("区划调整"))


@transaction.atomic
def move_station(station: Station, *, area: Area, by: User) -> Station:
    """The division around a station changed its code: the station and its scope follow, nothing else does."""
    _require(rules.may_manage(by, station) and rules.may_found(by, area))
    station.area = area
    station.save()
    return station


# --- reception days


@dataclass
class Planned:
    """What came of planning: the days made, and the days that another reception already takes."""

    made: list[Reception] = field(default_factory=list)
    blocked: list[date] = field(default_factory=list)


@transaction.atomic
def plan_receptions(plan: ReceptionPlan, *, until: date, by: User, today: date | None = None) -> Planned:
    """Write the rule's days into the calendar, from today on. Planning again adds only what is missing."""
    _require(rules.may_plan(by, plan.station))
    today = today or timezone.localdate()
    if until > today + LONGEST_PLAN:
        raise ValidationError(_("一次最多排到一年以后。"), code="too_far")
    # The station's row is the lock: two people planning at once make one calendar.
    Station.objects.select_for_update().get(pk=plan.station_id)
    known = set(plan.receptions.values_list("planned_on", flat=True))
    taken = list(
        Reception.objects.filter(
            station=plan.station_id, ends_at__gt=_midnight(today), cancelled_reason=""
        ).values_list("starts_at", "ends_at")
    )
    planned = Planned()
    for named in plan.days(today, until):
        day = _held_on(plan, named)
        if named in known or day is None:
            continue
        starts_at, ends_at = _hours(plan, day)
        if any(starts_at < other_end and other_start < ends_at for other_start, other_end in taken):
            planned.blocked.append(day)
            continue
        taken.append((starts_at, ends_at))
        planned.made.append(_reception(plan, named, starts_at, ends_at))
    Reception.objects.bulk_create(planned.made)
    seats = Reception.people.through
    seats.objects.bulk_create(
        seats(reception=reception, person=person)
        for person in plan.people.all()
        for reception in planned.made
    )
    return planned


def _held_on(plan: ReceptionPlan, day: date) -> date | None:
    """Where a day off moves the reception, None when it falls out (新乡：逢节假日顺延至下一个工作日)."""
    calendar = rulebook.calendar()
    if plan.day_off == ReceptionPlan.DayOff.KEEP or calendar.is_workday(day):
        return day
    return calendar.next_workday(day) if plan.day_off == ReceptionPlan.DayOff.DEFER else None


def _hours(plan: ReceptionPlan, day: date) -> tuple[datetime, datetime]:
    return (
        timezone.make_aware(datetime.combine(day, plan.starts_at_time)),
        timezone.make_aware(datetime.combine(day, plan.ends_at_time)),
    )


def _reception(plan: ReceptionPlan, named: date, starts_at: datetime, ends_at: datetime) -> Reception:
    return Reception(
        station=plan.station,
        plan=plan,
        planned_on=named,
        kind=plan.kind,
        topic=plan.topic,
        place=plan.place,
        is_public=plan.is_public,
        starts_at=starts_at,
        ends_at=ends_at,
    )


@transaction.atomic
def cancel_reception(reception: Reception, *, reason: str, by: User) -> Reception:
    """A day falls out; the page says why, and the hours are free for another."""
    _require(rules.may_plan(by, reception.station))
    if not reason.strip():
        raise ValidationError(_("请写明为什么取消。"), code="no_reason")
    if reception.ends_at <= timezone.now():
        raise ValidationError(_("这一场已经过去了，不能再取消。"), code="past")
    reception.cancelled_reason = reason.strip()[:80]
    reception.save(update_fields=["cancelled_reason"])
    return reception
