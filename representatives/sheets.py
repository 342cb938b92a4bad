"""The register of constituencies, in from a sheet; and what sheets of people and places share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from import_export.results import RowResult

from accounts import access
from accounts.models import Area
from accounts.permissions import Permission
from core import sheets
from core.sheets import Column, Line, SheetResource
from representatives.models import Body, CongressTerm, Constituency, reached

NEW, CHANGED = RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE


def reach_of(user: Any, path: str) -> Q:
    """The divisions over which a person may import, from the field that leads to an area."""
    found = Q(pk__in=[])
    for grant in access.grants_with(user, Permission.REGISTRY_IMPORT):
        found |= reached(grant, path)
    return found


class AreaBook:
    """Divisions by code, by name where only one bears it, and by name with the town's in front."""

    def __init__(self, user: Any) -> None:
        self.by_code: dict[str, Area] = {}
        self.by_name: dict[str, list[Area]] = defaultdict(list)
        reach = Q(pk__in=[])
        for grant in access.grants_with(user, Permission.REGISTRY_IMPORT):
            for code in grant.county_codes:
                reach |= Q(code__startswith=code[:6])
            if not grant.county_codes:
                reach |= Q(code__startswith=grant.town_code[:9]) if grant.town_code else Q()
        for area in Area.objects.in_force().filter(reach).select_related("parent"):
            self.by_code[area.code] = area
            self.by_name[area.name].append(area)
            if area.parent is not None:
                self.by_name[f"{area.parent.name}{area.name}"].append(area)

    def find(self, words: str) -> Area:
        if words.isdigit():
            area = self.by_code.get(words.ljust(12, "0"))
            if area is None:
                raise sheets.Refused(
                    _("没有代码“%(words)s”，或不在您管的范围，请核对 12 位区划代码") % {"words": words[:12]}
                )
            return area
        found = self.by_name.get(words, [])
        if len(found) > 1:
            raise sheets.Refused(_("叫“%(words)s”的不止一个，请在前面加上乡镇名") % {"words": words[:20]})
        if not found:
            raise sheets.Refused(
                _("没有叫“%(words)s”的，或不在您管的范围，请对照区划名录") % {"words": words[:20]}
            )
        return found[0]

    def find_all(self, parts: Iterable[str]) -> list[Area]:
        return [self.find(part) for part in parts]


class TermBook:
    """Terms by the body's name and number, of the bodies this person may see."""

    def __init__(self, user: Any) -> None:
        terms = CongressTerm.objects.filter(body__in=Body.objects.visible_to(user)).select_related(
            "body__area"
        )
        self.terms = {(term.body.name, term.number): term for term in terms}
        self.bodies = {name for name, _number in self.terms}

    def find(self, line: Line) -> CongressTerm | None:
        term = self.terms.get((line["body"], line["number"]))
        if line["body"] not in self.bodies:
            line.refuse(
                _("机构"),
                _("没有登记“%(name)s”，请先在“会议机构”里登记，或改成登记的名称")
                % {"name": line["body"][:30]},
            )
        elif term is None:
            line.refuse(
                _("届次"),
                _("%(name)s没有登记第 %(n)d 届，请先登记这一届")
                % {"name": line["body"], "n": line["number"]},
            )
        return term


def replace_links(
    through: type[models.Model], one: str, other: str, wanted: Mapping[int, Iterable[int]]
) -> None:
    """Give each owner exactly these relations: two statements for any number of owners."""
    rows: Any = through._default_manager
    rows.filter(**{f"{one}__in": wanted}).delete()
    links = [
        through(**{one: owner, other: target}) for owner, targets in wanted.items() for target in targets
    ]
    rows.bulk_create(links, batch_size=sheets.BATCH, ignore_conflicts=True)


class ConstituencyResource(SheetResource):
    label = _lazy("选区")
    columns: ClassVar = (
        Column("body", "机构", sheets.text(80), True, "云岭县人民代表大会"),
        Column("number", "届次", sheets.whole(1, 99), True, "18"),
        Column("name", "选区名称", sheets.text(60), True, "石桥选区"),
        Column("seats", "应选名额", sheets.whole(1, 99), example="2"),
        Column("areas", "包含的村、社区", sheets.names, example="牛场村、杨家坪村"),
    )

    def load(self, lines: list[Line]) -> None:
        self.terms, self.areas = TermBook(self.user), AreaBook(self.user)
        names = {line["name"] for line in lines if line["name"]}
        known = Constituency.objects.filter(
            name__in=names, term__in=[t.pk for t in self.terms.terms.values()]
        )
        self.known = {(row.term_id, row.name): row for row in known}
        self.places: dict[int, set[int]] = defaultdict(set)
        links = Constituency.areas.through.objects.filter(constituency__in=[row.pk for row in known])
        for owner, area in links.values_list("constituency_id", "area_id"):
            self.places[owner].add(area)

    def key(self, line: Line) -> Hashable:
        return (line["body"], line["number"], line["name"]) if line["name"] else None

    def judge(self, line: Line) -> None:
        term = self.terms.find(line)
        if line["areas"]:
            try:
                line.values["areas"] = self.areas.find_all(line["areas"])
            except sheets.Refused as problem:
                line.refuse(_("包含的村、社区"), str(problem))
        if term is None or line.faults:
            return
        if not access.has_permission(self.user, Permission.REGISTRY_IMPORT, over=term.body.area):
            line.refuse(_("机构"), _("不在您管的范围，请由本级机关导入"))
            return
        line.values["term"] = term
        line.found = self.known.get((term.pk, line["name"]))
        if line.found is None:
            line.outcome = NEW
            return
        line.changed = sheets.differing(line, line.found, ["seats"])
        if line["areas"] and {area.pk for area in line["areas"]} != self.places[line.found.pk]:
            line.changed.append("areas")
        if line.changed:
            line.outcome = CHANGED

    def write(self, lines: list[Line]) -> None:
        for line in lines:
            if line.found is None:
                line.found = Constituency(term=line["term"], name=line["name"])
            line.found.seats = line.values.get("seats", line.found.seats)
        sheets.insert(Constituency, [line.found for line in lines if line.outcome == NEW])
        sheets.rewrite(Constituency, [line.found for line in lines if "seats" in line.changed], ["seats"])
        wanted = {
            line.found.pk: [area.pk for area in line["areas"]]
            for line in lines
            if line["areas"] and (line.outcome == NEW or "areas" in line.changed)
        }
        replace_links(Constituency.areas.through, "constituency_id", "area_id", wanted)
