"""Which earlier words speak of the same thing: candidates by spaced trigrams, re-ranked by tf-idf of characters.

Suggests to a person, never decides: at most a few, and never merges by itself.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from core.privacy import fold

THRESHOLD = 0.28
# Words people use for one another. Data, not rules: folding only raises a score.
SYNONYMS = {
    "不亮": "坏",
    "停运": "坏",
    "坏了": "坏",
    "失灵": "坏",
    "农贸市场": "菜市场",
    "集市": "菜市场",
    "厕所": "公厕",
    "卫生间": "公厕",
    "自来水": "水",
    "停水": "没水",
    "断水": "没水",
    "浑浊": "浑",
    "路口": "路",
    "公路": "路",
    "枯树": "死树",
    "卫生室": "诊所",
}
_WORTHLESS = re.compile(r"[\s，。！？、；：“”‘’（）()《》,.!?;:~\-—…\d*]+")


def spaced(text: str) -> str:
    """路 灯 不 亮: with spaces between, a trigram index sees single Chinese characters."""
    return " ".join(_WORTHLESS.sub("", fold(text).lower()))[:2000]


def terms(text: str) -> Counter[str]:
    flat = fold(text).lower()
    for word, same in SYNONYMS.items():
        flat = flat.replace(word, same)
    flat = _WORTHLESS.sub("", flat)
    return Counter([*flat, *(flat[i : i + 2] for i in range(len(flat) - 1))])


def rank(
    text: str, candidates: Iterable[tuple[int, str]], *, top: int = 3, threshold: float = THRESHOLD
) -> list[tuple[int, float]]:
    """The candidates most like the text, best first, as (id, cosine); only those above the threshold."""
    known = [(pk, terms(words)) for pk, words in candidates]
    mine = terms(text)
    if not known or not mine:
        return []
    weights = _weights([mine, *(counts for _pk, counts in known)])
    scored = [(pk, _cosine(mine, counts, weights)) for pk, counts in known]
    return sorted([each for each in scored if each[1] >= threshold], key=lambda each: (-each[1], each[0]))[
        :top
    ]


def _weights(documents: Sequence[Counter[str]]) -> dict[str, float]:
    seen: Counter[str] = Counter()
    for counts in documents:
        seen.update(counts.keys())
    # Two-character terms say more than single ones.
    return {term: (math.log((1 + len(documents)) / (1 + n)) + 1) * len(term) for term, n in seen.items()}


def _cosine(one: Counter[str], other: Counter[str], weights: dict[str, float]) -> float:
    def vector(counts: Counter[str]) -> dict[str, float]:
        return {term: (1 + math.log(n)) * weights[term] for term, n in counts.items()}

    a, b = vector(one), vector(other)
    length = math.sqrt(sum(v * v for v in a.values())) * math.sqrt(sum(v * v for v in b.values()))
    return sum(value * b[term] for term, value in a.items() if term in b) / length if length else 0.0
