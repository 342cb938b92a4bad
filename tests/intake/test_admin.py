"""Requests in the admin: the desk's case, the desk's rows, nothing to edit; the cards of the workbench and the left column."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core import navigation
from intake import actions
from intake.models import AccusedUnit

pytestmark = pytest.mark.django_db

LIST = "/admin/intake/constituentrequest/"


def change(case) -> str:
    return f"{LIST}{case.pk}/change/"


def test_the_list_holds_what_the_desk_holds(county, sign_in):
    mine, other = county.receive(), county.receive(station=county.other_station)

    page = sign_in(county.clerk).get(LIST).content.decode()

    assert mine.reference in page
    assert "待登记" in page
    assert other.reference not in page


def test_the_case_shows_state_clock_timeline_and_steps(county, sign_in):
    case = county.registered()

    page = sign_in(county.town_office).get(change(case)).content.decode()

    assert "待分办" in page
    assert "为什么是这一天" in page
    assert "群众看到：" in page
    assert reverse("intake:step", args=[case.public_id, "assign"]) in page
    assert "<textarea" not in page


def test_nothing_is_edited_added_or_deleted_in_the_admin(county, sign_in):
    case, desk = county.receive(), sign_in(county.county_office)

    assert desk.post(change(case), {"title": "改了"}).status_code == 405
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.post(f"{LIST}{case.pk}/delete/", {"post": "yes"}).status_code == 403
    case.refresh_from_db()
    assert case.title != "改了"


@pytest.mark.parametrize("who", ["other_clerk", "foreign_office", "unit_officer"])
def test_a_case_of_elsewhere_is_not_there(county, sign_in, who):
    case = county.receive()

    assert sign_in(getattr(county, who)).get(change(case)).status_code == 404


@pytest.mark.parametrize("who", ["sysadmin", "auditor", "security_admin"])
def test_administrators_see_no_requests(county, sign_in, who):
    case, administrator = county.receive(), sign_in(getattr(county, who))

    assert administrator.get(LIST).status_code == 403
    assert administrator.get(change(case)).status_code in (403, 404)


def test_a_unit_sees_its_own_without_the_person(county, sign_in):
    case, accused = county.assigned(), county.assigned()
    actions.note(case, text="这位阿姨来过三次", by=county.clerk)
    actions.urge(case, note="请抓紧，快到期了", by=county.town_office)
    AccusedUnit.objects.create(request=accused, unit=county.units["urban"])
    unit = sign_in(county.unit_officer)

    page = unit.get(change(case)).content.decode()

    assert "王阿姨" not in page
    assert "2746" not in page
    assert "这位阿姨来过三次" not in page
    assert "请抓紧，快到期了" in page
    assert unit.get(change(accused)).status_code == 404
    assert accused.reference not in unit.get(LIST).content.decode()


def test_words_find_a_case_in_the_admin(county, sign_in):
    lamp, water = county.receive(body="路灯不亮了，请来修。"), county.receive(body="自来水浑浊三天了。")

    page = sign_in(county.clerk).get(LIST, {"q": "水浑"}).content.decode()

    assert water.reference in page
    assert lamp.reference not in page


def test_the_state_narrows_the_list(county, sign_in):
    received, registered = county.receive(), county.registered()

    page = sign_in(county.clerk).get(LIST, {"state": "registered"}).content.decode()

    assert registered.reference in page
    assert received.reference not in page


def test_the_export_is_the_desks_with_its_reason(county, sign_in):
    county.receive()

    answer = sign_in(county.clerk).get(f"{LIST}export/")

    assert answer["Location"] == reverse("intake:export") + "?view=all"
    assert sign_in(county.unit_officer).get(f"{LIST}export/").status_code in (403, 404)


def test_the_list_costs_the_same_for_ten_rows_and_forty(county, sign_in, count_queries):
    desk = sign_in(county.clerk)
    for _each in range(10):
        county.receive()
    desk.get(LIST)
    with count_queries() as few:
        desk.get(LIST)
    for _each in range(30):
        county.receive()

    with count_queries() as many:
        desk.get(LIST)

    assert len(many) == len(few)


# --- left column and workbench


def column(user) -> dict[str, int | None]:
    groups = navigation.column_for(user, "/").groups
    return {str(link.entry.label): link.count for _heading, links in groups for link in links}


def test_each_person_has_the_desks_of_their_work(county):
    county.receive()
    signing = county.assigned()
    actions.submit_reply(
        signing, by=county.unit_officer, outcome="solved", headline="灯亮了", body="去现场换了灯头和电缆。"
    )

    clerk, office, head, leader, rep = (
        column(getattr(county, who)) for who in ("clerk", "town_office", "unit_head", "leader", "rep")
    )

    assert clerk["待登记"] == 1
    assert "待我批" not in clerk
    assert "待我批" in office
    assert "来访登记" in clerk
    assert head["待签发"] == 1
    assert "待登记" not in head
    assert "待登记" not in leader
    assert "全部诉求" in leader
    assert "全部诉求" not in rep
    assert "待我办" not in rep


def test_the_left_column_marks_the_list_a_case_was_opened_from(county):
    links = navigation.column_for(county.clerk, "/desk/requests/?view=late&case=abc").groups

    current = [str(link.entry.label) for _heading, group in links for link in group if link.is_current]

    assert current == ["已超期"]


def test_the_workbench_names_what_is_late_and_by_which_clock(county, sign_in):
    case = county.receive(now=timezone.now() - timedelta(days=15))

    page = sign_in(county.clerk).get("/admin/").content.decode()

    assert case.title in page
    assert "到期" in page
    assert "等您办" in page
