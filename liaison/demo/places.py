"""云岭县: divisions, units, categories, venues and stations of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.models import Area, Category, Unit
from core.pinyin import sort_key
from liaison.demo.images import picture
from stations.models import Station, StationPhoto, StationTopic, Venue

COUNTY_CODE = "990127000000"
LONG_AGO = date(2019, 1, 1)
PHONE = "0000-555-01{:02d}"

# (town code, name, villages)
TOWNS = [
    ("001", "东城街道", "大桥社区 春天社区 新庄社区"),
    ("002", "西城街道", "文昌社区 河西社区"),
    ("100", "城关镇", "北门社区 南门社区 桥头村"),
    ("101", "石桥镇", "石桥社区 牛场村 杨家坪村 岩上村"),
    ("102", "龙井镇", "龙井村 高寨田村"),
    ("103", "高坪镇", "高坪村 大坡村"),
    ("104", "茶园镇", "茶园村 新茶村"),
    ("105", "沙河镇", "沙河村 下沙村"),
    ("200", "偏桥乡", "偏桥村 苗寨村 下院村"),
    ("201", "双龙乡", "双龙村 午坡村"),
    ("202", "青山乡", "青山村"),
    ("203", "云顶乡", "云顶村"),
]

# (code, name, kind, short name, may be handed requests)
UNITS = [
    ("urban", "县城市管理局", "government", "城管局", True),
    ("water", "县水务局", "government", "水务局", True),
    ("transport", "县交通运输局", "government", "交通局", True),
    ("education", "县教育局", "government", "教育局", True),
    ("health", "县卫生健康局", "government", "卫健局", True),
    ("farming", "县农业农村局", "government", "农业农村局", True),
    ("civil", "县民政局", "government", "民政局", True),
    ("housing", "县住房和城乡建设局", "government", "住建局", True),
    ("commerce", "县商务局", "government", "商务局", True),
    ("traffic-police", "县交警大队", "government", "交警大队", True),
    ("power", "县供电公司", "enterprise", "供电公司", True),
    ("congress", "县人大常委会办公室", "congress", "县人大办", False),
]

# (code, name, icon, unit that usually handles it)
CATEGORIES = [
    ("roads", "道路交通", "road", "transport"),
    ("utilities", "水电气、路灯", "drop", "urban"),
    ("sanitation", "环境卫生", "leaf", "urban"),
    ("education", "教育", "school", "education"),
    ("health", "看病医保", "health", "health"),
    ("elderly", "养老助残", "elder", "civil"),
    ("housing", "住房物业", "house", "housing"),
    ("farming", "农业农村", "wheat", "farming"),
    ("other", "其他", "dots", None),
]

# (code, name, kind, parent, town or village, venue, address, step-free, opening, pictures, other fields)
STATIONS: list[tuple[Any, ...]] = [
    ("0100", "云岭县人大代表之家", "home", None, "北门社区", "县政务服务中心东楼", "北门大街 18 号二楼",
     "有电梯，二楼设无障碍卫生间", "周一至周五 9:00–17:00", "s-culture",
     {"functions": "接待、议事、学习、展示", "build_mode": "new", "opened_on": date(2019, 7, 1)}),
    ("0300", "石桥镇人大代表之家", "home", "0100", "石桥社区", "石桥镇政府", "石桥街 2 号一楼", "门口有坡道",
     "周一至周五 9:00–17:00", "s-culture",
     {"functions": "接待、会议、展示", "build_mode": "rebuilt", "opened_on": date(2020, 3, 12)}),
    ("0312", "石桥镇代表联络站", "station", "0300", "石桥社区", "石桥社区党群服务中心", "石桥街 46 号一楼",
     "门口有坡道，一楼有卫生间", "周一至周五 9:00–17:00；每月 15 日代表接待", "s-station s-market s-culture",
     {"functions": "接待、调解、展示", "build_mode": "shared", "opened_on": date(2021, 4, 20),
      "directions": "2 路公交石桥街口站下，往北 80 米"}),
    ("0313", "牛场村代表联络点", "point", "0312", "牛场村", "牛场村文化广场", "牛场村文化广场西侧", "平地，没有台阶",
     "每周三 9:00–11:30", "s-park", {"build_mode": "shared", "opened_on": date(2022, 5, 6)}),
    ("0314", "石桥场流动联络站", "mobile", "0312", "石桥社区", "石桥集市东口", "石桥集市东口蓝色帐篷", "平地，没有台阶",
     "每六天一场，赶场天 8:30–12:00", "s-market",
     {"functions": "听意见、讲政策", "opened_on": date(2023, 6, 8), "target_group": "赶场的群众"}),
    ("0320", "石桥镇民主议事厅", "hall", "0300", "石桥社区", "石桥社区党群服务中心", "石桥街 46 号二楼",
     "二楼没有电梯，可改在一楼接待室", "按议题通知", "s-culture", {"functions": "议事、票决", "opened_on": date(2021, 4, 20)}),
    ("0330", "石桥镇基层立法联系点", "legislative_point", "0300", "石桥社区", "石桥镇公共法律服务中心",
     "石桥街 48 号", "门口有坡道", "周一至周五 9:00–17:00", "s-station",
     {"functions": "征求立法意见、法律服务", "build_mode": "shared", "opened_on": date(2022, 9, 1)}),
    ("0110", "东城街道代表联络站", "station", "0100", "大桥社区", "东城街道便民服务中心", "大桥路 9 号一楼",
     "门口有坡道", "周一至周五 9:00–17:00", "s-station", {"opened_on": date(2020, 10, 9)}),
    ("0111", "世纪明珠助老代表联络室", "specialised", "0110", "新庄社区", "新庄社区日间照料中心", "新庄路 31 号",
     "全程无台阶，有扶手", "周二、周四 9:00–11:00", "s-canteen",
     {"target_group": "老年人", "functions": "助餐、听意见", "opened_on": date(2023, 9, 28)}),
    ("0210", "西城街道代表联络站", "station", "0100", "文昌社区", "文昌社区居委会", "文昌巷 5 号", "门口有坡道",
     "周一至周五 9:00–17:00", "s-station", {"opened_on": date(2021, 1, 15)}),
    ("0115", "城关镇代表联络站", "station", "0100", "南门社区", "城关镇便民服务中心", "南门街 77 号一楼", "门口有坡道",
     "周一至周五 9:00–17:00", "s-station", {"opened_on": date(2020, 8, 3)}),
    ("0410", "龙井镇代表联络站", "station", "0100", "龙井村", "龙井村委会", "龙井村 12 号", "门口两级台阶，可绕侧门",
     "周一至周五 9:00–17:00", "s-station", {"opened_on": date(2021, 5, 11)}),
    ("0510", "高坪镇代表联络站", "station", "0100", "高坪村", "高坪镇政府", "高坪街 1 号", "", "周一至周五 9:00–17:00",
     "s-station", {"opened_on": date(2021, 11, 2)}),
    ("0610", "茶园镇代表联络站", "station", "0100", "茶园村", "茶园镇政府", "茶园路 6 号", "门口有坡道",
     "周一至周五 9:00–17:00", "s-station", {"opened_on": date(2022, 3, 1)}),
    ("0710", "偏桥乡代表联络站", "station", "0100", "偏桥村", "偏桥乡政府", "偏桥街 3 号", "门口有坡道",
     "周一至周五 9:00–17:00；逢赶场天加开", "s-station s-water", {"opened_on": date(2021, 6, 18)}),
    ("0711", "下院村代表联络点", "point", "0710", "下院村", "下院村委会", "下院村委会一楼", "平地，没有台阶",
     "每周五 9:00–11:00", "s-park", {"opened_on": date(2022, 8, 8)}),
    ("0712", "龙小妹代表个人联络室", "personal_office", "0710", "苗寨村", "苗寨村刺绣合作社", "苗寨村 27 号",
     "门口一级台阶", "每月 5 日、20 日上午", "s-culture", {"opened_on": date(2024, 3, 8), "target_group": "村里的妇女"}),
    ("0810", "双龙乡代表联络站", "station", "0100", "双龙村", "双龙乡政府", "双龙街 10 号", "门口有坡道",
     "周一至周五 9:00–17:00", "s-station s-road", {"opened_on": date(2021, 7, 9)}),
    ("0900", "云岭网上代表联络站", "online", "0100", "北门社区", None, "", "", "随时可写，按工作日答复", "s-culture",
     {"functions": "网上反映、查进度", "opened_on": date(2024, 1, 1)}),
    ("0816", "午坡村代表联络点", "point", "0810", "午坡村", None, "", "", "", "s-road",
     {"opened_on": date(2020, 5, 5), "closed_on": date(2025, 6, 30), "is_public": False}),
]  # fmt: skip


@dataclass
class Places:
    """What was built, by the short names the people and the cases use."""

    county: Area
    areas: dict[str, Area] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    categories: dict[str, Category] = field(default_factory=dict)
    stations: dict[str, Station] = field(default_factory=dict)


def area(code: str, name: str, level: str, parent: Area | None = None) -> Area:
    full = f"{parent.full_name}{name}" if parent is not None else name
    return Area.objects.create(
        code=code,
        name=name,
        full_name=full,
        pinyin=sort_key(name),
        level=level,
        parent=parent,
        valid_from=LONG_AGO,
    )


def build() -> Places:
    province = area("990000000000", "南岭省", "province")
    city = area("990100000000", "云州市", "prefecture", province)
    places = Places(area(COUNTY_CODE, "云岭县", "county", city))
    _neighbour(city)
    _divisions(places)
    _units(places)
    _categories(places)
    for line in STATIONS:
        _station(places, *line)
    return places


def _neighbour(city: Area) -> None:
    """青川县, beside ours: whoever works there must not see anything of 云岭."""
    county = area("990128000000", "青川县", "county", city)
    town = area("990128101000", "河口镇", "township", county)
    area("990128101201", "河口村", "village", town)
    Station.objects.create(code="9010", name="河口镇代表联络站", area=town, kind=Station.Kind.STATION)


def _divisions(places: Places) -> None:
    for code, name, villages in TOWNS:
        town = area(f"990127{code}000", name, "township", places.county)
        places.areas[name] = town
        for number, village in enumerate(villages.split(), start=1):
            places.areas[village] = area(f"990127{code}{200 + number}", village, "village", town)


def _units(places: Places) -> None:
    for number, (code, name, kind, short, handles) in enumerate(UNITS):
        places.units[code] = _unit(code, name, kind, places.county, short, number, handles)
    for number, (code, name, _villages) in enumerate(TOWNS, start=len(UNITS)):
        town = places.areas[name]
        office = "街道办事处" if name.endswith("街道") else "人民政府"
        unit_name = name.removesuffix("街道") + office if office == "街道办事处" else name + office
        places.units[name] = _unit(f"town-{code}", unit_name, "town", town, name, number, True)


def _unit(code: str, name: str, kind: str, where: Area, short: str, number: int, is_handling: bool) -> Unit:
    return Unit.objects.create(
        code=code,
        name=name,
        short_name=short,
        pinyin=sort_key(name),
        kind=kind,
        area=where,
        phone=PHONE.format(60 + number),
        is_handling=is_handling,
    )


def _categories(places: Places) -> None:
    for order, (code, name, icon, unit) in enumerate(CATEGORIES, start=1):
        places.categories[code] = Category.objects.create(
            code=code,
            name=name,
            icon=icon,
            order=order,
            is_sensitive=code == "health",
            default_unit=places.units[unit] if unit else None,
        )


def _station(
    places: Places,
    code: str,
    name: str,
    kind: str,
    parent: str | None,
    where: str,
    venue: str | None,
    address: str,
    step_free: str,
    opening: str,
    pictures: str,
    rest: dict[str, Any],
) -> None:
    place = _venue(places.areas[where], venue, address, step_free, number=len(places.stations))
    first, *more = [picture(each, label="station", caption=name) for each in pictures.split()]
    station = Station.objects.create(
        code=code,
        name=name,
        kind=kind,
        parent=places.stations[parent] if parent else None,
        area=places.areas[where],
        venue=place,
        phone=PHONE.format(20 + len(places.stations)) if venue else PHONE.format(20),
        opening=opening,
        photo=first,
        **rest,
    )
    for order, attachment in enumerate(more):
        StationPhoto.objects.create(station=station, attachment=attachment, order=order)
    station.serves.set(_served(places, kind, places.areas[where]))
    places.stations[code] = station


def _venue(where: Area, name: str | None, address: str, step_free: str, *, number: int) -> Venue | None:
    if name is None:
        return None
    # Invented points around one centre: enough to try the order by distance.
    latitude, longitude = 26.5 + (number * 7 % 11) * 0.012, 106.7 + (number * 5 % 13) * 0.013
    venue, _created = Venue.objects.get_or_create(
        name=name,
        defaults={
            "area": where,
            "address": address,
            "step_free": step_free,
            "floor_area": 60 + number * 15,
            "latitude": f"{latitude:.5f}",
            "longitude": f"{longitude:.5f}",
        },
    )
    return venue


def _served(places: Places, kind: str, where: Area) -> list[Area]:
    """A point serves its village, a station every village of its town, the home nobody in particular."""
    if kind in ("point", "personal_office"):
        return [where]
    if kind in ("station", "mobile"):
        return list(Area.objects.filter(parent=where.parent))
    return []


def topics(places: Places) -> None:
    """What some stations are good at hearing."""
    for code, category in [("0111", "elderly"), ("0314", "farming"), ("0712", "farming"), ("0330", "other")]:
        StationTopic.objects.create(station=places.stations[code], category=places.categories[category])
