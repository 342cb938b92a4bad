"""Numbers cut out of a resident's words: masked everywhere, opened with a reason by those who may, and written down."""

from __future__ import annotations

import pytest
from django.urls import reverse

from core.models import AccessLog, Message
from core.outbox import render
from core.workflow import NotAllowed
from intake import actions
from intake.actions.looking import OFTEN
from intake.models import AccusedUnit

pytestmark = pytest.mark.django_db

NEIGHBOUR, GUARD, NOTED = "13912345678", "0851-5550123", "13700001234"
WORDS = f"邻居{NEIGHBOUR}也看见了，门卫室{GUARD}没人接。"
OPEN_TO_ALL = actions.Contact("李叔", "13800001111", "sms", "handlers")


def numbers(case) -> str:
    return reverse("intake:reveal-numbers", args=[case.public_id])


def test_numbers_in_the_words_are_masked_until_a_reason_is_given(county, sign_in):
    case, desk = county.receive(body=WORDS), sign_in(county.clerk)

    page = desk.get(case.get_absolute_url()).content.decode()
    assert numbers(case) in page
    assert "139****5678" in page
    for answer in (desk.get(case.get_absolute_url()), desk.get(numbers(case))):
        assert NEIGHBOUR not in answer.content.decode()
        assert GUARD not in answer.content.decode()
    assert desk.post(numbers(case), {"reason": ""}).status_code == 422
    assert not AccessLog.objects.exists()

    opened = desk.post(numbers(case), {"reason": "找邻居核实"})

    assert NEIGHBOUR in opened.content.decode()
    assert GUARD in opened.content.decode()
    assert "13800002746" not in opened.content.decode()  # the resident's own number is another look
    assert opened["Cache-Control"] == "no-store"
    log = AccessLog.objects.get()
    assert (log.actor, log.case_label, log.case_id, log.what, log.reason) == (
        county.clerk,
        "request",
        case.pk,
        "numbers",
        "找邻居核实",
    )


def test_in_the_pane_the_form_and_the_numbers_take_the_place_of_the_link(county, sign_in):
    case, desk = county.receive(body=WORDS), sign_in(county.clerk)
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "numbers"}

    asked = desk.get(numbers(case), **htmx).content.decode()
    opened = desk.post(numbers(case), {"reason": "找邻居核实"}, **htmx).content.decode()

    assert "<html" not in asked + opened
    assert f'hx-post="{numbers(case)}"' in asked
    assert 'hx-target="#numbers"' in asked
    assert NEIGHBOUR in opened


def test_where_nothing_was_cut_out_nothing_is_offered(county, sign_in):
    case = county.receive()

    assert numbers(case) not in sign_in(county.clerk).get(case.get_absolute_url()).content.decode()


def test_numbers_of_a_later_note_are_opened_too_and_the_stations_own_stay_there(county, sign_in):
    case = county.assigned(contact=OPEN_TO_ALL)
    actions.add(case, text=f"打{NEIGHBOUR}也行。", by=None)
    actions.note(case, text=f"他儿子的电话{NOTED}", by=county.clerk)
    unit, desk = sign_in(county.unit_officer), sign_in(county.clerk)

    at_unit = unit.post(numbers(case), {"reason": "约时间上门"}).content.decode()
    at_desk = desk.post(numbers(case), {"reason": "约时间上门"}).content.decode()

    assert numbers(case) in unit.get(reverse("intake:unit-reply", args=[case.public_id])).content.decode()
    assert NEIGHBOUR in at_unit
    assert NOTED not in at_unit
    assert NEIGHBOUR in at_desk
    assert NOTED in at_desk


def test_a_unit_opens_them_only_where_the_resident_allowed_it(county, sign_in):
    closed = county.assigned(body=WORDS)
    secret = county.assigned(body=WORDS, contact=OPEN_TO_ALL, is_confidential=True)
    accused = county.assigned(body=WORDS, contact=OPEN_TO_ALL)
    AccusedUnit.objects.create(request=accused, unit=county.units["urban"])
    unit = sign_in(county.unit_officer)

    refused = {each: unit.post(numbers(each), {"reason": "想问问"}) for each in (closed, secret, accused)}

    assert [answer.status_code for answer in refused.values()] == [403, 403, 404]
    for case in (closed, secret):
        assert (
            numbers(case)
            not in unit.get(reverse("intake:unit-reply", args=[case.public_id])).content.decode()
        )
    for case in (closed, secret, accused):
        with pytest.raises(NotAllowed):
            actions.reveal_numbers(case, by=county.unit_officer, reason="想问问")
    assert not AccessLog.objects.exists()


def test_leaders_and_other_stations_open_none(county, sign_in):
    case = county.receive(body=WORDS)

    assert sign_in(county.leader).post(numbers(case), {"reason": "看看"}).status_code == 403
    assert numbers(case) not in sign_in(county.leader).get(case.get_absolute_url()).content.decode()
    assert sign_in(county.other_clerk).post(numbers(case), {"reason": "看看"}).status_code == 404


def test_the_follower_opens_them_from_their_own_page_where_the_resident_allowed_it(county, sign_in):
    case = county.assigned(body=WORDS, contact=OPEN_TO_ALL, follower=county.representative)
    shut = county.assigned(body=WORDS, follower=county.representative)
    mine = sign_in(county.rep)

    assert numbers(case) in mine.get(reverse("reports:my-case", args=[case.public_id])).content.decode()
    assert numbers(shut) not in mine.get(reverse("reports:my-case", args=[shut.public_id])).content.decode()
    assert NEIGHBOUR in mine.post(numbers(case), {"reason": "核实情况"}).content.decode()
    assert mine.post(numbers(shut), {"reason": "核实情况"}).status_code == 403


def test_whoever_opens_numbers_all_day_is_named_to_the_auditors_once(county):
    case = county.receive(body=WORDS)
    for place in range(OFTEN - 1):
        (actions.reveal_contact if place % 2 else actions.reveal_numbers)(
            case, by=county.clerk, reason="回访"
        )
    assert not Message.objects.filter(kind="intake.looked_often").exists()

    for _look in range(3):
        actions.reveal_numbers(case, by=county.clerk, reason="回访")

    letter = Message.objects.get(kind="intake.looked_often")
    assert letter.recipient == county.auditor
    subject, text = render(letter)
    assert subject == f"clerk今天打开号码 {OFTEN} 次"
    assert "查看记录" in text
    assert not [
        word for word in (case.reference, "13800002746", NEIGHBOUR, "王阿姨") if word in subject + text
    ]
