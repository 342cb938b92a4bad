import base64
import io
import json
from itertools import pairwise

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from hypothesis import example, given
from hypothesis import strategies as st

from core import privacy
from core.privacy import CannotOpen, EncryptedJSONField, EncryptedTextField, decrypt, encrypt

# The two specimens printed in GB 11643-1999 itself.
SPECIMEN_WOMAN = "11010519491231002X"
SPECIMEN_MAN = "440524188001010014"

ORDINARY = st.text(alphabet="路灯坏了三天没人修，请王主任看看。abc 0123456789-\n", max_size=60)


class TestPhone:
    @pytest.mark.parametrize(
        ("typed", "number"),
        [
            ("13812345678", "13812345678"),
            (" 138 1234 5678 ", "13812345678"),
            ("138-1234-5678", "13812345678"),
            ("１３８１２３４５６７８", "13812345678"),
            ("+86 138 1234 5678", "13812345678"),
            ("８６１３８１２３４５６７８", "13812345678"),
            ("0086-13812345678", "13812345678"),
            ("٠١٠ ٨٧٦٥٤٣٢١", "01087654321"),
            ("138\u200b1234\u200b5678", "13812345678"),
            ("010-87654321", "01087654321"),
            ("(0931) 8765432", "09318765432"),
            ("（0571）87654321", "057187654321"),
            ("+86 931 876 5432", "09318765432"),
        ],
    )
    def test_every_usual_way_to_write_a_number_is_one_number(self, typed, number):
        assert privacy.normalise_phone(typed) == number

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "1381234567",
            "138123456789",
            "12812345678",
            "8765432",
            "0000-555-0120",
            "abc",
            "13812345678转2",
            "王阿姨",
        ],
    )
    def test_anything_else_is_no_number(self, typed):
        assert privacy.normalise_phone(typed) == ""

    @given(st.text(max_size=40))
    def test_normalising_never_fails_and_is_stable(self, typed):
        number = privacy.normalise_phone(typed)

        assert privacy.normalise_phone(number) == number
        assert number == "" or number.isascii()

    @pytest.mark.parametrize(
        ("number", "shown"),
        [
            ("13812342746", "138****2746"),
            ("01087654321", "010****21"),
            ("057187654321", "057****21"),
            ("", ""),
        ],
    )
    def test_masked(self, number, shown):
        assert privacy.mask_phone(number) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张**"),
        ("王阿姨", "王**"),
        ("欧阳建国", "欧**"),
        (" 李 ", "李**"),
        ("𠮷田", "𠮷**"),
        ("", ""),
    ],
)
def test_a_masked_name_keeps_its_first_character_and_hides_its_length(name, shown):
    assert privacy.mask_name(name) == shown


class TestFreeText:
    @pytest.mark.parametrize(
        ("text", "masked"),
        [
            ("打我电话13812342746，晚上都在", "打我电话138****2746，晚上都在"),
            ("１３８１２３４２７４６", "138****2746"),
            ("138 1234 2746 或 139-8765-4321", "138****2746 或 139****4321"),
            ("+8613812342746", "138****2746"),
            ("008613812342746", "138****2746"),
            ("①13812342746", "①138****2746"),
            ("3栋502，13812342746", "3栋502，138****2746"),
            ("150 13812342746", "150 138****2746"),
            ("138\u200b1234\u200b2746", "138****2746"),
            ("١٣٨١٢٣٤٢٧٤٦ تېلېفون", "138****2746 تېلېفون"),
            ("座机0931-8765432找老李", "座机093****32找老李"),
            ("（0571）87654321", "（057****21"),
            (f"身份证{SPECIMEN_WOMAN}的", "身份证110***********的"),
            (f"身份证{SPECIMEN_WOMAN.lower()}", "身份证110***********"),
            (f"{SPECIMEN_MAN}", "440***********"),
            ("110105 19491231 002X", "110***********"),
            ("3号 110105 1949 1231 002X", "3号 110***********"),
            ("老身份证110105491231002", "老身份证110***********"),
        ],
    )
    def test_numbers_are_found_however_they_are_typed(self, text, masked):
        assert privacy.mask_text(text) == masked

    @pytest.mark.parametrize(
        "text",
        [
            "编号26-1124-48213，请尽快",
            "区划代码990127000000",
            "2026年11月24日 13:50 停水",
            "打12345没人接",
            "110105194912310021",  # the checksum is wrong
            "110105499931002",  # no such month
            "工程款1381234567元",
            "138****2746",
        ],
    )
    def test_other_numbers_stay(self, text):
        assert privacy.mask_text(text) == text
        assert privacy.find_personal(text) == []

    def test_cutting_gives_the_numbers_as_they_were_typed_in_order(self):
        text = f"我13812342746，爱人139 8765 4321，证号{SPECIMEN_WOMAN}"

        masked, cut = privacy.cut_personal(text)

        assert cut == ["13812342746", "139 8765 4321", SPECIMEN_WOMAN]
        assert masked == "我138****2746，爱人139****4321，证号110***********"

    @given(ORDINARY, st.from_regex(r"1[3-9]\d{9}", fullmatch=True), ORDINARY)
    @example("", "13812342746", "")
    def test_no_number_between_other_words_gets_through(self, before, number, after):
        masked = privacy.mask_text(f"{before}，{number}，{after}")

        assert number not in masked

    @given(st.text(max_size=200))
    def test_spans_are_where_they_say_and_masking_twice_changes_nothing(self, text):
        spans = privacy.find_personal(text)

        assert all(text[span.start : span.end] == span.text for span in spans)
        assert all(one.end <= two.start for one, two in pairwise(spans))
        assert privacy.mask_text(privacy.mask_text(text)) == privacy.mask_text(text)

    @pytest.mark.parametrize(
        "text", ["1" * 20_000, "13 " * 8_000, "1-" * 10_000, "0931 " * 5_000, " " * 20_000]
    )
    def test_hostile_lengths_cost_no_more_than_their_length(self, text):
        privacy.mask_text(text)


