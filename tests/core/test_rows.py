"""A row that goes in by the statement put together once is the row the ORM would have written."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.models import Clock, Draft
from core.rows import insert, insert_new, insert_unless_taken

pytestmark = pytest.mark.django_db


def test_a_row_comes_back_as_it_went_in_and_can_be_saved_again():
    draft = Draft(key="k", payload={"body": "路灯"}, expires_at=timezone.now())

    insert(draft)

    assert Draft.objects.get(pk=draft.pk).payload == {"body": "路灯"}
    draft.key = "other"
    draft.save()
    assert [row.key for row in Draft.objects.all()] == ["other"]


def test_sealed_columns_are_sealed_and_generated_ones_are_left_to_the_database(county):
    case = county.receive(body="路灯不亮了")
    twin = type(case).objects.defer("search").get(pk=case.pk)
    twin.pk, twin.public_id, twin.reference, twin.receipt_index = None, "another", "26-0101-00001", "another"

    insert(twin)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contact_phone, search @@ '路灯' FROM intake_constituentrequest WHERE id = %s", [twin.pk]
        )
        sealed, is_found = cursor.fetchone()
    assert case.contact_phone.encode() not in bytes(sealed)
    assert is_found


def test_what_the_table_refuses_is_refused(county):
    case = county.receive()
    clock = Clock.objects.about(case).first()
    clock.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        insert(clock)


def draft(key):
    return Draft(key=key, payload={}, expires_at=timezone.now())


def test_a_value_that_is_taken_is_said_and_nothing_is_written():
    insert(draft("k"))

    assert not insert_unless_taken(draft("k"), "key")
    assert insert_unless_taken(draft("other"), "key")
    assert Draft.objects.count() == 2


def test_of_several_rows_those_that_are_new_go_in():
    insert(draft("b"))

    insert_new([draft("a"), draft("b"), draft("c")])
    insert_new([])

    assert sorted(Draft.objects.values_list("key", flat=True)) == ["a", "b", "c"]
