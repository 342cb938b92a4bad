"""What the database must bring is refused by name when it is missing."""

from datetime import date

import psycopg2
import pytest
import time_machine
from django.core.checks import run_checks
from django.db import connection, connections

from core.checks import check_calendar, check_engine
from core.models import CalendarDay


def ids(found):
    return [(each.id, each.msg.split(" ")[2] if each.id == "core.E003" else "") for each in found]


def test_a_proper_database_passes(db):
    assert check_engine(["default"]) == []
    assert check_engine(None) == []
    assert "core.E002" not in {each.id for each in run_checks(databases=["default"])}


@pytest.fixture
def plain_database(django_db_blocker):
    """A fresh database as an administrator in a hurry makes it: LC_CTYPE C, no extension."""
    name = f"{connection.settings_dict['NAME'].removeprefix('test_')}_plain"
    with django_db_blocker.unblock():
        params = connection.get_connection_params()
        admin = psycopg2.connect(
            host=params.get("host"), port=params.get("port"), user=params.get("user"), password=params.get("password"),
            dbname="postgres",
        )  # fmt: skip
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(
                f"""CREATE DATABASE "{name}" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"""
            )
        connections.databases["plain"] = connections.databases["default"] | {"NAME": name}
        yield "plain"
        connections["plain"].close()
        del connections["plain"]
        del connections.databases["plain"]
        with admin.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.close()


def test_a_database_that_knows_only_ascii_or_lacks_an_extension_is_refused(plain_database):
    # Before the first migration, which brings the extensions, only the character type can be wrong.
    assert ids(check_engine([plain_database])) == [("core.E002", "")]
    assert check_calendar([plain_database]) == []
    with connections[plain_database].cursor() as cursor:
        cursor.execute("CREATE TABLE core_calendarday (id int)")

    found = check_engine([plain_database])

    assert ids(found) == [("core.E002", ""), ("core.E003", "btree_gist"), ("core.E003", "pg_trgm")]
    assert all(each.hint for each in found)


def test_an_old_server_is_refused(db, monkeypatch):
    monkeypatch.setattr("core.checks.OLDEST_SERVER", 10**9)

    assert ids(check_engine(["default"])) == [("core.E001", "")]


@pytest.mark.parametrize(
    ("day", "warned"),
    [("2026-11-14", False), ("2026-11-15", True), ("2026-12-31", True), ("2027-01-01", True)],
)
def test_from_the_middle_of_november_next_years_holidays_are_asked_for(day, warned, db):
    with time_machine.travel(f"{day}T12:00:00+08:00", tick=False):
        found = check_calendar(["default"])
        assert [each.id for each in found] == ["core.W001"] * warned
        if warned:
            assert "2027" in found[0].msg
        for off in (date(2027, 1, 1), date(2027, 10, 1)):
            CalendarDay.objects.create(day=off, is_workday=False, source="国办发明电")
        assert check_calendar(["default"]) == []
