from datetime import date, time

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from core import sheets as cells
from representatives.models import CongressTerm, Constituency, Mandate, Person
from representatives.sheets import ConstituencyResource
from stations.models import Posting, Reception, Station, StationStaff, Venue
from stations.sheets import ReceptionResource, RepresentativeResource, StaffResource, StationResource
from tests.county import LONG_AGO, make_area, make_representative, make_station
from tests.stations.sheetfiles import bomb, bring_in, csv, faults, locked, read, states, xlsx

pytestmark = pytest.mark.django_db

STATIONS = [
    "站点编号",
    "名称",
    "类别",
    "所在区划",
    "上级编号",
    "地址",
    "无障碍",
    "电话",
    "建成日期",
    "服务的村、社区",
]
ROWS = [
    ["0401", "牛场代表联络点", "代表联络点", "牛场村", "0400", "牛场村委会一楼", "有坡道", "0000-555-0141", "2021.5.1", ""],
    ["0400", "石桥镇代表之家", "代表之家", "石桥镇", "", "石桥镇政府一楼", "", "", "二〇二一年三月", "牛场村、杨家坪村"],
    ["0402", "石桥基层立法联系点", "基层立法联系点", "990127101000", "", "石桥镇政府一楼", "", "", date(2022, 1, 5), ""],
]  # fmt: skip
PEOPLE = [
    "姓名",
    "机构",
    "届次",
    "任期开始",
    "选区",
    "性别",
    "代表证号",
    "手机号",
    "职业",
    "站点编号",
    "值班安排",
    "常听的事",
]
BODY = "云岭县人民代表大会"


def person_row(**given):
    row = {"姓名": "罗国栋", "机构": BODY, "届次": "18", "任期开始": "2022-01-10"} | given
    return [row.get(name, "") for name in PEOPLE]


# --- cells


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2024.3.1", date(2024, 3, 1)), ("２０２４年３月１日", date(2024, 3, 1)), ("2024/3/1", date(2024, 3, 1)),
        ("二〇二四年三月", date(2024, 3, 1)), ("二○二四年十二月三十一日", date(2024, 12, 31)),
        ("2024年3月", date(2024, 3, 1)), ("2024-03", date(2024, 3, 1)), ("二〇二一年十月十五日", date(2021, 10, 15)),
        ("20240301", date(2024, 3, 1)), ("二〇二二年二十月", None), ("2024.13.1", None), ("去年", None), ("45352", None),
    ],
)  # fmt: skip
def test_dates_as_offices_write_them(typed, day):
    if day is None:
        with pytest.raises(cells.Refused):
            cells.day(typed)
    else:
        assert cells.day(typed) == day


@pytest.mark.parametrize(
    ("typed", "at"),
    [("9:00", time(9)), ("９：３０", time(9, 30)), ("09:00:00", time(9)), ("9点", time(9)), ("9时30分", time(9, 30)),
     ("25:00", None), ("上午", None)],
)  # fmt: skip
def test_times_as_offices_write_them(typed, at):
    if at is None:
        with pytest.raises(cells.Refused):
            cells.clock(typed)
    else:
        assert cells.clock(typed) == at


# --- stations


def test_a_register_of_stations_comes_in_with_tree_doors_and_villages(county):
    result = bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office)

    assert states(result) == ["new", "new", "new"]
    point, home, law = (Station.objects.get(code=code) for code in ("0401", "0400", "0402"))
    assert point.parent == home
    assert home.venue == law.venue
    assert Venue.objects.filter(address="石桥镇政府一楼").count() == 1
    assert (home.opened_on, point.opened_on, law.opened_on) == (
        date(2021, 3, 1), date(2021, 5, 1), date(2022, 1, 5),
    )  # fmt: skip
    assert set(home.serves.all()) == set(county.villages[:2])
    assert (home.town_code, home.pinyin[:6]) == (county.towns[0].code, "shiqia")


def test_the_same_file_twice_changes_nothing(county):
    bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office)
    before = Station.pgh_event_model.objects.count()

    again = bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office)

    assert states(again) == ["skip", "skip", "skip"]
    assert Station.pgh_event_model.objects.count() == before
    assert Station.objects.filter(code__startswith="040").count() == 3


def test_history_says_who_imported(county):
    bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office)

    kept = Station.pgh_event_model.objects.filter(code="0401").select_related("pgh_context").first()
    assert kept.pgh_context.metadata == {"user": county.county_office.pk}


