"""security.md 1.1 item 2: lock-out by account and by address, counted in PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from axes.models import AccessAttempt, AccessFailureLog
from django.core.cache import cache
from django.utils import timezone

from accounts import actions, names
from tests.conftest import HouseClient
from tests.county import PASSWORD

pytestmark = pytest.mark.django_db


def log_in(username="clerk", password=PASSWORD, address="10.0.0.1"):
    client = HouseClient(headers={"sec-fetch-site": "same-origin"}, REMOTE_ADDR=address)
    return client.post("/login/", {"username": username, "password": password})


def fail(times, username="clerk", address="10.0.0.1"):
    return [log_in(username, "wrong", address).status_code for _time in range(times)]


def at(begin, **later):
    return time_machine.travel(begin + timedelta(**later), tick=False)


@pytest.mark.parametrize("username", ["clerk", "nobody-of-that-name"])
def test_five_failures_lock_a_name_for_a_quarter_of_an_hour_whether_it_exists_or_not(county, username):
    assert fail(5, username) == [422, 422, 422, 422, 429]

    locked = log_in(username)

    assert locked.status_code == 429
    assert locked["Retry-After"] == str(15 * 60)
    assert "15 分钟后再来" in locked.content.decode()


def test_the_right_password_does_not_open_a_locked_account_before_its_time(county):
    begin = timezone.now()
    with at(begin):
        fail(5)
    with at(begin, minutes=14):
        assert log_in().status_code == 429
    with at(begin, minutes=15, seconds=1):
        assert log_in().status_code == 302


def test_each_further_lock_out_of_the_day_lasts_twice_as_long(county):
    now = timezone.now()
    for minutes in (15, 30, 60):
        with at(now):
            assert fail(5)[-1] == 429
            assert log_in()["Retry-After"] == str(minutes * 60)
        with at(now, minutes=minutes - 1):
            assert log_in().status_code == 429
        now += timedelta(minutes=minutes, seconds=1)
    with at(now):
        assert log_in().status_code == 302


def test_after_a_day_the_first_lock_out_is_short_again(county):
    now = timezone.now()
    with at(now):
        fail(5)
    with at(now, days=1, hours=1):
        fail(5)
        assert log_in()["Retry-After"] == str(15 * 60)


def test_trying_while_locked_neither_lengthens_the_lock_nor_counts(county):
    now = timezone.now()
    with at(now):
        fail(5)
    with at(now, minutes=10):
        fail(3)
    with at(now, minutes=15, seconds=1):
        assert fail(4) == [422] * 4
        assert log_in().status_code == 302


def test_one_persons_short_lock_does_not_shorten_anothers_long_one(county):
    now = timezone.now()
    with at(now):
        fail(5, "station_head")
    with at(now, minutes=16):
        fail(5, "station_head", "10.0.0.2")  # locked for half an hour now
    with at(now, minutes=32):
        fail(1, "clerk", "10.0.0.3")
        assert log_in("station_head").status_code == 429


def test_four_failures_and_a_success_forgive(county):
    fail(4)
    assert log_in().status_code == 302
    assert fail(4) == [422] * 4
    assert log_in().status_code == 302


def test_failures_from_many_addresses_count_for_the_one_account(county):
    for number in range(4):
        fail(1, address=f"10.0.1.{number}")

    assert fail(1, address="10.0.1.9") == [429]
    assert log_in(address="10.9.9.9").status_code == 429


def test_a_certificate_number_and_a_user_name_share_one_count(county, monkeypatch):
    monkeypatch.setattr(names, "_lookups", [lambda typed: "rep" if typed == "RD-0042" else ""])
    fail(3, "rep")

    assert fail(2, "RD-0042") == [422, 429]


def test_another_account_of_the_same_office_is_not_locked(county):
    fail(5)

    assert log_in("station_head").status_code == 302


def test_one_address_gets_thirty_tries_a_minute(county):
    for number in range(30):
        assert log_in(f"guess-{number}", "wrong").status_code == 422

    refused = log_in()

    assert refused.status_code == 429
    assert "分钟后再来" in refused.content.decode()
    assert log_in(address="10.0.0.2").status_code == 302


def test_the_counts_survive_an_empty_cache(county):
    fail(4)
    for number in range(26):
        log_in(f"guess-{number}", "wrong")
    cache.clear()

    assert log_in(address="10.0.0.1").status_code == 429
    assert fail(1, address="10.0.0.2") == [429]


def test_known_and_unknown_names_are_both_logged_without_the_password(county):
    log_in("clerk", "a-Secret-word-typed")
    log_in("nobody-of-that-name", "a-Secret-word-typed")

    assert set(AccessFailureLog.objects.values_list("username", flat=True)) == {
        "clerk",
        "nobody-of-that-name",
    }
    assert not AccessAttempt.objects.filter(post_data__contains="a-Secret-word-typed").exists()


def test_an_administrator_opens_a_locked_account(county):
    fail(5)

    actions.unlock_user(county.clerk, by=county.security_admin)

    assert log_in().status_code == 302


def test_a_forged_forwarding_header_is_no_address(county, settings):
    settings.TRUSTED_PROXIES = 1
    client = HouseClient(headers={"sec-fetch-site": "same-origin", "x-forwarded-for": "not-an-address"})

    response = client.post("/login/", {"username": "clerk", "password": "wrong"})

    assert response.status_code == 422
    assert AccessFailureLog.objects.get().ip_address is None
