"""Builds the story once: places, people, rules, receptions, and every case by its real steps."""

from __future__ import annotations

import json
from datetime import date

from django.db import transaction
from django.utils import timezone

from accounts.models import Area
from core import rulebook
from core.management.commands.load_rules import DEFAULT, load_pack
from core.models import CalendarDay
from intake.models import ConstituentRequest
from liaison.demo import people, places, receptions, story
from liaison.demo.places import COUNTY_CODE
from liaison.demo.stage import Stage

# 云岭县's own ladder for urgent matters: nobody called back within two hours, and after three it is the county's.
COUNTY_PACK = {
    "code": "yunling",
    "name": "云岭县办理期限（演示）",
    "area_prefix": "990127",
    "source": "演示用的虚构规定",
    "terms": [{"clock": "request.contact", "amount": 2, "unit": "hours", "article": "第六条"}],
    "rungs": [
        {"clock": "request.contact", "order": 1, "level": "urge", "offset": 0, "offset_unit": "hours",
         "hears": ["station_head", "town_office"]},
        {"clock": "request.contact", "order": 2, "level": "report", "offset": 1, "offset_unit": "hours",
         "hears": ["county_office", "town_office"], "fires": "escalate"},
    ],
}  # fmt: skip


def seed() -> str:
    """The whole story in one transaction, so that a half-told one never stands. A second call changes nothing."""
    if Area.objects.filter(code=COUNTY_CODE).exists():
        return "云岭县 is there already; nothing changed"
    with transaction.atomic():
        load_rules()
        load_county_rules()
        built = places.build()
        known = people.build(built)
        places.topics(built)
        receptions.build(built, known)
        stage = Stage(built, known, timezone.now())
        stage.play(story.all_of(stage))
    return f"云岭县: {ConstituentRequest.objects.count()} requests at {len(built.stations)} stations"


def load_rules() -> None:
    load_pack(json.loads(DEFAULT.read_text(encoding="utf-8")), keep=True)


def load_county_rules() -> None:
    year = timezone.localdate().year
    load_pack(COUNTY_PACK | {"valid_from": date(year - 1, 1, 1)})
    CalendarDay.objects.get_or_create(
        day=date(year + 1, 4, 9),
        defaults={"is_workday": False, "name": "四月八，县里放假一天", "source": "演示用的虚构通知"},
    )
    rulebook.clear()
