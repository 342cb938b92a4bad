"""G14: a list of 100,000 rows taken along: ordered by the page, written by a worker, in little memory."""

from __future__ import annotations

import resource
import time
from typing import Any

from liaison.bench.measure import MARGIN
from liaison.bench.run import Run
from liaison.quality import Row

OFFICE = "0301.county"


def take(rows: int, kind: str) -> dict[str, Any]:
    """Order the newest so many requests as a table, write it, and say what the writing held at most."""
    from datetime import timedelta

    from django.db import transaction
    from django.utils import timezone

    from accounts.models import User
    from core import exports
    from core.models import Attachment
    from intake.models import ConstituentRequest

    exports.AT_ONCE = min(exports.AT_ONCE, rows // 2)
    at = ConstituentRequest.objects.order_by("-pk").values_list("created_at", flat=True)[rows - 1]
    since = timezone.localdate(at) + timedelta(days=1)
    user = User.objects.get(username=OFFICE)
    request = exports._asking(user, f"view=all&since={since.isoformat()}")
    form = exports.ExportForm({"reason": "年度台账", "format": kind})
    form.is_valid()
    begun = time.perf_counter()
    with transaction.atomic():
        answered = exports.take_along(request, "requests", "all", form)
    at_door = time.perf_counter() - begun
    before, begun = _peak(), time.perf_counter()
    exports.write_waiting()
    file = Attachment.objects.filter(case_label="export.requests").order_by("-pk").first()
    return {
        "grown": _peak() - before, "seconds": time.perf_counter() - begun, "at_door": at_door,
        "ordered": answered is None, "bytes": file.size if file is not None else 0,
    }  # fmt: skip


def _peak() -> float:
    """MB this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(run: Run) -> list[Row]:
    bench, rows = run.bench, min(100_000, run.rows // 2 if run.rows < 200_000 else 100_000)
    found = []
    with run.copy("taking") as database:
        for kind in ("xlsx", "csv"):
            told = bench.call("liaison.bench.taking:take", bench.env(database), rows, kind, seconds=1200)
            is_whole = told["bytes"] > 0 and (told["ordered"] or rows <= 5_000)
            found.append(
                Row(f"G14.{kind}", f"{rows} rows as {kind.upper()} by the worker, memory grown", "≤ 150 MB",
                    f"{told['grown']:.0f} MB", is_whole and told["grown"] <= 150 * MARGIN,
                    f"{told['seconds']:.0f} s in the worker, {told['bytes'] / 2**20:.1f} MB; ordered in "
                    f"{told['at_door']:.2f} s at the page")
            )  # fmt: skip
    return found