def test_a_changed_cell_is_an_update_and_an_empty_one_leaves_what_is_there(county):
    bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office)
    changed = [list(row) for row in ROWS]
    changed[0][1], changed[0][6], changed[0][7] = "牛场村联络点", "", ""

    result = bring_in(StationResource, xlsx([STATIONS, *changed]), county.county_office)

    assert states(result) == ["update", "skip", "skip"]
    assert result.lines[0].changed == ["name"]
    point = Station.objects.get(code="0401")
    assert (point.name, point.phone, point.venue.step_free) == ("牛场村联络点", "0000-555-0141", "有坡道")


def test_a_rehearsal_writes_nothing_and_a_faulty_row_stops_all(county):
    bring_in(StationResource, xlsx([STATIONS, *ROWS]), county.county_office, dry_run=True)
    assert not Station.objects.filter(code__startswith="040").exists()

    result = bring_in(
        StationResource, xlsx([STATIONS, *ROWS, ["0403", "", "亭子", "火星", "", "", "", "", "", ""]]),
        county.county_office,
    )  # fmt: skip

    assert not Station.objects.filter(code__startswith="040").exists()
    words = faults(result)[5]
    assert "“名称”：没有填" in words
    assert "“类别”：没有“亭子”，请从这些里选" in words


def test_titles_units_full_width_digits_and_gbk_are_read(county):
    head = "云岭县家站点名册,,,\r\n填表单位：县代表工委,,,\r\n站点编号（必填）,名 称,类别*,所在区划\r\n"
    text = head + "０４０５,南山联络站,代表联络站,石桥镇\r\n"

    result = bring_in(StationResource, csv(text, "gb18030"), county.county_office)

    assert states(result) == ["new"]
    assert Station.objects.get(code="0405").name == "南山联络站"


