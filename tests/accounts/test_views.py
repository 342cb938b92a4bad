"""Signing in and out, passwords, sessions. security.md 1.1 items 1-5; lock-out and second factor have files of their own."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from accounts import actions, names
from accounts.models import LoginSession, PasswordHistory
from accounts.recovery import enrol_token
from tests.conftest import HouseClient
from tests.county import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "青石板上的雨 7 滴答滴答"


def log_in(client, username, password=PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"username": username, "password": password, **more})


def another_browser():
    return HouseClient(
        headers={"sec-fetch-site": "same-origin", "user-agent": "Mozilla/5.0 (Windows) Firefox/140.0"}
    )


# --- in


def test_the_log_in_page_sets_no_cookie_and_writes_nothing(client, count_queries):
    with count_queries() as seen:
        response = client.get("/login/")

    assert response.status_code == 200
    assert not response.cookies
    assert len(seen) == 0


@pytest.mark.parametrize(
    ("who", "where"),
    [("clerk", "/admin/"), ("unit_officer", "/admin/"), ("rep", "/my/"), ("nobody", "/account/")],
)
def test_everybody_lands_on_the_first_page_of_their_day(client, county, who, where):
    response = log_in(client, who)

    assert response.status_code == 302
    assert response["Location"] == where


def test_the_person_goes_on_to_the_page_they_wanted(client, county):
    wanted = f"/admin/accounts/area/?q={quote('石桥')}"
    asked = client.get(wanted)

    page = client.get(asked["Location"])
    response = log_in(client, "clerk", next=page.context["next"])

    assert asked["Location"].startswith("/login/?next=")
    assert response["Location"] == wanted


@pytest.mark.parametrize(
    "trap", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_the_log_in_leads_to_no_other_site(client, county, trap):
    assert log_in(client, "clerk", next=trap)["Location"] == "/admin/"


def test_a_post_from_another_site_is_refused(county):
    response = HouseClient(headers={"sec-fetch-site": "cross-site"}).post(
        "/login/", {"username": "clerk", "password": PASSWORD}
    )

    assert response.status_code == 403
    assert LoginSession.objects.count() == 0


def test_a_wrong_password_and_an_unknown_name_get_the_same_page(client, county):
    wrong = log_in(client, "clerk", "wrong")
    unknown = log_in(client, "klerk", "wrong")

    assert wrong.status_code == unknown.status_code == 422
    assert wrong.content.decode() == unknown.content.decode().replace("klerk", "clerk")
    assert "用户名或密码不对" in wrong.content.decode()


class CountingHasher(MD5PasswordHasher):
    counted = 0

    def encode(self, password, salt):
        type(self).counted += 1
        return super().encode(password, salt)


@pytest.mark.parametrize("username", ["clerk", "nobody-at-all", "switched-off"])
def test_every_failure_costs_one_hash(client, county, settings, username):
    """Same time for known, unknown and disabled names: the hash is what takes time."""
    off = county.other_clerk
    off.username, off.is_active = "switched-off", False
    off.save()
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    CountingHasher.counted = 0

    log_in(client, username, "wrong")

    assert CountingHasher.counted == 1


def test_a_disabled_account_gets_the_same_words(client, county):
    county.clerk.is_active = False
    county.clerk.save()

    response = log_in(client, "clerk")

    assert response.status_code == 422
    assert "用户名或密码不对" in response.content.decode()


@pytest.mark.parametrize("bad", ["cle\x00rk", "", " ", "x" * 151])
def test_a_name_that_cannot_be_one_is_refused_in_words(client, county, bad):
    response = log_in(client, bad)

    assert response.status_code == 422
    assert 'role="alert"' in response.content.decode()


def test_a_representative_signs_in_with_the_certificate_number(client, county):
    county.representative.certificate_no = "RD-0042"
    county.representative.save()

    assert log_in(client, " ＲＤ－0042 ").status_code == 302
    assert log_in(another_browser(), "RD-0043").status_code == 422


def test_a_name_of_ones_own_wins_over_somebodys_certificate(client, county, monkeypatch):
    monkeypatch.setattr(names, "_lookups", [lambda typed: "rep"])

    log_in(client, "clerk")

    assert LoginSession.objects.get().user == county.clerk


# --- sessions


def test_the_session_gets_a_new_key_at_the_log_in(client, county):
    session = client.session
    session["planted"] = "1"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key

    log_in(client, "clerk")

    assert client.session.session_key != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()


def test_the_session_is_listed_with_device_and_address(county):
    client = another_browser()

    log_in(client, "clerk")
    page = client.get("/account/").content.decode()

    assert "Firefox · Windows" in page
    assert "127.0.0.1" in page
    assert "就是这里" in page


def test_a_person_ends_another_session_of_theirs(client, county):
    other = another_browser()
    log_in(client, "clerk")
    log_in(other, "clerk")
    session = LoginSession.objects.get(session_key=other.session.session_key)

    response = client.post(f"/account/sessions/{session.pk}/end/")

    assert response.status_code == 302
    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.get(f"/account/sessions/{session.pk}/end/").status_code == 405


def test_nobody_ends_a_strangers_session(client, county):
    other = another_browser()
    log_in(client, "clerk")
    log_in(other, "station_head")
    session = LoginSession.objects.get(user=county.station_head)

    assert client.post(f"/account/sessions/{session.pk}/end/").status_code == 404
    assert other.get("/account/").status_code == 200


def test_disabling_a_user_ends_their_sessions_at_once(client, county):
    log_in(client, "clerk")

    actions.disable_user(county.clerk, by=county.security_admin)

    assert client.get("/account/")["Location"].startswith("/login/")
    assert not Session.objects.exists()


def test_an_idle_session_ends_and_leads_back_to_its_page(client, county, settings):
    settings.SESSION_IDLE_MINUTES = 30
    log_in(client, "clerk")

    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        response = client.get("/account/?x=1")
        page = client.get(response["Location"])

    assert response["Location"] == "/login/?why=idle&next=%2Faccount%2F%3Fx%3D1"
    assert "太久没有操作" in page.content.decode()
    assert LoginSession.objects.get().ended_at is not None


def test_a_session_in_use_lives_on_but_not_beyond_half_a_day(client, county):
    log_in(client, "clerk")
    began = timezone.now()

    for minutes in range(20, 12 * 60, 20):
        with time_machine.travel(began + timedelta(minutes=minutes)):
            assert client.get("/account/").status_code == 200
    with time_machine.travel(began + timedelta(hours=12, minutes=1)):
        assert client.get("/account/").status_code == 302


def test_reading_a_page_writes_the_session_at_most_every_five_minutes(client, county, count_queries):
    log_in(client, "clerk")

    with count_queries() as seen:
        client.get("/account/")

    assert not [query for query in seen if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_the_log_out_is_a_post_and_ends_the_session(client, county):
    log_in(client, "clerk")

    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/").status_code == 302
    assert client.get("/account/").status_code == 302
    assert LoginSession.objects.get().ended_at is not None
    assert not Session.objects.exists()


def test_signing_in_as_somebody_else_ends_the_first_session(client, county):
    log_in(client, "clerk")
    log_in(client, "station_head")

    assert LoginSession.objects.get(user=county.clerk).ended_at is not None
    assert LoginSession.objects.get(user=county.station_head).ended_at is None


# --- passwords


def change(client, present=PASSWORD, password=NEW, again=None):
    return client.post(
        "/account/password/", {"present": present, "password": password, "again": again or password}
    )


def test_a_first_password_is_changed_before_anything_else(client, county):
    county.clerk.must_change_password = True
    county.clerk.save()
    log_in(client, "clerk")

    assert client.get("/admin/")["Location"] == "/account/password/"
    assert client.get("/account/")["Location"] == "/account/password/"
    assert client.get("/account/password/").status_code == 200

    assert change(client)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert log_in(another_browser(), "clerk", NEW).status_code == 302


def test_a_new_password_signs_the_other_browsers_out_and_gives_this_one_a_new_key(client, county):
    other = another_browser()
    log_in(client, "clerk")
    log_in(other, "clerk")
    before = client.session.session_key

    change(client)

    assert other.get("/account/").status_code == 302
    assert client.get("/account/").status_code == 200
    assert client.session.session_key != before


@pytest.mark.parametrize(
    ("present", "password", "again", "words"),
    [
        ("wrong", NEW, NEW, "现在的密码不对"),
        (PASSWORD, NEW, NEW + "x", "两遍不一样"),
        (PASSWORD, PASSWORD, PASSWORD, "和现在的一样"),
        (PASSWORD, "short-7-ab", "short-7-ab", "12"),
        (PASSWORD, "renda2026renda2026", "renda2026renda2026", "太好猜"),
        (PASSWORD, "1234567890123456", "1234567890123456", "数字"),
        (PASSWORD, "a-Horse-staple-" * 9, "a-Horse-staple-" * 9, "最多 128"),
        (PASSWORD, "with\x00nul-and-more", "with\x00nul-and-more", "空"),
    ],
)
def test_a_bad_new_password_is_refused_with_the_reason(client, county, present, password, again, words):
    log_in(client, "clerk")

    response = change(client, present, password, again)

    assert response.status_code == 422
    assert words in response.content.decode()
    county.clerk.refresh_from_db()
    assert county.clerk.check_password(PASSWORD)


def test_the_stricter_profile_asks_for_kinds_keeps_history_and_rotates(client, county, settings):
    settings.SECURITY_PROFILE = "dengbao"
    log_in(client, "clerk")

    assert "三种" in change(client, password="只有汉字和符号的密码，没有数字").content.decode()
    first, second = "Rain-on-slate-7", "Rain-on-slate-8"
    assert change(client, password=first).status_code == 302
    assert change(client, first, second).status_code == 302
    assert "最近用过" in change(client, second, first).content.decode()
    assert PasswordHistory.objects.filter(user=county.clerk).count() == 2

    county.clerk.refresh_from_db()
    county.clerk.password_changed_at = timezone.now() - timedelta(days=91)
    county.clerk.save()
    assert client.get("/admin/")["Location"] == "/account/password/"


# --- the printed one-time link


def test_a_representative_sets_the_password_once_by_the_printed_link(client, county):
    link = f"/enrol/{enrol_token(county.rep)}/"

    assert "杨春梅，您好" in client.get(link).content.decode()
    response = client.post(link, {"password": NEW, "again": NEW})

    assert response["Location"] == "/login/?why=set"
    assert log_in(client, "rep", NEW).status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": NEW, "again": NEW}).status_code == 404


def test_the_link_page_sets_no_cookie_and_writes_nothing(client, county, count_queries):
    link = f"/enrol/{enrol_token(county.rep)}/"

    with count_queries() as seen:
        response = client.get(link)

    assert not response.cookies
    assert all(query["sql"].startswith("SELECT") for query in seen)


@pytest.mark.parametrize("spoil", ["forged", "old", "disabled", "used-the-password"])
def test_a_link_that_is_over_says_so(client, county, spoil):
    token = enrol_token(county.rep)
    later = timezone.now()
    if spoil == "forged":
        token = token[:-2] + ("aa" if token[-2:] != "aa" else "bb")
    if spoil == "old":
        later += timedelta(days=15)
    if spoil == "disabled":
        actions.disable_user(county.rep, by=county.security_admin)
    if spoil == "used-the-password":
        log_in(another_browser(), "rep")

    with time_machine.travel(later):
        response = client.get(f"/enrol/{token}/")

    assert response.status_code == 404
    assert "不能用了" in response.content.decode()


# --- the account page


def test_the_account_page_shows_roles_with_their_places(client, county, sign_in):
    page = sign_in(county.town_office).get("/account/").content.decode()

    assert "乡镇人大、街道工委" in page
    assert "石桥镇" in page


def test_the_account_page_costs_the_same_for_one_session_and_for_twenty(client, county, count_queries):
    log_in(client, "clerk")
    client.get("/account/")
    with count_queries() as one:
        client.get("/account/")
    for number in range(19):
        actions.start_session(county.clerk, key=f"k{number}", device="x", address="10.0.0.1")
    with count_queries() as many:
        client.get("/account/")

    assert len(one) == len(many)


def test_a_stranger_is_asked_to_sign_in(client):
    for path in (
        "/account/",
        "/account/password/",
        "/account/second-factor/",
        "/account/second-factor/new/",
        "/admin/",
    ):
        response = client.get(path)
        assert response.status_code == 302, path
        assert response["Location"].startswith("/login/?next="), path


def test_somebody_signed_in_who_is_no_staff_finds_no_admin(client, county):
    log_in(client, "rep")

    for path in ("/admin/", "/admin/accounts/user/", "/admin/login/"):
        assert client.get(path, follow=True).status_code == 404, path


def test_the_admins_own_way_out_ends_the_session_too(client, county):
    log_in(client, "clerk")

    client.post("/admin/logout/")

    assert LoginSession.objects.get().ended_at is not None
    assert client.get("/admin/password_change/").status_code in (302, 404)


def test_a_signed_in_form_without_its_token_is_refused(client, county):
    strict = HouseClient(enforce_csrf_checks=True, headers={"sec-fetch-site": "same-origin"})
    log_in(strict, "clerk")

    assert strict.post("/logout/").status_code == 403
    assert strict.post("/admin/logout/").status_code == 403
    assert LoginSession.objects.get().ended_at is None


@pytest.mark.parametrize("path", ["/account/", "/desk/requests/", "/"])
def test_a_page_of_somebody_signed_in_stays_in_no_cache(county, sign_in, path):
    assert "no-store" in sign_in(county.clerk).get(path)["Cache-Control"]


def test_the_log_out_empties_the_cache_and_leaves_what_waits_for_the_network(county, sign_in):
    assert sign_in(county.clerk).post("/logout/")["Clear-Site-Data"] == '"cache"'
