"""What a handling unit has before it: to answer, to sign, answered. And what a good answer holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.access import grants_with
from accounts.permissions import Permission as P
from core import tallies
from intake.models import ConstituentRequest
from intake.selectors.desk import View

LISTS: dict[str, View] = {
    view.name: view
    for view in (
        View("todo", _("待我办"), "inbox", ("assigned", "redoing", "returned", "following", "waiting")),
        View("sign", _("待签发"), "edit", ("signing",)),
        View(
            "done",
            _("已答复"),
            "check-circle",
            ("replied", "told", "callback", "closed", "closed_disputed", "disputed", "archived"),
            by_due=False,
        ),
    )
}


def of_units(user: Any) -> Any:
    """The requests handed to this person's units. Never those that complain about one of them."""
    units = [grant.unit_id for grant in grants_with(user, P.REQUEST_REPLY) if grant.unit_id is not None]
    return ConstituentRequest.objects.visible_to(user).filter(unit_id__in=units)


def in_list(user: Any, view: View) -> Any:
    return of_units(user).filter(state__in=view.states)


def lists_of(user: Any) -> dict[str, Any]:
    """The lists that count this unit's work, for `core.tallies`."""
    if not grants_with(user, P.REQUEST_REPLY):
        return {}
    return {f"unit.{name}": in_list(user, view) for name, view in LISTS.items() if name != "done"}


def unit_counts(user: Any) -> dict[str, int]:
    """How many wait in each list by its name, at most 100 counted."""
    return {
        name.removeprefix("unit."): number
        for name, number in tallies.of(user).items()
        if name.startswith("unit.")
    }


# --- what a good answer holds


@dataclass(frozen=True)
class Check:
    """One line of the list before sending: whether it is met, in words. Only a person can say `met` of a point."""

    text: Any
    met: bool
    name: str = ""


MAX_POINTS = 6
_ENDS = re.compile(r"(?<=[。！？!?；;\n])")
_DAY = re.compile(r"\d+\s*月\s*\d+\s*[日号]|\d{4}-\d{1,2}-\d{1,2}|每[天周月年]")
_ASK = re.compile(r"电话|联系|可打|找|\d{3,4}-\d{3}")


def points_of(body: str) -> list[str]:
    """What the resident said, point by point, at most six: each deserves an answer."""
    points = [part.strip("。！？!?；;，, \n") for part in _ENDS.split(body)]
    return [point for point in points if len(point) >= 4][:MAX_POINTS]


Test = Callable[[Mapping[str, Any], ConstituentRequest, set[str]], bool]

# What is looked at, in the words of the list: met, not met, how it is known. Only the form's required fields block.
CHECKS: tuple[tuple[Any, Any, Test], ...] = (
    (_("写明了结果"), _("还没写一句话结果"), lambda said, _case, _roles: bool(said.get("headline"))),
    (
        _("写了什么时候去的、以后什么时候管"),
        _("还没写日期"),
        lambda said, _case, _roles: bool(said.get("planned_on")) or bool(_DAY.search(said.get("body") or "")),
    ),
    (
        _("写了以后找谁"),
        _("还没写以后找谁"),
        lambda said, _case, _roles: bool(_ASK.search(said.get("body") or "")),
    ),
    (
        _("有办理后照片"),
        _("还没有办理后照片"),
        lambda said, _case, roles: said.get("outcome") not in ("", None, "solved") or "after" in roles,
    ),
)


def checks(said: Mapping[str, Any], case: ConstituentRequest, roles: set[str], *, asked: bool) -> list[Check]:
    """The list before sending, from what is written so far."""
    found = [Check(yes if (met := test(said, case, roles)) else no, met) for yes, no, test in CHECKS]
    found.append(Check(_("请联络站问过群众") if asked else _("还没有请联络站问过群众"), asked))
    return found
