import math
import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import codes


def test_a_receipt_code_has_at_least_sixty_random_bits():
    assert codes.RECEIPT_LENGTH * math.log2(len(set(codes.CODE_ALPHABET))) >= 60
    assert codes.PUBLIC_LENGTH * math.log2(len(set(codes.PUBLIC_ALPHABET))) >= 50


def test_no_character_of_a_code_can_be_misread():
    assert not set("0O1ILU") & set(codes.CODE_ALPHABET)
    assert not set("0o1l") & set(codes.PUBLIC_ALPHABET)


def test_codes_are_drawn_evenly_and_do_not_repeat():
    drawn = [codes.receipt_code() for _ in range(3000)]
    counts = Counter("".join(drawn))

    assert len(set(drawn)) == 3000
    assert set(counts) == set(codes.CODE_ALPHABET)
    # 39,000 characters over 30 signs: 1,300 each, a standard deviation of 35; seven of them are never seen.
    assert all(abs(count - 1300) < 250 for count in counts.values())


def test_a_code_is_printed_in_groups_of_four_four_five():
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{5}", codes.show_code(codes.receipt_code()))


@pytest.mark.parametrize(
    "typed",
    [
        "7KQ4-M2XD-9ABCD",
        "7kq4m2xd9abcd",
        " 7KQ4 M2XD 9ABCD ",
        "７ＫＱ４－Ｍ２ＸＤ－９ＡＢＣＤ",
        "7KQ4—M2XD—9ABCD",
        "7KQ4\u200bM2XD9ABCD",
    ],
)
def test_a_code_is_recognised_however_it_is_typed(typed):
    assert codes.normalise_code(typed) == "7KQ4M2XD9ABCD"


@given(st.text(max_size=60))
def test_normalising_never_fails_and_is_stable(typed):
    code, number = codes.normalise_code(typed), codes.normalise_number(typed)

    assert codes.normalise_code(code) == code
    assert codes.normalise_number(number) == number
    assert code.isascii()


def test_public_ids_are_ten_lowercase_characters():
    assert re.fullmatch(r"[a-z2-9]{10}", codes.public_id())
    assert len({codes.public_id() for _ in range(1000)}) == 1000


def test_a_request_number_is_the_day_and_five_random_digits():
    numbers = {codes.request_number(date(2026, 11, 24)) for _ in range(500)}

    assert all(re.fullmatch(r"26-1124-\d{5}", number) for number in numbers)
    # Random, not in sequence: of 500 draws from 100,000 hardly one is the successor of the one before.
    assert len(numbers) > 480
    assert min(numbers) < "26-1124-20000" < "26-1124-80000" < max(numbers)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("26-1124-48213", "26-1124-48213"),
        ("26112448213", "26-1124-48213"),
        (" ２６－１１２４－４８２１３ ", "26-1124-48213"),
        ("26 1124 48213", "26-1124-48213"),
        ("编号：26-1124-48213", "26-1124-48213"),
        ("٢٦-١١٢٤-٤٨٢١٣", "26-1124-48213"),
        ("26-1124-4821", ""),
        ("", ""),
        ("王阿姨", ""),
    ],
)
def test_a_number_is_recognised_however_it_is_typed(typed, number):
    assert codes.normalise_number(typed) == number
