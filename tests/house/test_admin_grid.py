"""Every admin page × role, against a grid written by hand; the models come from the admin site itself."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from tests.house.test_matrix import EVERYBODY, GROUPS, world

__all__ = ["world"]

# One worker builds the world for all of them.
pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.xdist_group("grid")]

STATION = {"clerk", "station_head", "other_clerk"}
OFFICES = GROUPS["offices"]
COUNTIES = {"county_office", "foreign_office"}
REGISTRY = STATION | OFFICES | {"leader", "sysadmin"}
REFERENCE = REGISTRY | GROUPS["units"] | {"auditor", "security_admin"}
TECHNICAL = COUNTIES | {"sysadmin"}
NOBODY: set[str] = set()

# model: (who looks at the list, who adds, who takes it away as a table, who brings one in)
GRID = {
    "accounts.Area": (REFERENCE, TECHNICAL, REFERENCE, None),
    "accounts.Category": (REFERENCE, TECHNICAL, REFERENCE, None),
    "accounts.Unit": (REFERENCE, TECHNICAL, REFERENCE, None),
    "accounts.User": ({"auditor", "security_admin"}, {"security_admin"}, {"auditor", "security_admin"}, None),
    "accounts.Membership": ({"auditor", "security_admin"}, NOBODY, {"auditor", "security_admin"}, None),
    "accounts.LoginSession": ({"auditor", "security_admin"}, NOBODY, {"auditor", "security_admin"}, None),
    "core.AccessLog": ({"auditor"}, NOBODY, {"auditor"}, None),
    "core.CalendarDay": (REFERENCE, TECHNICAL, REFERENCE, TECHNICAL),
    "core.Clock": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None),
    "core.Event": ({"auditor"}, NOBODY, {"auditor"}, None),
    "core.Heartbeat": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None),
    "core.Message": (TECHNICAL, NOBODY, TECHNICAL, None),
    "core.RulePack": (REFERENCE, TECHNICAL, REFERENCE, None),
    "core.RungFiring": (TECHNICAL | {"auditor"}, NOBODY, TECHNICAL | {"auditor"}, None),
    # A request is made at a door and moved by steps, never added or deleted here; units and leaders take no table away.
    "intake.ConstituentRequest": (
        STATION | OFFICES | GROUPS["units"] | {"leader"},
        NOBODY,
        STATION | OFFICES,
        None,
    ),
    "representatives.Body": (REGISTRY, OFFICES, REGISTRY, None),
    "representatives.CongressTerm": (REGISTRY, OFFICES, REGISTRY, None),
    "representatives.Constituency": (REGISTRY, OFFICES, REGISTRY, COUNTIES),
    "representatives.DutyRule": (REFERENCE, TECHNICAL, REFERENCE, None),
    "representatives.Mandate": (REGISTRY, OFFICES, REGISTRY, None),
    "representatives.Meeting": (REGISTRY, OFFICES, REGISTRY, None),
    "representatives.Person": (REGISTRY, OFFICES, REGISTRY, COUNTIES),
    "stations.Posting": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, None),
    "stations.Reception": (REGISTRY, STATION | OFFICES, REGISTRY, STATION | OFFICES),
    "stations.ReceptionPlan": (REGISTRY, STATION | OFFICES, REGISTRY, None),
    "stations.Station": (REGISTRY, OFFICES, REGISTRY, COUNTIES),
    "stations.StationStaff": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, COUNTIES),
    "stations.Venue": (REGISTRY, OFFICES | {"station_head"}, REGISTRY, None),
}
MODELS = {model._meta.label: model for model in admin.site._registry}

# The one row of the world each of these lies in 云岭县, 石桥镇: nobody of another county may open it.
FOREIGN = {"foreign_office"}
PLACED = [
    "core.Clock", "core.Message", "core.RungFiring", "intake.ConstituentRequest", "representatives.Body", "representatives.Person",
    "representatives.Mandate", "stations.Posting", "stations.Station", "stations.StationStaff",
]  # fmt: skip


def address(label, page, *arguments):
    meta = MODELS[label]._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=arguments)


def through(world, where):
    return {name for name in EVERYBODY if world.passes(name, "GET", where)}


def test_every_admin_has_a_row():
    assert MODELS.keys() == GRID.keys()


@pytest.mark.parametrize("label", GRID)
@pytest.mark.parametrize(("column", "page"), list(enumerate(["changelist", "add", "export", "import"])))
def test_who_opens_an_admin_page(world, label, column, page):
    expected = GRID[label][column]
    if expected is None:
        with pytest.raises(NoReverseMatch):
            address(label, page)
        return

    assert through(world, address(label, page)) == expected
    assert not world.passes("anonymous", "GET", address(label, page))


@pytest.mark.parametrize("label", GRID)
def test_nothing_in_use_is_deleted_here(world, label):
    row = MODELS[label]._default_manager.order_by("pk").first()

    if row is not None:
        assert through(world, address(label, "delete", row.pk)) == NOBODY


@pytest.mark.parametrize("label", PLACED)
def test_a_row_of_one_county_opens_for_nobody_of_another(world, label):
    row = MODELS[label]._default_manager.order_by("pk").first()
    if row is None:
        pytest.skip("none in this world")

    opened = through(world, address(label, "change", row.pk))

    assert "county_office" in opened
    assert opened & FOREIGN == set()
    assert not world.passes("nobody", "GET", address(label, "change", row.pk))
