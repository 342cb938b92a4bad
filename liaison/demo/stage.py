"""Plays stories in the order in which they happened: every step is the real action, told that it is that day.

A story is a generator: it yields the instant of its next step, and what follows the `yield` happens then. The daily
sweep is a story like any other, so reminders and escalations stand in the past where they belong.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.models import User
from core import rulebook
from core.models import Message
from core.sweep import sweep
from intake import actions
from intake.models import ConstituentRequest
from liaison.demo.images import photo, picture
from liaison.demo.people import People
from liaison.demo.places import Places

Story = Generator[datetime, datetime, Any]


class Stage:
    """The county, its people, and what day it is."""

    def __init__(self, places: Places, people: People, now: datetime) -> None:
        self.places, self.people, self.now = places, people, now
        self.today = timezone.localdate(now)
        self.calendar = rulebook.calendar()

    # --- when

    def workday(self, ago: int) -> date:
        """So many working days before today (after it, when negative)."""
        return self.calendar.add_working_days(self.today, -ago)

    def at(self, ago: int, clock: str) -> datetime:
        hour, minute = clock.split(":")
        return timezone.make_aware(datetime.combine(self.workday(ago), time(int(hour), int(minute))))

    def minutes_ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    # --- who

    def user(self, name: str) -> User:
        return self.people.users[name]

    def clerk(self, request: ConstituentRequest) -> User:
        """Who works at the request's station: its own clerk, or that of the station above a point."""
        station = request.station
        if station.code.startswith("03"):
            return self.user("clerk")
        codes = [station.code, station.parent.code if station.parent is not None else ""]
        known = [self.people.users[f"clerk{code}"] for code in codes if f"clerk{code}" in self.people.users]
        return known[0] if known else self.user("county")

    def office(self, request: ConstituentRequest) -> User:
        """The congress office of the request's town, or the county's where the town has no account of its own."""
        known = {
            "990127101000": "town",
            "990127200000": "town200",
            "990127001000": "town001",
            "990127201000": "town201",
        }
        return self.user(known.get(request.town_code, "county"))

    # --- steps

    def step(self, when: datetime, action: Callable[..., Any], *args: Any, **given: Any) -> Story:
        now = yield when
        return action(*args, now=now, **given)

    def receive(
        self,
        when: datetime,
        body: str,
        *,
        station: str = "0312",
        category: str = "other",
        village: str = "",
        contact: tuple[str, str] | None = None,
        channel: str = "web",
        photos: str = "",
        visibility: str = "station",
        follower: str = "",
        **rest: Any,
    ) -> Story:
        now = yield when
        name, phone = contact or ("", "")
        return actions.receive(
            station=self.places.stations[station],
            channel=channel,
            contact=actions.Contact(name, phone, "sms" if phone else "none", visibility),
            body=body,
            category=self.places.categories[category],
            village=self.places.areas[village] if village else None,
            photos=[photo(each) for each in photos.split()],
            follower=self.people.representatives[follower] if follower else None,
            now=now,
            **rest,
        )

    def register(self, request: ConstituentRequest, when: datetime, **rest: Any) -> Story:
        return self.step(when, actions.register, request, by=self.clerk(request), **rest)

    def assign(
        self, request: ConstituentRequest, when: datetime, unit: str, *, follower: str = "", **rest: Any
    ) -> Story:
        person = self.people.representatives[follower] if follower else None
        return self.step(
            when,
            actions.assign,
            request,
            unit=self.places.units[unit],
            by=self.office(request),
            follower=person,
            **rest,
        )

    def reply(
        self,
        request: ConstituentRequest,
        written: datetime,
        signed: datetime | None,
        headline: str,
        body: str,
        *,
        outcome: str = "solved",
        photos: str = "",
        **rest: Any,
    ) -> Story:
        """The officer writes, the head signs; two pictures become before and after."""
        unit = self._unit_key(request)
        yield from self.step(
            written, actions.submit_reply, request, by=self.people.officers[unit], outcome=outcome, headline=headline,
            body=body, **rest,
        )  # fmt: skip
        for role, name in zip(("before", "after"), photos.split(), strict=False):
            picture(
                name, label=request.label, case_id=request.pk, role=role, is_public=request.is_public, at=written
            )  # fmt: skip
        if signed is not None:
            yield from self.step(signed, actions.sign, request, by=self.people.heads[unit])

    def _unit_key(self, request: ConstituentRequest) -> str:
        request.refresh_from_db()
        return next(key for key, unit in self.places.units.items() if unit.pk == request.unit_id)

    def tell(self, request: ConstituentRequest, when: datetime, method: str = "sms") -> Story:
        return self.step(when, actions.feed_back, request, by=self.clerk(request), method=method)

    def rate(
        self, request: ConstituentRequest, when: datetime, solved: str, satisfied: str, remark: str = ""
    ) -> Story:
        return self.step(when, actions.rate, request, solved=solved, satisfied=satisfied, remark=remark)

    # --- the whole play

    def sweeps(self, days: int) -> Story:
        """The daily round, as the worker would have made it; hourly in the last hours."""
        for ago in range(days, 0, -1):
            now = yield self.at(ago, "08:00")
            sweep(now=now)
        for minutes in (170, 110, 50, 0):
            now = yield self.minutes_ago(minutes)
            sweep(now=now)

    def play(self, stories: Iterable[Story]) -> None:
        waiting: list[tuple[datetime, int, Story]] = []
        for number, story in enumerate(stories):
            heapq.heappush(waiting, (next(story), number, story))
        while waiting:
            when, number, story = heapq.heappop(waiting)
            if when > self.now:
                raise ValueError(f"A story of the demo wants to happen later than now: {when}.")
            begun = timezone.now()
            try:
                then = story.send(when)
            except StopIteration:
                then = None
            self._date_messages(begun, when)
            if then is not None:
                if then < when:
                    raise ValueError(f"A story of the demo goes back in time: {when} to {then}.")
                heapq.heappush(waiting, (then, number, story))
        Message.objects.filter(sent_at__isnull=True).update(sent_at=F("created_at"))
        Message.objects.filter(created_at__lt=self.at(3, "00:00")).update(read_at=F("created_at"))

    def _date_messages(self, begun: datetime, when: datetime) -> None:
        """What the actions posted just now was posted then, and went out then."""
        Message.objects.filter(created_at__gte=begun).update(created_at=when, next_try_at=when, sent_at=when)
