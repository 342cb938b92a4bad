"""The register of who works at a station."""

from __future__ import annotations

from collections.abc import Hashable
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import User
from accounts.permissions import Permission
from core import sheets
from core.sheets import Column, Line, SheetResource
from representatives.sheets import CHANGED, NEW
from stations import rules
from stations.models import StationStaff
from stations.sheets.people import find_stations, open_stations
from stations.sheets.places import station_code


class StaffResource(SheetResource):
    """Who works where: accounts exist already, a sheet gives them their station."""

    label = _lazy("站点工作人员")
    columns: ClassVar = (
        Column("station", "站点编号", station_code, True, "0312"),
        Column("username", "登录名", sheets.text(150), True, "lijing"),
        Column("duty", "分工", sheets.choice(StationStaff.Duty), True, "联络员"),
        Column("begins_on", "开始日期", sheets.day, example="2024-03-01"),
    )

    def load(self, lines: list[Line]) -> None:
        self.stations = open_stations(self.user, lines, "station")
        names = {line["username"] for line in lines if line["username"]}
        self.users = {user.username: user for user in User.objects.filter(username__in=names, is_active=True)}
        posts = StationStaff.objects.filter(station__in=self.stations.values(), ends_on__isnull=True)
        self.posts = {(post.station_id, post.user_id): post for post in posts}

    def key(self, line: Line) -> Hashable:
        return (line["station"], line["username"]) if line["station"] and line["username"] else None

    def judge(self, line: Line) -> None:
        seats = find_stations(line, _("站点编号"), (line["station"],), self.stations)
        user = self.users.get(line["username"])
        if user is None:
            line.refuse(_("登录名"), _("没有这个登录名，请先在“用户”里建账号，再导入"))
        if line.faults or user is None:
            return
        station = seats[0]
        if not rules.holds(self.user, Permission.STATION_MANAGE, station):
            line.refuse(_("站点编号"), _("不在您管的范围"))
            return
        line.values |= {"seat": station, "user": user}
        line.found = self.posts.get((station.pk, user.pk))
        if line.found is None:
            line.outcome = NEW
            return
        line.changed = sheets.differing(line, line.found, ("duty", "begins_on"))
        if line.changed:
            line.outcome = CHANGED

    def write(self, lines: list[Line]) -> None:
        for line in lines:
            if line.found is None:
                line.found = StationStaff(station=line["seat"], user=line["user"])
            line.found.duty = line["duty"]
            line.found.begins_on = line["begins_on"] or line.found.begins_on
        sheets.insert(StationStaff, [line.found for line in lines if line.outcome == NEW])
        sheets.rewrite(
            StationStaff, [line.found for line in lines if line.outcome == CHANGED], ["duty", "begins_on"]
        )