BROKEN = {
    "missing heading": (lambda: xlsx([["站点编号", "名称", "类别"], ["0401", "点", "代表联络点"]]), "少了：所在区划"),
    "no heading": (lambda: xlsx([["甲", "乙"], ["1", "2"]]), "没有找到表头"),
    "twice the heading": (
        lambda: xlsx([[*STATIONS[:4], "名称"], ["0401", "点", "代表联络点", "石桥镇", "x"]]), "不止一次",
    ),
    "empty": (lambda: csv(""), "空的"),
    "headings only": (lambda: xlsx([STATIONS]), "没有内容"),
    "bomb": (bomb, "太大"),
    "password": (locked, "密码"),
    "picture": (lambda: csv("\x89PNG\r\n\x1a\n\0\0", "latin-1"), "不是表格"),
    "web page": (lambda: csv("<html><table>"), "网页"),
    "open quote": (lambda: csv('站点编号,名称,类别,所在区划\r\n0401,"点\r\n'), "引号"),
    "too many rows": (
        lambda: csv("站点编号,名称,类别,所在区划\r\n" + "0401,点,代表联络点,石桥镇\r\n" * 20_001), "最多 20000 行",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_words(county, name):
    file, words = BROKEN[name]

    with pytest.raises(ValidationError) as refused:
        read(StationResource, file())

    assert words in refused.value.messages[0]


FAULTY = {
    "code": (["04*1", "点", "代表联络点", "石桥镇"], "“站点编号”：“04*1”请改成 3 到 8 位数字或大写字母"),
    "area of another county": (["0401", "点", "代表联络点", "河口镇"], "“所在区划”：没有叫“河口镇”的，或不在您管的范围"),
    "code of another county": (["0401", "点", "代表联络点", "990128101000"], "“所在区划”：没有代码"),
    "number taken elsewhere": (["0901", "点", "代表联络点", "石桥镇"], "“站点编号”：这个编号已被别处的站用了"),
    "own parent": (["0401", "点", "代表联络点", "石桥镇", "0401"], "“上级编号”：不能是这个站自己"),
    "unknown parent": (["0401", "点", "代表联络点", "石桥镇", "9999"], "“上级编号”：没有编号是“9999”的站"),
    "phone": (["0401", "点", "代表联络点", "石桥镇", "", "", "", "李静"], "“电话”：“李静”不像电话号码"),
    "date": (["0401", "点", "代表联络点", "石桥镇", "", "", "", "", "前年"], "“建成日期”：“前年”不是日期，请写成"),
    "name too long": (["0401", "点" * 61, "代表联络点", "石桥镇"], "“名称”：最多 60 个字，现在是 61 个，请删短"),
    "formula": (["0401", "=HYPERLINK(\"http://x\")", "=1+1", "石桥镇"], "“类别”：没有填"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_cell_names_its_column_and_the_remedy(county, name):
    row, words = FAULTY[name]

    result = bring_in(StationResource, xlsx([STATIONS, row]), county.county_office)

    assert words in faults(result)[2]
    assert not Station.objects.filter(code="0401").exists()


def test_a_name_that_two_villages_bear_asks_for_the_town(county):
    make_area("990127102299", "牛场村", "village", county.towns[1])
    row = ["0401", "点", "代表联络点", "牛场村"]

    assert (
        "请在前面加上乡镇名"
        in faults(bring_in(StationResource, xlsx([STATIONS, row]), county.county_office))[2]
    )
    row[3] = "柳溪镇牛场村"
    bring_in(StationResource, xlsx([STATIONS, row]), county.county_office)
    assert Station.objects.get(code="0401").area.code == "990127102299"


def test_the_same_row_twice_in_a_file_is_named_with_its_first(county):
    result = bring_in(StationResource, xlsx([STATIONS, ROWS[1], ROWS[1]]), county.county_office)

    assert faults(result) == {3: "和第 2 行是同一条，请删去一行"}


# --- representatives


def test_representatives_come_in_with_mandate_posting_and_topics(county):
    term = CongressTerm.objects.get()
    constituency = Constituency.objects.create(term=term, name="石桥选区", seats=2)
    row = person_row(
        选区="石桥选区", 性别="男", 代表证号="云岭018012", 手机号="１３８ 0000 2746", 职业="合作社理事长", 站点编号="0312、0313",
        值班安排="每月 15 日", 常听的事="道路交通、其他",
    )  # fmt: skip

    result = bring_in(RepresentativeResource, xlsx([PEOPLE, row]), county.county_office)

    assert states(result) == ["new"], faults(result)
    person = Person.objects.get(name="罗国栋")
    assert (person.sex, person.occupation, person.phone, person.pinyin) == (
        "male", "合作社理事长", "13800002746", "luoguodong",
    )  # fmt: skip
    mandate = person.mandates.get()
    assert (mandate.term, mandate.constituency, mandate.begins_on) == (term, constituency, date(2022, 1, 10))
    assert {posting.station for posting in person.postings.all()} == {county.station, county.other_station}
    assert {topic.code for topic in person.topics.all()} == {"roads", "other"}
    again = bring_in(RepresentativeResource, xlsx([PEOPLE, row]), county.county_office)
    assert states(again) == ["skip"]
    assert Posting.objects.filter(person=person).count() == 2


def test_one_person_with_two_mandates_stands_in_two_rows(county):
    from representatives.models import Body

    town = Body.objects.create(name="石桥镇人民代表大会", kind="congress", level="town", area=county.towns[0])
    town.terms.create(number=12, begins_on=LONG_AGO)
    rows = [
        person_row(代表证号="Y1", 站点编号="0312"),
        person_row(代表证号="Y1", 机构="石桥镇人民代表大会", 届次="第十二届"),
    ]

    result = bring_in(RepresentativeResource, xlsx([PEOPLE, *rows]), county.county_office)

    assert states(result) == ["new", "new"], faults(result)
    person = Person.objects.get(certificate_no="Y1")
    assert {mandate.level for mandate in person.mandates.all()} == {"county", "town"}
    again = bring_in(RepresentativeResource, xlsx([PEOPLE, *rows]), county.county_office)
    assert states(again) == ["skip", "skip"]


def test_known_people_are_found_by_certificate_phone_or_name_and_updated(county):
    by_name = bring_in(
        RepresentativeResource, xlsx([PEOPLE, person_row(姓名="杨春梅", 任期开始="2020-01-01", 职业="护士长")]),
        county.county_office,
    )  # fmt: skip
    county.representative.refresh_from_db()
    assert states(by_name) == ["update"]
    assert county.representative.occupation == "护士长"

    bring_in(
        RepresentativeResource, xlsx([PEOPLE, person_row(姓名="杨春梅", 任期开始="2020-01-01", 代表证号="Y9")]),
        county.county_office,
    )  # fmt: skip
    county.representative.refresh_from_db()
    assert county.representative.certificate_no == "Y9"
    assert Person.objects.filter(name="杨春梅").count() == 1


PEOPLE_FAULTS = {
    "phone": (person_row(手机号="1380000274"), "“手机号”：手机号要 11 位数字，现在是 10 位"),
    "unknown station": (person_row(站点编号="9999"), "“站点编号”：没有编号是“9999”的站"),
    "station elsewhere": (person_row(站点编号="0901"), "“站点编号”：没有编号是“0901”的站，或不在您管的范围"),
    "unknown body": (person_row(机构="火星人大"), "“机构”：没有登记“火星人大”"),
    "unknown term": (person_row(届次="99"), "“届次”：云岭县人民代表大会没有登记第 99 届"),
    "unknown constituency": (person_row(选区="火星选区"), "“选区”：这一届没有“火星选区”，请先导入选区"),
    "unknown topic": (person_row(常听的事="天气"), "“常听的事”：没有“天气”这一类"),
    "sex": (person_row(性别="其他"), "“性别”：没有“其他”，请从这些里选：男、女"),
    "nothing": (["", BODY, "18", "2022-01-01"], "“姓名”：没有填"),
}


@pytest.mark.parametrize("name", PEOPLE_FAULTS)
def test_a_faulty_row_of_people_names_its_column_and_the_remedy(county, name):
    row, words = PEOPLE_FAULTS[name]

    result = bring_in(RepresentativeResource, xlsx([PEOPLE, row]), county.county_office)

    assert words in faults(result)[2]
    assert not Person.objects.filter(name="罗国栋").exists()


def test_namesakes_ask_for_the_certificate(county):
    body = county.representative.mandates.get().term.body
    make_representative("罗国栋", body)
    make_representative("罗国栋", body)

    result = bring_in(RepresentativeResource, xlsx([PEOPLE, person_row()]), county.county_office)

    assert "“姓名”：这一届有 2 位同名的代表，请填代表证号" in faults(result)[2]


def test_a_certificate_of_somebody_else_is_refused(county):
    Person.objects.filter(pk=county.representative.pk).update(certificate_no="Y1")

    result = bring_in(RepresentativeResource, xlsx([PEOPLE, person_row(代表证号="Y1")]), county.county_office)

    assert "“代表证号”：Y1 登记的是杨春梅" in faults(result)[2]


def test_a_mandate_that_ended_is_not_taken_up_again_in_its_own_time(county):
    Mandate.objects.filter(person=county.representative).update(ends_on=date(2024, 5, 1))
    row = person_row(姓名="杨春梅", 任期开始="2022-01-10")
    Person.objects.filter(pk=county.representative.pk).update(certificate_no="Y1")
    row[PEOPLE.index("代表证号")] = "Y1"

    assert (
        "已在 2024-05-01 终止"
        in faults(bring_in(RepresentativeResource, xlsx([PEOPLE, row]), county.county_office))[2]
    )
    row[PEOPLE.index("任期开始")] = "2025-03-01"
    result = bring_in(RepresentativeResource, xlsx([PEOPLE, row]), county.county_office)
    assert states(result) == ["new"]
    assert county.representative.mandates.count() == 2


# --- constituencies, staff, receptions


def test_constituencies_come_in_with_their_villages_and_stay_the_same(county):
    file = [
        ["机构", "届次", "选区名称", "应选名额", "包含的村、社区"],
        [BODY, "十八", "石桥选区", "2", "牛场村、杨家坪村"],
    ]

    first = bring_in(ConstituencyResource, xlsx(file), county.county_office)

    assert states(first) == ["new"], faults(first)
    row = Constituency.objects.get(name="石桥选区")
    assert (row.seats, set(row.areas.all())) == (2, set(county.villages[:2]))
    assert states(bring_in(ConstituencyResource, xlsx(file), county.county_office)) == ["skip"]
    file[1][3:] = ["3", "牛场村"]
    assert states(bring_in(ConstituencyResource, xlsx(file), county.county_office)) == ["update"]
    row.refresh_from_db()
    assert (row.seats, list(row.areas.all())) == (3, [county.villages[0]])


def test_staff_get_their_station_when_they_have_an_account(county):
    file = [
        ["站点编号", "登录名", "分工"],
        ["0312", "other_clerk", "志愿者"],
        ["0312", "clerk", "站长"],
        ["0313", "无此人", "站长"],
    ]

    result = bring_in(StaffResource, xlsx(file), county.county_office)
    assert faults(result) == {4: "“登录名”：没有这个登录名，请先在“用户”里建账号，再导入"}
    result = bring_in(StaffResource, xlsx(file[:3]), county.county_office)

    assert states(result) == ["new", "update"]
    assert StationStaff.objects.get(station=county.station, user=county.other_clerk).duty == "volunteer"
    assert StationStaff.objects.get(station=county.station, user=county.clerk).duty == "head"


DAYS = ["站点编号", "日期", "开始时间", "结束时间", "类别", "主题", "接待代表"]


def test_a_calendar_of_receptions_comes_in(county):
    file = [
        DAYS,
        ["0312", "2027年1月8日", "9:00", "11:30", "接待日", "农村饮水", "杨春梅"],
        ["0312", date(2027, 1, 9), time(8, 30), time(12), "赶集日", "", ""],
    ]

    result = bring_in(ReceptionResource, xlsx(file), county.clerk)

    assert states(result) == ["new", "new"], faults(result)
    first = Reception.objects.order_by("starts_at").first()
    assert (timezone.localtime(first.starts_at).hour, first.topic) == (9, "农村饮水")
    assert list(first.people.all()) == [county.representative]
    assert states(bring_in(ReceptionResource, xlsx(file), county.clerk)) == ["skip", "skip"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["0312", "2027-1-8", "11:00", "9:00"], "“结束时间”：要晚于开始时间"),
        (["0313", "2027-1-8", "9:00", "11:00"], "“站点编号”：没有编号是“0313”的站"),
        (["0312", "2027-1-8", "9:00", "11:00", "茶话会"], "“类别”：没有“茶话会”"),
        (["0312", "2027-1-8", "9:00", "11:00", "", "", "火星人"], "“接待代表”：没有找到代表“火星人”"),
    ],
)
def test_a_faulty_reception_names_its_column(county, row, words):
    assert words in faults(bring_in(ReceptionResource, xlsx([DAYS, row]), county.clerk))[2]


def test_receptions_that_overlap_are_refused_within_the_file_and_with_what_is_planned(county):
    file = [DAYS, ["0312", "2027-1-8", "9:00", "11:00"], ["0312", "2027-1-8", "10:00", "12:00"]]

    assert "重叠" in faults(bring_in(ReceptionResource, xlsx(file), county.clerk))[3]
    bring_in(ReceptionResource, xlsx(file[:2]), county.clerk)
    assert (
        "1月8日 09:00 的一场重叠"
        in faults(bring_in(ReceptionResource, xlsx([file[0], file[2]]), county.clerk))[2]
    )


# --- size


def test_the_number_of_statements_grows_by_the_batch_not_by_the_row(county, count_queries):
    term = CongressTerm.objects.get()
    Constituency.objects.bulk_create(Constituency(term=term, name=f"选区{n}") for n in range(20))
    for number in range(10):
        make_station(f"5{number:03}", f"站{number}", county.towns[0])

    def register(first, last):
        rows = [
            f"代表{n},{BODY},18,2022-01-10,选区{n % 20},N{n:05},职业{n % 7},5{n % 10:03}"
            for n in range(first, last)
        ]
        return csv("\r\n".join(["姓名,机构,届次,任期开始,选区,代表证号,职业,站点编号", *rows]))

    with count_queries() as one_batch:
        first = bring_in(RepresentativeResource, register(0, 1_000), county.county_office)
    with count_queries() as two_batches:
        bring_in(RepresentativeResource, register(1_000, 2_500), county.county_office)
    with count_queries() as again:
        same = bring_in(RepresentativeResource, register(0, 1_000), county.county_office)

    assert (first.totals["new"], same.totals["skip"]) == (1_000, 1_000)
    # Ten thousand rows are ten batches.
    assert len(one_batch) + 9 * (len(two_batches) - len(one_batch)) <= 60
    assert len(again) <= 15
    assert Posting.objects.filter(person__certificate_no__startswith="N").count() == 2_500


# --- out, and in again


def register(county):
    """People as a register holds them: several mandates, one that ended, seats at two stations, a name like a formula."""
    two = make_representative(
        "龙小妹",
        CongressTerm.objects.get().body,
        occupation="=种粮大户",
        certificate_no="018002",
        phone="13912340002",
    )
    town = make_body("石桥镇人民代表大会", county.towns[0], "town")
    term = CongressTerm.objects.create(body=town, number=19, begins_on=LONG_AGO)
    seat = Constituency.objects.create(term=term, name="第3选区", seats=2)
    Mandate.objects.create(person=two, term=term, constituency=seat, begins_on=date(2021, 12, 1))
    before = CongressTerm.objects.create(
        body=CongressTerm.objects.get(number=18).body, number=17, begins_on=date(2011, 1, 5)
    )
    Mandate.objects.create(person=two, term=before, begins_on=date(2012, 1, 5), ends_on=date(2017, 1, 5))
    two.topics.set([county.categories["roads"], county.categories["other"]])
    Posting.objects.create(station=county.station, person=two, begins_on=LONG_AGO, duty_days="每月 15 日")
    Posting.objects.create(
        station=county.other_station, person=two, begins_on=date(2022, 1, 1), duty_days="每周三"
    )
    gone = make_representative("石有田", CongressTerm.objects.get(number=18).body)
    Mandate.objects.filter(person=gone).update(ends_on=date(2024, 5, 1), end_reason="调离")
    return two


def make_body(name, area, level):
    from representatives.models import Body

    return Body.objects.create(name=name, kind=Body.Kind.CONGRESS, level=level, area=area)


def taken_along(client, wanted, **query):
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.urls import reverse

    answer = client.post(
        reverse("admin:representatives_person_export"),
        {"format": wanted, "reason": "换届核对"},
        query_params=query,
    )
    return SimpleUploadedFile(f"people.{wanted}", b"".join(answer.streaming_content))


@pytest.mark.parametrize("wanted", ["csv", "xlsx"])
def test_representatives_are_taken_along_with_mandates_and_stations_and_come_in_again_unchanged(
    county, sign_in, wanted
):
    register(county)
    file = taken_along(sign_in(county.county_office), wanted)

    rows = [row.cells for row in read(RepresentativeResource, file)]
    result = bring_in(RepresentativeResource, file, county.county_office)

    assert faults(result) == {}
    assert states(result) == ["skip"] * 5
    mine = [row for row in rows if row["姓名"] == "龙小妹"]
    assert [
        (row["级别"], row["机构"], row["届次"], row["选区"], row["任期开始"], row["任期结束"]) for row in mine
    ] == [
        ("县", BODY, "17", "", "2012-01-05", "2017-01-05"),
        ("县", BODY, "18", "", "2020-01-01", ""),
        ("乡镇", "石桥镇人民代表大会", "19", "第3选区", "2021-12-01", ""),
    ]
    assert {row["站点编号"] for row in mine} == {"0312、0313"}
    assert {row["手机号"] for row in mine} == {"13912340002"}
    assert {row["职业"] for row in mine} == {"=种粮大户"}
    assert {row["代表证号"] for row in mine} == {"018002"}


def test_what_is_taken_along_runs_no_formula_and_keeps_numbers_as_text(county, sign_in):
    import io

    from openpyxl import load_workbook

    register(county)

    sheet = load_workbook(io.BytesIO(taken_along(sign_in(county.county_office), "xlsx").read())).active

    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value]
    assert "'=种粮大户" in [cell.value for cell in cells]
    numbers = [cell for cell in cells if str(cell.value) in ("13912340002", "018002")]
    assert numbers
    assert {cell.data_type for cell in numbers} == {"s"}


def test_numbers_in_full_are_for_those_who_keep_the_register(county, sign_in):
    register(county)

    rows = read(RepresentativeResource, taken_along(sign_in(county.clerk), "csv", q="龙小妹"))

    assert {row.cells["手机号"] for row in rows} == {"139****0002"}


def test_a_table_of_people_costs_the_same_for_few_and_for_many(county, sign_in, count_queries):
    client = sign_in(county.county_office)
    register(county)
    taken_along(client, "csv")
    with count_queries() as few:
        taken_along(client, "csv")
    body = CongressTerm.objects.get(number=18).body
    for place in range(30):
        person = make_representative(f"代表{place}", body)
        Posting.objects.create(station=county.station, person=person, begins_on=LONG_AGO)

    with count_queries() as many:
        taken_along(client, "csv")

    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"级别": "乡镇"}, "“级别”：“云岭县人民代表大会”是县这一级的，请核对"),
        ({"任期结束": "2021-01-01"}, "“任期结束”：要晚于任期开始"),
        ({"姓名": "杨春梅", "任期开始": "2020-01-01", "任期结束": "2025-01-01"}, "“任期结束”：登记的是现任，要改请在代表的页面里改"),
    ],
)  # fmt: skip
def test_a_term_that_cannot_be_is_refused_in_words(county, given, words):
    row = {"姓名": "罗国栋", "机构": BODY, "届次": "18", "任期开始": "2022-01-10"} | given

    result = bring_in(
        RepresentativeResource, xlsx([list(row), list(row.values())]), county.county_office, dry_run=True
    )

    assert faults(result) == {2: words}
