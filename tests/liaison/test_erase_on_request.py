"""A resident's right to deletion: done on a word with a name and a reason, and only to what is over."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from core.ledger import broken_links, broken_words
from core.models import AccessLog
from intake import actions
from intake.models import ConstituentRequest

pytestmark = pytest.mark.django_db


def erase(number, by="county_office"):
    call_command("erase_on_request", number, by=by, reason="本人到站，出示身份证", stdout=StringIO())


def test_a_closed_case_loses_its_person_and_keeps_its_chain(county):
    request = actions.rate(county.told(), solved="yes")

    erase(request.reference)

    request = ConstituentRequest.objects.get(pk=request.pk)
    assert (request.contact_name, request.contact_phone, request.body) == ("", "", "")
    assert request.category == county.categories["utilities"]
    assert broken_links(ConstituentRequest) == broken_words(ConstituentRequest) == []
    told = AccessLog.objects.get(what="erased on request")
    assert (told.actor, told.case_id, told.reason) == (
        county.county_office,
        request.pk,
        "本人到站，出示身份证",
    )
    with pytest.raises(CommandError, match="already"):
        erase(request.reference)


def test_an_open_case_one_on_hold_and_a_stranger_are_refused(county):
    running = county.told()
    held = actions.rate(county.told(), solved="yes")
    ConstituentRequest.objects.filter(pk=held.pk).update(legal_hold=True)

    for number, by, words in (
        (running.reference, "county_office", "withdraw it first"),
        (held.reference, "county_office", "legal reason"),
        ("26-0101-00000", "county_office", "no such request"),
        (held.reference, "stranger", "no such person"),
    ):
        with pytest.raises(CommandError, match=words):
            erase(number, by)

    assert not AccessLog.objects.filter(what="erased on request").exists()
    assert ConstituentRequest.objects.get(pk=held.pk).contact_phone
