"""The admin asks our permission table and nothing else: every role at every door of every registered list.

security.md 1.1 items 6, 7, 9, 11, 12; decisions 12. The grid below is written by hand: a new admin without a row fails.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission as DjangoPermission
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Area, Category, LoginSession, Membership, Unit, User
from accounts.roles import Role
from core import rulebook
from core.models import (
    AccessLog,
    CalendarDay,
    Draft,
    Message,
    RulePack,
    Rung,
)
from stations.models import Station
from tests.county import LONG_AGO, make_area, make_user
from tests.house.hostile import forms_on

pytestmark = pytest.mark.django_db


def test_a_superuser_flag_groups_and_django_permissions_open_nothing(county, sign_in):
    person = county.leader
    person.is_staff = True
    person.save()
    person.user_permissions.set(DjangoPermission.objects.all())

    client = sign_in(person)

    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 403
    assert client.get(reverse("admin:core_event_changelist")).status_code == 403


# --- scope: equality of places, 404 for strangers


def test_another_countys_rows_are_listed_to_nobody_and_open_as_no_such_page(county, sign_in):
    client = sign_in(county.county_office)
    foreign = county.foreign_station

    assert foreign.name not in client.get(reverse("admin:stations_station_changelist")).content.decode()
    assert client.get(reverse("admin:stations_station_change", args=[foreign.pk])).status_code == 404
    query = {"app_label": "stations", "model_name": "posting", "field_name": "station", "term": foreign.name}
    assert client.get(reverse("admin:autocomplete"), query).json()["results"] == []


def test_another_countys_division_and_unit_are_seen_but_not_changed(county, sign_in):
    client = sign_in(county.county_office)
    unit = Unit.objects.create(code="far", name="青川县水务局", area=county.elsewhere)

    for name, row in (("area", county.elsewhere_town), ("unit", unit)):
        url = reverse(f"admin:accounts_{name}_change", args=[row.pk])
        assert client.get(url).context["has_change_permission"] is False
        assert client.post(url, {"name": "改名"}).status_code == 403
        row.refresh_from_db()
        assert row.name != "改名"


def test_a_unit_cannot_be_put_into_a_county_one_does_not_manage(county, sign_in):
    client = sign_in(county.county_office)
    data = {"code": "far", "name": "远方局", "kind": "government", "area": county.elsewhere.pk}

    response = client.post(reverse("admin:accounts_unit_add"), data)

    assert response.status_code == 200
    assert "您管不到这个地方" in response.content.decode()
    assert not Unit.objects.filter(code="far").exists()


def test_extra_fields_of_a_form_are_ignored(county, sign_in):
    client = sign_in(county.security_admin)
    user = county.clerk
    url = reverse("admin:accounts_user_change", args=[user.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields} | {
        "display_name": "李静静", "is_superuser": "on", "is_staff": "on", "is_active": "", "password": "x",
        "must_change_password": "on", "username": "root",
        "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
    }  # fmt: skip

    assert client.post(url, data).status_code == 302

    fresh = User.objects.get(pk=user.pk)
    assert fresh.display_name == "李静静"
    assert (fresh.username, fresh.is_superuser, fresh.is_staff, fresh.is_active, fresh.must_change_password) == (
        "clerk", False, False, True, False,
    )  # fmt: skip
    assert fresh.password == user.password


# --- roles on the user's page


def membership_form(user: Any, *rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    data: dict[str, Any] = {
        "username": user.username, "display_name": user.display_name, "title": "", "email": "", "phone": "",
        "memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": initial,
    }  # fmt: skip
    for number, row in enumerate(rows):
        data |= {f"memberships-{number}-{name}": value for name, value in ({"user": user.pk} | row).items()}
    return data


def save_user(client: Any, user: Any, data: dict[str, Any]) -> Any:
    return client.post(reverse("admin:accounts_user_change", args=[user.pk]), data)


def test_a_role_is_given_on_the_users_page_and_history_names_who_gave_it(county, sign_in):
    row = {
        "role": "town_office",
        "area": county.towns[0].pk,
        "unit": "",
        "valid_from": "2026-01-01",
        "valid_to": "",
    }

    response = save_user(sign_in(county.security_admin), county.nobody, membership_form(county.nobody, row))

    assert response.status_code == 302
    membership = Membership.objects.get(user=county.nobody)
    assert (membership.role, membership.area) == (Role.TOWN_OFFICE, county.towns[0])
    event = Membership.pgh_event_model.objects.get(pgh_obj_id=membership.pk)
    assert event.pgh_context.metadata["user"] == county.security_admin.pk


def test_one_of_the_three_administrators_gets_no_second_role_on_the_page(county, sign_in):
    held = Membership.objects.get(user=county.auditor)
    kept = {
        "id": held.pk,
        "role": "auditor",
        "area": "",
        "unit": "",
        "valid_from": "2020-01-01",
        "valid_to": "",
    }
    more = {"role": "station_clerk", "area": "", "unit": "", "valid_from": "2026-01-01", "valid_to": ""}

    response = save_user(
        sign_in(county.security_admin), county.auditor, membership_form(county.auditor, kept, more, initial=1)
    )

    assert response.status_code == 200
    assert "互不兼任" in response.content.decode()
    assert Membership.objects.filter(user=county.auditor).count() == 1


def test_a_role_is_ended_on_the_page_and_nothing_else_of_it_changes(county, sign_in):
    held = Membership.objects.get(user=county.town_office)
    row = {
        "id": held.pk, "role": "county_office", "area": county.county.pk, "unit": "", "valid_from": "2025-01-01",
        "valid_to": str(timezone.localdate()),
    }  # fmt: skip

    save_user(
        sign_in(county.security_admin),
        county.town_office,
        membership_form(county.town_office, row, initial=1),
    )

    held.refresh_from_db()
    assert (held.role, held.area, held.valid_from) == (Role.TOWN_OFFICE, county.towns[0], LONG_AGO)
    assert held.valid_to == timezone.localdate()


def test_nobody_gives_themselves_a_role_on_the_page(county, sign_in):
    row = {"role": "station_clerk", "area": "", "unit": "", "valid_from": "2026-01-01", "valid_to": ""}

    save_user(
        sign_in(county.security_admin), county.security_admin, membership_form(county.security_admin, row)
    )

    assert Membership.objects.filter(user=county.security_admin).count() == 1


# --- bulk actions and their second page


def act(client: Any, name: str, action: str, rows: list[Any], **more: Any) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(reverse(f"admin:{name}_changelist"), data)


def test_switching_accounts_off_asks_first_and_names_them(county, sign_in):
    client = sign_in(county.security_admin)

    page = act(client, "accounts_user", "disable", [county.clerk])
    assert page.status_code == 200
    assert "李静" in page.content.decode()
    assert User.objects.get(pk=county.clerk.pk).is_active

    assert act(client, "accounts_user", "disable", [county.clerk], confirmed="1").status_code == 302
    assert not User.objects.get(pk=county.clerk.pk).is_active


def test_the_printed_sheets_carry_a_link_for_each_person_and_are_not_kept(county, sign_in):
    client = sign_in(county.security_admin)

    page = act(client, "accounts_user", "print_log_ins", [county.rep, county.clerk])

    assert page.content.decode().count("<svg role") == 2
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("who", ["auditor", "county_office"])
def test_nobody_else_prints_or_disables(county, sign_in, who):
    client = sign_in(county.users[who])
    for action in ("print_log_ins", "disable", "reset_second_factor"):
        act(client, "accounts_user", action, [county.clerk], confirmed="1")

    assert User.objects.get(pk=county.clerk.pk).is_active


def test_a_boundary_is_moved_from_the_list_after_saying_how_much_moves(county, sign_in):
    client = sign_in(county.county_office)
    county.registered()

    page = act(client, "accounts_area", "move", [county.towns[0]])
    assert "家站点：1 条" in page.content.decode()
    wrong = act(client, "accounts_area", "move", [county.towns[0]], confirmed="1", new="990127199000")
    assert wrong.status_code == 422
    done = act(client, "accounts_area", "move", [county.towns[0]], confirmed="1", new=county.towns[1].code)

    assert done.status_code == 302
    assert Station.objects.get(pk=county.station.pk).town_code == county.towns[1].code


def test_nothing_is_deleted_but_calendar_days(county, sign_in):
    for model, each in admin.site._registry.items():
        assert each.may_delete is (model is CalendarDay), model
    client = sign_in(county.county_office)
    act(client, "accounts_category", "delete_selected", [county.categories["roads"]], post="yes")
    assert Category.objects.filter(code="roads").exists()


# --- lists


def test_a_list_reaches_a_thousand_rows_and_counts_no_further(county, sign_in, count_queries):
    Area.objects.bulk_create(
        Area(
            code=f"9901272{n:05}", name=f"村{n}", level="village", parent=county.towns[0], valid_from=LONG_AGO
        )
        for n in range(1_050)
    )
    client = sign_in(county.county_office)
    url = reverse("admin:accounts_area_changelist")

    with count_queries() as seen:
        page = client.get(url)

    assert "只列前 1000 条，请缩小范围" in page.content.decode().replace(",", "")
    counts = [
        query["sql"] for query in seen if "COUNT(*)" in query["sql"] and "accounts_area" in query["sql"]
    ]
    assert counts
    assert all("LIMIT 1001" in sql for sql in counts)
    assert client.get(url, {"p": 20}).status_code == 200
    assert client.get(url, {"p": 21}).status_code == 302


def fill(county: Any, numbers: range) -> None:
    for n in numbers:
        make_area(f"9901273{n:02}000", f"镇{n}", "township", county.county)
        unit = Unit.objects.create(code=f"u{n}", name=f"局{n}", area=county.towns[n % 2])
        Category.objects.create(code=f"c{n}", name=f"类{n}", default_unit=unit)
        user = make_user(f"人{n}", (Role.UNIT_OFFICER, unit), username=f"p{n}")
        LoginSession.objects.create(user=user, session_key=f"s{n}")
        CalendarDay.objects.create(day=date(2027, 1, 1) + timedelta(days=n), is_workday=False, source="x")
        RulePack.objects.create(
            code=f"r{n}", name="包", area_prefix=f"{n + 10}", source="x", valid_from=LONG_AGO
        )
        request = county.registered()
        AccessLog.objects.create(
            at=timezone.now(), actor=user, case_label="request", case_id=request.pk, what="x", reason="x"
        )
        Message.objects.create(kind="x", channel="inbox", dedupe=f"m{n}", recipient=user)


# The lists of core and accounts that grow, each with somebody who sees it.
GROWING = {
    "accounts.area": "county_office", "accounts.category": "county_office", "accounts.unit": "county_office",
    "accounts.user": "security_admin", "accounts.membership": "security_admin", "accounts.loginsession": "security_admin",
    "core.accesslog": "auditor", "core.calendarday": "county_office", "core.clock": "auditor", "core.event": "auditor",
    "core.message": "county_office", "core.rulepack": "county_office",
}  # fmt: skip


def test_every_list_costs_the_same_for_ten_rows_and_for_thirty(county, sign_in, count_queries):
    def costs() -> dict[str, int]:
        found = {}
        for label, who in GROWING.items():
            client = sign_in(county.users[who])
            url = reverse(f"admin:{label.replace('.', '_')}_changelist")
            client.get(url)
            with count_queries() as seen:
                client.get(url)
            found[label] = len(seen)
        return found

    fill(county, range(10))
    few = costs()
    fill(county, range(10, 30))

    assert costs() == few


TWISTED = [
    "?q=%00", "?level__exact=%00", "?x%00=1", "?p=abc", "?p=-1", "?o=9.9.9", "?o=x", "?level__exact=999",
    "?id__exact=99999999999999999999", "?valid_from__gte=nonsense", "?password__startswith=a",
    "?q=" + quote("%_\\'\""), "?q=" + "x" * 3000, "?_to_field=password", "?all=", "?e=1", "?q=%ED%A0%80",
]  # fmt: skip


@pytest.mark.parametrize("query", TWISTED)
def test_a_twisted_address_is_answered_and_never_breaks(county, sign_in, query):
    client = sign_in(county.county_office)

    response = client.get(reverse("admin:accounts_area_changelist") + query)

    assert response.status_code in (200, 302, 400)


@pytest.mark.parametrize("key", ["0", "abc", "%00", "99999999999999999999", "_3A", "1/../2"])
def test_a_key_of_no_row_is_no_such_page(county, sign_in, key):
    client = sign_in(county.county_office)

    assert client.get(f"/admin/accounts/area/{key}/change/").status_code == 404


def test_a_filter_by_unit_offers_only_what_the_person_may_see(county, sign_in):
    page = sign_in(county.unit_officer).get(reverse("admin:intake_constituentrequest_changelist"))

    assert county.foreign_station.name not in page.content.decode()


# --- tables out and in


def exported(client: Any, name: str, file_format: str, **query: Any) -> bytes:
    answer = client.post(
        reverse(f"admin:{name}_export"), {"format": file_format, "reason": "年度核对"}, query_params=query
    )
    assert answer.streaming
    return b"".join(answer.streaming_content)


def test_an_export_reads_its_rows_as_the_browser_takes_them(county, sign_in, count_queries):
    client = sign_in(county.county_office)

    with count_queries() as asked:
        answer = client.post(reverse("admin:accounts_unit_export"), {"format": "csv", "reason": "年度核对"})
    with count_queries() as taken:
        lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()

    assert not [each for each in asked if "DECLARE" in each["sql"]]
    assert [each["sql"][:7] for each in taken] == ["DECLARE"]
    assert len(lines) == 4
    assert re.search(
        r'filename="accounts.unit-\d{8}-county_office.csv"', answer.headers["Content-Disposition"]
    )
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_export_costs_the_same_for_few_rows_and_for_many(county, sign_in, count_queries):
    client = sign_in(county.county_office)
    exported(client, "accounts_unit", "csv")
    with count_queries() as few:
        exported(client, "accounts_unit", "csv")
    Unit.objects.bulk_create(Unit(code=f"m{n}", name=f"局{n}", area=county.county) for n in range(700))

    with count_queries() as many:
        assert len(exported(client, "accounts_unit", "csv").splitlines()) == 704

    assert len(many) == len(few)


def test_an_export_runs_no_formula_has_chinese_headings_and_is_logged(county, sign_in):
    Unit.objects.create(code="evil", name='=HYPERLINK("http://x")', short_name="＋1", area=county.county)
    client = sign_in(county.county_office)

    sheet = load_workbook(io.BytesIO(exported(client, "accounts_unit", "xlsx"))).active
    lines = list(csv.reader(io.StringIO(exported(client, "accounts_unit", "csv").decode("utf-8-sig"))))

    assert [cell.value for cell in sheet[1]] == lines[0]
    assert {"代号", "名称", "所在区划", "类别"} <= set(lines[0])
    names = {row[lines[0].index("名称")].value for row in sheet.iter_rows(min_row=2)}
    assert '\'=HYPERLINK("http://x")' in names
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert "县城市管理局" in {line[lines[0].index("名称")] for line in lines}
    assert "政府部门" in {line[lines[0].index("类别")] for line in lines}
    entry = AccessLog.objects.filter(actor=county.county_office).latest("pk")
    assert (entry.what, entry.reason) == ("export accounts.unit", "4 行，年度核对（单位）")


def test_an_export_takes_what_the_list_shows_and_no_encrypted_columns(county, sign_in):
    client = sign_in(county.security_admin)

    found = exported(client, "accounts_user", "csv", q="clerk").decode("utf-8-sig")

    lines = list(csv.reader(io.StringIO(found)))
    assert {line[0] for line in lines[1:]} == {"clerk", "other_clerk"}
    assert not {"手机号", "密码"} & set(lines[0])


def upload(client: Any, text: str) -> Any:
    file = io.BytesIO(text.encode("gbk"))
    file.name = "日历.csv"
    return client.post(reverse("admin:core_calendarday_import"), {"file": file})


NOTICE = "日期,上班,说明,依据\n2027年10月1日,否,国庆节,通知\n2027/10/9,是,国庆节调休上班,通知\n"


def test_a_years_notice_is_read_looked_at_and_confirmed(county, sign_in):
    client = sign_in(county.county_office)
    assert rulebook.calendar().overrides == {}

    page = upload(client, NOTICE)
    assert CalendarDay.objects.count() == 0
    client.post(
        reverse("admin:core_calendarday_process_import"), {"token": page.context["token"], "confirm": "1"}
    )

    days = list(CalendarDay.objects.values_list("day", "is_workday", "name"))
    assert days == [(date(2027, 10, 1), False, "国庆节"), (date(2027, 10, 9), True, "国庆节调休上班")]
    assert rulebook.calendar().overrides == {date(2027, 10, 1): False, date(2027, 10, 9): True}
    assert not Draft.objects.exists()


def test_the_same_notice_twice_changes_nothing_and_a_mended_one_changes_its_day(county, sign_in):
    client = sign_in(county.county_office)
    for text in (NOTICE, NOTICE, NOTICE.replace("10/9,是", "10/9,否")):
        page = upload(client, text)
        client.post(
            reverse("admin:core_calendarday_process_import"), {"token": page.context["token"], "confirm": "1"}
        )

    assert CalendarDay.objects.count() == 2
    assert CalendarDay.objects.get(day=date(2027, 10, 9)).is_workday is False
    kept = CalendarDay.pgh_event_model.objects.values_list("pgh_label", flat=True)
    assert sorted(kept) == ["insert", "insert", "update"]


def test_a_wrong_line_is_named_and_nothing_is_written(county, sign_in):
    client = sign_in(county.county_office)

    page = upload(client, NOTICE + "2027-13-40,也许,x,通知\n").content.decode()

    assert "不是日期" in page
    assert "请改成“是”或“否”" in page
    assert CalendarDay.objects.count() == 0


def test_nobody_without_the_right_imports(county, sign_in):
    assert upload(sign_in(county.clerk), NOTICE).status_code == 403


# --- rules, history


def test_a_county_adds_rules_of_its_own_and_the_book_is_read_afresh(county, sign_in):
    client = sign_in(county.county_office)
    data = {
        "code": "yunling", "name": "云岭县规则", "area_prefix": "990127", "source": "县里文件", "valid_from": "2026-01-01",
        "valid_to": "", "terms-TOTAL_FORMS": "1", "terms-INITIAL_FORMS": "0",
        "terms-0-clock": "request.register", "terms-0-amount": "1", "terms-0-unit": "working_days",
        "terms-0-max_extensions": "0", "rungs-TOTAL_FORMS": "1", "rungs-INITIAL_FORMS": "0",
        "rungs-0-clock": "request.register", "rungs-0-order": "1", "rungs-0-level": "remind", "rungs-0-offset": "-1",
        "rungs-0-offset_unit": "hours", "rungs-0-hears": "unit_officer，station_head",
    }  # fmt: skip
    today = timezone.localdate()
    before = rulebook.term_for("request.register", county_code="990127000000", on=today)

    response = client.post(reverse("admin:core_rulepack_add"), data)

    assert response.status_code == 302, response.context["errors"]
    after = rulebook.term_for("request.register", county_code="990127000000", on=today)
    assert (before.pack.code, after.pack.code, after.amount) == (before.pack.code, "yunling", 1)
    assert Rung.objects.get(pack__code="yunling").hears == ["unit_officer", "station_head"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"area_prefix": "990128"}, "您管不到这个地方"),
        ({"area_prefix": "99"}, "您管不到这个地方"),
        ({"area_prefix": "99a"}, "前缀只写数字"),
        ({"valid_to": "2025-01-01"}, "失效日期要晚于施行日期"),
    ],
)
def test_a_rule_pack_out_of_place_is_refused_in_words(county, sign_in, changes, words):
    data = {
        "code": "x", "name": "x", "area_prefix": "990127", "source": "x", "valid_from": "2026-01-01", "valid_to": "",
        "terms-TOTAL_FORMS": "0", "terms-INITIAL_FORMS": "0", "rungs-TOTAL_FORMS": "0", "rungs-INITIAL_FORMS": "0",
    }  # fmt: skip

    response = sign_in(county.county_office).post(reverse("admin:core_rulepack_add"), data | changes)

    assert words in response.content.decode()
    assert not RulePack.objects.filter(code="x").exists()


def test_the_national_rules_are_kept_by_whoever_is_responsible_as_the_page_shows_them(county, sign_in):
    """Seven hundred fields on one page, and a rung that acts by itself with nobody to hear of it."""
    pack = RulePack.objects.get()
    address = reverse("admin:core_rulepack_change", args=[pack.pk])
    client = sign_in(county.sysadmin)
    form = max(forms_on(address, client.get(address).content.decode()), key=lambda form: len(form.values))
    before = list(Rung.objects.order_by("pk").values())

    response = client.post(address, form.values | {"name": "全国规则（修订）"})

    assert response.status_code == 302, response.context["errors"]
    assert RulePack.objects.get().name == "全国规则（修订）"
    assert list(Rung.objects.order_by("pk").values()) == before


def test_a_rung_that_tells_nobody_and_does_nothing_is_refused(county, sign_in):
    data = {
        "code": "x", "name": "x", "area_prefix": "990127", "source": "x", "valid_from": "2026-01-01", "valid_to": "",
        "terms-TOTAL_FORMS": "0", "terms-INITIAL_FORMS": "0", "rungs-TOTAL_FORMS": "1", "rungs-INITIAL_FORMS": "0",
        "rungs-0-clock": "request.register", "rungs-0-order": "1", "rungs-0-level": "remind", "rungs-0-offset": "-1",
        "rungs-0-offset_unit": "hours", "rungs-0-hears": " ",
    }  # fmt: skip

    response = sign_in(county.county_office).post(reverse("admin:core_rulepack_add"), data)

    assert "写上通知谁，或者写上到时自己办哪一步。" in response.content.decode()


@pytest.mark.parametrize(
    "sent", ["x", "\x00", "9" * 5000, "9223372036854775808", "-1", "[]", "１２", "' OR 1=1"]
)
def test_what_is_no_key_in_the_place_of_a_choice_is_refused_in_words(county, sign_in, sent):
    response = sign_in(county.county_office).post(
        reverse("admin:stations_reception_add"), {"station": sent, "people": [sent, "x"]}
    )

    assert response.status_code == 200
    assert {"station", "people"} <= response.context["adminform"].form.errors.keys()


@pytest.mark.parametrize("sent", ["x", "\x00", "[]", "9" * 5000])
def test_rows_ticked_that_can_be_no_rows_are_refused_in_words(county, sign_in, sent):
    response = sign_in(county.county_office).post(
        reverse("admin:stations_posting_changelist"), {"action": "leave", "_selected_action": [sent]}
    )

    assert response.status_code == 400
    assert "看不懂" in response.content.decode()


@pytest.mark.parametrize("query", ["pk__in=x&e=1", "nonsense=1&e=1", "is_active__exact=x&e=1", "p=x&o=y&e=1"])
def test_a_filter_that_cannot_be_read_is_answered_in_words(county, sign_in, query):
    response = sign_in(county.county_office).get(reverse("admin:accounts_unit_changelist") + f"?{query}")

    assert response.status_code in (200, 400)
    assert "单位" in response.content.decode() or "看不懂" in response.content.decode()


def test_a_page_draws_as_many_rows_as_were_sent_whatever_their_count_says(county, sign_in):
    data = {
        "code": "", "name": "x", "area_prefix": "990127", "source": "x", "valid_from": "2026-01-01", "valid_to": "",
        "terms-TOTAL_FORMS": "2147483647", "terms-INITIAL_FORMS": "0", "rungs-TOTAL_FORMS": "1999",
        "rungs-INITIAL_FORMS": "0", "rungs-0-clock": "request.register",
    }  # fmt: skip

    page = sign_in(county.county_office).post(reverse("admin:core_rulepack_add"), data).content.decode()

    assert 'name="rungs-0-clock"' in page
    assert 'name="rungs-1-clock"' not in page
    assert 'name="terms-0-clock"' not in page


def test_history_says_who_changed_what_from_what_into_what(county, sign_in):
    client = sign_in(county.county_office)
    unit = county.units["urban"]
    form = client.get(reverse("admin:accounts_unit_change", args=[unit.pk])).context["adminform"].form
    data = {name: form.initial.get(name) or "" for name in form.fields} | {"phone": "0000-555-0177"}
    client.post(reverse("admin:accounts_unit_change", args=[unit.pk]), data)

    page = client.get(reverse("admin:accounts_unit_history", args=[unit.pk])).content.decode()

    assert "县代表工委" in page
    assert "0000-555-0177" in page
    assert "程序" in page  # whoever loaded the first version was no person
    assert client.get(reverse("admin:accounts_unit_history", args=[0])).status_code == 404


def test_a_division_must_fit_under_its_parent(county, sign_in):
    client = sign_in(county.county_office)
    good = {
        "code": "990127103000",
        "name": "新镇",
        "level": "township",
        "parent": county.county.pk,
        "valid_from": "2026-01-01",
    }
    for change, words in (
        ({"code": "990127103001"}, "后面 3 位都是 0"),
        ({"code": "990128103000"}, "要以上级的 990127 开头"),
        ({"parent": county.towns[0].pk}, "上级要高一级"),
        ({"parent": ""}, "上级要高一级"),
    ):
        page = client.post(reverse("admin:accounts_area_add"), good | change)
        assert words in page.content.decode(), change

    assert client.post(reverse("admin:accounts_area_add"), good).status_code == 302
    assert Area.objects.get(code="990127103000").full_name == "南岭省云州市云岭县新镇"


# --- the workbench and the left column


def test_the_workbench_shows_what_waits_and_all_data_of_a_person(county, sign_in):
    county.receive()

    page = sign_in(county.clerk).get("/admin/").content.decode()

    assert "工作台" in page
    assert "等您办" in page
    assert "全部资料" in page
    assert "家站点" in page
    assert reverse("admin:accounts_user_changelist") not in page


def test_the_left_column_lists_the_desks_before_the_data(county, sign_in):
    page = sign_in(county.county_office).get("/admin/").content.decode()

    assert page.index("/desk/requests/") < page.index(reverse("admin:accounts_area_changelist"))


def test_whoever_cannot_enter_the_data_pages_is_led_to_none(county, sign_in):
    own, staff = (sign_in(user).get("/account/").content.decode() for user in (county.rep, county.clerk))

    assert reverse("admin:stations_station_changelist") in staff
    assert "/admin/" not in own


def test_the_workbench_costs_the_same_for_one_case_and_for_twenty(county, sign_in, count_queries):
    client = sign_in(county.county_office)
    county.registered()
    client.get("/admin/")
    with count_queries() as few:
        client.get("/admin/")
    for _time in range(19):
        county.registered()
    with count_queries() as many:
        client.get("/admin/")

    assert len(many) == len(few)


def test_only_listed_networks_reach_the_admin(county, sign_in, settings):
    settings.ADMIN_ALLOWED_NETWORKS = ["10.1.0.0/16"]
    client = sign_in(county.county_office)

    assert client.get("/admin/").status_code == 404
    assert client.get("/admin/", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/account/").status_code == 200
