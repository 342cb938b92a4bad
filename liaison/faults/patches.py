"""What a driver's own server processes do differently: `FAULT_PATCHES` names it. Each control takes one lock away.

A race that passes with its lock and passes without it has tested nothing: `races` holds the controls to failing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from django.apps import AppConfig


def always_day() -> None:
    """Text messages go out at any hour: a run at night must not wait for the morning."""
    from core import outbox

    outbox.QUIET_FROM, outbox.QUIET_TO = 24, 0


def without_row_lock() -> None:
    """A step reads the case and locks nothing."""
    from core import workflow

    def hold(case: Any, verb: str, **given: Any) -> Any:
        case.refresh_from_db()
        move = case.workflow.transitions[verb]
        by = given.get("by")
        kind = given.get("actor_kind") or ("user" if by is not None else "system")
        workflow.check_open(case, move, by=by, actor_kind=kind, version=given.get("version"))
        return move

    original = workflow.hold
    for module in list(sys.modules.values()):  # actions that hold a case themselves know it by its name
        if getattr(module, "hold", None) is original:
            vars(module)["hold"] = hold


def without_claim() -> None:
    """A key is looked up and not claimed, as a naive view would."""
    from core import idempotency
    from core.models.draft import Submission

    def once(scope: str, key: str, body: Any, act: Callable[[], Any], *, status: int = 201) -> Any:
        before = Submission.objects.filter(scope=scope, key=key).first()
        if before is not None:
            return idempotency.Answer(before.status, before.answer, replayed=True)
        answer, case = act()
        row = Submission(
            scope=scope, key=key, body_digest=idempotency.digest(body), answer=answer, status=status
        )
        row.case_label, row.case_id = (case.label, case.pk) if case is not None else ("", None)
        Submission.objects.bulk_create([row], ignore_conflicts=True)
        return idempotency.Answer(status, answer)

    idempotency.once = once


PATCHES = {each.__name__: each for each in (always_day, without_row_lock, without_claim)}


class FaultsConfig(AppConfig):
    name = "liaison.faults"
    label = "faults"

    def ready(self) -> None:
        for name in os.environ.get("FAULT_PATCHES", "").split():
            PATCHES[name]()
