"""Photos: only our own re-encoding is ever stored, so nothing hidden in the file survives."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import warnings
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 40_000_000
LONG_SIDE = 2000
_SIGNATURES = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF", "WEBP"))


@dataclass(frozen=True)
class CleanImage:
    content: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def clean_image(upload: Any) -> CleanImage:
    """A JPEG of our own from an uploaded JPEG, PNG or WebP: turned upright, without EXIF, place or appended data.

    Raises ValidationError in the resident's words for anything else, for more than 8 MB or 40 million pixels.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(
            _("这张太大（%(size)d MB），请换一张") % {"size": upload.size // (1024 * 1024)}, code="too_big"
        )
    upload.seek(0)
    raw = upload.read(MAX_BYTES + 1)
    kind = next((name for mark, name in _SIGNATURES if raw.startswith(mark)), None)
    if kind is None or (kind == "WEBP" and raw[8:12] != b"WEBP"):
        raise ValidationError(_("这个不是照片，请选 JPG 或 PNG"), code="not_a_photo")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _encode(raw, kind)
    except ValidationError:
        raise
    except Exception as problem:  # a decoder fed with garbage fails in any way
        raise ValidationError(_("这张照片打不开，请换一张"), code="broken") from problem


def _encode(raw: bytes, kind: str) -> CleanImage:
    with Image.open(BytesIO(raw), formats=[kind]) as image:
        # A phone's JPEG may carry a second picture (depth, HDR): the first is the photo. Others with frames move.
        moves = kind != "JPEG" and getattr(image, "n_frames", 1) > 1
        if image.width * image.height > MAX_PIXELS or moves:
            raise ValidationError(_("这张太大或会动，请换一张普通照片"), code="too_many_pixels")
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = ImageOps.exif_transpose(image)
        if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
            seen = upright.convert("RGBA")
            upright = Image.new("RGB", seen.size, "white")
            upright.paste(seen, mask=seen.getchannel("A"))
        elif upright.mode.startswith(("I", "F")):  # 16 bits of grey: the upper 8 are what a screen shows
            upright = upright.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
        else:
            upright = upright.convert("RGB")
        upright.thumbnail((LONG_SIDE, LONG_SIDE))
        upright.info.clear()  # the encoder would copy a comment along
        out = BytesIO()
        upright.save(out, "JPEG", quality=82, optimize=True)
        return CleanImage(out.getvalue(), upright.width, upright.height)


def store_bytes(content: bytes, *, suffix: str = ".jpg") -> str:
    """Write a private file under a random name, whole or not at all, before any row names it; gives its relative path."""
    return store_chunks([content], suffix=suffix)[0]


def store_chunks(chunks: Iterable[bytes], *, suffix: str) -> tuple[str, str, int]:
    """The same for a file that comes piece by piece: (path, digest, size)."""
    digest, size = hashlib.sha256(), 0
    name = secrets.token_hex(16)
    relative = Path(name[:2]) / name[2:4] / f"{name}{suffix}"
    target = settings.PRIVATE_ROOT / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        # Half a file on a full disk would keep it full.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    return relative.as_posix(), digest.hexdigest(), size


def _inside(path: str) -> Path:
    target = (settings.PRIVATE_ROOT / path).resolve()
    if not path or not target.is_relative_to(Path(settings.PRIVATE_ROOT).resolve()):
        raise FileNotFoundError(path)
    return target


def open_private(path: str) -> IO[bytes]:
    """Raises FileNotFoundError for what is not there or lies outside the private root."""
    return _inside(path).open("rb")


def orphans(known: Collection[str], *, before: float) -> Iterator[str]:
    """Private files older than an instant that no row names: what a crash between file and row left behind."""
    root = Path(settings.PRIVATE_ROOT)
    for file in root.rglob("*"):
        path = file.relative_to(root).as_posix()
        if file.is_file() and path not in known and file.stat().st_mtime < before:
            yield path


def delete_private(path: str) -> None:
    """Remove a private file; one already gone is no error."""
    if path:
        _inside(path).unlink(missing_ok=True)
