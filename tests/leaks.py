"""Looking for somebody's name or number where it must not be, however it is wrapped."""

from __future__ import annotations

import base64
import re
import zlib

DEPTH = 3  # base64 in JSON in base64


def unwrapped(text: str, depth: int = DEPTH) -> str:
    """The text, and again with every base64 and hexadecimal run in it decoded, and what was pressed together opened."""
    found = []
    for run in set(re.findall(r"[A-Za-z0-9+/_-]{8,}={0,2}", text)):
        plain = run.rstrip("=").replace("-", "+").replace("_", "/")
        plain = plain[:-1] if len(plain) % 4 == 1 else plain
        found.append(base64.b64decode(plain + "=" * (-len(plain) % 4)))
    found += [bytes.fromhex(run) for run in set(re.findall(r"\\x((?:[0-9a-f]{2})+)", text))]
    inner = "\n".join(_opened(raw).decode("utf-8", "ignore") for raw in found)
    return text + "\n" + (unwrapped(inner, depth - 1) if inner and depth > 1 else inner)


def _opened(raw: bytes) -> bytes:
    try:
        return zlib.decompress(raw)
    except zlib.error:
        return raw
