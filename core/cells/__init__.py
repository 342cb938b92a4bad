"""Tables in and out: what people send us is read behind guards, what we export runs no formula."""

from core.cells.reading import MAX_BYTES, Row, read_day, read_table
from core.cells.writing import LONGEST_CELL, safe_cell, write_csv, write_xlsx

__all__ = [
    "LONGEST_CELL",
    "MAX_BYTES",
    "Row",
    "read_day",
    "read_table",
    "safe_cell",
    "write_csv",
    "write_xlsx",
]
