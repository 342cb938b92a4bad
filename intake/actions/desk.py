"""What the desk does in one go: counter entry, call-backs, batches, photos of a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Category, Unit
from core.images import CleanImage, store_bytes
from core.models import Attachment
from core.workflow import NotAllowed, WorkflowError
from intake import rules
from intake.actions.assigning import assign
from intake.actions.feedback import log_call, rate, settle
from intake.actions.lineage import merge
from intake.actions.receiving import Contact, receive, register
from intake.models import AccusedUnit, ConstituentRequest

MAX_RESULT_PHOTOS = 6


@transaction.atomic
def take_in(
    *,
    accused: Iterable[Unit] = (),
    register_now: bool = False,
    category: Category,
    complexity: str = "",
    by: Any,
    now: datetime | None = None,
    contact: Contact,
    **said: Any,
) -> ConstituentRequest:
    """来访来电登记: take somebody's words down for them, and register at once when the clerk may.

    A unit that is complained about is named before anybody could be handed the case.
    """
    request = receive(category=category, contact=contact, by=by, now=now, **said)
    AccusedUnit.objects.bulk_create([AccusedUnit(request=request, unit=unit) for unit in accused])
    if register_now and rules.may_register(by, request):
        register(request, by=by, category=category, complexity=complexity, now=now)
    return request


@transaction.atomic
def call_back(
    request: ConstituentRequest,
    *,
    by: Any,
    outcome: str,
    solved: str = "",
    satisfied: str = "",
    note: str = "",
    version: int | None = None,
    now: datetime | None = None,
) -> ConstituentRequest:
    """回访: the try is written down; what the resident answered to the two questions moves the case.

    Someone half content who has been talked to, and gave no new answer, is settled by what the clerk wrote.
    """
    log_call(request, by=by, outcome=outcome, note=note, version=version, now=now)
    if solved or satisfied:
        return rate(request, by=by, solved=solved, satisfied=satisfied, remark=note, now=now)
    if request.state == "callback" and outcome == "reached" and note.strip():
        return settle(request, by=by, note=note, now=now)
    return request


@dataclass
class Batch:
    """What came of doing one thing to many cases: those done, and those left with the reason."""

    done: list[ConstituentRequest] = field(default_factory=list)
    left: list[tuple[ConstituentRequest, str]] = field(default_factory=list)


def assign_many(
    requests: Sequence[ConstituentRequest],
    *,
    unit: Unit,
    by: Any,
    complexity: str = "",
    instruction: str = "",
    versions: dict[int, int] | None = None,
    now: datetime | None = None,
) -> Batch:
    """批量交办: one action, one event for each case, one action id for all. A case that cannot go is left with the reason."""
    batch, action_id = Batch(), uuid4()
    for request in sorted(requests, key=lambda each: each.pk):
        try:
            assign(
                request,
                unit=unit,
                by=by,
                complexity=complexity,
                instruction=instruction,
                version=(versions or {}).get(request.pk),
                now=now,
                action_id=action_id,
            )
        except (WorkflowError, ValidationError) as problem:
            batch.left.append((request, reason_of(problem)))
        else:
            batch.done.append(request)
    return batch


def merge_many(
    requests: Sequence[ConstituentRequest],
    *,
    into: ConstituentRequest,
    by: Any,
    versions: dict[int, int] | None = None,
    now: datetime | None = None,
) -> Batch:
    """批量合并: 39 → 22. Every submitter keeps number, answer and rating."""
    batch, action_id = Batch(), uuid4()
    for request in sorted(requests, key=lambda each: each.pk):
        if request.pk == into.pk:
            continue
        try:
            version = (versions or {}).get(request.pk)
            merge(request, into=into, by=by, version=version, now=now, action_id=action_id)
        except (WorkflowError, ValidationError) as problem:
            batch.left.append((request, reason_of(problem)))
        else:
            batch.done.append(request)
    return batch


def reason_of(problem: WorkflowError | ValidationError) -> str:
    return problem.message if isinstance(problem, WorkflowError) else "".join(problem.messages)


@transaction.atomic
def attach_photos(
    request: ConstituentRequest, *, photos: Sequence[CleanImage], role: str, by: Any
) -> list[Attachment]:
    """Photos from before and after: kept with the case until the answer is signed. The files are written first."""
    _check_photos(request, by)
    there = photos_of_result(request).count()
    if there + len(photos) > MAX_RESULT_PHOTOS:
        raise ValidationError(
            _("办理照片最多 %(most)d 张，多了 %(n)d 张")
            % {"most": MAX_RESULT_PHOTOS, "n": there + len(photos) - MAX_RESULT_PHOTOS}
        )
    made = [
        Attachment(
            case_label=request.label,
            case_id=request.pk,
            role=role,
            path=store_bytes(photo.content),
            sha256=photo.sha256,
            size=len(photo.content),
            width=photo.width,
            height=photo.height,
            uploaded_by=by,
        )
        for photo in photos
    ]
    return Attachment.objects.bulk_create(made)


def _check_photos(request: ConstituentRequest, by: Any) -> None:
    """Raises NotAllowed unless the answer is still being written, by whoever writes it."""
    open_for = {"submit_reply": rules.may_reply, "report_result": rules.may_report_result}
    moves = request.workflow.transitions
    if not any(request.state in moves[verb].sources and rule(by, request) for verb, rule in open_for.items()):
        raise NotAllowed(_("答复已经送审，照片不能再改。"))


def photos_of_result(request: ConstituentRequest) -> Any:
    roles = (Attachment.Role.BEFORE, Attachment.Role.AFTER)
    return Attachment.objects.about(request).filter(role__in=roles)


@transaction.atomic
def remove_photo(request: ConstituentRequest, *, public_id: str, by: Any) -> None:
    """Take back a photo of a result not yet signed; the file itself goes with the nightly cleaning."""
    _check_photos(request, by)
    photos_of_result(request).filter(public_id=public_id).delete()
