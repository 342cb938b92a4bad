"""What reports adds to other pages: entries of the left column, and the board of results on a station's page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import has_permission
from accounts.permissions import Permission
from core import navigation, tallies, workbench
from core.navigation import Group
from reports.selectors import desk_of_representative as own
from reports.selectors import figures, home, inbox
from reports.selectors.periods import period_of
from stations.models import Station
from stations.selectors import Board, BoardLine, register_board

BOARD_LINES = 5


def follows(user: Any) -> bool:
    """Whether this is a representative, who follows and presses."""
    return has_permission(user, Permission.REQUEST_FOLLOW)


def may_overview(user: Any) -> bool:
    return has_permission(user, Permission.OVERVIEW_VIEW)


def may_export(user: Any) -> bool:
    return has_permission(user, Permission.REQUEST_EXPORT)


def anybody(user: Any) -> bool:
    return bool(user.is_authenticated)


def works_elsewhere(user: Any) -> bool:
    return anybody(user) and not follows(user)


def register() -> None:
    """Called once, by the AppConfig. The order here is the order of a phone's tabs."""
    tallies.register(own.lists_of)
    tallies.register(inbox.lists_of)
    navigation.register(
        Group.TODAY, _("今天"), "reports:my", "home", follows, own.waiting_count, tab=_("今天")
    )
    navigation.register(
        Group.TODAY,
        _("我跟进的"),
        "reports:my-cases",
        "list",
        follows,
        own.open_count,
        tab=_("跟进"),
        gives_way=True,
    )
    navigation.register(
        Group.TODAY, _("快速登记"), "intake:quick", "edit", follows, tab=_("快登"), is_raised=True
    )
    navigation.register(
        Group.DUTY, _("履职记录"), "reports:my-record", "star", follows, tab=_("履职"), gives_way=True
    )
    navigation.register(Group.DUTY, _("接待安排"), "reports:my-schedule", "calendar", follows)
    navigation.register(Group.TODAY, _("消息"), "reports:my-messages", "bell", follows, inbox.unread_count)
    # Staff find their desks first; only representatives have messages among the first things of the day.
    navigation.register(
        Group.WORK, _("消息"), "reports:messages", "bell", works_elsewhere, inbox.unread_count
    )
    navigation.register(Group.FIGURES, _("总览"), "reports:overview", "gauge", may_overview)
    navigation.register(
        Group.FIGURES, _("台账导出"), "intake:export", "download", may_export, query="view=all"
    )
    navigation.register(Group.OPEN, _("公开数字"), "reports:statistics", "chart", anybody)
    register_board(results_of)
    workbench.register(workbench.Section.FIGURES, figures_card)


def figures_card(user: Any) -> workbench.Card | None:
    """今年以来, on the first page of staff who may see the overview."""
    if not may_overview(user):
        return None
    year = period_of("year")
    scope = figures.scope_of(user)
    tally = figures.total(scope.requests.filter(created_at__gte=year.since))
    based = _("%(part)d / %(base)d")
    rates = (
        (_("办结率"), tally.finished_rate),
        (_("按时率"), tally.on_time_rate),
        (_("满意率"), tally.satisfaction),
        (_("参评率"), tally.participation),
    )
    lines = [workbench.Line(_("收到"), tally.received)] + [
        workbench.Line(
            label, rate.text, note="" if rate.is_small else based % {"part": rate.part, "base": rate.base}
        )
        for label, rate in rates
    ]
    return workbench.Card(year.label, lines, reverse("reports:overview"), _("看总览"))


def results_of(station: Station) -> Board | None:
    """解决了的事, on the station's own page."""
    listed = home.results(station=station, limit=BOARD_LINES)
    if not listed:
        return None
    lines = tuple(
        BoardLine(
            result.headline,
            _("%(days)d 天 · %(satisfied)s") % {"days": result.days, "satisfied": result.satisfied},
        )
        for result in listed
    )
    return Board(str(_("办成的事")), "", lines, reverse("reports:results"))
