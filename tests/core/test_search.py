"""Chinese search: everything a substring search finds, and nothing else."""

import random

import pytest
from django.db import connection
from django.db.models import Q

from core.search import MAX_QUERY, MAX_WORDS, grams, search, words_of
from intake.models import ConstituentRequest

SOME = "路灯不亮水管漏停电梯坏阳光花园东门口垃圾太臭老人吃饭难孩子上学远井盖松动噪声扰民农贸市场公厕"
MARKS = "，。 ！？()[]{}'\"\\|&:*<>%_-ABCabc013８９éЖ𠮷😀\t"


@pytest.fixture
def corpus(county):
    """A few hundred invented texts; bodies are changed in place so that the database fills its own column."""
    chance = random.Random(20260601)
    model = county.receive()
    rows = []
    for number in range(300):
        body = "".join(
            chance.choice(SOME if chance.random() < 0.85 else MARKS) for _n in range(chance.randint(5, 60))
        )
        rows.append((number, body))
    with connection.cursor() as cursor:
        columns = [
            f.column for f in ConstituentRequest._meta.local_concrete_fields
            if f.column not in ("id", "search", "public_id", "reference", "receipt_index", "body")
        ]  # fmt: skip
        listed = ", ".join(columns)
        cursor.executemany(
            f"""INSERT INTO intake_constituentrequest (public_id, reference, receipt_index, body, {listed})
            SELECT %s, %s, %s, %s, {listed} FROM intake_constituentrequest WHERE id = {model.pk}""",
            [(f"p{n}", f"26-0601-{n:05d}", f"r{n}", body) for n, body in rows],
        )
    return ConstituentRequest.objects.filter(reference__startswith="26-0601")


def found(rows, query):
    return set(
        search(rows, query, vector="search", texts=["reference", "title", "body", "place"]).values_list(
            "pk", flat=True
        )
    )


def substring(rows, query):
    """The slow and certain way, in Python."""
    from core.privacy import fold

    hits = set()
    for row in rows.only("reference", "title", "body", "place"):
        whole = fold(f"{row.reference}\n{row.title}\n{row.body}\n{row.place}\n").lower()
        if all(word in whole for word in words_of(query)):
            hits.add(row.pk)
    return hits


def test_words_of_one_to_twelve_characters_find_what_a_substring_search_finds(corpus):
    chance = random.Random(12)
    bodies = [row.body for row in corpus]
    for length in range(1, 13):
        for _query in range(8):
            body = chance.choice([b for b in bodies if len(b) >= length])
            start = chance.randrange(len(body) - length + 1)
            query = body[start : start + length]
            if words_of(query):
                assert found(corpus, query) == substring(corpus, query) != set(), repr(query)


def test_two_words_must_both_be_there_in_any_order(corpus):
    chance = random.Random(2)
    for _query in range(30):
        query = " ".join(
            "".join(chance.choice(SOME) for _n in range(chance.randint(1, 2))) for _word in range(2)
        )
        assert found(corpus, query) == substring(corpus, query), query
    assert found(corpus, "路 灯") == found(corpus, "灯  路")


def test_signs_of_the_query_language_are_only_signs(corpus):
    signs = [
        "'", "''", "\\", "&", "|", "!", ":*", "(", "%", "_", "a'b", "<->", "\\'", "路'", "’", "😀", "𠮷", "é", "É", "Ж",
        "ж", "0\0", "A", "８９", "89",
    ]  # fmt: skip
    for query in signs:
        assert found(corpus, query) == substring(corpus, query), query


def test_letters_are_found_in_any_width_and_case(corpus):
    row = corpus.first()
    ConstituentRequest.objects.filter(pk=row.pk).update(title="ＷｉＦｉ坏了 ΣΑΣ")

    for query in ("wifi", "WIFI", "ＷＩＦＩ坏", "σα", "ΣΑΣ"):
        assert row.pk in found(corpus, query), query


def test_the_number_title_and_place_are_searched_too(county):
    request = county.receive(place="老粮站对面")

    for query in (request.reference, request.reference[-5:], "粮站", "路灯 粮站"):
        assert found(ConstituentRequest.objects.all(), query) == {request.pk}
    assert found(ConstituentRequest.objects.all(), "粮站路灯") == set()


def test_an_empty_query_leaves_the_list_as_it_is(corpus):
    assert search(corpus, " \0 ", vector="search", texts=["body"]).count() == 300


def test_a_query_has_an_end():
    assert words_of("长" * 100) == ["长" * MAX_QUERY]
    assert len(words_of(" ".join("一二三四五六七八九"))) == MAX_WORDS
    assert grams("路灯坏") == sorted(["路灯", "灯坏"])
    assert grams("路") == ["路"]


def test_a_longer_word_is_looked_up_in_the_index(corpus):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = search(ConstituentRequest.objects.all(), "路灯不亮", vector="search", texts=["body"]).explain()

    assert "request_search" in plan


def test_the_index_follows_whoever_writes_the_words(county):
    request = county.receive()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_constituentrequest SET body = '改成水管漏了' WHERE id = %s", [request.pk]
        )

    assert found(ConstituentRequest.objects.all(), "水管漏") == {request.pk}
    assert (
        found(ConstituentRequest.objects.filter(Q(pk=request.pk)), "半个多月") == set()
        or "半个多月" in request.title
    )
