"""Log lines: one JSON object each, UTC, with the request's id, without line breaks, numbers or private links."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from django.utils.functional import empty

from core.privacy import mask_text

_PRIVATE_PATH = re.compile(r"(/t/)[^\s/\"'?]+")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        from core.middleware import request_id

        line = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id.get(),
            **_who(record),
            "message": clean(record.getMessage()),
        }
        if record.exc_info:
            line["trace"] = clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _who(record: logging.LogRecord) -> dict[str, object]:
    """Whose request a line of Django's is about, and from where: the person by number, never by name."""
    request = getattr(record, "request", None)
    if not isinstance(request, HttpRequest):
        return {}
    from core.publicdoor import client_address

    user: Any = getattr(request, "user", None)
    # A person not looked up until now is not looked up for a log line either.
    is_known = user is not None and getattr(user, "_wrapped", None) is not empty
    return {"user": user.pk if is_known else None, "address": client_address(request)}


def clean(text: str) -> str:
    """Phone and identity numbers masked, receipt codes cut out of paths; json.dumps escapes the line breaks."""
    return _PRIVATE_PATH.sub(r"\1…", mask_text(text))
