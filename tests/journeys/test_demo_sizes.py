"""The sizes for measuring: few requests here, the same code as for hundreds of thousands."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db.models import Count

from core.ledger import broken_links
from core.models import NEVER
from core.privacy import blind_index
from intake.actions.receiving import track_index
from intake.models import ConstituentRequest
from representatives.models import Person
from stations.models import Station


@pytest.mark.parametrize("scale", ["county", "city"])
def test_a_bulk_size_verifies_like_any_other_and_leaves_open_cases_with_clocks(db, scale):
    call_command("seed_demo", scale=scale, requests=300)

    cases = ConstituentRequest.objects.all()
    open_ones = cases.filter(closed_at=None)
    assert cases.count() == 300
    assert broken_links(ConstituentRequest) == []
    assert cases.filter(closed_at__isnull=False).count() > 250
    assert open_ones.exists()
    assert not open_ones.filter(due_at=NEVER).exclude(state="told").exists()


def test_the_city_is_as_large_as_lanzhou(db):
    call_command("seed_demo", scale="city", requests=10)

    kinds = dict(Station.objects.values_list("kind").annotate(n=Count("pk")))
    assert (kinds["home"], kinds["station"], kinds["specialised"], kinds["personal_office"]) == (
        117,
        718,
        6,
        10,
    )
    assert Person.objects.in_office().count() == 8_000


def test_a_bulk_case_opens_like_any_other(db):
    call_command("seed_demo", scale="county", requests=40)

    case = ConstituentRequest.objects.exclude(phone_index="").latest("pk")
    assert case.contact_phone.startswith("138000")
    assert track_index(case.reference, case.contact_phone[-4:]) == case.track_index
    assert blind_index(case.receipt_code, scope="receipt") == case.receipt_index
