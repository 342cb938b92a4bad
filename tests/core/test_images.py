"""Photos: whatever comes in, only our own plain JPEG is kept."""

import errno
import struct
import zlib
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core import images
from core.images import MAX_BYTES, clean_image, delete_private, open_private, orphans, store_bytes


def picture(kind="JPEG", mode="RGB", size=(64, 48), colour=None, **options):
    file = BytesIO()
    image = Image.new(mode, size, colour) if colour is not None else Image.new(mode, size)
    image.save(file, kind, **options)
    return file.getvalue()


def upload(raw):
    return SimpleUploadedFile("photo", raw)


def cleaned(raw):
    result = clean_image(upload(raw))
    return result, Image.open(BytesIO(result.content))


def refused(raw):
    with pytest.raises(ValidationError) as caught:
        clean_image(upload(raw))
    return caught.value.code


def with_everything():
    """A JPEG with EXIF, GPS, a maker's note, XMP, a comment and an archive glued to its end."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132] = "PhoneMaker", "Phone 9", "2026:06:01 10:00:00"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (26.0, 30.0, 1.0), "E", (106.0, 42.0, 2.0)
    raw = picture(exif=exif, comment=b"call 13800002746", xmp=b"<x:xmpmeta>secret place</x:xmpmeta>")
    return raw + b"PK\x03\x04<?php system($_GET[0]); ?>"


def test_nothing_hidden_in_a_photo_survives():
    raw = with_everything()
    assert b"PhoneMaker" in raw

    result, image = cleaned(raw)

    for secret in (b"PhoneMaker", b"Exif", b"13800002746", b"secret place", b"PK\x03\x04", b"php"):
        assert secret not in result.content
    assert not dict(image.getexif())
    assert image.format == "JPEG"
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation

    result, _image = cleaned(picture(size=(80, 40), exif=exif))

    assert (result.width, result.height) == ((80, 40) if orientation < 5 else (40, 80))


@pytest.mark.parametrize(
    ("kind", "mode", "colour", "expected"),
    [
        ("JPEG", "L", 200, (200, 200, 200)),
        ("JPEG", "CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("PNG", "RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("PNG", "LA", (0, 0), (255, 255, 255)),
        ("PNG", "P", 0, (0, 0, 0)),
        ("PNG", "1", 1, (255, 255, 255)),
        ("PNG", "I;16", 32768, (128, 128, 128)),
        ("PNG", "RGB", (10, 20, 30), (10, 20, 30)),
        ("WEBP", "RGB", (10, 200, 30), (10, 200, 30)),
        ("WEBP", "RGBA", (10, 200, 30, 0), (255, 255, 255)),
    ],
)
def test_every_kind_of_pixel_becomes_plain_colour(kind, mode, colour, expected):
    _result, image = cleaned(picture(kind, mode, colour=colour))

    assert image.mode == "RGB"
    found = image.getpixel((20, 20))
    assert all(abs(a - b) <= 12 for a, b in zip(found, expected, strict=True)), found


def test_a_large_photo_is_made_smaller():
    result, _image = cleaned(picture(size=(3000, 1500)))

    assert (result.width, result.height) == (2000, 1000)
    assert len(result.sha256) == 64


def frames(kind):
    file = BytesIO()
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    first.save(file, kind, save_all=True, append_images=[second])
    return file.getvalue()


def test_what_moves_is_refused_but_a_phones_second_picture_is_only_left_out():
    assert refused(frames("PNG")) == "too_many_pixels"
    assert refused(frames("WEBP")) == "too_many_pixels"

    result, image = cleaned(frames("MPO"))

    assert (result.width, getattr(image, "n_frames", 1)) == (32, 1)
    assert image.getpixel((5, 5))[0] > 200


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"x", b"<svg onload=alert(1)>", b"%PDF-1.7", b"PK\x03\x04", b"GIF89a" + b"\0" * 40, b"BM" + b"\0" * 60,
        b"RIFF\0\0\0\0WAVEfmt ", b"<html><script>", b"\0\0\0\x18ftypheic", b"II*\0", b"MZ\x90\0",
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused_by_its_bytes_whatever_it_is_called(raw):
    assert refused(raw) == "not_a_photo"


def test_a_photo_cut_off_or_full_of_noise_is_refused_clearly():
    whole = picture("PNG", size=(200, 200), colour=(1, 2, 3))
    jpeg = picture(size=(200, 200))
    for raw in (
        whole[:60],
        jpeg[: len(jpeg) // 2],
        jpeg[:4],
        b"\xff\xd8\xff" + b"\0" * 500,
        b"\x89PNG\r\n\x1a\n" + b"\xff" * 500,
        b"RIFF\x10\0\0\0WEBPVP8 ",
    ):
        assert refused(raw) == "broken"


def bomb(width, height):
    """A PNG of a few bytes that says it is enormous."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(6400, 6400), (10_000, 10_000), (60_000, 60_000)])
def test_a_small_file_with_very_many_pixels_is_refused_before_it_is_unpacked(size):
    assert refused(bomb(*size)) in ("too_many_pixels", "broken")


def test_a_file_too_large_is_refused_unread():
    class Huge:
        size = MAX_BYTES + 10 * 1024 * 1024

        def read(self, *_args):
            raise AssertionError("it was read")

        seek = read

    with pytest.raises(ValidationError, match="18 MB"):
        clean_image(Huge())


# --- files


def test_a_file_is_kept_under_a_random_name_and_read_and_removed(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path

    path = store_bytes(b"bytes")

    assert len(path) == len("ab/cd/") + 32 + len(".jpg")
    with open_private(path) as file:
        assert file.read() == b"bytes"
    assert not list(tmp_path.rglob("*.part"))
    delete_private(path)
    delete_private(path)
    delete_private("")
    with pytest.raises(FileNotFoundError):
        open_private(path)


@pytest.mark.parametrize("path", ["", "../secret", "/etc/passwd", "a/../../secret"])
def test_nothing_outside_the_private_root_is_opened_or_removed(path, settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path / "files"
    settings.PRIVATE_ROOT.mkdir()
    (tmp_path / "secret").write_text("x")

    with pytest.raises(FileNotFoundError):
        open_private(path)
    if path:
        with pytest.raises(FileNotFoundError):
            delete_private(path)
    assert (tmp_path / "secret").exists()


def test_a_disk_that_is_full_keeps_no_half_file(settings, tmp_path, monkeypatch):
    settings.PRIVATE_ROOT = tmp_path

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(images.os, "fsync", full)

    with pytest.raises(OSError, match="No space left"):
        images.store_bytes(b"some of it")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_files_nobody_names_are_found_once_they_are_old(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path
    kept, lost = store_bytes(b"1"), store_bytes(b"2")
    later = (tmp_path / lost).stat().st_mtime + 1

    assert list(orphans({kept}, before=later)) == [lost]
    assert list(orphans({kept}, before=later - 100)) == []


def test_a_decoder_that_fails_in_its_own_way_is_no_error_of_the_server(monkeypatch):
    def fails(*args):
        raise struct.error("unpack requires a buffer")

    monkeypatch.setattr(images, "_encode", fails)

    assert refused(picture()) == "broken"
