"""Duty credit is a fact of an event: replaying the ledger changes nothing, and brings back what was lost."""

from django.core.management import call_command

from intake import actions
from representatives.duty import rebuild
from representatives.models import DutyRecord


def earn(county):
    county.receive(channel="market", follower=county.representative, by=county.rep)
    actions.follow(county.registered(), follower=county.representative, by=county.clerk)
    actions.assign(
        county.registered(), unit=county.units["urban"], follower=county.representative, by=county.town_office
    )
    county.receive(channel="web", follower=county.representative)


def rows():
    return sorted(DutyRecord.objects.values_list("person", "kind", "event", "on"))


def test_replaying_the_ledger_changes_nothing(county, capsys):
    earn(county)
    before = rows()

    call_command("rebuild_duty")

    assert rows() == before
    assert len(before) == 3
    assert capsys.readouterr().out == "3 credits in the ledger, 0 records were missing.\n"


def test_lost_records_come_back_as_they_were(county):
    earn(county)
    before = rows()
    DutyRecord.objects.all().delete()

    assert rebuild() == (3, 3)
    assert rows() == before
