"""Chinese search without a dictionary: one- and two-character grams in a tsvector, with a substring recheck.

Recall against substring search is complete for one to many characters and for several words.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, F, Func, QuerySet, TextField, Value
from django.db.models.functions import Concat, StrIndex

from core.privacy import fold

MAX_QUERY = 60
MAX_WORDS = 6

# The gram column is filled by the database itself, so bulk SQL and the ORM cannot disagree. PL/pgSQL keeps its plan from
# one statement to the next: a function in plain SQL was planned anew for every request that came in.
SQL_GRAMS = r"""
CREATE OR REPLACE FUNCTION liaison_fold(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN lower(normalize(coalesce(words, ''), NFKC));
CREATE OR REPLACE FUNCTION liaison_grams(words text) RETURNS tsvector LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    -- As liaison_fold does it, spelled out: a restore fills the column with an empty search path.
    chars text[] := string_to_array(regexp_replace(lower(normalize(coalesce(words, ''), NFKC)), '\s', ' ', 'g'), NULL);
BEGIN
    RETURN coalesce((
        SELECT array_to_tsvector(array_agg(gram)) FROM (
            SELECT c AS gram FROM unnest(chars) AS t(c) WHERE c <> ' '
            UNION ALL
            SELECT c || following FROM unnest(chars, chars[2:]) AS t(c, following) WHERE c <> ' ' AND following <> ' '
        ) grams
    ), ''::tsvector);
END $$;
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
    # By position and not by LIKE, of which the planner expects next to nothing: with a word that stands in every fifth row
    # it then collected and sorted them all, where the newest 25 were a step away.
    for place, word in enumerate(words):
        at = f"_at{place}"
        found = found.alias(**{at: StrIndex(whole, Value(word))}).filter(**{f"{at}__gt": 0})
    return found
