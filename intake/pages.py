"""What a case shows to a person, the same at the desk, on its own page and in the admin: state, clocks, steps, what happened."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from django.core.cache import cache
from django.urls import reverse

from core import deadlines
from core.steps import open_steps
from intake import rules
from intake.models import ConstituentRequest
from intake.selectors import case as case_reads
from intake.selectors.desk import is_desk_person
from intake.selectors.matching import same_matters

logger = logging.getLogger(__name__)
PRESENT_SECONDS = 90
# The verb that A opens, the first of these that is open; M, T and B open their own.
PRIMARY = (
    "extend",
    "register",
    "assign",
    "reassign",
    "feed_back",
    "report_result",
    "supplement",
    "rate",
    "archive",
)
KEYS = {"merge": "M", "refer": "T", "ask": "B"}
ICONS = {
    "register": "check", "assign": "send", "reassign": "send", "merge": "merge", "refer": "split", "ask": "say",
    "feed_back": "say", "log_call": "phone", "rate": "star", "extend": "clock", "report_result": "check",
    "reject": "close", "note": "edit", "urge": "bell", "follow": "user", "archive": "file", "supplement": "edit",
}  # fmt: skip


def case_context(user: Any, case: ConstituentRequest) -> dict[str, Any]:
    """Everything a case's pane or page shows to this person. The number of statements does not grow with the case."""
    steps = open_steps(case, to=user)
    verbs = [step.name for step in steps]
    events = case_reads.events_of(case)
    pending = pending_extension(events) if "extend" in verbs else None
    primary = _primary(verbs, pending)
    buttons = sorted(
        (_button(case, step, primary) for step in steps), key=lambda each: not each["is_primary"]
    )
    may_reveal = rules.may_reveal(user, case)
    all_photos = case_reads.photos(case)
    alike = same_matters([case], user).get(case.pk, []) if "merge" in verbs else []
    kin, same = case_reads.beside(case, user, alike)
    lines = case_reads.timeline(case, events, inside=is_desk_person(user))
    return {
        "case": case,
        "faces": deadlines.faces(case),
        "lines": lines,
        "photos": [photo for photo in all_photos if photo.role == "evidence"],
        "result_photos": [photo for photo in all_photos if photo.role in ("before", "after")],
        "replies": list(
            case.replies.filter(signed_at__isnull=False).select_related("unit", "written_by", "signed_by")
        ),
        "kin": kin,
        "same": same,
        "accused": list(case.accused.select_related("unit")),
        "may_reveal": may_reveal,
        "contact_name": case.contact_name if may_reveal else "",
        "contact_masked": case.masked_phone if may_reveal and case.has_contact else "",
        "hides_numbers": may_reveal and case.hides_numbers(note for line in lines for note in line.notes),
        "also": also_looking(case, user),
        "main_steps": [each for each in buttons if each["is_main"]],
        "more_steps": [each for each in buttons if not each["is_main"]],
        "pending_extension": pending,
    }


def _primary(verbs: list[str], pending: Any) -> str:
    return next((verb for verb in PRIMARY if verb in verbs and (verb != "extend" or pending is not None)), "")


def _button(case: ConstituentRequest, step: Any, primary: str) -> dict[str, Any]:
    return {
        "verb": step.name,
        "label": step.label,
        "danger": step.danger,
        "url": reverse("intake:step", args=[case.public_id, step.name]),
        "icon": ICONS.get(step.name, "chevron"),
        "key": "A" if step.name == primary else KEYS.get(step.name, ""),
        "is_primary": step.name == primary,
        "is_main": step.name == primary or step.name in KEYS,
    }


def pending_extension(events: Sequence[Any]) -> Any | None:
    """The unit's wish for a later date that nobody has answered yet, of the events of a case from the oldest on."""
    about_it = ("request_extension", "extend", "refuse_extension", "submit_reply")
    last = next((event for event in reversed(events) if event.verb in about_it), None)
    return last if last is not None and last.verb == "request_extension" else None


def also_looking(case: Any, user: Any) -> list[str]:
    """Note that this person looks, and give the names of the others. Without a cache nobody is seen, nothing breaks."""
    key, now = f"presence:{case.label}:{case.pk}", time.time()
    try:
        seen: dict[int, tuple[str, float]] = cache.get(key) or {}
        seen = {who: (name, at) for who, (name, at) in seen.items() if now - at < PRESENT_SECONDS}
        seen[user.pk] = (str(user), now)
        cache.set(key, seen, timeout=PRESENT_SECONDS)
    except Exception:  # each client raises its own kinds; presence is a courtesy
        logger.warning("presence: the cache does not answer")
        return []
    return [name for who, (name, _at) in seen.items() if who != user.pk]
