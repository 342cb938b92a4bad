"""One function in a process of its own: `python -m liaison.bench.child module:function '[…]'`; what it gives is printed as JSON."""

from __future__ import annotations

import importlib
import json
import sys

import django


def main(place: str, words: str) -> None:
    django.setup()
    module, _colon, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)(*json.loads(words))
    sys.stdout.write(f"\n{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:3])