@pytest.fixture(params=["aes-gcm", "sm4-gcm"])
def cipher(request, settings):
    settings.PII_CIPHER = request.param
    settings.PII_KEYS = {"k2": b"2" * 32, "k1": b"1" * 32}
    return request.param


class TestSealing:
    def test_what_was_sealed_opens(self, cipher):
        sealed = encrypt(b"13812342746", scope="a.b")

        assert decrypt(sealed, scope="a.b") == b"13812342746"
        assert b"13812342746" not in sealed

    def test_two_seals_of_one_value_differ(self, cipher):
        assert encrypt(b"x", scope="a.b") != encrypt(b"x", scope="a.b")

    def test_a_value_copied_to_another_column_does_not_open(self, cipher):
        sealed = encrypt(b"x", scope="a.b")

        with pytest.raises(CannotOpen):
            decrypt(sealed, scope="a.c")

    def test_no_byte_can_be_changed(self, cipher):
        sealed = encrypt(b"secret", scope="a.b")

        for position in range(len(sealed)):
            changed = bytearray(sealed)
            changed[position] ^= 1
            with pytest.raises(CannotOpen):
                decrypt(bytes(changed), scope="a.b")

    @pytest.mark.parametrize("length", range(20))
    def test_cut_short_is_refused_clearly(self, cipher, length):
        with pytest.raises(CannotOpen):
            decrypt(encrypt(b"", scope="a.b")[:length], scope="a.b")

    def test_a_new_key_seals_and_the_old_one_still_opens(self, cipher, settings):
        old = encrypt(b"x", scope="a.b")

        settings.PII_KEYS = {"k3": b"3" * 32, **settings.PII_KEYS}
        new = encrypt(b"x", scope="a.b")

        assert (privacy.key_of(old), privacy.key_of(new)) == ("k2", "k3")
        assert decrypt(old, scope="a.b") == decrypt(new, scope="a.b") == b"x"

    def test_without_its_key_nothing_opens(self, cipher, settings):
        sealed = encrypt(b"x", scope="a.b")
        settings.PII_KEYS = {"k9": b"9" * 32}

        with pytest.raises(CannotOpen):
            decrypt(sealed, scope="a.b")

    def test_the_cipher_may_change_over_stored_values(self, settings):
        settings.PII_CIPHER = "aes-gcm"
        sealed = encrypt(b"x", scope="a.b")

        settings.PII_CIPHER = "sm4-gcm"

        assert decrypt(sealed, scope="a.b") == b"x"
        assert encrypt(b"x", scope="a.b")[0] != sealed[0]


class TestBlindIndex:
    def test_equal_values_meet_and_scopes_do_not(self):
        assert privacy.blind_index("13812342746", scope="phone") == privacy.blind_index(
            "13812342746", scope="phone"
        )
        assert privacy.blind_index("13812342746", scope="phone") != privacy.blind_index(
            "13812342746", scope="track"
        )
        assert len(privacy.blind_index("13812342746", scope="phone")) == 32

    def test_nothing_has_no_index(self):
        assert privacy.blind_index("", scope="phone") == ""

    def test_it_depends_on_the_key(self, settings):
        before = privacy.blind_index("x", scope="phone")

        settings.BLIND_INDEX_KEY = b"another key"

        assert privacy.blind_index("x", scope="phone") != before


