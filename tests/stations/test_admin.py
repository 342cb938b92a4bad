from datetime import date, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Draft
from representatives.models import CongressTerm, Constituency, Mandate, Person
from stations.models import Posting, Reception, ReceptionPlan, Station, StationPhoto, StationStaff, Venue
from tests.county import LONG_AGO, make_representative, make_station
from tests.stations.sheetfiles import csv, xlsx
from tests.stations.test_actions import picture
from tests.stations.test_sheets import ROWS, STATIONS

pytestmark = pytest.mark.django_db

LISTS = [
    "stations_station", "stations_venue", "stations_stationstaff", "stations_posting", "stations_receptionplan",
    "stations_reception", "representatives_body", "representatives_congressterm", "representatives_constituency",
    "representatives_mandate", "representatives_meeting", "representatives_dutyrule", "representatives_person",
]  # fmt: skip


def at(name, *args):
    return reverse(f"admin:{name}", args=args)


def fill(county, numbers):
    body = county.representative.mandates.get(term__body__level="county").term.body
    term = body.terms.get()
    for number in numbers:
        venue = Venue.objects.create(name=f"场所{number}", area=county.towns[0], address=f"{number} 号")
        station = make_station(f"6{number:03}", f"站{number}", county.towns[0], venue=venue)
        person = make_representative(f"代表{number}", body)
        Posting.objects.create(station=station, person=person, begins_on=LONG_AGO)
        StationStaff.objects.create(station=station, user=county.clerk)
        Constituency.objects.create(term=term, name=f"选区{number}")
        start = timezone.now() + timedelta(days=3)
        day = Reception.objects.create(station=station, starts_at=start, ends_at=start + timedelta(hours=2))
        day.people.add(person)
        ReceptionPlan.objects.create(
            station=station, weekday=5, begins_on=LONG_AGO, starts_at_time=time(9), ends_at_time=time(11)
        )


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_and_costs_the_same_for_ten_rows_and_for_forty(county, sign_in, count_queries, name):
    client = sign_in(county.county_office)
    fill(county, range(10))
    client.get(at(f"{name}_changelist"))
    with count_queries() as few:
        page = client.get(at(f"{name}_changelist"), {"q": "1"} if name != "representatives_dutyrule" else {})
    assert page.status_code == 200
    fill(county, range(10, 40))
    with count_queries() as many:
        client.get(at(f"{name}_changelist"), {"q": "1"} if name != "representatives_dutyrule" else {})

    assert len(few) == len(many)


@pytest.mark.parametrize(
    ("who", "name", "sees"),
    [
        ("county_office", "0312", True), ("town_office", "0312", True), ("clerk", "0312", True),
        ("leader", "0312", True), ("other_clerk", "0312", False), ("other_town_office", "0312", False),
        ("foreign_office", "0312", False), ("county_office", "0901", False),
    ],
)  # fmt: skip
def test_a_station_is_listed_openable_and_exported_alike(county, sign_in, who, name, sees):
    client = sign_in(getattr(county, who))
    station = Station.objects.get(code=name)

    listed = client.get(at("stations_station_changelist"))
    opened = client.get(at("stations_station_change", station.pk))
    exported = client.post(at("stations_station_export"), {"format": "csv", "reason": "年度核对"})
    taken = (b"".join(exported.streaming_content) if exported.streaming else exported.content).decode()

    assert listed.status_code == 200
    assert (station.name in listed.content.decode()) is sees
    assert opened.status_code == (200 if sees else 404)
    assert taken.startswith("\ufeff站点编号")
    assert (station.name in taken) is sees


@pytest.mark.parametrize("who", ["unit_officer", "auditor", "security_admin"])
def test_who_has_no_registry_finds_none(county, sign_in, who):
    assert sign_in(getattr(county, who)).get(at("stations_station_changelist")).status_code in (302, 403)


def station_form(station, **given):
    fields = [
        "code",
        "name",
        "kind",
        "phone",
        "opening",
        "directions",
        "introduction",
        "functions",
        "target_group",
    ]
    form = {name: getattr(station, name) for name in fields}
    form |= {"area": station.area_id, "is_public": "on", "build_mode": "", "opened_on": ""}
    for prefix, initial in (("staff", 0), ("postings", 0), ("topics", 0), ("photos", 0)):
        form |= {f"{prefix}-TOTAL_FORMS": initial, f"{prefix}-INITIAL_FORMS": initial}
    return form | given


