"""How many wait in each list: the numbers of the left column and of the desks, of every app, in one statement a page.

An app registers its lists in its AppConfig's `ready`:

    tallies.register(lambda user: {"inbox": Message.objects.inbox_of(user).unread()})

and asks `tallies.of(user)["inbox"]`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet, Value

CAP = 99
Lists = Callable[[Any], dict[str, QuerySet[Any]]]

_sources: list[Lists] = []


def register(lists: Lists) -> None:
    """Add the lists of an app: for a person, a queryset by name; none for people they do not concern."""
    if lists not in _sources:
        _sources.append(lists)


def of(user: Any) -> dict[str, int]:
    """The length of every list that concerns this person. Read once per request."""
    if not hasattr(user, "_tallies"):
        user._tallies = count({name: rows for lists in _sources for name, rows in lists(user).items()})
    counted: dict[str, int] = user._tallies
    return counted


def count(lists: dict[str, QuerySet[Any]]) -> dict[str, int]:
    """The length of several lists, of any models, in one statement; each stops counting at a hundred."""
    if not lists:
        return {}
    parts = [
        rows.order_by().annotate(in_list=Value(name)).values_list("in_list")[: CAP + 1]
        for name, rows in lists.items()
    ]
    found = Counter(row[0] for row in (parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]))
    return {name: found.get(name, 0) for name in lists}
