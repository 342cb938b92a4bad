"""When representatives sit where: today, tomorrow, the market every six days, and the weeks behind."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from liaison.demo.people import People
from liaison.demo.places import Places
from stations.models import Reception

MARKET_EVERY = 6


def build(places: Places, people: People) -> None:
    today = timezone.localdate()
    _today(places, people, today)
    for step in range(-8, 6):
        # The market of 石桥 falls on tomorrow, and every sixth day from there.
        _hold(places, people, "0314", today + timedelta(days=1 + MARKET_EVERY * step), "08:30", "12:00", "market_day",
              "龙小妹 韦建平", place="集市东口蓝色帐篷")  # fmt: skip
    for days, kind, start, end, topic, who in [
        (2, "reception_day", "09:00", "11:30", "农村饮水", "杨春梅 何秀英"),
        (5, "appointment", "14:30", "16:30", "", "艾力·吾买尔"),
        (9, "reception_day", "19:00", "20:30", "夜间接待，方便上班的人", "陈玉兰 艾力·吾买尔"),
        (-7, "reception_day", "09:00", "11:30", "养老和看病", "杨春梅 罗国栋"),
        (-21, "reception_day", "09:00", "11:30", "道路和水利", "罗国栋 韦建平"),
        (-35, "mobile_visit", "09:00", "11:30", "到牛场组看路灯", "杨春梅"),
    ]:
        _hold(places, people, "0312", today + timedelta(days=days), start, end, kind, who, topic=topic)
    for code, days, who in [
        ("0110", 1, "马海龙"),
        ("0110", -6, "马海龙 刘芳"),
        ("0710", 3, "龙小妹 石明礼"),
        ("0810", 4, "赵德福"),
    ]:
        _hold(places, people, code, today + timedelta(days=days), "09:00", "11:30", "reception_day", who)
    cancelled = _hold(
        places, people, "0115", today + timedelta(days=2), "09:00", "11:00", "reception_day", "王思远"
    )
    cancelled.cancelled_reason = "代表外出开会，改到下周"
    cancelled.save(update_fields=["cancelled_reason"])


def _today(places: Places, people: People, today: date) -> None:
    """One that is on now, whatever the hour: from an hour ago to two hours on, within the day."""
    now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    starts = max(now - timedelta(hours=1), now.replace(hour=0))
    Reception.objects.create(
        station=places.stations["0312"],
        kind=Reception.Kind.RECEPTION_DAY,
        topic="",
        starts_at=starts,
        ends_at=now + timedelta(hours=2, minutes=30),
    ).people.set([people.representatives["杨春梅"], people.representatives["罗国栋"]])


def _hold(
    places: Places,
    people: People,
    code: str,
    day: date,
    start: str,
    end: str,
    kind: str,
    who: str,
    **rest: str,
) -> Reception:
    reception = Reception.objects.create(
        station=places.stations[code], kind=kind, starts_at=_at(day, start), ends_at=_at(day, end), **rest
    )
    reception.people.set(people.representatives[name] for name in who.split())
    return reception


def _at(day: date, clock: str) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.fromisoformat(clock)))
