"""The register of representatives with mandate and posting: in, and out again under the same headings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from datetime import date
from typing import Any, ClassVar

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.models import Category
from core import sheets
from core.privacy import blind_index, mask_phone
from core.sheets import Column, Line, SheetResource
from representatives.models import CongressLevel, Constituency, Mandate, Person
from representatives.sheets import CHANGED, NEW, TermBook, replace_links
from stations.models import Posting, Station
from stations.sheets.places import station_codes

PLAIN = ("name", "sex", "occupation", "introduction", "certificate_no", "is_public")


def find_stations(
    line: Line, heading: str, codes: tuple[str, ...], known: dict[str, Station]
) -> list[Station]:
    for code in codes:
        if code not in known:
            line.refuse(heading, _("没有编号是“%(code)s”的站，或不在您管的范围，请核对") % {"code": code})
    return [known[code] for code in codes if code in known]


def open_stations(user: Any, lines: list[Line], name: str) -> dict[str, Station]:
    wanted = {code for line in lines for code in _each(line[name])}
    mine = Station.objects.visible_to(user).in_use().filter(code__in=wanted)
    return {station.code: station for station in mine}


def _each(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if value else ()


class RepresentativeResource(SheetResource):
    """One row for each mandate: somebody with two stands in two rows that share certificate or phone.

    What is taken along by `cells_of` has the same headings, and comes in again without a change.
    """

    label = _lazy("代表")
    columns: ClassVar = (
        Column("name", "姓名", sheets.text(40), True, "杨春梅"),
        Column("level", "级别", sheets.choice(CongressLevel), example="县"),
        Column("body", "机构", sheets.text(80), True, "云岭县人民代表大会"),
        Column("number", "届次", sheets.whole(1, 99), True, "18"),
        Column("begins_on", "任期开始", sheets.day, True, "2022-01-10"),
        Column("ends_on", "任期结束", sheets.day),
        Column("constituency", "选区", sheets.text(60), example="石桥选区"),
        Column("electing_unit", "选举单位", sheets.text(80)),
        Column("sex", "性别", sheets.choice(Person.Sex), example="女"),
        Column("certificate_no", "代表证号", sheets.text(40), example="云岭018012"),
        Column("phone", "手机号", sheets.mobile, example="13800000000"),
        Column("occupation", "职业", sheets.text(80), example="卫生院护士长"),
        Column("introduction", "简介", sheets.text(200)),
        Column("topics", "常听的事", sheets.names, example=""),
        Column("stations", "站点编号", station_codes, example="0312"),
        Column("duty_days", "值班安排", sheets.text(60), example="每月 15 日"),
        Column("posted_on", "进站日期", sheets.day, example="2022-02-01"),
        Column("is_public", "公开", sheets.yes, example="是"),
    )

    # --- maps

    def load(self, lines: list[Line]) -> None:
        self.terms = TermBook(self.user)
        self.stations = open_stations(self.user, lines, "stations")
        self.categories = {category.name: category for category in Category.objects.filter(is_active=True)}
        terms = [term.pk for term in self.terms.terms.values()]
        areas = {line["constituency"] for line in lines if line["constituency"]}
        constituencies = Constituency.objects.filter(term__in=terms, name__in=areas) if areas else []
        self.constituencies = {(each.term_id, each.name): each for each in constituencies}
        self._load_people(lines)
        self.mine = set(Person.objects.visible_to(self.user).values_list("pk", flat=True))
        self.fresh: dict[Hashable, Person] = {}

    def _load_people(self, lines: list[Line]) -> None:
        numbers = {line["certificate_no"] for line in lines if line["certificate_no"]}
        self.indexes = {line.number: _index(line["phone"]) for line in lines if line["phone"]}
        names = {line["name"] for line in lines if line["name"]}
        people = list(Person.objects.filter(name__in=names))
        people += Person.objects.filter(certificate_no__in=numbers).exclude(name__in=names) if numbers else []
        self.by_number = {person.certificate_no: person for person in people if person.certificate_no}
        self.by_phone: dict[tuple[str, str], list[Person]] = defaultdict(list)
        for person in people:
            if person.phone_index:
                self.by_phone[person.name, person.phone_index].append(person)
        known = {person.pk: person for person in people}
        self.mandates: dict[tuple[int, int], Mandate] = {}
        self.by_mandate: dict[tuple[int, str], list[Mandate]] = defaultdict(list)
        self.by_day: dict[tuple[int, int, date], Mandate] = {}
        for mandate in Mandate.objects.filter(person__in=known).order_by("begins_on"):
            mandate.person = known[mandate.person_id]
            self.mandates[mandate.person_id, mandate.term_id] = mandate
            self.by_day[mandate.person_id, mandate.term_id, mandate.begins_on] = mandate
            self.by_mandate[mandate.term_id, mandate.person.name].append(mandate)
        self.postings: dict[tuple[int, int], Posting] = {}
        for posting in Posting.objects.current().filter(person__in=known):
            self.postings[posting.person_id, posting.station_id] = posting
        self.topics: dict[int, set[int]] = defaultdict(set)
        links = Person.topics.through.objects.filter(person__in=known, category__is_active=True)
        for person_id, category in links.values_list("person_id", "category_id"):
            self.topics[person_id].add(category)

    # --- judging

    def key(self, line: Line) -> Hashable:
        if not line["name"]:
            return None
        return (self._who(line), line["body"], line["number"], line["begins_on"] if line["ends_on"] else None)

    def _who(self, line: Line) -> Hashable:
        """What tells one person from another within the sheet."""
        if line["certificate_no"]:
            return line["certificate_no"]
        if line["phone"]:
            return (line["name"], line["phone"])
        return (line["name"], line["constituency"] or line["electing_unit"], line["body"])

    def judge(self, line: Line) -> None:
        term = self.terms.find(line)
        line.values["seats"] = find_stations(line, _("站点编号"), line["stations"] or (), self.stations)
        self._topics(line)
        if term is None:
            return
        line.values["term"] = term
        self._term(line)
        self._constituency(line)
        person = self._person(line)
        if line.faults:
            return
        if person is not None and person.pk not in self.mine and not line["seats"]:
            line.refuse(_("姓名"), _("这位代表不在您管的范围，请填本地的站点编号"))
            return
        line.found = person
        mandate = line.values["mandate"] = self._mandate(line, person) if person is not None else None
        if line.faults:
            return
        line.changed = self._changed(line, person, mandate) if person is not None else []
        if person is None or mandate is None:
            line.outcome = NEW
        elif line.changed:
            line.outcome = CHANGED

    def _term(self, line: Line) -> None:
        body = line["term"].body
        if line["level"] and line["level"] != body.level:
            words = _("“%(name)s”是%(level)s这一级的，请核对")
            line.refuse(_("级别"), words % {"name": body.name, "level": body.get_level_display()})
        if line["ends_on"] and line["ends_on"] <= line["begins_on"]:
            line.refuse(_("任期结束"), _("要晚于任期开始"))

    def _mandate(self, line: Line, person: Person) -> Mandate | None:
        """The mandate meant: of one that ended the row names both days, else it is the one that runs."""
        term = line["term"]
        if line["ends_on"]:
            ended = self.by_day.get((person.pk, term.pk, line["begins_on"]))
            if ended is not None and ended.ends_on != line["ends_on"]:
                words = _("登记的是%(day)s，要改请在代表的页面里改") % {"day": ended.ends_on or _("现任")}
                line.refuse(_("任期结束"), words)
            return ended
        mandate = self.mandates.get((person.pk, term.pk))
        if mandate is None or mandate.ends_on is None:
            return mandate
        if line["begins_on"] < mandate.ends_on:
            words = _("这一届的资格已在 %(day)s 终止；又当选的，任期开始要写在这天以后") % {
                "day": mandate.ends_on
            }
            line.refuse(_("任期开始"), words)
        return None

    def _topics(self, line: Line) -> None:
        unknown = [name for name in line["topics"] or () if name not in self.categories]
        if unknown:
            line.refuse(
                _("常听的事"),
                _("没有“%(name)s”这一类，请从这些里选：%(names)s")
                % {"name": unknown[0][:20], "names": "、".join(list(self.categories)[:12])},
            )

    def _constituency(self, line: Line) -> None:
        if not line["constituency"]:
            return
        found = self.constituencies.get((line["term"].pk, line["constituency"]))
        if found is None:
            line.refuse(
                _("选区"),
                _("这一届没有“%(name)s”，请先导入选区，或改成登记的名称")
                % {"name": line["constituency"][:20]},
            )
        line.values["of"] = found

    def _person(self, line: Line) -> Person | None:
        """The person meant: by certificate, by name and phone, else by name within the term."""
        number = line["certificate_no"]
        if number and number in self.by_number:
            person = self.by_number[number]
            if person.name != line["name"]:
                words = _("%(number)s 登记的是%(name)s，请核对姓名或证号") % {
                    "number": number, "name": person.name,
                }  # fmt: skip
                line.refuse(_("代表证号"), words)
            return person
        if line["phone"]:
            same = self.by_phone.get((line["name"], self.indexes[line.number]), [])
            if len(same) == 1:
                return same[0]
        held = [
            mandate
            for mandate in self.by_mandate.get((line["term"].pk, line["name"]), [])
            if (mandate.begins_on == line["begins_on"] if line["ends_on"] else mandate.ends_on is None)
            and not (number and mandate.person.certificate_no)
            and (not line["constituency"] or mandate.constituency_id in (None, _pk(line["of"])))
        ]
        if len(held) > 1:
            line.refuse(_("姓名"), _("这一届有 %(n)d 位同名的代表，请填代表证号") % {"n": len(held)})
        return held[0].person if len(held) == 1 else None

    def _changed(self, line: Line, person: Person, mandate: Mandate | None) -> list[str]:
        changed = sheets.differing(line, person, PLAIN)
        if line["phone"] and self.indexes[line.number] != person.phone_index:
            changed.append("phone")
        if line["topics"] and {self.categories[name].pk for name in line["topics"]} != self.topics[person.pk]:
            changed.append("topics")
        if mandate is not None:
            changed += [f"mandate.{name}" for name in self._mandate_changes(line, mandate)]
        for station in line["seats"]:
            posting = self.postings.get((person.pk, station.pk))
            if posting is None or (line["duty_days"] or posting.duty_days) != posting.duty_days:
                changed.append("postings")
                break
        return changed

    def _mandate_changes(self, line: Line, mandate: Mandate) -> list[str]:
        changed = sheets.differing(line, mandate, ("begins_on", "electing_unit"))
        return changed + (["constituency"] if line["of"] and line["of"].pk != mandate.constituency_id else [])

    # --- writing

    def write(self, lines: list[Line]) -> None:
        again: dict[int, Person] = {}
        for line in lines:
            who = self._who(line)
            person = line.found or self.fresh.get(who)
            if person is None:
                person = self.fresh[who] = Person()
            elif person.pk:
                again[person.pk] = person
            line.found = person
            for name in (*PLAIN, "phone"):
                if name in line.values:
                    setattr(person, name, line[name])
        for person in (*self.fresh.values(), *again.values()):
            person.set_keys()
        sheets.insert(Person, list(self.fresh.values()))
        sheets.rewrite(Person, list(again.values()), [*PLAIN, "phone", "phone_index", "pinyin"])
        self._write_mandates(lines)
        self._write_postings(lines)
        topics = {
            line.found.pk: [self.categories[name].pk for name in line["topics"]]
            for line in lines
            if line["topics"]
        }
        replace_links(Person.topics.through, "person_id", "category_id", topics)

    def _write_mandates(self, lines: list[Line]) -> None:
        new, again = [], []
        for line in lines:
            mandate = line["mandate"]
            if mandate is None:
                mandate = Mandate(person=line.found, term=line["term"], ends_on=line["ends_on"])
                new.append(mandate)
            elif any(name.startswith("mandate.") for name in line.changed):
                again.append(mandate)
            mandate.begins_on = line["begins_on"]
            mandate.constituency = line["of"] or mandate.constituency
            mandate.electing_unit = line["electing_unit"] or mandate.electing_unit
        sheets.insert(Mandate, new)
        sheets.rewrite(Mandate, again, ["begins_on", "constituency", "electing_unit"])

    def _write_postings(self, lines: list[Line]) -> None:
        new, again = [], []
        for line in lines:
            for station in line["seats"]:
                posting = self.postings.get((line.found.pk, station.pk))
                if posting is None:
                    begins_on = line["posted_on"] or max(line["begins_on"], timezone.localdate())
                    posting = Posting(station=station, person=line.found, begins_on=begins_on)
                    self.postings[line.found.pk, station.pk] = posting
                    new.append(posting)
                elif line["duty_days"] and line["duty_days"] != posting.duty_days and posting.pk:
                    again.append(posting)
                posting.duty_days = line["duty_days"] or posting.duty_days
        sheets.insert(Posting, new)
        sheets.rewrite(Posting, again, ["duty_days"])


def mandates_of(people: Any) -> Any:
    """The mandates of these people as their table takes them along: the number of statements is that of the stretches read."""
    return (
        Mandate.objects.filter(person__in=people.order_by().values("pk"))
        .select_related("person", "term__body", "constituency")
        .prefetch_related(
            Prefetch("person__topics", Category.objects.filter(is_active=True)),
            Prefetch("person__postings", Posting.objects.current().select_related("station")),
        )
        .order_by("person__pinyin", "person_id", "begins_on", "pk")
    )


def cells_of(mandate: Any, *, with_phone: bool) -> list[Any]:
    """One row under the headings of `RepresentativeResource`. Where several stations differ, the cell stays empty:
    who sits where from when on is the table of postings.
    """
    person, term = mandate.person, mandate.term
    postings = person.postings.all()
    written = {
        "name": person.name,
        "level": term.body.get_level_display(),
        "body": term.body.name,
        "number": term.number,
        "begins_on": mandate.begins_on,
        "ends_on": mandate.ends_on,
        "constituency": mandate.constituency.name if mandate.constituency is not None else "",
        "electing_unit": mandate.electing_unit,
        "sex": person.get_sex_display(),
        "certificate_no": person.certificate_no,
        "phone": person.phone if with_phone else mask_phone(person.phone),
        "occupation": person.occupation,
        "introduction": person.introduction,
        "topics": "、".join(topic.name for topic in person.topics.all()),
        "stations": "、".join(posting.station.code for posting in postings),
        "duty_days": _common(posting.duty_days for posting in postings),
        "posted_on": _common(posting.begins_on for posting in postings),
        "is_public": person.is_public,
    }
    return [written[column.name] for column in RepresentativeResource.columns]


def _common(values: Iterable[Any]) -> Any:
    different = set(values)
    return different.pop() if len(different) == 1 else ""


def _index(phone: str) -> str:
    return blind_index(phone, scope="representatives.person.phone")


def _pk(row: Any) -> int | None:
    return row.pk if row is not None else None
