import pytest

from core.codes import show_code
from intake import actions
from intake.selectors import tracking

pytestmark = pytest.mark.django_db


def test_the_number_and_the_last_four_digits_find_the_case(county):
    request = county.receive()

    assert actions.look_up(request.reference, "2746", source="a").request == request
    assert actions.look_up(request.reference.replace("-", " "), "２７４６", source="a").request == request


def test_the_number_and_the_code_find_the_case_however_the_code_is_typed(county):
    request = county.receive()

    assert (
        actions.look_up(request.reference, show_code(request.receipt_code).lower(), source="a").request
        == request
    )


@pytest.mark.parametrize(
    ("number", "secret"), [("26-1125-99999", "2746"), (None, "2747"), (None, ""), ("", "2746")]
)
def test_a_wrong_number_and_a_wrong_secret_are_answered_alike(county, number, secret):
    request = county.receive()

    assert actions.look_up(
        request.reference if number is None else number, secret, source="a"
    ) == actions.LookUp(None)


def test_another_case_s_code_does_not_open_this_number(county):
    one, other = county.receive(), county.receive()

    assert actions.look_up(one.reference, other.receipt_code, source="a").request is None


def test_after_five_tries_the_source_waits_fifteen_minutes_but_not_another_source_and_not_the_code(county):
    request = county.receive()
    for _try in range(5):
        actions.look_up(request.reference, "0000", source="a")

    refused = actions.look_up(request.reference, "2746", source="a")

    assert refused.request is None
    assert 840 < refused.wait_seconds <= 900
    assert actions.look_up(request.reference, "2746", source="b").request == request
    assert actions.look_up(request.reference, request.receipt_code, source="a").request == request


def test_a_hit_forgives_the_tries_before_it(county):
    request = county.receive()
    for _try in range(4):
        actions.look_up(request.reference, "0000", source="a")
    actions.look_up(request.reference, "2746", source="a")
    for _try in range(4):
        actions.look_up(request.reference, "0000", source="a")

    assert actions.look_up(request.reference, "2746", source="a").request == request


def test_after_anonymising_neither_way_finds_the_case(county):
    request = county.receive()
    number, code = request.reference, request.receipt_code
    request.anonymise()

    assert actions.look_up(number, "2746", source="a").request is None
    assert tracking.by_code(code) is None
