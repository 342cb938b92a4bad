"""A new key takes the place of an old one, which may then be destroyed."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from core.ledger import broken_words
from core.models import Draft, EventText
from core.privacy import CannotOpen
from intake import actions
from intake.models import ConstituentRequest

pytestmark = pytest.mark.django_db
NEW = bytes(range(32))


def run(*words):
    said = StringIO()
    call_command("reseal", *words, stdout=said)
    return said.getvalue()


def test_after_it_the_old_key_opens_nothing_and_is_needed_by_nobody(county, settings):
    request = county.assigned(body="请打 13712349876。")
    actions.hand_back(request, by=county.unit_officer, note="不归我们，打过 13712349876")
    User.objects.filter(pk=county.clerk.pk).update(phone="13800001111")
    old = settings.PII_KEYS

    settings.PII_KEYS = {"k2": NEW} | old
    waiting = run("--dry-run")
    done = run()

    assert waiting.split()[0] == done.split()[0] != "0"
    assert run("--dry-run") == "0 values wait.\n"
    settings.PII_KEYS = {"k2": NEW}
    opened = ConstituentRequest.objects.get(pk=request.pk)
    assert (opened.contact_name, opened.contact_phone) == ("王阿姨", "13800002746")
    assert opened.body_spans == request.body_spans != []
    assert User.objects.get(pk=county.clerk.pk).phone == "13800001111"
    assert EventText.objects.exists()
    assert broken_words(ConstituentRequest) == []
    settings.PII_KEYS = old
    with pytest.raises(CannotOpen):
        ConstituentRequest.objects.get(pk=request.pk)


def test_the_number_is_still_found_after_the_change(county, settings):
    request = county.receive()

    settings.PII_KEYS = {"k2": NEW} | settings.PII_KEYS
    run()

    assert ConstituentRequest.objects.get(phone_index=request.phone_index) == request


def test_what_holds_nothing_is_left_alone(county, settings):
    Draft.objects.all().delete()
    request = county.receive()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_constituentrequest SET contact_name = ''::bytea WHERE id = %s", [request.pk]
        )
    settings.PII_KEYS = {"k2": NEW} | settings.PII_KEYS

    run()

    assert ConstituentRequest.objects.get(pk=request.pk).contact_name == ""
