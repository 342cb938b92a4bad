"""The one statement that says who asks: what it spares, and that nothing it brings is trusted longer than before."""

from __future__ import annotations

import pytest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import LoginSession, Membership, User

PAGE = "/account/"


@pytest.fixture
def clerk(county, sign_in):
    client = sign_in(county.clerk)
    assert client.get(PAGE).status_code == 200
    return client


def with_factor(client, user) -> TOTPDevice:
    device = TOTPDevice.objects.create(user=user, confirmed=True)
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session.save()
    return device


def test_session_person_log_in_factor_and_roles_cost_one_statement(county, clerk, count_queries):
    with_factor(clerk, county.clerk)

    with count_queries() as seen:
        assert clerk.get("/account/second-factor/new/").status_code == 200

    asked = [each["sql"] for each in seen.captured_queries if "django_session" in each["sql"]]
    assert len(asked) == 1
    for table in ("accounts_user", "accounts_loginsession", "accounts_membership"):
        assert [each["sql"] for each in seen.captured_queries if f'"{table}"' in each["sql"]] == asked


def test_a_log_in_ended_in_the_table_ends_at_once(clerk):
    LoginSession.objects.update(ended_at=timezone.now())

    assert "why=ended" in clerk.get(PAGE).headers["Location"]


def test_a_session_without_a_log_in_is_nobodys(clerk):
    LoginSession.objects.all().delete()

    assert clerk.get(PAGE).status_code == 302


def test_a_person_switched_off_in_the_table_is_out_at_once(county, clerk):
    User.objects.filter(pk=county.clerk.pk).update(is_active=False)

    assert clerk.get(PAGE).status_code == 302


def test_another_password_makes_the_session_worthless(county, clerk):
    county.clerk.set_password("another-Horse-9-staple")
    county.clerk.save()

    assert clerk.get(PAGE).status_code == 302


def test_a_session_kept_under_another_persons_log_in_is_nobodys(county, clerk):
    LoginSession.objects.update(user=county.county_office)

    assert "why=ended" in clerk.get(PAGE).headers["Location"]


def test_a_session_over_its_time_is_nobodys(clerk):
    from django.contrib.sessions.models import Session

    Session.objects.update(expire_date=timezone.now())

    assert clerk.get(PAGE).status_code == 302


def test_a_role_ended_today_is_gone_with_the_next_page(county, clerk):
    assert clerk.get("/desk/requests/").status_code == 200

    Membership.objects.filter(user=county.clerk).update(valid_to=timezone.localdate())

    assert clerk.get("/desk/requests/").status_code == 403


def test_a_factor_that_was_taken_away_no_longer_counts_and_a_new_one_is_asked_for(county, clerk):
    device = with_factor(clerk, county.clerk)
    assert clerk.get(PAGE).status_code == 200

    device.delete()
    TOTPDevice.objects.create(user=county.clerk, confirmed=True)

    assert clerk.get(PAGE).headers["Location"] == "/account/second-factor/"


def test_another_persons_factor_opens_nothing(county, clerk):
    TOTPDevice.objects.create(user=county.clerk, confirmed=True)
    session = clerk.session
    session["otp_device_id"] = TOTPDevice.objects.create(
        user=county.station_head, confirmed=True
    ).persistent_id
    session.save()

    assert clerk.get(PAGE).headers["Location"] == "/account/second-factor/"


def test_a_key_that_is_no_key_is_nobodys(client, settings, county):
    for key in ("x" * 32, "x" * 4000, "'; --"):
        client.cookies[settings.SESSION_COOKIE_NAME] = key
        assert client.get(PAGE).status_code == 302
