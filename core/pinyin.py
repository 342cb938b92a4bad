"""Sort keys for Chinese names: neither engine offers a pinyin collation to SQL."""

from pypinyin import Style, lazy_pinyin


def sort_key(text: str) -> str:
    """A lower-case pinyin key of at most 160 characters: 重庆 → chongqing."""
    return "".join(lazy_pinyin(text, style=Style.NORMAL, errors="default")).lower()[:160]
