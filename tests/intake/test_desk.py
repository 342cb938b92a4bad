"""The triage desk: its lists, its case, its steps, who may and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from core import tallies
from core.models import AccessLog, Draft, Event
from intake import actions
from intake.models import AccusedUnit, ConstituentRequest
from intake.selectors import desk as reads

pytestmark = pytest.mark.django_db

DESK = "/desk/requests/"
# What every signed-in page asks: session, person, log-in, second factor, roles, stations, inbox.
WHO_ASKS = (
    "django_session",
    'FROM "accounts_user"',
    "accounts_loginsession",
    "otp_totp",
    "accounts_membership",
    'FROM "stations_stationstaff"',
    'FROM "core_message"',
)
PANE = {"HX-Request": "true", "HX-Target": "pane"}


def step(case: ConstituentRequest, verb: str) -> str:
    return reverse("intake:step", args=[case.public_id, verb])


# --- who may


@pytest.mark.parametrize("who", ["clerk", "station_head", "town_office", "county_office", "leader"])
def test_people_of_stations_and_offices_have_a_desk(county, sign_in, who):
    case = county.receive()

    answer = sign_in(getattr(county, who)).get(f"{DESK}?view=register")

    assert answer.status_code == 200
    assert case.reference in answer.content.decode()


@pytest.mark.parametrize(
    "who", ["unit_officer", "unit_head", "rep", "auditor", "security_admin", "sysadmin", "nobody"]
)
def test_the_desk_is_closed_to_those_whose_work_is_elsewhere(county, sign_in, who):
    assert sign_in(getattr(county, who)).get(DESK).status_code == 403


def test_who_is_not_signed_in_is_sent_to_log_in(county, client):
    assert client.get(DESK).status_code == 302


@pytest.mark.parametrize(
    "who", ["other_clerk", "other_town_office", "foreign_office", "sysadmin", "unit_officer"]
)
def test_a_case_of_elsewhere_is_not_there(county, sign_in, who):
    case, other = county.receive(), sign_in(getattr(county, who))

    assert other.get(case.get_absolute_url()).status_code == 404
    assert other.get(step(case, "register")).status_code == 404
    assert other.post(step(case, "register"), {}).status_code == 404
    assert (
        other.post(reverse("intake:reveal", args=[case.public_id]), {"reason": "想看看"}).status_code == 404
    )
    assert other.post(reverse("intake:draft", args=[case.public_id, "register"]), {}).status_code == 404


def test_a_list_shows_nothing_of_the_next_town(county, sign_in):
    case = county.receive()

    page = sign_in(county.other_clerk).get(f"{DESK}?view=all").content.decode()

    assert case.reference not in page


def test_a_unit_that_is_complained_about_finds_no_case(county, sign_in):
    case = county.assigned()
    AccusedUnit.objects.create(request=case, unit=county.units["urban"])

    assert sign_in(county.unit_officer).get(case.get_absolute_url()).status_code == 404


# --- lists


def in_view(user: Any, name: str) -> set[int]:
    rows = ConstituentRequest.objects.visible_to(user)
    return set(reads.of_view(rows, reads.VIEWS[name], user, timezone.now()).values_list("pk", flat=True))


def test_every_case_stands_in_the_list_of_its_work(county):
    received, registered = county.receive(), county.registered()
    handled = actions.handle(county.registered(), by=county.clerk)
    replied = county.replied()
    redone = actions.rate(county.told(), solved="no", by=None)
    called = actions.rate(county.told(), solved="partly", by=None)
    followed = actions.feed_back(county.replied(outcome="planned"), by=county.clerk)

    clerk = county.clerk
    assert in_view(clerk, "register") == {received.pk}
    assert in_view(clerk, "triage") == {registered.pk}
    assert in_view(clerk, "own") == {handled.pk}
    assert in_view(clerk, "feedback") == {replied.pk}
    assert in_view(clerk, "redo") == {redone.pk}
    assert in_view(clerk, "callback") == {called.pk}
    assert in_view(clerk, "follow") == {followed.pk}
    assert len(in_view(clerk, "all")) == 7


def test_late_and_soon_follow_the_clocks(county):
    long_ago = timezone.now() - timedelta(days=20)
    late, fresh = county.receive(now=long_ago), county.receive()

    assert in_view(county.clerk, "late") == {late.pk}
    assert in_view(county.clerk, "soon") == {fresh.pk}


def test_the_window_of_a_unit_to_hand_back_makes_nobody_late(county):
    ten_days_ago = timezone.now() - timedelta(days=10)
    case = county.assigned(now=ten_days_ago)

    assert case.pk not in in_view(county.town_office, "late")
    assert reads.due_faces([case])[case.pk].name != "request.return_window"


def test_the_rating_window_makes_nobody_late(county):
    county.told(now=timezone.now() - timedelta(days=40))

    assert in_view(county.clerk, "late") == set()


def test_escalated_cases_are_the_countys_to_hand_out(county):
    case = actions.escalate(county.registered(), by=county.town_office)

    assert case.pk in in_view(county.county_office, "triage")
    assert case.pk not in in_view(county.clerk, "triage")


def test_hand_backs_and_wishes_for_time_wait_for_the_town_office(county):
    returned = actions.hand_back(county.assigned(), by=county.unit_officer, note="不归我们")
    asked = actions.request_extension(county.assigned(), by=county.unit_officer, days=5, note="等电缆")
    county.assigned()

    assert in_view(county.town_office, "approve") == {returned.pk, asked.pk}


@pytest.mark.parametrize("verb", ["extend", "refuse_extension"])
def test_an_answered_wish_for_time_waits_no_longer(county, sign_in, verb):
    case = actions.request_extension(county.assigned(), by=county.unit_officer, days=5, note="等电缆")
    fields = {"note": "电缆没到", "days": 5}

    answer = sign_in(county.town_office).post(step(case, verb), fields)

    assert answer.status_code == 303
    assert in_view(county.town_office, "approve") == set()


def test_the_wish_for_time_fills_the_form_that_grants_it(county, sign_in):
    case = actions.request_extension(county.assigned(), by=county.unit_officer, days=7, note="等电缆到货")

    page = sign_in(county.town_office).get(step(case, "extend")).content.decode()

    assert 'value="7"' in page
    assert "等电缆到货" in page


def test_counts_are_what_the_lists_hold(county):
    for _each in range(3):
        county.receive()
    county.registered()

    counts = reads.counts(county.clerk)

    for name, count in counts.items():
        assert count == len(in_view(county.clerk, name)), name
    assert counts["register"] == 3


def test_counts_stop_at_a_hundred(county, sign_in, monkeypatch):
    monkeypatch.setattr(tallies, "CAP", 2)
    for _each in range(4):
        county.receive()

    assert reads.counts(county.clerk)["register"] == 3
    assert "2+" in sign_in(county.clerk).get(f"{DESK}?view=register").content.decode()


def test_a_row_names_its_clock_its_date_and_its_marks(county, sign_in):
    case = county.receive(is_urgent=True)

    page = sign_in(county.clerk).get(f"{DESK}?view=register").content.decode()

    face = reads.due_faces([case])[case.pk]
    assert face.label in page
    assert case.reference in page
    assert case.title in page
    assert "加急" in page
    assert "手机提交" in page


def test_a_row_counts_what_may_be_the_same_matter(county, sign_in):
    first = county.receive(body="牛场组进村路口的路灯半个多月不亮了，晚上看不见路，请来修一修。")
    second = county.receive(body="牛场组进村路口路灯坏了半个多月不亮，晚上看不见路。")
    county.receive(body="杨家坪公共厕所锁了一个多月，没有人打扫，也进不去。")

    page = sign_in(county.clerk).get(f"{DESK}?view=register&case={first.public_id}").content.decode()

    assert page.count("疑似重复 1") == 2
    assert "可能是同一件事" in page
    assert second.reference in page


def test_what_may_be_the_same_matter_is_never_of_the_next_station(county, sign_in):
    first = county.receive(body="牛场组进村路口的路灯半个多月不亮了，晚上看不见路，请来修一修。")
    hidden = county.receive(body=first.body, station=county.other_station)

    page = sign_in(county.clerk).get(f"{DESK}?view=register&case={first.public_id}").content.decode()

    assert hidden.reference not in page


def test_words_of_the_matter_find_it(county, sign_in):
    lamp = county.receive(body="牛场组的路灯不亮了，请来修。")
    water = county.receive(body="自来水浑浊三天了，老人拉肚子。")

    page = sign_in(county.clerk).get(DESK, {"view": "all", "q": "水浑"}).content.decode()

    assert water.reference in page
    assert lamp.reference not in page


def test_the_number_finds_the_case(county, sign_in):
    case, other = county.receive(), county.receive()

    page = sign_in(county.clerk).get(DESK, {"view": "all", "q": case.reference}).content.decode()

    assert case.title in page
    assert other.reference not in page


@pytest.mark.parametrize(
    ("name", "value"),
    [("category", "{roads}"), ("state", "registered"), ("channel", "phone"), ("is_urgent", "on")],
)
def test_each_filter_narrows_the_list(county, sign_in, name, value):
    plain = county.receive()
    found = county.registered(channel="phone", category=county.categories["roads"], is_urgent=True)
    value = value.format(roads=county.categories["roads"].pk)

    page = sign_in(county.clerk).get(DESK, {"view": "all", name: value}).content.decode()

    assert found.reference in page
    assert plain.reference not in page


@pytest.mark.parametrize(
    "query",
    ["view=nothing", "sort=nothing", "category=abc", "state=nothing", "on=abc", "back=;", "on=2026-13-01_5", "q=%00",
     "unit=999999999999999999999", "on=99999999999999999999999999", "case="],
)  # fmt: skip
def test_an_address_typed_wrong_shows_a_list_all_the_same(county, sign_in, query):
    county.receive()

    assert sign_in(county.clerk).get(f"{DESK}?{query}").status_code == 200


@pytest.mark.parametrize("by_day", [False, True])
@pytest.mark.parametrize("sort", ["due", "new", "old"])
def test_pages_go_on_and_back_over_every_row_once(county, sort, by_day):
    now = timezone.now()
    made = [county.receive(now=now - timedelta(days=each % 4, minutes=each)).pk for each in range(11)]
    rows = ConstituentRequest.objects.visible_to(county.clerk)

    def page_of(**marks):
        return reads.page_of(rows, sort, size=3, by_day=by_day, **marks)

    pages = [page_of()]
    while pages[-1].on:
        pages.append(page_of(on=pages[-1].on))

    assert [len(page.rows) for page in pages] == [3, 3, 3, 2]
    assert sorted(row.pk for page in pages for row in page.rows) == sorted(made)
    back = page_of(back=pages[3].back)
    assert back.rows == pages[2].rows
    assert back.on
    assert back.back


def test_the_most_urgent_stands_first(county):
    early = county.receive(now=timezone.now() - timedelta(days=6))
    county.receive()

    page = reads.page_of(ConstituentRequest.objects.visible_to(county.clerk), "due")

    assert page.rows[0].pk == early.pk


def test_a_list_costs_the_same_for_ten_rows_and_a_hundred(county, sign_in, count_queries, monkeypatch):
    monkeypatch.setattr(reads.page_of, "__kwdefaults__", reads.page_of.__kwdefaults__ | {"size": 200})
    desk, views = sign_in(county.town_office), ("register", "triage", "late", "soon", "all", "approve")
    many_days = timezone.now() - timedelta(days=20)

    def cost() -> dict[str, list[str]]:
        seen = {}
        for view in views:
            with count_queries() as queries:
                assert desk.get(f"{DESK}?view={view}").status_code == 200
            seen[view] = [query["sql"] for query in queries]
        return seen

    for place in range(10):
        county.receive(body=f"第 {place} 件，路灯不亮", now=many_days if place % 2 else None)
    cost()
    few = cost()
    for place in range(90):
        county.receive(body=f"第 {place} 件，公厕锁了", now=many_days if place % 2 else None)
    many = cost()

    for view in views:
        own = [sql for sql in many[view] if not any(table in sql for table in WHO_ASKS)]
        # A list nobody waits in asks for no clocks.
        assert len(many[view]) == len(few[view]), view
        assert len(own) <= 3, "\n".join(own)


# --- the case


def test_the_pane_is_a_part_and_the_page_is_whole(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    url = f"{DESK}?view=register&case={case.public_id}"

    whole, part = desk.get(url), desk.get(url, headers=PANE)

    assert "<html" in whole.content.decode()
    assert case.body in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert case.body in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_the_case_says_why_the_day_is_that_day(county, sign_in):
    page = sign_in(county.clerk).get(county.registered().get_absolute_url()).content.decode()

    assert "为什么是这一天" in page
    assert "依据：" in page


def test_the_timeline_names_who_did_what_and_what_the_resident_reads(county, sign_in):
    case = county.assigned()
    actions.note(case, text="先问问村委会", by=county.clerk)

    page = sign_in(county.clerk).get(case.get_absolute_url()).content.decode()

    assert "石桥镇人大" in page
    assert "县城市管理局" in page
    assert "群众看到：" in page
    assert "先问问村委会" in page


def test_looking_at_a_case_writes_nothing(county, sign_in, count_queries):
    case, desk = county.receive(), sign_in(county.clerk)

    with count_queries() as seen:
        desk.get(f"{DESK}?view=register&case={case.public_id}")
        desk.get(case.get_absolute_url())

    written = [query["sql"] for query in seen if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert written == []
    assert AccessLog.objects.count() == 0


def test_a_case_costs_the_same_however_much_happened(county, sign_in, count_queries):
    case, desk = county.assigned(), sign_in(county.clerk)
    actions.note(case, text="第一条", by=county.clerk)
    desk.get(case.get_absolute_url())
    with count_queries() as few:
        desk.get(case.get_absolute_url())
    for place in range(20):
        actions.note(case, text=f"第 {place} 条", by=county.clerk)

    with count_queries() as many:
        desk.get(case.get_absolute_url())

    assert len(many) == len(few)


def test_two_clerks_see_each_other(county, sign_in):
    case = county.receive()
    sign_in(county.station_head).get(case.get_absolute_url())

    page = sign_in(county.clerk).get(case.get_absolute_url()).content.decode()

    assert "王磊也在看" in page
    assert "李静也在看" not in page


def test_nobody_is_seen_when_the_cache_is_down(county, sign_in, monkeypatch):
    from django.core.cache import cache

    def down(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(cache, "get", down)
    case = county.receive()

    assert sign_in(county.clerk).get(reverse("intake:presence", args=[case.public_id])).status_code == 200


def test_a_representative_reads_what_they_follow_and_nothing_said_inside(county, sign_in):
    case = county.assigned(follower=county.representative)
    actions.note(case, text="这位阿姨来过三次", by=county.clerk)
    rep = sign_in(county.rep)

    page = rep.get(case.get_absolute_url()).content.decode()

    assert case.body in page
    assert reverse("reports:my") in page
    assert "这位阿姨来过三次" not in page
    assert "王阿姨" not in page
    assert rep.get(county.assigned().get_absolute_url()).status_code == 404
    assert rep.post(step(case, "urge"), {"note": "群众等得急", "version": case.event_seq}).status_code == 303


# --- the number


def test_the_number_is_masked_until_a_reason_is_given(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    url = reverse("intake:reveal", args=[case.public_id])

    page = desk.get(case.get_absolute_url()).content.decode()
    assert "138****2746" in page
    assert "13800002746" not in page
    assert "13800002746" not in desk.get(url).content.decode()
    assert AccessLog.objects.count() == 0
    assert desk.post(url, {"reason": ""}).status_code == 422

    opened = desk.post(url, {"reason": "打电话问地点"})

    assert "13800002746" in opened.content.decode()
    assert opened["Cache-Control"] == "no-store"
    log = AccessLog.objects.get()
    assert (log.actor, log.case_id, log.reason) == (county.clerk, case.pk, "打电话问地点")


def test_a_leader_sees_neither_name_nor_number(county, sign_in):
    case, leader = county.receive(), sign_in(county.leader)

    page = leader.get(case.get_absolute_url()).content.decode()

    assert "王阿姨" not in page
    assert "2746" not in page
    assert leader.post(reverse("intake:reveal", args=[case.public_id]), {"reason": "看看"}).status_code == 403


def test_a_phone_number_finds_what_it_told_us_by_post_only(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)

    found = desk.post(reverse("intake:lookup"), {"phone": "138 0000 2746"})

    assert case.reference in found.content.decode()
    assert desk.get(reverse("intake:lookup")).status_code == 405
    assert desk.post(reverse("intake:lookup"), {"phone": "1380000274"}).status_code == 422
    assert (
        "手机号要 11 位数字" in desk.post(reverse("intake:lookup"), {"phone": "1380000274"}).content.decode()
    )
    other = sign_in(county.other_clerk).post(reverse("intake:lookup"), {"phone": "13800002746"})
    assert case.reference not in other.content.decode()


# --- steps


def test_a_case_is_registered_and_assigned_from_the_desk(county, sign_in):
    case, desk = county.receive(), sign_in(county.station_head)
    utilities = county.categories["utilities"]

    first = desk.post(
        step(case, "register"), {"category": utilities.pk, "title": "路灯不亮", "version": case.event_seq}
    )
    case.refresh_from_db()
    assert first.status_code == 303
    assert case.state == "registered"
    second = desk.post(
        step(case, "assign"),
        {"unit": county.units["urban"].pk, "version": case.event_seq, "instruction": "先设警示"},
    )

    case.refresh_from_db()
    assert second.status_code == 303
    assert (case.state, case.unit, case.instruction) == ("assigned", county.units["urban"], "先设警示")


def test_the_pane_opens_the_next_step_by_itself(county, sign_in):
    case, desk = county.receive(), sign_in(county.station_head)
    said = {"category": county.categories["utilities"].pk, "title": "路灯不亮", "version": case.event_seq}

    answer = desk.post(step(case, "register"), said, headers=PANE)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "desk:changed"
    assert step(case, "assign") in page
    assert "建议" in page
    assert "县城市管理局" in page


def test_what_the_form_proposes_is_marked_and_says_what_the_resident_hears(county, sign_in):
    case = county.registered()

    page = sign_in(county.town_office).get(step(case, "assign")).content.decode()

    assert "这一类默认由它办" in page
    assert "交办后：群众收到短信" in page
    assert "手上 0 件" in page
    assert "10 个工作日" in page


def test_the_usual_unit_is_proposed_when_the_category_names_none(county, sign_in):
    for _each in range(5):
        case = county.registered(category=county.categories["roads"])
        actions.assign(case, unit=county.units["town"], by=county.town_office, complexity="complex")
    case = county.registered(category=county.categories["roads"])

    page = sign_in(county.town_office).get(step(case, "assign")).content.decode()

    assert "同类的最近 5 件多由它办" in page
    assert "同类的最近 5 件多按复杂办" in page


def test_the_unit_complained_about_cannot_be_chosen(county, sign_in):
    case = county.registered()
    AccusedUnit.objects.create(request=case, unit=county.units["urban"])

    answer = sign_in(county.town_office).post(step(case, "assign"), {"unit": county.units["urban"].pk})

    assert answer.status_code == 422
    case.refresh_from_db()
    assert case.state == "registered"


def test_a_form_not_filled_in_says_what_is_missing(county, sign_in):
    case = county.receive()

    answer = sign_in(county.clerk).post(step(case, "reject"), {"note": "", "version": case.event_seq})

    assert answer.status_code == 422
    assert "有 1 处要改" in answer.content.decode()


def test_a_case_changed_meanwhile_keeps_the_words_and_can_be_sent_again(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    stale = case.event_seq
    actions.note(case, text="刚问过", by=county.station_head)

    answer = desk.post(step(case, "reject"), {"note": "写了很久的理由", "version": stale}, headers=PANE)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "写了很久的理由" in page
    assert "刚有人改过" in page
    case.refresh_from_db()
    assert f'name="version" value="{case.event_seq}"' in page
    assert (
        desk.post(step(case, "reject"), {"note": "写了很久的理由", "version": case.event_seq}).status_code
        == 303
    )


def test_two_clerks_at_once_and_one_wins(county, sign_in):
    case = county.receive()
    said = {"category": county.categories["utilities"].pk, "title": "路灯不亮", "version": case.event_seq}

    first = sign_in(county.clerk).post(step(case, "register"), said)
    second = sign_in(county.station_head).post(step(case, "register"), said)

    assert (first.status_code, second.status_code) == (303, 409)
    assert Event.objects.about(case).filter(kind="intake.request.register").count() == 1


def test_a_step_one_may_not_take_is_refused(county, sign_in):
    case = county.registered()

    assert sign_in(county.clerk).get(step(case, "assign")).status_code == 403
    answer = sign_in(county.clerk).post(step(case, "assign"), {"unit": county.units["urban"].pk})
    assert answer.status_code == 403
    received = county.receive()
    assert sign_in(county.leader).post(step(received, "reject"), {"note": "不行"}).status_code == 403


def test_a_verb_that_is_none_is_not_there(county, sign_in):
    case = county.receive()

    assert sign_in(county.clerk).get(step(case, "explode")).status_code == 404
    assert sign_in(county.clerk).post(step(case, "explode")).status_code == 404


def test_a_step_leads_back_only_within_our_own_site(county, sign_in):
    case = county.receive()
    said = {"note": "没有事由", "next": "https://evil.example/", "version": case.event_seq}

    answer = sign_in(county.clerk).post(step(case, "reject"), said)

    assert answer["Location"] == case.get_absolute_url()


def test_every_open_step_has_a_page_that_works_alone(county, sign_in):
    from core.steps import open_steps

    cases = [county.receive(), county.registered(), county.assigned(), county.replied(), county.told()]
    for user in (county.clerk, county.town_office):
        desk = sign_in(user)
        for case in cases:
            for each in open_steps(case, to=user):
                page = desk.get(step(case, each.name))
                assert page.status_code == 200, (case.state, each.name)
                assert f'action="{step(case, each.name)}"' in page.content.decode()


def test_words_with_a_null_byte_are_refused_clearly(county, sign_in):
    case = county.receive()

    answer = sign_in(county.clerk).post(step(case, "reject"), {"note": "坏\x00字"})

    assert answer.status_code == 422


# --- drafts


def test_a_draft_is_kept_for_its_writer_and_survives_a_change(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    kept = desk.post(reverse("intake:draft", args=[case.public_id, "reject"]), {"note": "写到一半"})
    actions.note(case, text="别人改了", by=county.station_head)

    assert "草稿已存" in kept.content.decode()
    assert "写到一半" in desk.get(step(case, "reject")).content.decode()
    assert "写到一半" not in sign_in(county.station_head).get(step(case, "reject")).content.decode()


def test_a_draft_goes_when_its_step_is_taken(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    desk.post(reverse("intake:draft", args=[case.public_id, "reject"]), {"note": "写到一半"})

    desk.post(step(case, "reject"), {"note": "写完了", "version": case.event_seq})

    assert Draft.objects.count() == 0


def test_a_draft_is_sealed_and_ends(county, sign_in):
    case, desk = county.receive(), sign_in(county.clerk)
    desk.post(reverse("intake:draft", args=[case.public_id, "reject"]), {"note": "机密的草稿"})

    Draft.objects.update(expires_at=timezone.now() - timedelta(days=1))

    assert "机密的草稿" not in desk.get(step(case, "reject")).content.decode()


# --- merging


def test_a_suggestion_is_merged_by_a_tick(county, sign_in):
    master = county.registered(body="牛场组进村路口的路灯半个多月不亮了，晚上看不见路，请来修一修。")
    case = county.receive(body="牛场组进村路口路灯坏了半个多月不亮，晚上看不见路。")
    desk = sign_in(county.clerk)
    assert master.reference in desk.get(step(case, "merge")).content.decode()

    answer = desk.post(step(case, "merge"), {"into": "", "pick": master.reference, "version": case.event_seq})

    case.refresh_from_db()
    assert answer.status_code == 303
    assert (case.state, case.master_id) == ("merged", master.pk)


def test_a_number_typed_wins_and_a_wrong_one_is_told(county, sign_in):
    master, case = county.registered(), county.receive()
    desk = sign_in(county.clerk)

    assert (
        desk.post(step(case, "merge"), {"into": "26-0101-00000", "version": case.event_seq}).status_code
        == 422
    )
    assert desk.post(step(case, "merge"), {"into": "", "version": case.event_seq}).status_code == 422
    assert (
        desk.post(
            step(case, "merge"), {"into": master.reference.replace("-", ""), "version": case.event_seq}
        ).status_code
        == 303
    )


def test_a_merge_is_undone(county, sign_in):
    case = actions.merge(county.receive(), into=county.registered(), by=county.clerk)

    answer = sign_in(county.clerk).post(step(case, "unmerge"), {"version": case.event_seq})

    case.refresh_from_db()
    assert answer.status_code == 303
    assert (case.state, case.master_id) == ("received", None)


def test_one_letter_with_two_matters_is_split(county, sign_in):
    case = county.registered()

    answer = sign_in(county.clerk).post(
        step(case, "split"), {"parts": "路灯不亮\n公厕锁了", "version": case.event_seq}
    )

    assert answer.status_code == 303
    assert case.offshoots.count() == 2


def test_what_a_case_belongs_with_is_shown_only_to_who_may_see_it(county, sign_in):
    master = county.receive(station=county.other_station)
    actions.register(master, by=county.other_clerk)
    case = actions.merge(county.receive(), into=master, by=county.county_office)
    split = county.registered()
    (part,) = actions.split(split, parts=["公厕锁了一个多月"], by=county.clerk)

    assert master.reference not in sign_in(county.clerk).get(case.get_absolute_url()).content.decode()
    assert master.reference in sign_in(county.county_office).get(case.get_absolute_url()).content.decode()
    assert part.reference in sign_in(county.clerk).get(split.get_absolute_url()).content.decode()
    assert "拆分自" in sign_in(county.clerk).get(part.get_absolute_url()).content.decode()


def test_an_answer_nobody_signed_stays_with_the_unit(county, sign_in):
    case = county.assigned()
    actions.submit_reply(
        case,
        by=county.unit_officer,
        outcome="solved",
        headline="还没签的一句话",
        body="去现场换了灯头和电缆。",
    )

    assert "还没签的一句话" not in sign_in(county.clerk).get(case.get_absolute_url()).content.decode()


# --- newcomers


def test_the_bar_counts_what_came_in_since(county, sign_in):
    first, desk = county.receive(), sign_in(county.clerk)
    url = reverse("intake:pulse")
    assert "新来" not in desk.get(url, {"since": first.pk}).content.decode()

    county.receive()
    county.receive(station=county.other_station)

    assert "新来 1 件" in desk.get(url, {"since": first.pk}).content.decode()
    assert desk.get(url, {"since": "abc"}).status_code == 200


def test_what_can_be_no_case_is_no_case(county, sign_in):
    client = sign_in(county.town_office)
    case = county.registered()

    assert client.get("/desk/requests/?case=%00").status_code == 404
    page = client.post(
        "/desk/requests/batch/assign/", {"ids": ["\x00", "x\x00y", "字" * 400, case.public_id]}
    )
    assert page.status_code == 200
    assert case.reference in page.content.decode()
