"""What people may type to log in: their user name, or a name that an upper app knows (a representative's certificate).

An upper app registers in its AppConfig's `ready`: `names.register(username_by_certificate)`.
"""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import User
from core.privacy import fold

Lookup = Callable[[str], str]

_lookups: list[Lookup] = []


def register(lookup: Lookup) -> None:
    """Make other names known: a function from what was typed to a user name, or to an empty string."""
    if lookup not in _lookups:
        _lookups.append(lookup)


def username_of(typed: str) -> str:
    """The user name meant; what was typed when nobody is called so. Asks the same questions either way."""
    name = fold(typed).strip()
    others = [found for lookup in _lookups if (found := lookup(name))]
    if User.objects.filter(username=name).exists():
        return name
    return others[0] if others else name
