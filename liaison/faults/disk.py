"""F14–F16, F40: no room for a photo, a read-only disk, no room for the database's log, and pictures that would eat the memory."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from liaison.faults.ground import Ground, Site, children_of
from liaison.faults.oracle import Finding
from liaison.faults.residents import Residents, send_photo

NOT_ROOT = "needs root, to mount a small disk"
REFUSED = (503, 507)


@contextmanager
def small_disk(ground: Ground, name: str, size: str) -> Iterator[Path]:
    place = ground.home / name
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "none", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def photo(side: int = 1200) -> bytes:
    from PIL import Image

    out = BytesIO()
    Image.effect_noise((side, side), 90).convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()


def without_room(ground: Ground, name: str, *, read_only: bool) -> Finding:
    """Photos sent to a case until there is no room: told so, no half record; the words themselves are taken in all the same."""
    if os.geteuid() != 0:
        return Finding(NOT_ROOT, False)
    database = ground.copy(name)
    picture = photo()
    with (
        small_disk(ground, name, "1500k") as place,
        ground.child(database, {"MEDIA_ROOT": str(place)}) as child,
    ):
        told = child.call("facts")
        with ground.site(database, more={"MEDIA_ROOT": str(place)}) as site:
            people = Residents(site.port, told["stations"])
            said = people.say()
            first = send_photo(site.port, said.code, picture)
            if read_only:
                subprocess.run(["mount", "-o", "remount,ro", place], check=True)
            answers = [
                send_photo(site.port, said.code, photo(1000 + turn)) for turn in range(ground.of(12, 6))
            ]
            refused = next((each for each in answers if each[0] != 200), (0, ""))
            still = people.say()
            half, kept = child.call("files_and_rows", said.number)
            if read_only:
                subprocess.run(["mount", "-o", "remount,rw", place], check=True)
            else:
                child.call("drop_a_photo", said.number)
            after = send_photo(site.port, said.code, picture)[0]
    statuses = Counter(status for status, _text in answers)
    measured = f"{_counts(statuses)}; {kept} photos kept, {half} half ones; words still taken in; with room again {after}"
    words = _sentence(refused[1])
    clear = refused[0] in REFUSED and "照片" in words
    passed = (
        first[0] == 200
        and clear
        and not half
        and still.accepted
        and after == 200
        and set(statuses) <= {200, *REFUSED}
    )
    return Finding(measured, passed, f"a disk of 1.5 MB (tmpfs), MEDIA_ROOT; told: {words}")


def _counts(statuses: Counter[int]) -> str:
    return ", ".join(f"{times} × {status}" for status, times in sorted(statuses.items()))


def _sentence(answer: str) -> str:
    """The title of a problem in JSON, as a phone's script is told it."""
    try:
        return str(json.loads(answer)["title"])
    except (ValueError, KeyError):
        return answer.strip()[:80]


def f14(ground: Ground) -> Finding:
    return without_room(ground, "f14", read_only=False)


def f16(ground: Ground) -> Finding:
    return without_room(ground, "f16", read_only=True)


# --- F40


def bomb(side: int, *, mode: str = "RGBA") -> bytes:
    """A PNG of side × side transparent pixels in a few kilobytes."""
    kind, width = (6, 4) if mode == "RGBA" else (0, 1)
    row = b"\0" + b"\0" * (side * width)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _row in range(side)) + packer.flush()
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, kind, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


def f40(ground: Ground) -> Finding:
    """Eight pictures at once, each of as many pixels as we take, and of far more, in a web server whose memory is limited."""
    limit = 1200 * 2**20
    database = ground.copy("f40")
    largest, over = bomb(6320), bomb(ground.of(20_000, 8_000), mode="L")
    with ground.child(database) as child:
        told = child.call("facts")
        with ground.site(database, more={"MEDIA_ROOT": str(ground.home / "f40-files")}) as site:
            limited = _limit_memory(site, limit)
            people = Residents(site.port, told["stations"])
            said = [people.say() for _each in range(8)]
            refused = send_photo(site.port, said[0].code, over)
            peak = _Peak(site)
            with ThreadPoolExecutor(9) as crowd:
                watching = crowd.submit(peak.watch)
                answers = [
                    status
                    for status, _text in crowd.map(
                        lambda each: send_photo(site.port, each.code, largest), said
                    )
                ]
                peak.ends = True
                watching.result()
            after = people.say()
            alone = send_photo(site.port, after.code, largest)[0]
    odd = [status for status in answers if status not in (200, 422, 503)]
    measured = (
        f"8 at once of 40 million pixels: {_counts(Counter(answers))}; far more: {refused[0]}; "
        f"most memory of a process {peak.most // 2**20} MB"
    )
    passed = (
        not odd
        and refused[0] == 422
        and alone == 200
        and after.accepted
        and not site.deaths
        and peak.most < limit
    )
    note = f"{limited} web processes limited to {limit // 2**20} MB each; one such picture alone, afterwards: {alone}"
    return Finding(measured, passed, note)


class _Peak:
    def __init__(self, site: Site) -> None:
        self.site, self.most, self.ends = site, 0, False

    def watch(self) -> None:
        while not self.ends:
            process = self.site.services["web"].process
            for pid in children_of(process.pid) if process is not None else []:
                with contextlib.suppress(OSError):
                    self.most = max(
                        self.most,
                        int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
                    )
            time.sleep(0.05)


def _limit_memory(site: Site, limit: int) -> int:
    """A hard limit on what each web process may map, as a container's would be on what it uses."""
    import resource

    process = site.services["web"].process
    found = children_of(process.pid) if process is not None else []
    for pid in found:
        used = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        allowed = limit + used - resident
        resource.prlimit(pid, resource.RLIMIT_AS, (allowed, allowed))
    return len(found)
