"""Opening what is masked: with a reason, written down, and told to the auditors when it becomes a habit."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.looking import log_looking, looks_today
from core.workflow import NotAllowed
from intake import notices, rules
from intake.models import ConstituentRequest, RequestNote
from intake.selectors.desk import is_desk_person

# More in one day than a clerk on the telephone needs.
OFTEN = 30


@transaction.atomic
def reveal_contact(request: ConstituentRequest, *, by: Any, reason: str) -> tuple[str, str]:
    """(name, number) in full, after writing down who looked and why. Raises NotAllowed."""
    look(request, "contact", by=by, reason=reason)
    return request.contact_name, request.contact_phone


@transaction.atomic
def reveal_numbers(request: ConstituentRequest, *, by: Any, reason: str) -> list[str]:
    """The numbers cut out of the words, in their order: of the first letter, its place, then what passed after it.

    Who does not read the station's own notes does not read their numbers either. Raises NotAllowed.
    """
    look(request, "numbers", by=by, reason=reason)
    notes = request.notes.all() if is_desk_person(by) else request.notes.exclude(kind=RequestNote.Kind.STAFF)
    return [*request.body_spans, *(number for note in notes for number in note.spans)]


def look(request: ConstituentRequest, what: str, *, by: Any, reason: str) -> None:
    """Write down who opens what of a case. Raises NotAllowed for those who may not."""
    if not rules.may_reveal(by, request):
        raise NotAllowed(_("群众选了只给联络站看，请经联络站转告。"))
    log_looking(by=by, what=what, reason=reason, about=request)
    if (count := looks_today(by)) >= OFTEN:
        outbox.post(
            notices.LookedOften,
            to=notices.auditors(),
            about=None,
            dedupe=f"{by.pk}:{timezone.localdate().isoformat()}",
            context={
                "username": by.username,
                "n": count,
                "page": f"{reverse('admin:core_accesslog_changelist')}?{urlencode({'q': by.username})}",
            },
        )
