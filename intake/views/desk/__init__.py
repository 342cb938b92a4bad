"""The staff's desks: the queue, a case and its steps, the counter, call-backs, batches and exports."""

from intake.views.desk.batch import batch, export
from intake.views.desk.case import case_page, keep_draft, presence, reveal, slip, take_step
from intake.views.desk.counter import callbacks, counter
from intake.views.desk.queue import desk, desk_filter, lookup, pulse

__all__ = [
    "batch",
    "callbacks",
    "case_page",
    "counter",
    "desk",
    "desk_filter",
    "export",
    "keep_draft",
    "lookup",
    "presence",
    "pulse",
    "reveal",
    "slip",
    "take_step",
]
