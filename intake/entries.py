"""What requests add to other pages: entries of the left column, and the cards of what is late on the workbench."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import has_permission
from accounts.permissions import Permission as P
from core import navigation, tallies, workbench
from core.navigation import Group
from intake.models import ConstituentRequest
from intake.selectors import desk, unit

DESK = "intake:desk"
LINES = 5
# The lists that stand in the left column, in this order; what is left is reached through 全部.
TODAY = ("register", "triage", "approve", "soon", "late", "feedback", "redo")


def works_at_desk(user: Any) -> bool:
    """Whether the person sorts and hands on: leaders look, they do not sort."""
    return desk.is_desk_person(user) and has_permission(user, P.REQUEST_TRIAGE)


def approves(user: Any) -> bool:
    return works_at_desk(user) and has_permission(user, P.REQUEST_ASSIGN)


def receives(user: Any) -> bool:
    return desk.is_desk_person(user) and has_permission(user, P.REQUEST_RECEIVE)


def calls_back(user: Any) -> bool:
    return desk.is_desk_person(user) and has_permission(user, P.REQUEST_FEEDBACK)


def _desk_count(name: str) -> Any:
    return lambda user: desk.counts(user).get(name, 0)


def _unit_count(name: str) -> Any:
    return lambda user: unit.unit_counts(user).get(name, 0)


def register() -> None:
    """Called once, by the AppConfig."""
    tallies.register(desk.lists_of)
    tallies.register(unit.lists_of)
    for name in TODAY:
        view = desk.VIEWS[name]
        rule = approves if name == "approve" else works_at_desk
        query = f"view={name}"
        navigation.register(Group.TODAY, view.label, DESK, view.icon, rule, _desk_count(name), query=query)
    navigation.register(
        Group.TODAY, _("待回访"), "intake:callbacks", "phone", calls_back, _desk_count("callback")
    )
    for name in ("todo", "sign", "done"):
        view = unit.LISTS[name]
        count = _unit_count(name) if name != "done" else None
        navigation.register(
            Group.TODAY,
            view.label,
            "intake:unit-desk",
            view.icon,
            desk.is_unit_person,
            count,
            query=f"view={name}",
        )
    navigation.register(Group.WORK, _("来访登记"), "intake:counter", "edit", receives)
    for name in ("own", "follow"):
        view = desk.VIEWS[name]
        navigation.register(Group.WORK, view.label, DESK, view.icon, works_at_desk, query=f"view={name}")
    navigation.register(Group.WORK, _("全部诉求"), DESK, "list", desk.is_desk_person, query="view=all")
    workbench.register(workbench.Section.DUE, late_at_desk)
    workbench.register(workbench.Section.DUE, due_at_unit)


def late_at_desk(user: Any) -> workbench.Card | None:
    """The longest overdue of this person's place: which clock, since when."""
    if not desk.is_desk_person(user):
        return None
    seen = ConstituentRequest.objects.visible_to(user).for_list()
    late = desk.of_view(seen, desk.VIEWS["late"], user, timezone.now())
    rows = desk.page_of(late, "due", size=LINES).rows
    return workbench.Card(
        _("已超期"), _lines(rows), f"{reverse(DESK)}?view=late", _("看全部"), _("没有超期的。")
    )


def due_at_unit(user: Any) -> workbench.Card | None:
    """What this unit must answer first."""
    if not desk.is_unit_person(user):
        return None
    rows = desk.page_of(unit.in_list(user, unit.LISTS["todo"]).for_list(), "due", size=LINES).rows
    return workbench.Card(
        _("先办这些"), _lines(rows), reverse("intake:unit-desk"), _("看全部"), _("没有等着办的。")
    )


def _lines(rows: list[Any]) -> list[workbench.Line]:
    faces = desk.due_faces(rows)
    return [
        workbench.Line(
            row.title,
            url=row.get_absolute_url(),
            note=f"{row.reference} · {_standing(faces.get(row.pk))}",
            tone="wine" if row.pk in faces and faces[row.pk].is_overdue else "amber",
        )
        for row in rows
    ]


def _standing(face: Any) -> str:
    """单位答复 12月3日到期: the clock and its day."""
    return (
        _("%(clock)s %(month)d月%(day)d日到期")
        % {
            "clock": face.label,
            "month": face.due_on.month,
            "day": face.due_on.day,
        }
        if face is not None
        else ""
    )
