"""The inbox of whoever is signed in, each message in the words of its notice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from core import outbox, tallies
from core.cases import case_model
from core.models import Message

PAGE = 20


@dataclass(frozen=True)
class Letter:
    message: Message
    subject: str
    text: str
    case: Any

    @property
    def page(self) -> str:
        """Where a message about no case leads to, if anywhere."""
        return str(self.message.context.get("page", ""))

    @property
    def is_unread(self) -> bool:
        return self.message.read_at is None


def inbox_of(user: Any, *, before: int | None = None) -> tuple[list[Letter], int | None]:
    """A stretch of the inbox, the newest first, and the mark of the next; one statement a kind of case."""
    rows = Message.objects.inbox_of(user).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    shown = found[:PAGE]
    cases = _cases_of(shown)
    letters = []
    for message in shown:
        case = cases.get((message.case_label, message.case_id))
        subject, text = outbox.render(message, case=case)
        letters.append(Letter(message, subject, text, case))
    return letters, shown[-1].pk if len(found) > PAGE else None


def _cases_of(messages: list[Message]) -> dict[tuple[str, int | None], Any]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for message in messages:
        if message.case_id is not None:
            wanted[message.case_label].add(message.case_id)
    return {
        (label, case.pk): case for label, ids in wanted.items() for case in _rows_of(label).filter(pk__in=ids)
    }


def _rows_of(label: str) -> Any:
    rows: Any = case_model(label).objects
    return rows.for_list()


def lists_of(user: Any) -> dict[str, Any]:
    """What is unread, for `core.tallies`."""
    return {"inbox": Message.objects.inbox_of(user).unread()}


def unread_count(user: Any) -> int:
    """How many are unread, counted to a hundred."""
    return tallies.of(user)["inbox"]
