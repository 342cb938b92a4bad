"""Who works in 云岭县, and who represents it: accounts of every role, people with mandates of five levels."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Area, Membership, Unit, User
from accounts.roles import Role
from core.pinyin import sort_key
from core.privacy import blind_index
from liaison.demo.images import picture
from liaison.demo.places import LONG_AGO, Places
from representatives.models import (
    Body,
    BodyMember,
    CheckIn,
    CongressTerm,
    Constituency,
    DutyKind,
    DutyRule,
    Mandate,
    Meeting,
    Person,
)
from stations.models import Posting, StationStaff

PASSWORD = "Yunling-demo-2026"

# (user name, name, title, role, bound to: a station code, a town, a unit or nothing)
STAFF = [
    ("clerk", "李静", "石桥镇代表联络站联络员", Role.STATION_CLERK, "0312"),
    ("head", "王磊", "石桥镇代表联络站站长", Role.STATION_HEAD, "0312"),
    ("town", "龙正文", "石桥镇人大主席团", Role.TOWN_OFFICE, "石桥镇"),
    ("county", "周敏", "县人大常委会代表工委", Role.COUNTY_OFFICE, "county"),
    ("officer", "吴敏", "县城市管理局经办人", Role.UNIT_OFFICER, "urban"),
    ("chief", "赵志远", "县城市管理局局长", Role.UNIT_HEAD, "urban"),
    ("leader", "赵文华", "县人大常委会领导", Role.LEADER, "county"),
    ("auditor", "钱清", "审计管理员", Role.AUDITOR, ""),
    ("security", "孙严", "安全管理员", Role.SECURITY_ADMIN, ""),
    ("sysadmin", "高维", "系统管理员", Role.SYSADMIN, ""),
    ("clerk0110", "陈晨", "东城街道代表联络站联络员", Role.STATION_CLERK, "0110"),
    ("clerk0115", "许琴", "城关镇代表联络站联络员", Role.STATION_CLERK, "0115"),
    ("clerk0710", "石小云", "偏桥乡代表联络站联络员", Role.STATION_CLERK, "0710"),
    ("clerk0810", "彭辉", "双龙乡代表联络站联络员", Role.STATION_CLERK, "0810"),
    ("clerk0510", "方远", "高坪镇代表联络站联络员", Role.STATION_CLERK, "0510"),
    ("town200", "石正坤", "偏桥乡人大主席团", Role.TOWN_OFFICE, "偏桥乡"),
    ("town001", "孟晓", "人大东城街道工委", Role.TOWN_OFFICE, "东城街道"),
    ("town201", "谭国平", "双龙乡人大主席团", Role.TOWN_OFFICE, "双龙乡"),
]

# One officer and one head for every other unit that cases go to: (unit, officer, head).
UNIT_PEOPLE = [
    ("water", "田勇", "邓海"),
    ("transport", "谢敏", "曾强"),
    ("education", "罗雪", "唐建"),
    ("health", "黄丽", "冯毅"),
    ("farming", "蒋涛", "周正明"),
    ("civil", "韩梅", "苏文"),
    ("housing", "任杰", "吕刚"),
    ("traffic-police", "雷鸣", "范军"),
    ("偏桥乡", "石磊", "龙志强"),
    ("石桥镇", "杨帆", "何伟"),
]

BODIES = [
    ("nation", "全国人民代表大会", 14, "990000000000"),
    ("province", "南岭省人民代表大会", 14, "990000000000"),
    ("city", "云州市人民代表大会", 15, "990100000000"),
    ("county", "云岭县人民代表大会", 18, "990127000000"),
    ("town", "石桥镇人民代表大会", 20, "990127101000"),
    ("town", "偏桥乡人民代表大会", 20, "990127200000"),
    ("town", "双龙乡人民代表大会", 20, "990127201000"),
]

# (name, sex, occupation, portrait, mandates as body:constituency, stations, duty, topics, introduction, user name)
REPRESENTATIVES = [
    ("杨春梅", "female", "卫生院护士长", "yang", "云岭县人民代表大会:石桥选区", "0312 0313", "每月 15 日", "health elderly education",
     "在石桥卫生院工作二十一年，常去村里量血压、送药。", "rep"),
    ("罗国栋", "male", "种植合作社理事长", "luo", "石桥镇人民代表大会:牛场选区", "0312", "每月 15 日", "farming utilities roads",
     "带着四十户人家种茶和辣椒。", "luoguodong"),
    ("艾力·吾买尔", "male", "餐馆经营者", "aili", "云岭县人民代表大会:石桥选区", "0312", "每月 28 日晚", "sanitation other",
     "在石桥街上开餐馆十二年。", ""),
    ("陈玉兰", "female", "社区工作者", "chen", "石桥镇人民代表大会:石桥社区选区", "0312 0314", "每月 28 日晚", "elderly housing",
     "管着社区的日间照料。", ""),
    ("龙小妹", "female", "刺绣合作社负责人", "long", "云岭县人民代表大会:偏桥选区 偏桥乡人民代表大会:苗寨选区", "0312 0710 0712 0314",
     "逢赶场天", "farming education", "教会了六十多位妇女做绣品。", "longxiaomei"),
    ("韦建平", "male", "村党支部书记", "wei", "石桥镇人民代表大会:杨家坪选区", "0312 0314", "逢赶场天", "roads farming",
     "杨家坪村人，修过三条进组路。", "weijianping"),
    ("王思远", "male", "中学教师", "wang", "云州市人民代表大会:云岭县选举单位 云岭县人民代表大会:城关选区", "0100 0312 0115", "每月 10 日",
     "education roads", "教书十八年，写过农村公厕管护的建议。", "wangsiyuan"),
    ("何秀英", "female", "茶农", "he", "石桥镇人民代表大会:岩上选区", "0312", "每月 15 日", "farming", "种茶三十年。", ""),
    ("石明礼", "male", "电网检修工", "shi", "南岭省人民代表大会:云州市选举单位", "0100 0710", "每季度一次", "utilities",
     "在高山上修线二十五年。", ""),
    ("刘芳", "female", "小学校长", "liu", "全国人民代表大会:南岭省选举单位", "0100 0110", "每季度一次", "education",
     "在乡村小学教了三十年书。", ""),
    ("马海龙", "male", "公交驾驶员", "ma", "云岭县人民代表大会:东城选区", "0110 0111", "每月 8 日", "roads elderly",
     "开 2 路公交十六年。", ""),
    ("赵德福", "male", "养殖户", "zhao", "双龙乡人民代表大会:双龙选区", "0810", "每月 20 日", "farming health",
     "养牛，也当过村医助手。", ""),
]  # fmt: skip


@dataclass
class People:
    users: dict[str, User] = field(default_factory=dict)
    representatives: dict[str, Person] = field(default_factory=dict)
    officers: dict[str, User] = field(default_factory=dict)
    heads: dict[str, User] = field(default_factory=dict)


def build(places: Places) -> People:
    people = People()
    secret = make_password(PASSWORD)  # hashed once: everybody in the demo has the same
    for username, name, title, role, over in STAFF:
        people.users[username] = _staff(places, secret, username, name, title, role, over)
    _unit_people(places, people, secret)
    terms = _terms(places)
    for number, line in enumerate(REPRESENTATIVES, start=1):
        _representative(places, people, terms, secret, number, *line)
    _sittings(places, people, terms)
    _duty_rules()
    return people


def _user(secret: str, username: str, name: str, title: str) -> User:
    return User.objects.create(
        username=username,
        display_name=name,
        title=title,
        password=secret,
    )


def _join(user: User, role: Role, *, area: Area | None = None, unit: Unit | None = None) -> None:
    Membership.objects.create(user=user, role=role, area=area, unit=unit, valid_from=LONG_AGO)


def _staff(places: Places, secret: str, username: str, name: str, title: str, role: Role, over: str) -> User:
    user = _user(secret, username, name, title)
    if over in places.stations:
        _join(user, role)
        duty = StationStaff.Duty.HEAD if role == Role.STATION_HEAD else StationStaff.Duty.CLERK
        # Who runs a station runs its points and its market stall too.
        for station in [places.stations[over], *places.stations[over].children.all()]:
            StationStaff.objects.create(station=station, user=user, duty=duty, begins_on=LONG_AGO)
    elif role in (Role.UNIT_OFFICER, Role.UNIT_HEAD):
        _join(user, role, unit=places.units[over])
    elif over:
        _join(user, role, area=places.county if over == "county" else places.areas[over])
    else:
        _join(user, role)
    return user


def _unit_people(places: Places, people: People, secret: str) -> None:
    people.officers["urban"], people.heads["urban"] = people.users["officer"], people.users["chief"]
    for code, officer, head in UNIT_PEOPLE:
        unit = places.units[code]
        slug = unit.code.replace("town-", "t")
        people.officers[code] = _user(secret, f"{slug}.officer", officer, f"{unit.name}经办人")
        people.heads[code] = _user(secret, f"{slug}.head", head, f"{unit.name}负责人")
        _join(people.officers[code], Role.UNIT_OFFICER, unit=unit)
        _join(people.heads[code], Role.UNIT_HEAD, unit=unit)


def _terms(places: Places) -> dict[str, CongressTerm]:
    terms = {}
    begins = date(timezone.localdate().year - 4, 1, 8)
    for level, name, number, code in BODIES:
        body = Body.objects.create(
            name=name, kind=Body.Kind.CONGRESS, level=level, area=Area.objects.get(code=code)
        )
        terms[name] = CongressTerm.objects.create(body=body, number=number, begins_on=begins)
    return terms


def _representative(
    places: Places,
    people: People,
    terms: dict[str, CongressTerm],
    secret: str,
    number: int,
    name: str,
    sex: str,
    occupation: str,
    portrait: str,
    mandates: str,
    stations: str,
    duty_days: str,
    topics: str,
    introduction: str,
    username: str,
) -> None:
    user = None
    if username:
        user = _user(secret, username, name, "人大代表")
        _join(user, Role.REPRESENTATIVE)
        people.users[username] = user
    phone = f"1380000{3000 + number:04d}"
    person = Person.objects.create(
        name=name,
        pinyin=sort_key(name),
        sex=sex,
        occupation=occupation,
        introduction=introduction,
        photo=picture(f"p-{portrait}", label="person", caption=name),
        user=user,
        certificate_no=f"云岭代证 {number:04d}",
        phone=phone,
        phone_index=blind_index(phone, scope="phone"),
    )
    person.topics.set(places.categories[code] for code in topics.split())
    for pair in mandates.split():
        body, _colon, constituency = pair.partition(":")
        _mandate(person, terms[body], constituency)
    for code in stations.split():
        Posting.objects.create(
            station=places.stations[code], person=person, duty_days=duty_days, begins_on=date(2023, 3, 1)
        )
    people.representatives[name] = person


def _mandate(person: Person, term: CongressTerm, constituency: str) -> None:
    """Directly elected in a county or town; by the congress below above that."""
    if constituency.endswith("选区"):
        district, _new = Constituency.objects.get_or_create(
            term=term, name=constituency, defaults={"seats": 2}
        )
        Mandate.objects.create(person=person, term=term, constituency=district, begins_on=term.begins_on)
    else:
        Mandate.objects.create(person=person, term=term, electing_unit=constituency, begins_on=term.begins_on)


def _sittings(places: Places, people: People, terms: dict[str, CongressTerm]) -> None:
    """The presidium of a town, a street assembly, and one session with who was there."""
    term = terms["云岭县人民代表大会"]
    presidium = Body.objects.create(
        name="石桥镇人民代表大会主席团", kind=Body.Kind.PRESIDIUM, level="town", area=places.areas["石桥镇"]
    )
    assembly = Body.objects.create(
        name="东城街道议政代表会",
        kind=Body.Kind.STREET_ASSEMBLY,
        level="county",
        area=places.areas["东城街道"],
    )
    for body, name, position in [
        (presidium, "韦建平", "主席团成员"),
        (presidium, "何秀英", "主席团成员"),
        (assembly, "马海龙", "议政代表"),
    ]:
        BodyMember.objects.create(
            body=body, person=people.representatives[name], position=position, begins_on=term.begins_on
        )
    year = timezone.localdate().year
    opens = timezone.make_aware(datetime.combine(date(year, 1, 14), time(9)))
    session = Meeting.objects.create(
        body=term.body,
        term=term,
        name=f"云岭县第十八届人民代表大会第{'五' if term.begins_on.year == year - 4 else '六'}次会议",
        begins_at=opens,
        ends_at=opens + timedelta(days=2, hours=3),
        place="县会议中心",
    )
    for name, kind in [
        ("杨春梅", "present"),
        ("艾力·吾买尔", "present"),
        ("龙小妹", "present"),
        ("王思远", "late"),
        ("马海龙", "leave"),
    ]:
        CheckIn.objects.create(meeting=session, person=people.representatives[name], kind=kind)


def _duty_rules() -> None:
    this_year = timezone.localdate().year
    for year in (this_year - 1, this_year):
        for kind, points, cap in [
            (DutyKind.RECEPTION, "3", "30"),
            (DutyKind.REQUEST_RECEIVED, "2", "20"),
            (DutyKind.REQUEST_FOLLOWED, "2", "20"),
            (DutyKind.ACTIVITY, "2", "16"),
            (DutyKind.MEETING, "4", "16"),
        ]:
            DutyRule.objects.create(year=year, kind=kind, points=Decimal(points), yearly_cap=Decimal(cap))
