"""Signing in and out, passwords, sessions."""

from __future__ import annotations

import pytest
from django.urls import reverse

from accounts.models import LoginSession
from tests.county import PASSWORD

pytestmark = pytest.mark.django_db


def sign_in_as(client, username, password=PASSWORD, **more):
    return client.post(reverse("accounts:login"), {"username": username, "password": password, **more})


def test_the_log_in_page_sets_no_cookie(client):
    response = client.get("/login/")

    assert response.status_code == 200
    assert not response.cookies


def test_a_clerk_signs_in_and_lands_on_the_workbench(client, county):
    response = sign_in_as(client, "clerk")

    assert response.status_code == 302
    assert response["Location"] == reverse("admin:index")
    assert client.get("/account/").status_code == 200
    assert LoginSession.objects.get(user=county.clerk).ended_at is None
