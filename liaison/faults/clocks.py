"""F27–F29: clocks that jump, hosts in other zones, days off. What is due and what is climbed must not depend on them."""

from __future__ import annotations

import time

from liaison.faults.ground import Ground
from liaison.faults.oracle import Finding

HOUR, DAY = 3600, 86400
ZONES = ("UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati")
# The edges of days, months, years; leap days; holidays moved to a weekend.
INSTANTS = [
    f"{day}T{hour}+08:00"
    for day in ("2024-02-28", "2024-02-29", "2024-12-31", "2025-01-26", "2025-12-31", "2026-02-14", "2026-09-30", "2026-12-31",
                "2027-02-28", "2028-02-29")
    for hour in ("00:00:00", "07:59:59", "15:59:59", "16:00:00", "23:59:59")
]  # fmt: skip


def f27(ground: Ground) -> Finding:
    """Two hours ahead, back, two behind: every sweep is told another hour than the last."""
    jumping, steady = ground.copy("f27"), ground.copy("f27_quiet")
    begun = time.time()
    with ground.child(jumping) as child, ground.child(steady) as other:
        before = child.call("standing")
        for step in range(ground.of(24, 4)):
            for jump in (0, 2 * HOUR, 0, -2 * HOUR):
                child.call("sweep", begun + step * 6 * HOUR + jump)
        last = begun + ground.of(24, 4) * 6 * HOUR + 2 * HOUR
        child.call("sweep", last)
        other.call("sweep", last)
        mine, theirs = child.call("standing"), other.call("standing")
        chains = child.call("broken_chains")
    moved = sum(1 for one, two in zip(before, mine, strict=True) if one != two)
    different = sum(1 for one, two in zip(mine, theirs, strict=True) if one != two)
    note = f"{moved} cases had something climbed; the hour is told to each sweep, the machine's own clock stands where it was"
    return Finding(
        f"{different} of {len(mine)} cases differ from a steady clock",
        not different and not chains and moved > 0,
        note,
    )


def f28(ground: Ground) -> Finding:
    """The same deadlines on hosts in four zones, over leap days and the ends of years."""
    database = ground.copy("f28")
    found = {}
    for zone in ZONES if not ground.is_short else ZONES[:2]:
        with ground.child(database, {"TZ": zone}) as child:
            found[zone] = child.call("deadline_days", INSTANTS)
    days = found["UTC"]
    leap = [each for each in days if "-02-29" in each]
    same = all(each == days for each in found.values())
    measured = (
        f"{len(days)} deadlines alike in {len(found)} zones" if same else "the deadlines differ by zone"
    )
    note = f"{len(leap)} of them end on a leap day; golden dates: tests/core/golden_deadlines.csv"
    return Finding(measured, same and len(days) == 3 * len(INSTANTS), note)


def f29(ground: Ground) -> Finding:
    """Three days in which nothing ran, then one sweep: each rung once, with the day on which it ought to have been climbed."""
    absent, present = ground.copy("f29"), ground.copy("f29_quiet")
    begun = time.time()
    with ground.child(absent) as child, ground.child(present) as other:
        before = child.call("standing")
        for quarter in range(3 * ground.of(96, 12)):
            other.call("sweep", begun + quarter * DAY / ground.of(96, 12))
        child.call("sweep", begun + 3 * DAY)
        other.call("sweep", begun + 3 * DAY)
        mine, theirs = child.call("standing"), other.call("standing")
        twice = child.call("sweep", begun + 3 * DAY)["rungs"]
    moved = sum(1 for one, two in zip(before, mine, strict=True) if one != two)
    different = sum(1 for one, two in zip(mine, theirs, strict=True) if one != two)
    measured = f"{different} of {len(mine)} cases differ from a run that swept all along; a second start climbs {twice}"
    return Finding(
        measured,
        not different and not twice and moved > 0,
        f"{moved} cases had something climbed in those days",
    )
