"""The left column of signed-in pages: each app names its entries once; the shell asks who may see which.

An app registers in its AppConfig's `ready`:

    navigation.register(Group.WORK, _("来访登记"), "intake:counter", "edit", may_receive)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

Rule = Callable[[Any], bool]
Count = Callable[[Any], int]


class Group(models.TextChoices):
    """Where an entry stands, from top to bottom. The first group needs no heading."""

    TODAY = "today", _("今天")
    WORK = "work", _("办事")
    DUTY = "duty", _("履职")
    FIGURES = "figures", _("统计")
    OPEN = "open", _("公开")
    DATA = "data", _("资料")
    SYSTEM = "system", _("系统")


@dataclass(frozen=True)
class Entry:
    group: Group
    label: Any
    url_name: str
    icon: str
    may_see: Rule
    count: Count | None = None
    args: tuple[Any, ...] = ()
    query: str = ""
    # Representatives' tab bar on a phone: at most five, the raised one in the middle.
    tab: Any = ""
    is_raised: bool = False
    # The tab bar falls back to three in very large type: these give way.
    gives_way: bool = False


@dataclass(frozen=True)
class Link:
    """An entry as one person's page shows it."""

    entry: Entry
    url: str
    count: int | None
    is_current: bool


@dataclass(frozen=True)
class Column:
    """What the shell draws: (heading, links) from top to bottom, and the tabs of a phone."""

    groups: list[tuple[str, list[Link]]]
    tabs: list[Link]


_entries: dict[tuple[str, str], Entry] = {}


def register(
    group: Group,
    label: Any,
    url_name: str,
    icon: str,
    may_see: Rule,
    count: Count | None = None,
    **more: Any,
) -> None:
    """Add an entry; the same URL and query again replaces it. `count` is asked on every page: let `core.tallies` count.

    `more` are the other fields of Entry: `args` and `query` of the URL, `tab`, `is_raised`, `gives_way`.
    """
    entry = Entry(group, label, url_name, icon, may_see, count, **more)
    _entries[url_name, entry.query] = entry


def column_for(user: Any, path: str) -> Column:
    """The entries this person may see; the current one is the longest address that the path begins with."""
    seen = [(entry, url) for entry in _entries.values() if entry.may_see(user) and (url := _url(entry))]
    current = max((url for _entry, url in seen if _leads_to(url, path)), key=len, default="")
    links = [
        Link(entry, url, entry.count(user) if entry.count else None, url == current) for entry, url in seen
    ]
    groups = [
        (
            "" if group == Group.TODAY else str(group.label),
            [link for link in links if link.entry.group == group],
        )
        for group in Group
    ]
    return Column(
        [(heading, each) for heading, each in groups if each], [each for each in links if each.entry.tab]
    )


def _leads_to(url: str, path: str) -> bool:
    """`/desk/` leads to `/desk/7/`; an entry with a query only to the addresses that begin with it."""
    if "?" in url:
        return path == url or path.startswith(f"{url}&")
    return path == url or (url.endswith("/") and len(url) > 1 and path.startswith(url))


def _url(entry: Entry) -> str:
    try:
        url = reverse(entry.url_name, args=entry.args)
    except NoReverseMatch:
        return ""
    return f"{url}?{entry.query}" if entry.query else url
