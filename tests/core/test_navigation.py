from __future__ import annotations

import pytest

from core import navigation
from core.navigation import Group


@pytest.fixture(autouse=True)
def _own_entries(monkeypatch):
    monkeypatch.setattr(navigation, "_entries", {})


def everybody(user: object) -> bool:
    return True


def test_entries_stand_in_the_order_of_their_groups_whoever_came_first():
    navigation.register(Group.SYSTEM, "运行状态", "core:readyz", "gauge", everybody)
    navigation.register(Group.TODAY, "待分办", "core:healthz", "inbox", everybody)
    column = navigation.column_for(None, "/")
    assert [(heading, [link.entry.label for link in links]) for heading, links in column.groups] == [
        ("", ["待分办"]),
        ("系统", ["运行状态"]),
    ]


def test_nobody_sees_an_entry_whose_rule_says_no():
    navigation.register(Group.DATA, "用户", "core:healthz", "users", lambda user: user == "安全员")
    assert navigation.column_for("联络员", "/").groups == []
    assert len(navigation.column_for("安全员", "/").groups) == 1


def test_an_entry_whose_page_does_not_exist_yet_is_left_out():
    navigation.register(Group.WORK, "票决", "votes:nowhere", "ballot", everybody)
    assert navigation.column_for(None, "/").groups == []


def test_the_longest_address_is_the_current_one():
    navigation.register(Group.WORK, "字号", "core:size", "textsize", everybody)
    navigation.register(Group.WORK, "健康", "core:healthz", "gauge", everybody)
    links = [
        link for _heading, each in navigation.column_for(None, "/preferences/size/9/").groups for link in each
    ]
    assert [link.entry.label for link in links if link.is_current] == ["字号"]


def test_views_of_one_list_are_told_apart_by_their_query():
    navigation.register(Group.TODAY, "待分办", "core:size", "inbox", everybody, query="view=triage")
    navigation.register(Group.TODAY, "已超期", "core:size", "stop", everybody, query="view=late")
    (_heading, links) = navigation.column_for(None, "/preferences/size/?view=late").groups[0]
    assert [link.is_current for link in links] == [False, True]


def test_counts_are_asked_for_the_person_and_tabs_are_chosen_entries():
    navigation.register(
        Group.TODAY, "今天", "core:healthz", "home", everybody, lambda user: len(user), tab="今天"
    )
    navigation.register(Group.WORK, "资料", "core:readyz", "list", everybody)
    column = navigation.column_for("四个字呢", "/")
    assert column.groups[0][1][0].count == 4
    assert [link.entry.tab for link in column.tabs] == ["今天"]


def test_registering_twice_replaces():
    navigation.register(Group.TODAY, "旧", "core:healthz", "home", everybody)
    navigation.register(Group.TODAY, "新", "core:healthz", "home", everybody)
    assert [link.entry.label for link in navigation.column_for(None, "/").groups[0][1]] == ["新"]
