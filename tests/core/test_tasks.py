from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from core import rulebook, tasks
from core.models import CalendarDay, Clock, Heartbeat

pytestmark = pytest.mark.django_db


def due(request):
    return Clock.objects.about(request).running().get(name="request.answer").due_on


def test_a_day_entered_in_the_calendar_moves_running_deadlines_by_the_next_job(county):
    request = county.registered(now=datetime(2026, 11, 25, 9, tzinfo=ZoneInfo("Asia/Shanghai")))
    tasks.recompute_deadlines()
    before = due(request)
    CalendarDay.objects.create(day=date(2026, 11, 30), is_workday=False, name="临时放假", source="县政府通知")
    rulebook.clear()

    tasks.recompute_deadlines()

    assert (before, due(request)) == (date(2026, 12, 9), date(2026, 12, 10))
    assert Heartbeat.objects.get(name="recompute_deadlines").note.endswith(" 1 moved")


def test_nothing_is_counted_anew_while_the_calendar_is_the_same(county, django_assert_max_num_queries):
    county.registered()
    tasks.recompute_deadlines()

    with django_assert_max_num_queries(5):
        tasks.recompute_deadlines()