class Sealed(models.Model):
    """A table of this test's own: the field must not depend on any of the house's models."""

    name = EncryptedTextField("称呼", scope="t.sealed.name", blank=True, default="", max_length=40)
    words = EncryptedTextField("话", scope="t.sealed.words", null=True)
    numbers = EncryptedJSONField("号码", scope="t.sealed.numbers", default=list, blank=True)

    class Meta:
        app_label = "tests_privacy"

    def __str__(self):
        return f"sealed {self.pk}"


@pytest.fixture
def sealed_table(db):
    with connection.schema_editor() as editor:
        editor.create_model(Sealed)


@pytest.mark.usefixtures("sealed_table")
class TestFields:
    def test_values_return_and_rest_only_as_ciphertext(self):
        row = Sealed.objects.create(name="王阿姨", words="住在三栋", numbers=["13812342746", {"a": None}])

        row = Sealed.objects.get(pk=row.pk)

        assert (row.name, row.words, row.numbers) == ("王阿姨", "住在三栋", ["13812342746", {"a": None}])
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, words, numbers FROM tests_privacy_sealed")
            stored = b"".join(bytes(column) for column in cursor.fetchone())
        for clear in ("王阿姨", "住在三栋", "13812342746"):
            assert clear.encode() not in stored
            assert base64.b64encode(clear.encode()).rstrip(b"=") not in stored

    def test_empty_and_missing_are_kept_apart(self):
        row = Sealed.objects.create(name="", words=None, numbers=[])

        row.refresh_from_db()

        assert (row.name, row.words, row.numbers) == ("", None, [])
        assert list(Sealed.objects.filter(words__isnull=True)) == [row]
        assert not Sealed.objects.filter(name__isnull=True).exists()

    @pytest.mark.parametrize(
        "lookup", ["name", "name__contains", "words__in", "numbers__has_key", "numbers__0"]
    )
    def test_looking_up_by_value_is_refused_with_the_way_out(self, lookup):
        with pytest.raises(FieldError, match="blind index"):
            Sealed.objects.filter(**{lookup: ["x"]})

    def test_updating_and_bulk_creating_seal_too(self):
        Sealed.objects.bulk_create([Sealed(name="李"), Sealed(name="赵")])
        Sealed.objects.update(words="改过")

        assert sorted((row.name, row.words) for row in Sealed.objects.all()) == [
            ("李", "改过"),
            ("赵", "改过"),
        ]

    def test_ciphertext_moved_to_another_column_does_not_open(self):
        Sealed.objects.create(name="王阿姨", words="话")
        Sealed.objects.update(words=models.F("name"))

        with pytest.raises(CannotOpen):
            Sealed.objects.get()

    def test_nothing_secret_shows_in_a_repr(self):
        row = Sealed(name="王阿姨", numbers=["13812342746"])

        assert "王阿姨" not in repr(row)
        assert "13812342746" not in repr([row])

    def test_a_dump_of_rows_holds_ciphertext_and_loads_again(self):
        row = Sealed.objects.create(name="王阿姨", words="住在三栋", numbers=["13812342746"])

        # The model's app is not installed, so the JSON serialiser is asked for a Python structure.
        dumped = serializers.serialize("python", [row])[0]["fields"]

        assert "王阿姨" not in json.dumps(dumped)
        assert "13812342746" not in json.dumps(dumped)
        assert Sealed._meta.get_field("name").to_python(dumped["name"]) == "王阿姨"
        assert Sealed._meta.get_field("numbers").to_python(dumped["numbers"]) == ["13812342746"]

    @pytest.mark.parametrize("typed", ["sealed:", "sealed:AAAA", "sealed:not base64 %%"])
    def test_words_that_look_like_a_dump_are_a_validation_error(self, typed):
        field = Sealed._meta.get_field("words")

        if typed == "sealed:":
            assert field.to_python(typed) == ""
        else:
            with pytest.raises(ValidationError):
                field.to_python(typed)

    def test_forms_ask_for_plain_text_and_blank_is_checked(self):
        row = Sealed(name="x" * 41, words="")

        with pytest.raises(ValidationError) as refused:
            row.full_clean()

        assert set(refused.value.message_dict) == {"name", "words"}
        assert Sealed._meta.get_field("name").formfield().clean(" 王阿姨 ") == "王阿姨"

    def test_migrations_can_write_the_field(self):
        field = Sealed._meta.get_field("name")
        _name, path, args, kwargs = field.deconstruct()
        out = io.StringIO(MigrationWriter.serialize(field)[0])

        assert path == "core.privacy.EncryptedTextField"
        assert type(field)(*args, **kwargs).scope == "t.sealed.name"
        assert "scope='t.sealed.name'" in out.getvalue()
        assert field.clone().scope == field.scope
