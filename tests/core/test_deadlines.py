"""Clocks: due dates computed from events, able to say why, and computed anew when a holiday notice comes."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from core import deadlines, remembered, rulebook
from core.cells import write_csv, write_xlsx
from core.deadlines import days_left, faces, faces_of, new_clock, recompute_all, why
from core.management.commands.load_calendar import DAY, NAME, SOURCE, WORKED
from core.models import NEVER, CalendarDay, Clock, RulePack, Rung, Term
from intake import actions
from intake.models import ConstituentRequest

TZ = ZoneInfo("Asia/Shanghai")


def at(year, month, day, hour=10, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=TZ)


@pytest.fixture
def request_(county):
    return county.receive(now=at(2026, 6, 1))


def clock_of(request, unit, amount, *, started=None, **term):
    Term.objects.filter(clock="request.station").update(unit=unit, amount=amount, **term)
    rulebook.clear()
    return new_clock(request, "request.station", started_at=started or at(2026, 6, 1))


# --- due dates


@pytest.mark.parametrize(
    ("unit", "amount", "started", "due_on"),
    [
        ("working_days", 5, at(2026, 6, 1), date(2026, 6, 8)),
        ("working_days", 1, at(2026, 9, 30), date(2026, 10, 8)),  # 国庆节
        ("working_days", 3, at(2026, 9, 17), date(2026, 9, 21)),  # Sunday the 20th is worked
        ("working_days", 5, at(2026, 6, 6), date(2026, 6, 12)),  # begun on a Saturday
        ("days", 15, at(2026, 6, 1), date(2026, 6, 16)),
        ("days", 5, at(2026, 6, 1), date(2026, 6, 8)),  # Saturday the 6th rolls
        ("months", 1, at(2026, 1, 31), date(2026, 2, 28)),  # 2026-02-28 is a make-up workday
        ("months", 3, at(2026, 6, 1), date(2026, 9, 1)),
    ],
)
def test_a_clock_in_days_ends_with_its_day(unit, amount, started, due_on, request_):
    clock = clock_of(request_, unit, amount, started=started)

    assert clock.due_on == due_on
    assert clock.due_at == at(due_on.year, due_on.month, due_on.day, 0) + timedelta(days=1)
    assert not clock.is_provisional


def test_a_statutory_day_stays_on_a_day_off(request_):
    assert clock_of(request_, "days", 5, roll=False).due_on == date(2026, 6, 6)


def test_a_clock_in_hours_runs_through_the_night(request_):
    clock = clock_of(request_, "hours", 2, started=at(2026, 6, 1, 23))

    assert clock.due_at == at(2026, 6, 2, 1)
    assert clock.due_on == date(2026, 6, 2)
    assert why(clock)[0] == "从 2026-06-01 23:00 起 2 小时。"


@pytest.mark.parametrize(
    ("hour", "minute", "due_on"), [(16, 59, date(2026, 6, 8)), (17, 0, date(2026, 6, 9))]
)
def test_what_comes_after_the_closing_hour_counts_from_the_next_day_where_the_term_says_so(
    hour, minute, due_on, request_
):
    clock = clock_of(
        request_, "working_days", 5, started=at(2026, 6, 1, hour, minute), next_day_after=time(17)
    )

    assert clock.due_on == due_on


def test_a_year_whose_holidays_nobody_knows_is_marked(request_):
    clock = clock_of(request_, "working_days", 5, started=at(2026, 12, 30))

    assert clock.is_provisional
    assert "2027 年节假日未公布，按周一至周五算，公布后重算。" in why(clock)


def test_a_clock_without_a_term_anywhere_is_a_missing_rule_pack(request_):
    with pytest.raises(ImproperlyConfigured, match="load_rules"):
        new_clock(request_, "request.unheard_of", started_at=at(2026, 6, 1))


def test_the_place_wins_over_the_nation_the_class_over_the_general_and_the_day_decides(request_, county):
    pack = RulePack.objects.create(
        code="yunling", name="云岭县办法", area_prefix="990127", source="云办〔2026〕1号",
        valid_from=date(2026, 6, 1), valid_to=date(2026, 7, 1),
    )  # fmt: skip
    Term.objects.create(pack=pack, clock="request.station", amount=3, unit="working_days")
    Term.objects.create(
        pack=pack, clock="request.station", case_class="complex", amount=4, unit="working_days"
    )
    rulebook.clear()

    def term(on, case_class="", county_code="990127000000"):
        return rulebook.term_for(
            "request.station", county_code=county_code, on=on, case_class=case_class
        ).amount

    assert term(date(2026, 6, 1)) == term(date(2026, 6, 30)) == 3
    assert term(date(2026, 6, 1), "complex") == 4
    assert term(date(2026, 6, 1), "unheard") == 3
    assert term(date(2026, 5, 31)) == term(date(2026, 7, 1)) == 5
    assert term(date(2026, 6, 1), county_code="990128000000") == 5
    assert rulebook.ladder_for("request.station", county_code="990127000000", on=date(2026, 6, 1))
    assert rulebook.ladder_for("request.answer", county_code="990127000000", on=date(2026, 6, 1)) == []


def test_an_edit_of_the_rules_is_known_to_other_processes_soon(request_, monkeypatch):
    assert rulebook.term_for("request.station", county_code="99", on=date(2026, 6, 1)).amount == 5
    Term.objects.filter(clock="request.station").update(amount=9)
    assert rulebook.term_for("request.station", county_code="99", on=date(2026, 6, 1)).amount == 5

    monkeypatch.setattr(remembered, "SECONDS", -1.0)

    assert rulebook.term_for("request.station", county_code="99", on=date(2026, 6, 1)).amount == 9


# --- rungs


@pytest.mark.parametrize(
    ("offset", "offset_unit", "instant"),
    [
        (-2, "working_days", at(2026, 6, 4, 0)),
        (0, "working_days", at(2026, 6, 8, 0)),
        (1, "working_days", at(2026, 6, 10, 0)),
        (3, "days", at(2026, 6, 12, 0)),
        (6, "hours", at(2026, 6, 9, 6)),
    ],
)
def test_before_and_on_the_day_a_rung_is_due_in_the_morning_and_after_it_once_the_day_is_over(
    offset, offset_unit, instant, request_
):
    clock = clock_of(request_, "working_days", 5)

    assert deadlines.rung_instant(clock, Rung(offset=offset, offset_unit=offset_unit)) == instant


def test_a_rung_on_the_hour_of_a_clock_in_hours(request_):
    clock = clock_of(request_, "hours", 2)

    assert deadlines.rung_instant(clock, Rung(offset=0, offset_unit="working_days")) == at(2026, 6, 1, 12)


# --- what moves a clock


def test_an_extension_is_working_days_whatever_the_clock_counts_in(county):
    for unit, amount, due_on in (
        ("months", 1, date(2026, 7, 6)),
        ("days", 30, date(2026, 7, 6)),
        ("working_days", 8, date(2026, 6, 16)),
    ):
        Term.objects.filter(clock="request.unit").update(unit=unit, amount=amount)
        Term.objects.filter(clock="request.answer").update(amount=60)
        rulebook.clear()
        request = county.assigned(now=at(2026, 6, 1))
        clock = deadlines.extend(request, "request.unit", by_amount=3)

        assert (unit, clock.due_on) == (unit, due_on)
        assert any(line.startswith("批准延期 3 个工作日，到 ") for line in why(clock))


def test_hours_are_extended_by_hours_and_pauses_to_the_second(county):
    request = county.receive(is_urgent=True, now=at(2026, 6, 1))
    clock = deadlines.extend(request, "request.contact", by_amount=1)
    assert clock.due_at == at(2026, 6, 1, 13)
    assert "批准延期 1 小时，到 6月1日。" in why(clock)

    deadlines.pause(clock, now=at(2026, 6, 1, 11))
    deadlines.pause(clock, now=at(2026, 6, 1, 12))
    deadlines.resume(clock, now=at(2026, 6, 1, 11, 30), county_code=request.county_code)
    deadlines.resume(clock, now=at(2026, 6, 1, 18), county_code=request.county_code)

    assert clock.due_at == at(2026, 6, 1, 13, 30)
    assert "中间暂停的时间不计算在内。" in why(clock)


@pytest.mark.parametrize(
    ("unit", "amount", "due_on"), [("days", 15, date(2026, 6, 18)), ("months", 1, date(2026, 7, 3))]
)
def test_days_a_clock_stood_still_are_not_counted(unit, amount, due_on, request_):
    clock = clock_of(request_, unit, amount)
    clock.save()

    deadlines.pause(clock, now=at(2026, 6, 2))
    assert (clock.is_paused, clock.is_overdue) == (True, False)
    deadlines.resume(clock, now=at(2026, 6, 4), county_code=request_.county_code)

    assert clock.due_on == due_on
    assert any("暂停 2 天" in line for line in why(clock))


def test_a_class_found_later_counts_from_the_same_start(county):
    request = county.registered(now=at(2026, 6, 1))

    clock = deadlines.reclassify(request, "request.answer", case_class="complex")

    assert (clock.amount, clock.due_on, request.promised_on) == (15, date(2026, 6, 23), date(2026, 6, 23))
    assert deadlines.reclassify(request, "request.county", case_class="complex") is None


def test_why_names_start_length_days_left_out_and_authority(county):
    request = county.assigned(now=at(2026, 9, 24))
    clock = Clock.objects.about(request).get(name="request.unit")

    assert why(clock) == [
        "2026年9月24日起算，当天不计，8 个工作日，到2026年10月13日（周二）。",
        "跳过周六、周日 1 天。",
        "跳过中秋节 9月25日至27日，3 天。",
        "跳过国庆节 10月1日至7日，7 天。",
        "10月10日（周六，调休上班）计算在内。",
        "依据：群众诉求办理期限（默认）（在答应群众的期限以内），本系统默认值，各地以本地规定为准。",
    ]


# --- faces


def test_a_list_gets_each_cases_most_urgent_clock_in_one_query(county, django_assert_num_queries):
    made = [
        county.assigned(now=at(2026, 6, 1)),
        county.registered(now=at(2026, 6, 2)),
        county.told(now=at(2026, 6, 3)),
    ]

    with django_assert_num_queries(1):
        found = faces_of(made)

    assert [found[case.pk].name for case in made] == [
        "request.unit",
        "request.triage",
        "request.rating",
    ]
    assert [found[case.pk].label for case in made] == ["单位答复", "分办", "评价"]
    assert faces_of([]) == {}


def test_a_face_says_how_the_clock_stands(county):
    request = county.assigned(now=at(2026, 6, 1))
    overdue = faces(request)[0]
    assert overdue.is_overdue
    assert overdue.days_left < 0
    assert not overdue.is_due_today
    assert overdue.why

    actions.ask(request, by=county.clerk, question="哪一盏？")
    first, *rest = faces(request)
    assert first.name == "request.supplement"
    assert all(face.is_paused for face in rest)
    assert days_left(first.clock, today=date(2026, 6, 1)) > 0


# --- a holiday notice

NOTICE = [
    ("2027-01-01", "否", "元旦"),
    ("2027-10-01", "否", "国庆节"),
    ("2027-01-04", "否", "调休"),
    ("2027-01-09", "是", "调休上班"),
]


def notice(tmp_path, rows=NOTICE, headings=(DAY, WORKED, NAME), name="2027.csv"):
    path = tmp_path / name
    if name.endswith("csv"):
        path.write_bytes(b"".join(write_csv(headings, rows)))
    else:
        with write_xlsx(headings, rows) as file:
            path.write_bytes(file.read())
    return str(path)


def load(capsys, *args, **options):
    call_command("load_calendar", *args, **({"source": "国办发明电〔2026〕9号"} | options))
    return capsys.readouterr().out


@pytest.mark.parametrize("name", ["2027.csv", "2027.xlsx"])
def test_a_notice_moves_the_deadlines_that_run_into_its_year_and_says_which(name, county, tmp_path, capsys):
    request, untouched = county.registered(now=at(2026, 12, 28)), county.registered(now=at(2026, 6, 1))
    clock = Clock.objects.about(request).running().get(name="request.answer")
    assert (clock.due_on, clock.is_provisional) == (date(2027, 1, 11), True)

    printed = load(capsys, notice(tmp_path, name=name))

    clock.refresh_from_db()
    request.refresh_from_db()
    assert (clock.due_on, clock.is_provisional) == (date(2027, 1, 12), False)
    assert request.promised_on == date(2027, 1, 12)
    assert f"{request.reference} 答复: 2027-01-11 → 2027-01-12" in printed
    assert printed.endswith("4 days read, 4 changed, 1 deadlines moved.\n")
    assert untouched.reference not in printed
    assert CalendarDay.objects.get(day=date(2027, 1, 9)).name == "调休上班"
    assert request.due_at == min(c.due_at for c in Clock.objects.about(request).running())

    again = load(capsys, notice(tmp_path, name=name))
    assert again.endswith("4 days read, 0 changed, 0 deadlines moved.\n")


def test_a_dry_run_says_the_same_and_changes_nothing(county, tmp_path, capsys):
    request = county.registered(now=at(2026, 12, 28))

    printed = load(capsys, notice(tmp_path), dry_run=True)

    assert printed.endswith("4 days read, 4 would change, 1 deadlines moved.\n")
    assert not CalendarDay.objects.exists()
    assert Clock.objects.about(request).running().get(name="request.answer").due_on == date(2027, 1, 11)
    assert rulebook.calendar().is_workday(date(2027, 1, 4))


def test_a_correction_replaces_what_was_loaded(county, tmp_path, capsys):
    load(capsys, notice(tmp_path))
    load(capsys, notice(tmp_path, [("2027-01-04", "是", "改正")]))

    assert CalendarDay.objects.get(day=date(2027, 1, 4)).is_workday
    assert CalendarDay.objects.count() == 4


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("2027-13-01", "否", "")], "第 2 行：“2027-13-01”不是日期"),
        ([("2027-01-01", "也许", "")], "第 2 行：“上班”一列要填“是”或“否”"),
        ([("2027-01-01", "否", ""), ("2027年1月1日", "否", "")], "第 3 行：这一天写了两次"),
        ([("2027-01-01", "否", "很" * 50)], "第 2 行"),
        ([], "表头下面没有内容"),
    ],
)
def test_a_file_with_a_slip_is_refused_whole_by_line(rows, message, county, tmp_path, capsys):
    good = [("2027-05-01", "否", "劳动节")] if rows else []

    with pytest.raises(CommandError, match=message):
        load(capsys, notice(tmp_path, rows + good))

    assert not CalendarDay.objects.exists()


def test_a_file_without_its_headings_its_source_or_itself_is_refused(county, tmp_path, capsys):
    with pytest.raises(CommandError, match="表头"):
        load(capsys, notice(tmp_path, [("x", "y", "z")], headings=("a", "b", "c")))
    with pytest.raises(CommandError, match="要写明依据"):
        load(capsys, notice(tmp_path), source="")
    with pytest.raises(CommandError, match="Cannot read"):
        load(capsys, str(tmp_path / "none.csv"))
    rows = [("2027-01-01", "放假", "", "国办发明电〔2026〕9号")]
    load(capsys, notice(tmp_path, rows, headings=(DAY, WORKED, NAME, SOURCE)), source="")
    assert CalendarDay.objects.get().source == "国办发明电〔2026〕9号"


def test_computing_anew_without_news_moves_nothing(county):
    made = [county.assigned(now=at(2026, 12, 28)), county.told(now=at(2026, 12, 28))]
    before = list(Clock.objects.order_by("pk").values())

    assert recompute_all() == []

    assert list(Clock.objects.order_by("pk").values()) == before
    assert ConstituentRequest.objects.filter(pk__in=[case.pk for case in made]).count() == 2


def test_rules_are_loaded_again_without_doubling(county, capsys):
    terms, rungs = Term.objects.count(), Rung.objects.count()

    call_command("load_rules")
    call_command("load_rules", if_missing=True)

    assert (Term.objects.count(), Rung.objects.count()) == (terms, rungs)
    assert f"{terms} terms, {rungs} rungs" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("load_rules", "/nowhere.json")


def test_a_right_that_lapses_makes_nobody_late(county):
    request = county.assigned(now=datetime.now(ZoneInfo("Asia/Shanghai")) - timedelta(days=9))

    assert Clock.objects.about(request).running().filter(name="request.return_window").exists()
    assert "request.return_window" not in [face.name for face in faces(request)]
    assert faces_of([request])[request.pk].name == "request.unit"


def test_a_case_knows_when_somebody_is_first_late_with_it(county):
    request = county.receive()

    def first(*but):
        request.refresh_from_db()
        running = Clock.objects.about(request).running().filter(paused_at__isnull=True).exclude(name__in=but)
        return min((clock.due_at for clock in running), default=NEVER)

    assert request.due_at == first()
    actions.register(request, by=county.clerk)
    assert request.due_at == first()
    actions.assign(request, unit=county.units["urban"], by=county.town_office)
    assert request.due_at == first("request.return_window")
    before = request.due_at
    actions.ask(request, by=county.town_office, question="哪一盏灯？")
    assert first("request.supplement") == NEVER == request.due_at
    actions.supplement(request, text="村口那一盏。")
    assert request.due_at == first("request.return_window") >= before
    actions.extend(request, by=county.town_office, days=3, note="等配件")
    assert request.due_at == first("request.return_window") > before
