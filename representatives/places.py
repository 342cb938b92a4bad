"""Where representatives can be met: known to the app above that owns the places, told to this one at start-up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from accounts.access import Grant
    from accounts.models import Area


@dataclass(frozen=True)
class Seat:
    """One place where a person sits: what a public page says about it, and where a message to the person goes in."""

    code: str
    name: str
    url: str
    address: str
    when: str


class Places(Protocol):
    def seats(self, people: Collection[int]) -> dict[int, list[Seat]]:
        """The places of each of these people, by id; one statement for any number."""

    def people_serving(self, area: Area) -> Any:
        """Ids of the people who sit where a village or town is served, as a subquery."""

    def people_within(self, user: Any, grant: Grant) -> Any:
        """Ids of the people who sit in the reach of a staff member's grant, as a subquery."""

    def area_codes_of(self, user: Any) -> list[str]:
        """Codes of the divisions in which a person's own stations lie."""


_known: list[Places] = []


def tell(known: Places) -> None:
    """Called once, by the AppConfig of the app that owns the places."""
    _known[:] = [known]


def seats(people: Collection[int]) -> dict[int, list[Seat]]:
    return _known[0].seats(people) if _known else {}


def people_serving(area: Area) -> Any:
    return _known[0].people_serving(area) if _known else []


def people_within(user: Any, grant: Grant) -> Any:
    return _known[0].people_within(user, grant) if _known else []


def area_codes_of(user: Any) -> list[str]:
    return _known[0].area_codes_of(user) if _known else []