def test_an_office_opens_a_station_with_a_photo_and_a_head_may_not(county, sign_in, settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    new = Station(code="0320", name="新站", kind="station", area=county.towns[0])

    answer = sign_in(county.county_office).post(
        at("stations_station_add"), station_form(new, photo_file=picture(), more_photo=picture())
    )

    assert answer.status_code == 302, answer.context["errors"]
    saved = Station.objects.get(code="0320")
    assert saved.photo.is_public
    assert StationPhoto.objects.get(station=saved).attachment.is_public
    assert saved.county_code == county.county.code
    assert sign_in(county.station_head).get(at("stations_station_add")).status_code == 403


def test_a_picture_taken_down_is_gone_at_once(
    county, client, sign_in, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.PRIVATE_ROOT = tmp_path
    office, station = sign_in(county.county_office), county.station
    page = at("stations_station_change", station.pk)
    assert office.post(page, station_form(station, more_photo=picture())).status_code == 302
    photo = StationPhoto.objects.select_related("attachment").get()
    address = f"/files/{photo.attachment.public_id}/"
    assert b"".join(client.get(address).streaming_content)

    down = {"photos-TOTAL_FORMS": 1, "photos-INITIAL_FORMS": 1, "photos-0-id": photo.pk, "photos-0-order": 0,
            "photos-0-station": station.pk, "photos-0-DELETE": "on"}  # fmt: skip
    with django_capture_on_commit_callbacks(execute=True):
        assert office.post(page, station_form(station, **down)).status_code == 302

    assert not StationPhoto.objects.exists()
    assert client.get(address).status_code == 404
    assert not list(tmp_path.rglob("*.jpg"))


def test_a_town_may_not_put_a_station_into_another_town(county, sign_in):
    new = Station(code="0320", name="新站", kind="station", area=county.towns[1])

    sign_in(county.town_office).post(at("stations_station_add"), station_form(new))

    assert not Station.objects.filter(code="0320").exists()


def test_a_station_cannot_stand_above_itself(county, sign_in):
    point = make_station("0330", "点", county.villages[0], parent=county.station)

    answer = sign_in(county.county_office).post(
        at("stations_station_change", county.station.pk), station_form(county.station, parent=point.pk)
    )

    assert "上级不能是它自己" in answer.content.decode()


@pytest.mark.parametrize("code", ["", "-2+3", "a/b", "\x00", "编号"])
def test_a_code_that_can_be_none_is_said_at_its_field(county, sign_in, code):
    page = sign_in(county.county_office).post(
        at("stations_station_change", county.station.pk), station_form(county.station, code=code)
    )

    assert page.status_code == 200
    assert "code" in page.context["adminform"].form.errors


def test_a_photo_that_is_none_is_said_at_its_field(county, sign_in):
    answer = sign_in(county.county_office).post(
        at("stations_station_change", county.station.pk),
        station_form(county.station, photo_file=csv("<svg/>", name="x.jpg")),
    )

    assert "这个不是照片" in answer.content.decode()


def act(client, name, action, rows, **words):
    return client.post(
        at(f"{name}_changelist"), {"action": action, "_selected_action": [row.pk for row in rows], **words}
    )


def test_closing_asks_first_and_then_hands_over(county, sign_in):
    client = sign_in(county.county_office)

    page = act(client, "stations_station", "close", [county.station])
    assert "撤并家站点" in page.content.decode()
    county.station.refresh_from_db()
    assert county.station.closed_on is None
    wrong = act(
        client,
        "stations_station",
        "close",
        [county.station],
        confirmed="1",
        on="2026-11-25",
        taken_over_by="0901",
    )
    assert wrong.status_code == 422
    act(
        client,
        "stations_station",
        "close",
        [county.station],
        confirmed="1",
        on="2026-11-25",
        taken_over_by="0313",
    )

    county.station.refresh_from_db()
    assert county.station.taken_over_by == county.other_station
    act(client, "stations_station", "reopen", [county.station])
    county.station.refresh_from_db()
    assert county.station.closed_on is None


def test_a_clerk_plans_and_cancels_days_from_the_list(county, sign_in):
    plan = ReceptionPlan.objects.create(
        station=county.station, weekday=5, begins_on=LONG_AGO, starts_at_time=time(9), ends_at_time=time(11)
    )
    client = sign_in(county.clerk)
    until = timezone.localdate() + timedelta(days=30)

    act(client, "stations_receptionplan", "plan", [plan], confirmed="1", until=until.isoformat())
    days = list(Reception.objects.filter(plan=plan))
    assert 3 <= len(days) <= 5
    assert act(client, "stations_reception", "cancel", days[:1], confirmed="1", reason="").status_code == 422
    act(client, "stations_reception", "cancel", days[:1], confirmed="1", reason="停电")

    assert Reception.objects.get(pk=days[0].pk).cancelled_reason == "停电"


def test_postings_end_and_move_from_the_list(county, sign_in):
    client = sign_in(county.county_office)
    posting = Posting.objects.get(station=county.station)

    act(client, "stations_posting", "move", [posting], confirmed="1", on="2026-11-25", to="0313")
    moved = Posting.objects.get(station=county.other_station)
    act(client, "stations_posting", "leave", [moved], confirmed="1", on="2026-12-25", reason="届满")

    moved.refresh_from_db()
    assert (moved.begins_on, moved.ends_on, moved.end_reason) == (
        date(2026, 11, 25),
        date(2026, 12, 25),
        "届满",
    )


def person_form(**given):
    form = {"name": "罗国栋", "is_public": "on", "sex": "", "phone": ""}
    for prefix in ("mandates", "postings"):
        form |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    return form | given


def test_a_representative_is_entered_with_a_mandate_and_a_station(county, sign_in):
    term = CongressTerm.objects.get()
    client = sign_in(county.county_office)
    alone = client.post(at("representatives_person_add"), person_form())
    assert not Person.objects.filter(name="罗国栋").exists()
    assert alone.status_code == 200

    client.post(
        at("representatives_person_add"),
        person_form(
            phone="１３８-0000-2746",
            **{
                "mandates-TOTAL_FORMS": 1, "mandates-0-term": term.pk, "mandates-0-begins_on": "2022-01-10",
                "postings-TOTAL_FORMS": 1, "postings-0-station": county.station.pk,
                "postings-0-begins_on": "2022-01-10",
            },
        ),
    )  # fmt: skip

    person = Person.objects.get(name="罗国栋")
    assert person.phone == "13800002746"
    assert Mandate.objects.get(person=person).term == term
    assert Posting.objects.get(person=person).station == county.station
    bad = client.post(at("representatives_person_change", person.pk), person_form(phone="1380000274"))
    assert "手机号要 11 位数字，现在是 10 位" in bad.content.decode()


def test_who_may_only_look_sees_the_number_masked(county, sign_in):
    county.representative.phone = "13800002746"
    county.representative.save()
    page = at("representatives_person_change", county.representative.pk)

    assert "13800002746" in sign_in(county.county_office).get(page).content.decode()
    looked = sign_in(county.clerk).get(page).content.decode()
    assert "13800002746" not in looked
    assert "138****2746" in looked


def test_history_names_who_changed_what(county, sign_in):
    client = sign_in(county.county_office)
    client.post(
        at("stations_station_change", county.station.pk), station_form(county.station, phone="0000-555-0199")
    )

    page = client.get(at("stations_station_history", county.station.pk)).content.decode()

    assert "0000-555-0199" in page
    assert "县代表工委" in page


def test_search_knows_chinese_and_pinyin(county, sign_in):
    client = sign_in(county.county_office)

    for words in ("杨春", "yangchun"):
        assert "杨春梅" in client.get(at("representatives_person_changelist"), {"q": words}).content.decode()
    for words in ("石桥", "shiqiao", "0312"):
        assert (
            "石桥镇代表联络站" in client.get(at("stations_station_changelist"), {"q": words}).content.decode()
        )


# --- import, in two steps


def upload(client, file, name="stations_station"):
    return client.post(at(f"{name}_import"), {"file": file})


def test_the_template_is_a_sheet_that_comes_in_again(county, sign_in):
    client = sign_in(county.county_office)
    for name in (
        "stations_station", "stations_stationstaff", "stations_reception", "representatives_constituency",
        "representatives_person",
    ):  # fmt: skip
        answer = client.get(at(f"{name}_import_template"))
        assert answer.status_code == 200
        from django.core.files.uploadedfile import SimpleUploadedFile

        file = SimpleUploadedFile("t.xlsx", b"".join(answer.streaming_content))
        assert upload(client, file, name).status_code == 200, name


def test_two_steps_and_the_file_lies_sealed_between_them(county, sign_in):
    client = sign_in(county.county_office)

    preview = upload(client, xlsx([STATIONS, *ROWS]))

    page = preview.content.decode()
    assert preview.status_code == 200
    assert "新增 3" in page
    assert not Station.objects.filter(code="0401").exists()
    kept = Draft.objects.get(case_label="sheet-import")
    assert kept.owner == county.county_office
    assert "UEsDB" not in page
    token = preview.context["token"]
    done = client.post(at("stations_station_process_import"), {"token": token, "confirm": "1"}, follow=True)
    assert "新增 3 行" in done.content.decode()
    assert Station.objects.filter(code__startswith="040").count() == 3
    assert not Draft.objects.filter(case_label="sheet-import").exists()
    again = client.post(at("stations_station_process_import"), {"token": token, "confirm": "1"}, follow=True)
    assert "已经导入过" in again.content.decode()


def test_faults_are_shown_row_by_row_and_can_be_taken_along(county, sign_in):
    client = sign_in(county.county_office)
    faulty = [*ROWS, ["0403", "=1+1", "亭子", "火星", "", "", "", "", "", ""]]

    preview = upload(client, xlsx([STATIONS, *faulty]))

    page = preview.content.decode()
    assert "有 1 行要改" in page
    assert "没有“亭子”" in page
    assert "确认导入" not in page
    sheet = client.post(
        at("stations_station_process_import"), {"token": preview.context["token"], "download": "1"}
    )
    lines = b"".join(sheet.streaming_content).decode().splitlines()
    assert lines[0].startswith("\ufeff行号,状态,要改的,站点编号")
    assert [line.split(",")[1] for line in lines[1:]] == ["新增", "新增", "新增", "错误"]
    forced = client.post(
        at("stations_station_process_import"), {"token": preview.context["token"], "confirm": "1"}
    )
    assert forced.status_code == 409
    assert not Station.objects.filter(code__startswith="040").exists()


def test_what_changed_between_the_steps_is_judged_again(county, sign_in):
    client = sign_in(county.county_office)
    preview = upload(client, xlsx([STATIONS, ROWS[1]]))
    make_station("0400", "别处的站", county.elsewhere_town)

    answer = client.post(
        at("stations_station_process_import"), {"token": preview.context["token"], "confirm": "1"}
    )

    assert answer.status_code == 409
    assert "已被别处的站用了" in answer.content.decode()


def test_nobody_confirms_the_file_of_somebody_else(county, sign_in):
    token = upload(sign_in(county.county_office), xlsx([STATIONS, *ROWS])).context["token"]
    from tests.county import make_user

    colleague = make_user("同事", ("county_office", county.county), username="colleague")

    answer = sign_in(colleague).post(
        at("stations_station_process_import"), {"token": token, "confirm": "1"}, follow=True
    )

    assert "请重新上传" in answer.content.decode()
    assert not Station.objects.filter(code="0401").exists()


def test_a_draft_that_expired_is_not_written(county, sign_in):
    client = sign_in(county.county_office)
    token = upload(client, xlsx([STATIONS, *ROWS])).context["token"]
    Draft.objects.update(expires_at=timezone.now())

    client.post(at("stations_station_process_import"), {"token": token, "confirm": "1"})

    assert not Station.objects.filter(code="0401").exists()


@pytest.mark.parametrize("who", ["clerk", "station_head", "town_office", "leader", "sysadmin"])
def test_only_who_may_import_imports(county, sign_in, who):
    client = sign_in(getattr(county, who))

    assert client.get(at("stations_station_import")).status_code == 403
    assert upload(client, xlsx([STATIONS, *ROWS])).status_code == 403
    assert client.post(at("stations_station_process_import"), {"token": "x"}).status_code == 403
    assert client.get(at("stations_station_import_template")).status_code == 403


def test_a_broken_file_is_said_at_the_field_with_422(county, sign_in):
    client = sign_in(county.county_office)

    for file, words in ((csv("甲,乙\r\n1,2\r\n"), "没有找到表头"), (csv("<html>"), "网页")):
        answer = upload(client, file)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    nothing = client.post(at("stations_station_import"), {})
    assert nothing.status_code == 422
    assert "请选一个表格文件" in nothing.content.decode()


def test_an_export_runs_no_formula(county, sign_in):
    Station.objects.filter(pk=county.station.pk).update(name="=HYPERLINK(1)")
    client = sign_in(county.county_office)

    answer = client.post(at("stations_station_export"), {"format": "csv", "reason": "年度核对"})

    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert "'=HYPERLINK(1)" in content.decode()


def test_what_the_tables_refuse_is_said_in_words(county, sign_in):
    client = sign_in(county.county_office)
    start = timezone.now() + timedelta(days=3)
    Reception.objects.create(station=county.station, starts_at=start, ends_at=start + timedelta(hours=2))
    hours = {
        "starts_at_0": f"{timezone.localtime(start):%Y-%m-%d}", "starts_at_1": f"{timezone.localtime(start):%H:%M}",
        "ends_at_0": f"{timezone.localtime(start + timedelta(hours=1)):%Y-%m-%d}",
        "ends_at_1": f"{timezone.localtime(start + timedelta(hours=1)):%H:%M}",
    }  # fmt: skip

    overlapping = client.post(
        at("stations_reception_add"), {"station": county.station.pk, "kind": "reception_day", **hours}
    )
    plan = client.post(
        at("stations_receptionplan_add"),
        {
            "station": county.station.pk, "kind": "reception_day", "pattern": "weeks", "every": "1", "day_off": "defer",
            "begins_on": "2026-01-01", "starts_at_time": "11:00", "ends_at_time": "9:00",
        },
    )  # fmt: skip
    twice = client.post(
        at("stations_posting_add"),
        {"station": county.station.pk, "person": county.representative.pk, "begins_on": "2026-01-01"},
    )

    assert "这段时间已经有一场接待，请错开" in overlapping.content.decode()
    assert "每周的要选周几" in plan.content.decode()
    assert "结束要晚于开始" in plan.content.decode()
    assert "这位代表这段时间已经在这个站了" in twice.content.decode()


@pytest.mark.parametrize(
    ("name", "field", "changes"),
    [
        ("stations_posting", "ends_on", {"begins_on": "2026-06-08", "ends_on": "2026-06-07"}),
        ("stations_stationstaff", "ends_on", {"begins_on": "2026-06-08", "ends_on": "0001-01-01"}),
        ("representatives_mandate", "ends_on", {"begins_on": "9999-12-31", "ends_on": "2026-06-07"}),
        (
            "stations_reception",
            "ends_at",
            {
                "starts_at_0": "2026-06-08",
                "starts_at_1": "11:00",
                "ends_at_0": "2026-06-08",
                "ends_at_1": "09:00",
            },
        ),
    ],
)
def test_what_ends_before_it_begins_is_said_of_its_field(county, sign_in, name, field, changes):
    mandate = county.representative.mandates.get()
    data = {
        "station": county.other_station.pk, "person": county.representative.pk, "user": county.nobody.pk, "duty": "clerk",
        "term": mandate.term_id, "kind": "reception_day",
    }  # fmt: skip

    page = sign_in(county.county_office).post(at(f"{name}_add"), data | changes)

    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors


@pytest.mark.parametrize("day", ["0001-01-01", "0206-06-08", "9" * 40])
def test_a_station_is_not_closed_in_a_year_typed_wrong(county, sign_in, day):
    page = act(
        sign_in(county.county_office), "stations_station", "close", [county.station], on=day, confirmed="1"
    )

    assert page.status_code == 422
    county.station.refresh_from_db()
    assert county.station.closed_on is None
