from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import segno
import time_machine
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.utils import timezone

from core.deadlines import ClockFace
from core.models import Clock
from core.models.rules import TimeUnit
from core.templatetags import house


def render(source: str, **context: object) -> str:
    return Template("{% load house %}" + source).render(Context(context))


def words(html: str) -> str:
    """What is read aloud, in order."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def make_face(days_left: int = 8, *, hours: bool = False, paused: bool = False) -> ClockFace:
    start = datetime(2026, 5, 18, 2, 0, tzinfo=UTC)
    due_on = date(2026, 6, 8)
    due_at = datetime(2026, 6, 8, 16, 0, tzinfo=UTC)
    clock = Clock(
        name="request.unit",
        unit=TimeUnit.HOURS if hours else TimeUnit.WORKING_DAYS,
        amount=15,
        started_at=start,
        due_on=due_on,
        due_at=due_at,
    )
    return ClockFace(
        name="request.unit",
        label="单位答复",
        due_on=due_on,
        due_at=due_at,
        days_left=days_left,
        is_overdue=days_left < 0,
        is_due_today=days_left == 0,
        is_paused=paused,
        is_provisional=False,
        clock=clock,
    )


class TestDates:
    @pytest.fixture(autouse=True)
    def _noon(self):
        with time_machine.travel(datetime(2026, 5, 20, 4, 0, tzinfo=UTC), tick=False):
            yield

    def test_a_date_names_its_weekday_and_its_year_only_when_it_is_another(self):
        assert house.zh_date(date(2026, 6, 8)) == "6月8日（周一）"
        assert house.zh_date(date(2027, 1, 3)) == "2027年1月3日（周日）"
        assert house.zh_date(None) == ""

    def test_an_instant_is_told_in_local_time(self):
        late = datetime(2026, 6, 7, 16, 5, tzinfo=UTC)  # past midnight in Shanghai
        assert house.zh_date(late) == "6月8日（周一）"
        assert house.zh_datetime(late) == "6月8日 0:05"

    @pytest.mark.parametrize(
        ("passed", "said"),
        [
            (timedelta(seconds=20), "刚刚"),
            (timedelta(minutes=8), "8 分钟前"),
            (timedelta(hours=3), "3 小时前"),
            (timedelta(hours=20), "昨天"),
            (timedelta(days=6), "6 天前"),
            (timedelta(days=60), "3月21日"),
        ],
    )
    def test_ago_becomes_coarser_with_distance(self, passed, said):
        assert house.ago(timezone.now() - passed) == said

    def test_calendar_leaves_say_today_and_tomorrow(self):
        assert [house.zh_weekday(date(2026, 5, day)) for day in (20, 21, 22)] == ["今天", "明天", "周五"]


class TestClocks:
    def test_a_due_tag_names_its_clock_and_its_date(self):
        html = render("{% due_tag face %}", face=make_face())
        assert words(html) == "单位答复：还剩 8 个工作日，6月8日前"
        assert "tag--green" in html

    @pytest.mark.parametrize(
        ("days", "tone", "said"),
        [
            (2, "amber", "还剩 2 个工作日"),
            (0, "amber", "今天到期"),
            (-1, "wine", "超期 1 个工作日"),
        ],
    )
    def test_a_clock_changes_tone_and_words_near_its_end(self, days, tone, said):
        face = make_face(days)
        assert (house.due_tone(face), house.days_left(face)) == (tone, said)

    def test_a_paused_clock_makes_nobody_hurry(self):
        face = make_face(-3, paused=True)
        assert (house.due_tone(face), house.days_left(face)) == ("", "已暂停")

    def test_a_clock_of_hours_says_the_hour(self):
        assert house.due_when(make_face(0, hours=True)) == "6月9日 0:00"

    def test_no_clock_no_tag(self):
        assert words(render("{% due_tag face %}", face=None)) == ""

    @time_machine.travel(datetime(2026, 5, 29, 2, 0, tzinfo=UTC), tick=False)
    def test_the_bar_tells_how_much_time_is_gone(self):
        assert house.used_percent(make_face()) == 51

    @time_machine.travel(datetime(2026, 7, 1, 2, 0, tzinfo=UTC), tick=False)
    def test_the_bar_is_full_once_the_time_is_over(self):
        assert house.used_percent(make_face(-17)) == 100


def test_the_line_is_read_station_by_station():
    said = words(render('{% rail 2 "5月18日" "正在办" "6月8日前" %}'))
    assert said == "登记 已完成， 5月18日 处理 正在进行， 正在办 结果 还没到， 6月8日前 反馈 还没到"


def test_a_finished_line_has_no_present_station():
    html = render("{% rail 4 finished=True %}")
    assert "aria-current" not in html
    assert html.count("is-done") == 4


class TestNumbers:
    def test_a_rate_carries_its_base(self):
        assert words(render("{% rate 2664 2846 %}")) == "93.6% 2,664 / 2,846"

    def test_below_five_cases_there_is_no_percentage(self):
        assert words(render("{% rate 3 4 %}")) == "— 3 / 4"

    def test_a_round_rate_has_no_decimals(self):
        assert words(render("{% rate 5 5 %}")) == "100% 5 / 5"

    def test_a_phone_number_is_masked(self):
        assert render("{{ '13800002746'|mask_phone }}") == "138****2746"


def test_an_icon_is_decoration_and_an_unknown_one_an_error():
    assert 'aria-hidden="true"' in render('{% icon "phone" %}')
    with pytest.raises(KeyError):
        house.icon("no such drawing")


def test_a_qr_code_draws_every_module_with_four_of_quiet_zone():
    text = "https://jz.example.gov.cn/s/0312"
    svg = str(house.qr(text))
    side = int(re.search(r'viewBox="0 0 (\d+) \d+"', svg)[1])
    drawn = [[0] * side for _ in range(side)]
    for x, y, width, left in re.findall(r"M(\d+) (\d+)h(\d+)v1H(\d+)z", svg):
        assert x == left
        for module in range(int(x), int(x) + int(width)):
            drawn[int(y)][module] = 1
    code = segno.make(text, error="m", boost_error=False)
    assert code.error == "M"
    assert drawn == [[int(bool(module)) for module in row] for row in code.matrix_iter(border=4)]
    assert not any(any(row) for row in drawn[:4])


class SampleForm(forms.Form):
    kind = forms.ChoiceField(
        label="哪一类", choices=[("", "—"), ("road", "道路交通"), ("other", "其他")], widget=forms.RadioSelect
    )
    body = forms.CharField(
        label="把情况说一说",
        help_text="写几句就行。",
        max_length=500,
        widget=forms.Textarea,
        error_messages={"required": "请写写是什么事"},
    )
    phone = forms.CharField(label="手机号", required=False)
    agreed = forms.BooleanField(label="已念给对方听，对方同意登记")
    photo = forms.FileField(label="照片", required=False)
    village = forms.ChoiceField(label="村、社区", choices=[("1", "牛场村")])
    step = forms.CharField(widget=forms.HiddenInput, required=False)


class TestFields:
    def test_label_hint_error_and_input_stand_in_this_order_and_are_tied(self):
        form = SampleForm({})
        html = render('{% include "components/_field.html" with count=True %}', field=form["body"])
        places = [html.index(mark) for mark in ('for="id_body"', "写几句就行", "请写写是什么事", "<textarea")]
        assert all(before < after for before, after in pairwise(places))
        described = re.search(r'<textarea[^>]*aria-describedby="([^"]*)"', html)[1].split()
        assert described == ["id_body_helptext", "id_body_error", "id_body_count"]
        assert all(f'id="{each}"' in html for each in described)
        assert 'aria-invalid="true"' in html
        assert 'data-count="id_body_count"' in html

    def test_tiles_are_real_radio_buttons_and_none_is_chosen(self):
        html = render('{% include "components/_field.html" with keep=True %}', field=SampleForm()["kind"])
        assert html.count('type="radio"') == 2
        assert "checked" not in html
        assert html.count("data-keep") == 2
        for ident in re.findall(r'<label for="([^"]+)"', html):
            assert f'id="{ident}"' in html

    def test_what_was_chosen_stays_chosen(self):
        html = render('{% include "components/_field.html" %}', field=SampleForm({"kind": "road"})["kind"])
        assert re.search(r'value="road"[^>]*checked|checked[^>]*value="road"', html)

    def test_tiles_carry_icons_and_hints_by_value(self):
        html = render(
            '{% include "components/_field.html" with cols=3 tall=True %}',
            field=SampleForm()["kind"],
            icons={"road": "road"},
            hints={"other": "说不清就选它"},
        )
        assert "pick--3" in html
        assert str(house.icon("road")) in html
        assert "<small>说不清就选它</small>" in html

    def test_a_field_that_may_stay_empty_says_so(self):
        assert "可不填" in render('{% include "components/_field.html" %}', field=SampleForm()["phone"])
        assert "可不填" not in render('{% include "components/_field.html" %}', field=SampleForm()["body"])

    def test_the_summary_leads_to_each_field(self):
        form = SampleForm({"village": "1"})
        html = render('{% include "components/_error_summary.html" %}', form=form)
        assert "有 3 处要改" in html
        assert house.error_prefix(form) == "有 3 处要改："
        assert re.findall(r'href="#([^"]+)"', html) == ["id_kind_1", "id_body", "id_agreed"]
        page = render('{% include "components/_form.html" %}', form=form)
        assert all(f'id="{ident}"' in page for ident in re.findall(r'href="#([^"]+)"', page))

    def test_a_form_without_errors_has_no_summary(self):
        assert words(render('{% include "components/_error_summary.html" %}', form=SampleForm())) == ""

    def test_a_whole_form_names_every_input(self):
        html = render('{% include "components/_form.html" %}', form=SampleForm())
        named = set(re.findall(r' name="(\w+)"', html))
        assert named == {"kind", "body", "phone", "agreed", "photo", "village", "step"}


class TestCurrent:
    def test_the_entry_follows_from_the_path(self, rf):
        request = rf.get("/stations/0312/")
        assert (
            house.current(Context({"request": request}), "stations", "/stations/") == ' aria-current="page"'
        )
        assert house.current(Context({"request": request}), "home", "/") == ""

    def test_a_view_may_say_otherwise(self, rf):
        context = Context({"request": rf.get("/stations/0312/"), "nav": "representatives"})
        assert house.current(context, "stations", "/stations/") == ""
        assert house.current(context, "representatives", "/representatives/") == ' aria-current="page"'


def test_the_shell_of_signed_in_people_needs_no_entry_to_stand(rf):
    request = rf.get("/desk/")
    request.user = AnonymousUser()
    html = Template('{% extends "base.html" %}{% block content %}<h1>今天</h1>{% endblock %}').render(
        Context({"request": request, "messages": []})
    )
    assert html.count("<h1>") == 1
    assert html.count("<main") == 1
