"""What the benches, the fault drivers and the corpus found: one JSON each under docs/quality, drawn into docs/quality.md.

    rows = [Row("G3", "statements of one intake", limit="≤ 20", measured="19", passed=True)]
    write("bench", rows, title="Speed as ratios", command="python3 dev.py bench", how="…", weak=["…"])

A run of a part keeps the rows it did not measure; each row therefore carries its own date and commit.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
DIRECTORY = CHECKOUT / "docs" / "quality"
PAGE = CHECKOUT / "docs" / "quality.md"
SHAPE = ("name", "commit", "date", "machine", "rows")
ROW_SHAPE = ("id", "what", "limit", "measured", "passed", "note")


@dataclass(frozen=True)
class Row:
    """One thing measured; `passed` is None where a figure is given without a limit."""

    id: str
    what: str
    limit: str
    measured: str
    passed: bool | None
    note: str = ""


def write(
    name: str,
    rows: Iterable[Row],
    *,
    title: str,
    command: str,
    how: str,
    weak: Sequence[str] = (),
    directory: Path = DIRECTORY,
) -> Path:
    """Put the rows into `name`.json, in place of those with the same ids, and draw the page again."""
    path = directory / f"{name}.json"
    now = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "commit": commit()}
    by_id = {row["id"]: row for row in (read(path)["rows"] if path.exists() else [])}
    by_id |= {row.id: asdict(row) | now for row in rows}
    told: dict[str, Any] = {
        "name": name,
        **now,
        "machine": machine(),
        "title": title,
        "command": command,
        "how": how,
    }
    told |= {"weak": list(weak), "rows": sorted(by_id.values(), key=_order)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if directory == DIRECTORY:
        PAGE.write_text(page(), encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """One file, refused when it has not the shape the page is drawn from."""
    told = json.loads(path.read_text(encoding="utf-8"))
    missing = [key for key in SHAPE if key not in told]
    missing += [
        f"{row.get('id')}.{key}" for row in told.get("rows", []) for key in ROW_SHAPE if key not in row
    ]
    if missing:
        raise ValueError(f"{path.name} lacks {', '.join(missing)}")
    return told


def _order(row: dict[str, Any]) -> tuple[str, int, str]:
    """G2 before G11, and what is no letter with a number in the order of the alphabet."""
    head = row["id"].split(".")[0]
    letters = head.rstrip("0123456789")
    return letters, int(head[len(letters) :] or 0), row["id"]


# --- where and when


def commit() -> str:
    """The commit measured; a + when the code differed from it."""
    revision = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return (revision or "unknown") + ("+" if changed else "")


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    python = platform.python_version()
    return f"{cores} cores, {memory:.0f} GB, {platform.system()} {platform.machine()}, Python {python}"


# --- the page


def reports(directory: Path = DIRECTORY) -> list[dict[str, Any]]:
    return [read(path) for path in sorted(directory.glob("*.json"))]


def page(directory: Path = DIRECTORY) -> str:
    """docs/quality.md: what was measured, how, when, with what result."""
    found = reports(directory)
    parts = [
        "# Quality, as measured\n\n",
        "<!-- Drawn by `python3 dev.py docs` from docs/quality/*.json; do not edit. -->\n\n",
        "Each table is the last run of the command above it; every row carries the day and the commit it was measured\n"
        "at (a + after the commit: with changes not yet committed). `python3 dev.py docs` says how old that is today.\n",
    ]
    if not found:
        parts.append("\nNothing has been measured yet.\n")
    return "".join(parts + [_section(told) for told in found])


def _section(told: dict[str, Any]) -> str:
    failed = [row["id"] for row in told["rows"] if row["passed"] is False]
    verdict = f"Missed: {', '.join(failed)}." if failed else "Nothing missed."
    lines = [
        f"\n## {told.get('title') or told['name']}\n\n",
        f"`{told['command']}`, " if told.get("command") else "",
        f"last on {told['date'][:16].replace('T', ' ')} UTC at {told['commit']}; {told['machine']}. {verdict}\n\n",
        f"{told['how']}\n\n" if told.get("how") else "",
        "| | what | limit | measured | | when | |\n|---|---|---|---|---|---|---|\n",
        *(_line(row, told) for row in told["rows"]),
    ]
    if told.get("weak"):
        lines += ["\nKnown weak points:\n\n", *(f"* {each}\n" for each in told["weak"])]
    return "".join(lines)


def _line(row: dict[str, Any], told: dict[str, Any]) -> str:
    mark = {True: "holds", False: "**missed**", None: ""}[row["passed"]]
    when = f"{row.get('date', told['date'])[:10]} {row.get('commit', told['commit'])}"
    cells = (row["id"], row["what"], row["limit"], row["measured"], mark, when, row["note"])
    return "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"


def ages(now: datetime | None = None) -> list[str]:
    """How old each file is today, in words."""
    now = now or datetime.now(UTC)
    found = []
    for told in reports():
        days = (now - datetime.fromisoformat(told["date"])).days
        since = _git("rev-list", "--count", f"{told['commit'].rstrip('+')}..HEAD") or "?"
        found.append(f"{told['name']}: measured {days} days and {since} commits ago")
    return found
