"""Photos of the handling: the resident sees them with the answer they belong to, and not a moment before."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.images import clean_image
from core.models import Attachment
from intake import actions
from intake.actions.desk import attach_photos
from tests.intake.test_public import photo

pytestmark = pytest.mark.django_db

ANSWER = {"outcome": "solved", "headline": "换了灯头，灯亮了", "body": "换了灯头和电缆，当晚就亮了。"}


def attach(county, request) -> list[str]:
    """The officer puts both pictures to the answer; gives their ids."""
    made = [
        attach_photos(request, photos=[clean_image(photo(colour))], role=role, by=county.unit_officer)[0]
        for role, colour in (("before", "black"), ("after", "yellow"))
    ]
    return [each.public_id for each in made]


def opens(client: Any, url: str) -> bool:
    answer = client.get(url)
    if answer.status_code == 200:
        assert b"".join(answer.streaming_content)
    return bool(answer.status_code == 200)


def shown(client: Any, request: Any) -> set[str]:
    """The ids of the photos on the page, its print, and those that open by the private code or by themselves."""
    pages = [client.get(f"/t/{request.receipt_code}{part}").content.decode() for part in ("", "/print")]
    listed = set(re.findall(r"/photos/([\w-]+)", "".join(pages)))
    doors = (f"/t/{request.receipt_code}/photos/{{}}", "/files/{}/")
    opened = {
        each.public_id
        for each in Attachment.objects.all()
        for door in doors
        if opens(client, door.format(each.public_id))
    }
    assert listed <= opened
    return opened


def test_photos_of_the_handling_wait_for_signature_and_feedback(county, client):
    request = county.assigned()
    photos = attach(county, request)
    assert shown(client, request) == set()

    actions.submit_reply(request, by=county.unit_officer, **ANSWER)
    assert shown(client, request) == set()
    actions.sign(request, by=county.unit_head)
    assert shown(client, request) == set()

    actions.feed_back(request, by=county.clerk)
    assert shown(client, request) == set(photos)


def test_photos_of_a_plan_being_carried_out_wait_for_the_next_answer(county, client):
    request = county.replied(outcome="planned")
    actions.feed_back(request, by=county.clerk)
    assert request.state == "following"

    photos = attach(county, request)
    assert shown(client, request) == set()
    actions.submit_reply(request, by=county.unit_officer, **ANSWER)
    actions.sign(request, by=county.unit_head)
    assert shown(client, request) == set()

    actions.feed_back(request, by=county.clerk)
    assert shown(client, request) == set(photos)


def test_photos_of_a_second_round_wait_for_its_answer(county, client):
    request = county.assigned()
    attach(county, request)
    actions.submit_reply(request, by=county.unit_officer, **ANSWER)
    actions.sign(request, by=county.unit_head)
    actions.feed_back(request, by=county.clerk)
    actions.rate(request, solved="no")

    again = attach(county, request)
    assert shown(client, request) == set()
    actions.submit_reply(request, by=county.unit_officer, **ANSWER)
    actions.sign(request, by=county.unit_head)
    actions.feed_back(request, by=county.clerk)

    assert shown(client, request) == set(again)


def test_who_was_content_with_a_merged_matter_keeps_the_answer_they_were_told(county, client):
    """The master is done again for somebody else: nothing of its next answer reaches this page before it is told."""
    master, content = county.registered(), county.registered()
    actions.merge(content, into=master, by=county.clerk)
    actions.assign(master, unit=county.units["urban"], by=county.town_office)
    first = attach(county, master)
    actions.submit_reply(master, by=county.unit_officer, **ANSWER)
    actions.sign(master, by=county.unit_head)
    actions.feed_back(master, by=county.clerk)
    content.refresh_from_db()
    actions.rate(content, solved="yes", satisfied="satisfied")
    actions.rate(master, solved="no")

    attach(county, master)
    actions.submit_reply(master, by=county.unit_officer, **(ANSWER | {"headline": "又换了一次"}))
    actions.sign(master, by=county.unit_head, now=timezone.now() + timedelta(minutes=1))

    assert shown(client, content) == set(first)
    page = client.get(f"/t/{content.receipt_code}").content.decode()
    assert ANSWER["headline"] in page
    assert "又换了一次" not in page
