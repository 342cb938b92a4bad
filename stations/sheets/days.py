"""The calendar of receptions, as a station keeps it for the year."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.permissions import Permission
from core import sheets
from core.sheets import Column, Line, SheetResource
from representatives.models import Person
from representatives.sheets import CHANGED, NEW, replace_links
from stations import rules
from stations.models import Posting, Reception
from stations.models.reception import ReceptionKind
from stations.sheets.people import find_stations, open_stations
from stations.sheets.places import station_code

PLAIN = ("kind", "topic", "place", "is_public", "ends_at")


class ReceptionResource(SheetResource):
    label = _lazy("接待安排")
    columns: ClassVar = (
        Column("station", "站点编号", station_code, True, "0312"),
        Column("on", "日期", sheets.day, True, "2026-12-04"),
        Column("starts", "开始时间", sheets.clock, True, "9:00"),
        Column("ends", "结束时间", sheets.clock, True, "11:30"),
        Column("kind", "类别", sheets.choice(ReceptionKind), example="接待日"),
        Column("topic", "主题", sheets.text(80), example="农村饮水"),
        Column("place", "地点", sheets.text(80)),
        Column("people", "接待代表", sheets.names, example="杨春梅、罗国栋"),
        Column("is_public", "公开", sheets.yes, example="是"),
    )

    def load(self, lines: list[Line]) -> None:
        self.stations = open_stations(self.user, lines, "station")
        days = [line["on"] for line in lines if line["on"]]
        known: list[Reception] = []
        if days:
            zone = timezone.get_default_timezone()
            first = datetime(min(days).year, min(days).month, min(days).day, tzinfo=zone)
            rows = Reception.objects.filter(
                station__in=self.stations.values(), ends_at__gt=first, cancelled_reason=""
            )
            known = list(rows)
        self.known = {(row.station_id, row.starts_at): row for row in known}
        self.taken: dict[int, list[tuple[datetime, datetime, datetime]]] = defaultdict(list)
        for row in known:
            self.taken[row.station_id].append((row.starts_at, row.ends_at, row.starts_at))
        self.people: dict[str, list[int]] = defaultdict(list)
        names = {name for line in lines for name in line["people"] or ()}
        for pk, name in (
            Person.objects.visible_to(self.user).in_office().filter(name__in=names).values_list("pk", "name")
        ):
            self.people[name].append(pk)
        self.sitting = set(
            Posting.objects.current()
            .filter(station__in=self.stations.values())
            .values_list("station_id", "person_id")
        )
        self.named: dict[int, set[int]] = defaultdict(set)
        links = Reception.people.through.objects.filter(reception__in=[row.pk for row in known])
        for reception, person in links.values_list("reception_id", "person_id"):
            self.named[reception].add(person)

    def key(self, line: Line) -> Hashable:
        if not (line["station"] and line["on"] and line["starts"]):
            return None
        return (line["station"], line["on"], line["starts"])

    def judge(self, line: Line) -> None:
        found = find_stations(line, _("站点编号"), (line["station"],), self.stations)
        if line["ends"] <= line["starts"]:
            line.refuse(_("结束时间"), _("要晚于开始时间"))
        if line.faults:
            return
        station = found[0]
        if not rules.holds(self.user, Permission.RECEPTION_MANAGE, station):
            line.refuse(_("站点编号"), _("不在您管的范围"))
            return
        zone = timezone.get_default_timezone()
        starts_at = datetime.combine(line["on"], line["starts"], tzinfo=zone)
        line.values |= {
            "seat": station,
            "starts_at": starts_at,
            "ends_at": datetime.combine(line["on"], line["ends"], tzinfo=zone),
        }
        self._people(line)
        line.found = self.known.get((station.pk, starts_at))
        self._overlap(line)
        if line.faults:
            return
        if line.found is None:
            line.outcome = NEW
            return
        line.changed = sheets.differing(line, line.found, PLAIN)
        if line["people"] and set(line["people"]) != self.named[line.found.pk]:
            line.changed.append("people")
        if line.changed:
            line.outcome = CHANGED

    def _people(self, line: Line) -> None:
        """By name; of several with one name, the one who sits at the station."""
        ids = []
        for name in line["people"] or ():
            same = self.people.get(name, [])
            here = [pk for pk in same if (line["seat"].pk, pk) in self.sitting]
            if len(same) != 1:
                same = here
            if len(same) != 1:
                words = _("没有找到代表“%(name)s”，请核对姓名，或先让代表进站") % {"name": name[:20]}
                line.refuse(_("接待代表"), words)
                return
            ids.append(same[0])
        if ids:
            line.values["people"] = ids

    def _overlap(self, line: Line) -> None:
        own = line["starts_at"]
        for starts_at, ends_at, key in self.taken[line["seat"].pk]:
            if key != own and own < ends_at and starts_at < line["ends_at"]:
                local = timezone.localtime(starts_at)
                line.refuse(
                    _("开始时间"),
                    _("和 %(month)d月%(day)d日 %(at)s 的一场重叠，请错开")
                    % {"month": local.month, "day": local.day, "at": f"{local:%H:%M}"},
                )
                return
        self.taken[line["seat"].pk].append((own, line["ends_at"], own))

    def write(self, lines: list[Line]) -> None:
        for line in lines:
            if line.found is None:
                line.found = Reception(station=line["seat"], starts_at=line["starts_at"])
            for name in PLAIN:
                if name in line.values:
                    setattr(line.found, name, line[name])
        sheets.insert(Reception, [line.found for line in lines if line.outcome == NEW])
        sheets.rewrite(Reception, [line.found for line in lines if line.outcome == CHANGED], PLAIN)
        wanted = {line.found.pk: line["people"] for line in lines if line["people"]}
        replace_links(Reception.people.through, "reception_id", "person_id", wanted)
