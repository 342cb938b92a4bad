"""The first page of a staff member's day: what waits, what is due, the figures. Each app adds its own cards.

An app registers in its AppConfig's `ready`:

    workbench.register(Section.DUE, due_requests)

where `due_requests(user)` returns a Card, or None when there is nothing to say to this person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from core import navigation


class Section(models.TextChoices):
    WAITS = "waits", _("等您办")
    DUE = "due", _("期限")
    FIGURES = "figures", _("数字")


@dataclass(frozen=True)
class Line:
    """One row of a card. `tone` is wine (late), amber (due) or green; `value` a number or short words."""

    label: Any
    value: Any = ""
    url: str = ""
    note: Any = ""
    tone: str = ""


@dataclass(frozen=True)
class Card:
    heading: Any
    lines: list[Line] = field(default_factory=list)
    url: str = ""
    url_label: Any = ""
    empty: Any = ""


@dataclass(frozen=True)
class Shelf:
    """A section as one person sees it."""

    key: str
    cards: list[Card]


Builder = Callable[[Any], "Card | None"]

_builders: list[tuple[Section, Builder]] = []


def register(section: Section, builder: Builder) -> None:
    """Add a card to a section, after those already there."""
    if (section, builder) not in _builders:
        _builders.append((section, builder))


def shelves_for(user: Any, path: str) -> list[Shelf]:
    """The cards of one person, section by section; desks that count what waits are always the first card."""
    waiting = _waiting(user, path)
    shelves = []
    for section in Section:
        cards = [waiting] if section == Section.WAITS and waiting is not None else []
        cards += [card for where, builder in _builders if where == section and (card := builder(user))]
        if cards:
            shelves.append(Shelf(section.value, cards))
    return shelves


def _waiting(user: Any, path: str) -> Card | None:
    """What the left column counts, in words: no desk has to say it twice. None for people whose desk counts nothing."""
    links = [link for _heading, group in navigation.column_for(user, path).groups for link in group]
    counted = [link for link in links if link.count is not None]
    if not counted:
        return None
    lines = [Line(link.entry.label, link.count, link.url, tone="red") for link in counted if link.count]
    return Card(Section.WAITS.label, lines, empty=_("现在没有等您办的。"))
