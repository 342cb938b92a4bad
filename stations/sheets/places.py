"""The register of stations: rows by their number, with address, villages served and the station above."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts import access
from accounts.models import Unit
from accounts.permissions import Permission
from core import sheets
from core.privacy import fold
from core.sheets import Column, Line, SheetResource
from representatives.sheets import CHANGED, NEW, AreaBook, replace_links
from stations.models import Station, Venue


def station_code(cell: str) -> str:
    code = fold(cell).upper()
    if not re.fullmatch(r"[0-9A-Z]{3,8}", code):
        raise sheets.Refused(_("“%(cell)s”请改成 3 到 8 位数字或大写字母") % {"cell": cell[:20]})
    return code


def station_codes(cell: str) -> tuple[str, ...]:
    return tuple(station_code(part) for part in sheets.names(cell))


# What a cell of the same name is copied into.
PLAIN = (
    "name", "kind", "phone", "opening", "directions", "functions", "target_group", "build_mode", "opened_on",
    "introduction", "is_public",
)  # fmt: skip
PLACE = ("step_free", "latitude", "longitude")


class StationResource(SheetResource):
    label = _lazy("家站点")
    columns: ClassVar = (
        Column("code", "站点编号", station_code, True, "0312"),
        Column("name", "名称", sheets.text(60), True, "石桥镇代表联络站"),
        Column("kind", "类别", sheets.choice(Station.Kind), True, "代表联络站"),
        Column("area", "所在区划", sheets.text(40), True, "石桥镇"),
        Column("parent", "上级编号", station_code, example="0300"),
        Column("address", "地址", sheets.text(120), example="石桥社区党群服务中心一楼"),
        Column("venue", "场所名称", sheets.text(80), example="石桥社区党群服务中心"),
        Column("step_free", "无障碍", sheets.text(80), example="门口有坡道"),
        Column("latitude", "纬度", sheets.degrees(90), example="26.50000"),
        Column("longitude", "经度", sheets.degrees(180), example="107.20000"),
        Column("phone", "电话", sheets.office_phone, example="0000-555-0131"),
        Column("opening", "开放时间", sheets.text(120), example="周一至周五 9:00–17:00"),
        Column("directions", "怎么走", sheets.text(120), example="乘 3 路到石桥社区下车"),
        Column("functions", "功能区", sheets.text(120), example="接待、会议、展示"),
        Column("target_group", "服务对象", sheets.text(60), example="周边居民"),
        Column("build_mode", "建设方式", sheets.choice(Station.BuildMode), example="改建"),
        Column("opened_on", "建成日期", sheets.day, example="2021-05-01"),
        Column("unit", "主管单位", sheets.text(80), example=""),
        Column("serves", "服务的村、社区", sheets.names, example="牛场村、杨家坪村"),
        Column("introduction", "简介", sheets.text(1000)),
        Column("is_public", "公开", sheets.yes, example="是"),
    )

    def load(self, lines: list[Line]) -> None:
        self.areas = AreaBook(self.user)
        codes = {line[name] for line in lines for name in ("code", "parent") if line[name]}
        stations = Station.objects.filter(code__in=codes).select_related("venue")
        self.known = {station.code: station for station in stations}
        self.mine = set(Station.objects.visible_to(self.user).values_list("pk", flat=True))
        self.in_file = {line["code"] for line in lines if line["code"]}
        addresses = {line["address"] for line in lines if line["address"]}
        venues = Venue.objects.filter(address__in=addresses)
        self.venues = {(venue.area_id, venue.address): venue for venue in venues}
        units = {line["unit"] for line in lines if line["unit"]}
        self.units = {unit.name: unit for unit in Unit.objects.filter(name__in=units)} if units else {}
        self.served: dict[int, set[int]] = defaultdict(set)
        links = Station.serves.through.objects.filter(station__in=[each.pk for each in self.known.values()])
        for station, area in links.values_list("station_id", "area_id"):
            self.served[station].add(area)

    def key(self, line: Line) -> Hashable:
        return line["code"]

    def judge(self, line: Line) -> None:
        self._places(line)
        self._parent(line)
        if line["unit"] and line["unit"] not in self.units:
            line.refuse(_("主管单位"), _("没有登记这个单位，请先登记或改成登记的名称"))
        if line.faults:
            return
        found = self.known.get(line["code"])
        if found is not None and found.pk not in self.mine:
            line.refuse(_("站点编号"), _("这个编号已被别处的站用了，请换一个"))
        elif found is None:
            line.outcome = NEW
        else:
            line.found = found
            line.changed = self._changed(line, found)
            line.outcome = CHANGED if line.changed else line.outcome

    def _places(self, line: Line) -> None:
        for name, heading, find in (
            ("area", _("所在区划"), self.areas.find),
            ("serves", _("服务的村、社区"), self.areas.find_all),
        ):
            if line[name]:
                try:
                    line.values[name] = find(line[name])
                except sheets.Refused as problem:
                    line.refuse(heading, str(problem))
        area = line["area"]
        if not line.faults and not access.has_permission(self.user, Permission.REGISTRY_IMPORT, over=area):
            line.refuse(_("所在区划"), _("不在您管的范围"))

    def _parent(self, line: Line) -> None:
        code = line["parent"]
        if not code:
            return
        if code == line["code"]:
            line.refuse(_("上级编号"), _("不能是这个站自己，请改成上级的编号"))
        elif code not in self.known and code not in self.in_file:
            line.refuse(
                _("上级编号"), _("没有编号是“%(code)s”的站，请核对，或把它也写进表里") % {"code": code}
            )

    def _changed(self, line: Line, found: Station) -> list[str]:
        changed = sheets.differing(line, found, PLAIN)
        if line["area"].pk != found.area_id:
            changed.append("area")
        parent = self.known.get(line["parent"]) if line["parent"] else None
        if line["parent"] and (parent is None or parent.pk != found.parent_id):
            changed.append("parent")
        if line["unit"] and self.units[line["unit"]].pk != found.unit_id:
            changed.append("unit")
        if line["serves"] and {area.pk for area in line["serves"]} != self.served[found.pk]:
            changed.append("serves")
        if line["address"] and self._venue_differs(line, found.venue):
            changed.append("venue")
        return changed

    def _venue_differs(self, line: Line, venue: Venue | None) -> bool:
        if venue is None or venue.address != line["address"]:
            return True
        return bool(sheets.differing(line, venue, PLACE)) or (line["venue"] or venue.name) != venue.name

    # --- writing

    def write(self, lines: list[Line]) -> None:
        self._write_venues(lines)
        for line in lines:
            station = line.found if line.found is not None else Station(code=line["code"])
            line.found = self.known[line["code"]] = station
            for name in PLAIN:
                if name in line.values:
                    setattr(station, name, line[name])
            station.area = line["area"]
            if line["unit"]:
                station.unit = self.units[line["unit"]]
            if line["address"]:
                station.venue = self.venues[line["area"].pk, line["address"]]
            station.set_keys()
        sheets.insert(Station, [line.found for line in lines if line.outcome == NEW])
        # Now every station has its key, in whatever order the sheet named them.
        hanging = [line for line in lines if line["parent"]]
        for line in hanging:
            line.found.parent = self.known[line["parent"]]
        again = [line.found for line in lines if line.outcome == CHANGED or line["parent"]]
        keys = ("area", "county_code", "town_code", "pinyin", "unit", "venue", "parent")
        sheets.rewrite(Station, again, [*PLAIN, *keys])
        wanted = {line.found.pk: [area.pk for area in line["serves"]] for line in lines if line["serves"]}
        replace_links(Station.serves.through, "station_id", "area_id", wanted)

    def _write_venues(self, lines: list[Line]) -> None:
        """Plates on one door share its place."""
        new: dict[Any, Venue] = {}
        again: dict[Any, Venue] = {}
        for line in lines:
            if not line["address"]:
                continue
            key = (line["area"].pk, line["address"])
            venue = self.venues.get(key)
            if venue is None:
                venue = Venue(area=line["area"], address=line["address"], name=line["venue"] or line["name"])
                self.venues[key] = new[key] = venue
            elif key not in new:
                again[key] = venue
            venue.name = line["venue"] or venue.name
            for name in PLACE:
                if name in line.values:
                    setattr(venue, name, line[name])
        sheets.insert(Venue, list(new.values()))
        sheets.rewrite(Venue, list(again.values()), ["name", *PLACE])
