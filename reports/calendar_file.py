"""Receptions as an iCalendar file (RFC 5545): what phones and desktop calendars open by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from stations.models import Reception

LINE_BYTES = 75


def of_receptions(receptions: Iterable[Reception]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Liaison//receptions//ZH", "CALSCALE:GREGORIAN"]
    for reception in receptions:
        lines += _event(reception)
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line) for line in lines)


def _event(reception: Reception) -> list[str]:
    place = reception.place or (reception.station.venue.address if reception.station.venue else "")
    title = f"{reception.station.name}{reception.get_kind_display()}"
    return [
        "BEGIN:VEVENT",
        f"UID:{reception.public_id}@{settings.SITE_URL.partition('://')[2]}",
        f"DTSTAMP:{_instant(timezone.now())}",
        f"DTSTART:{_instant(reception.starts_at)}",
        f"DTEND:{_instant(reception.ends_at)}",
        f"SUMMARY:{_text(title)}",
        f"LOCATION:{_text(place)}",
        f"DESCRIPTION:{_text(reception.topic)}",
        "END:VEVENT",
    ]


def _instant(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> bytes:
    """A line of at most 75 octets, carried on after CRLF and a space; never inside a character."""
    out, room = b"", LINE_BYTES
    for character in line:
        octets = character.encode()
        if len(octets) > room:
            out, room = out + b"\r\n ", LINE_BYTES - 1
        out, room = out + octets, room - len(octets)
    return out + b"\r\n"
