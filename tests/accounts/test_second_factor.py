"""security.md 1.1 item 1: the second factor of staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import actions
from accounts.models import LoginSession, RecoveryCode
from tests.conftest import HouseClient
from tests.county import PASSWORD

pytestmark = pytest.mark.django_db
NOON = timezone.make_aware(timezone.datetime(2026, 11, 25, 12, 0, 5))


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOON):
        yield


def browser():
    return HouseClient(headers={"sec-fetch-site": "same-origin"})


def log_in(username="clerk", client=None):
    client = client or browser()
    client.post("/login/", {"username": username, "password": PASSWORD})
    return client


def number(device):
    return f"{totp(device.bin_key):06}"


@pytest.fixture
def enrolled(county):
    """The clerk with a phone, and the recovery codes."""
    device = actions.start_second_factor(county.clerk)
    with time_machine.travel(NOON - timedelta(days=1)):
        codes = actions.confirm_second_factor(county.clerk, device=device, token=number(device))
    device.refresh_from_db()
    return device, codes


@pytest.fixture
def enforced(settings):
    settings.STAFF_SECOND_FACTOR = "enforce"


# --- setting up


@pytest.mark.parametrize(
    "who", ["clerk", "unit_officer", "county_office", "auditor", "security_admin", "leader"]
)
def test_staff_set_up_the_second_factor_before_anything_else(county, enforced, who):
    client = log_in(who)

    for path in ("/admin/", "/account/", "/account/password/"):
        assert client.get(path)["Location"] == "/account/second-factor/new/", path


def test_representatives_may_do_without(county, enforced):
    assert log_in("rep").get("/account/").status_code == 200


def test_in_the_demo_it_is_offered_and_not_asked_for(county, settings):
    settings.STAFF_SECOND_FACTOR = "optional"

    assert log_in().get("/account/").status_code == 200


def test_a_clerk_scans_the_code_and_sees_ten_recovery_codes_once(county, enforced):
    client = log_in()
    before = client.session.session_key

    assert "开始设置" in client.get("/account/second-factor/new/").content.decode()
    assert TOTPDevice.objects.count() == 0
    client.post("/account/second-factor/new/", {"start": "1"})
    device = TOTPDevice.objects.get()
    page = client.get("/account/second-factor/new/").content.decode()
    assert "<svg" in page
    assert "style=" not in page
    done = client.post("/account/second-factor/new/", {"token": number(device)})

    codes = RecoveryCode.objects.filter(user=county.clerk)
    assert codes.count() == 10
    assert "记下恢复码" in done.content.decode()
    assert client.session.session_key != before
    assert client.get("/admin/").status_code == 200
    assert client.get("/account/second-factor/new/").content.decode().count("恢复码") == 0
    assert not any(code.digest in done.content.decode() for code in codes)


def test_reading_the_pages_writes_nothing(county, enforced, count_queries):
    client = log_in()
    with count_queries() as seen:
        client.get("/account/second-factor/new/")

    assert not [query for query in seen if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_wrong_first_number_sets_up_nothing(county):
    client = log_in()
    client.post("/account/second-factor/new/", {"start": "1"})

    response = client.post("/account/second-factor/new/", {"token": "000000"})

    assert response.status_code == 422
    assert "验证码不对" in response.content.decode()
    assert not TOTPDevice.objects.filter(confirmed=True).exists()


# --- giving it


def test_the_password_alone_opens_nothing_once_there_is_a_phone(enrolled):
    client = log_in()

    for path in ("/admin/", "/account/", "/account/password/", "/account/second-factor/new/"):
        assert client.get(path)["Location"] == "/account/second-factor/", path
    assert client.post("/account/second-factor/new/", {"start": "1"})["Location"] == "/account/second-factor/"
    assert client.post("/account/recovery-codes/")["Location"] == "/account/second-factor/"
    assert TOTPDevice.objects.count() == 1


def test_the_number_on_the_phone_opens_and_gives_a_new_session_key(enrolled):
    device, _codes = enrolled
    client = log_in()
    before = client.session.session_key

    response = client.post("/account/second-factor/", {"token": number(device)})

    assert response["Location"] == "/admin/"
    assert client.session.session_key != before


def test_a_number_opens_only_once(enrolled):
    device, _codes = enrolled
    token = number(device)
    assert log_in().post("/account/second-factor/", {"token": token}).status_code == 302

    again = log_in().post("/account/second-factor/", {"token": token})

    assert again.status_code == 422
    assert "已经用过" in again.content.decode()


def test_five_wrong_numbers_close_the_door_for_a_quarter_of_an_hour(enrolled):
    device, _codes = enrolled
    begin = NOON
    client = log_in()
    for step in range(5):
        with time_machine.travel(begin + timedelta(minutes=step)):
            assert client.post("/account/second-factor/", {"token": "000000"}).status_code == 422

    with time_machine.travel(begin + timedelta(minutes=6)):
        refused = client.post("/account/second-factor/", {"token": number(device)})

    assert refused.status_code == 429


def test_a_recovery_code_opens_once_however_it_is_typed(enrolled):
    _device, codes = enrolled
    typed = f"{codes[0][:5].lower()} - {codes[0][5:]}"

    assert log_in().post("/account/second-factor/", {"token": typed})["Location"] == "/admin/"
    assert log_in().post("/account/second-factor/", {"token": typed}).status_code == 422
    assert RecoveryCode.objects.filter(used_at__isnull=True).count() == 9


def test_recovery_codes_are_kept_as_digests_and_belong_to_one_person(enrolled, county):
    _device, codes = enrolled

    assert not RecoveryCode.objects.filter(digest__in=codes).exists()
    assert actions.use_recovery_code(county.station_head, codes[1]) is False
    assert actions.use_recovery_code(county.clerk, codes[1]) is True


def test_new_recovery_codes_end_the_old_ones(enrolled, county):
    device, codes = enrolled
    client = log_in()
    client.post("/account/second-factor/", {"token": number(device)})
    page = client.post("/account/recovery-codes/", {"present": PASSWORD})

    assert page.status_code == 200
    assert actions.use_recovery_code(county.clerk, codes[0]) is False


def test_codes_are_not_given_to_somebody_without_a_second_factor(county):
    assert log_in().post("/account/recovery-codes/").status_code == 404


def test_a_new_phone_replaces_the_old_one(enrolled, county):
    device, _codes = enrolled
    client = log_in()
    client.post("/account/second-factor/", {"token": number(device)})
    client.post("/account/second-factor/new/", {"start": "1", "present": PASSWORD})
    fresh = TOTPDevice.objects.get(confirmed=False)

    client.post("/account/second-factor/new/", {"token": number(fresh)})

    assert list(TOTPDevice.objects.filter(user=county.clerk)) == [fresh]
    assert client.get("/account/").status_code == 200


@pytest.mark.parametrize("address", ["/account/second-factor/new/", "/account/recovery-codes/"])
def test_an_open_screen_is_not_enough_to_change_how_one_gets_in(enrolled, county, address):
    device, codes = enrolled
    client = log_in()
    client.post("/account/second-factor/", {"token": number(device)})

    asked = client.post(address, {"start": "1"})
    wrong = [client.post(address, {"start": "1", "present": "not it"}) for _time in range(6)]

    assert asked.status_code == 200
    assert "现在的密码" in asked.content.decode()
    assert [answer.status_code for answer in wrong] == [422] * 5 + [429]
    assert list(TOTPDevice.objects.all()) == [device]
    assert actions.use_recovery_code(county.clerk, codes[0]) is True


# --- losing it


def test_a_second_person_resets_it_and_every_session_ends(enrolled, county):
    device, _codes = enrolled
    client = log_in()
    client.post("/account/second-factor/", {"token": number(device)})

    actions.reset_second_factor(county.clerk, by=county.security_admin)

    assert not TOTPDevice.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert client.get("/account/")["Location"].startswith("/login/")
    assert LoginSession.objects.filter(ended_at__isnull=True).count() == 0


@pytest.mark.parametrize("by", ["clerk", "county_office", "sysadmin", "auditor"])
def test_nobody_else_resets_it_and_nobody_their_own(enrolled, county, by):
    with pytest.raises(PermissionDenied):
        actions.reset_second_factor(county.clerk, by=county.users[by])
    with pytest.raises(PermissionDenied):
        actions.reset_second_factor(county.security_admin, by=county.security_admin)

    assert TOTPDevice.objects.exists()
