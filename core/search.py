"""Chinese search without a dictionary: one- and two-character grams in a tsvector, with a substring recheck.

Recall against substring search is complete for one to many characters and for several words.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat

from core.privacy import fold

MAX_QUERY = 60
MAX_WORDS = 6

# The gram column is filled by the database itself, so bulk SQL and the ORM cannot disagree.
SQL_GRAMS = r"""
CREATE OR REPLACE FUNCTION liaison_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(normalize(coalesce(words, ''), NFKC));
CREATE OR REPLACE FUNCTION liaison_grams(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH chars AS (
        SELECT c, n, lead(c) OVER (ORDER BY n) AS following
        FROM regexp_split_to_table(liaison_fold(words), '') WITH ORDINALITY AS t(c, n)
    ),
    grams AS (
        SELECT c AS gram FROM chars WHERE c <> '' AND c !~ '\s'
        UNION SELECT c || following FROM chars WHERE c <> '' AND c !~ '\s' AND following !~ '\s'
    )
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT gram)), ''::tsvector) FROM grams;
END;
"""


def words_of(query: str) -> list[str]:
    """The words of a query, folded as the index is: at most six, sixty characters in all."""
    return "".join(map(_lower, fold(query.replace("\0", ""))))[:MAX_QUERY].split()[:MAX_WORDS]


def _lower(char: str) -> str:
    """One character for one, as PostgreSQL does it: Python alone would end a Greek word with another sigma."""
    lowered = char.lower()
    return lowered if len(lowered) == 1 else char


def grams(word: str) -> list[str]:
    """What must be in the index for a word to be in the text: its pairs, or itself when it is one character."""
    return [word] if len(word) == 1 else sorted({word[i : i + 2] for i in range(len(word) - 1)})


def _lexeme(gram: str) -> str:
    return "'" + gram.replace("\\", "\\\\").replace("'", "''") + "'"


class _Matches(Func):
    output_field = BooleanField()
    template = "(%(expressions)s)"
    arg_joiner = " @@ "


class _TsQuery(Func):
    template = "(%(expressions)s)::tsquery"


def search(queryset: QuerySet[Any], query: str, *, vector: str, texts: list[str]) -> QuerySet[Any]:
    """The rows whose texts contain every word of the query, by the gram index first and a substring check after."""
    words = words_of(query)
    if not words:
        return queryset
    needed = sorted({gram for word in words for gram in grams(word)})
    tsquery = _TsQuery(Value(" & ".join(_lexeme(gram) for gram in needed)))
    found = queryset.annotate(_hit=_Matches(F(vector), tsquery)).filter(_hit=True)
    whole = Func(
        Concat(*[item for text in texts for item in (F(text), Value("\n"))], output_field=TextField()),
        function="liaison_fold",
    )
    found = found.alias(_whole=whole)
    recheck = Q()
    for word in words:
        recheck &= Q(_whole__contains=word)
    return found.filter(recheck)
