from __future__ import annotations

import pytest

from core import navigation, workbench
from core.navigation import Group
from core.workbench import Card, Line, Section


@pytest.fixture(autouse=True)
def _own_registries(monkeypatch):
    monkeypatch.setattr(workbench, "_builders", [])
    monkeypatch.setattr(navigation, "_entries", {})


def test_cards_stand_in_their_sections_in_the_order_they_were_added():
    workbench.register(Section.FIGURES, lambda user: Card("数字"))
    workbench.register(Section.DUE, lambda user: Card("超期", [Line("26-0518-00375", "超期 1 天")]))
    workbench.register(Section.DUE, lambda user: None)
    workbench.register(Section.DUE, lambda user: Card(f"{user}的期限"))

    shelves = workbench.shelves_for("李静", "/admin/")

    assert [(shelf.key, [card.heading for card in shelf.cards]) for shelf in shelves] == [
        ("due", ["超期", "李静的期限"]),
        ("figures", ["数字"]),
    ]


def test_the_same_card_twice_stands_once():
    def figures(user):
        return Card("数字")

    workbench.register(Section.FIGURES, figures)
    workbench.register(Section.FIGURES, figures)

    assert len(workbench.shelves_for("李静", "/")[0].cards) == 1


def test_what_the_left_column_counts_is_what_waits():
    navigation.register(Group.TODAY, "待登记", "core:healthz", "inbox", lambda user: True, lambda user: 3)
    navigation.register(Group.TODAY, "待回访", "core:readyz", "phone", lambda user: True, lambda user: 0)
    navigation.register(Group.DATA, "区划", "accounts:login", "pin", lambda user: True)

    (shelf,) = workbench.shelves_for("李静", "/admin/")

    assert [(line.label, line.value, line.url) for line in shelf.cards[0].lines] == [
        ("待登记", 3, "/healthz")
    ]


def test_a_desk_with_nothing_waiting_says_so():
    navigation.register(Group.TODAY, "待登记", "core:healthz", "inbox", lambda user: True, lambda user: 0)

    (shelf,) = workbench.shelves_for("李静", "/admin/")

    assert shelf.cards[0].lines == []
    assert "没有等您办的" in shelf.cards[0].empty
