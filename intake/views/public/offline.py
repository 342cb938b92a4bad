"""What the phone keeps for times without a network: the worker that keeps it, the queue, the fall-back page."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.http import require_safe

from core.publicdoor import public_form

# Blank forms and what they are drawn with: nothing that belongs to a person.
PAGES = ("intake:new", "intake:new-where", "intake:new-contact", "intake:queued", "intake:offline")
FILES = ("css/base.css", "js/app.js", "js/intake.js", "img/mark.svg")


@public_form
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """sw.js from the root, where it may watch all pages; its version changes with the files it keeps."""
    kept: dict[str, Any] = {
        "pages": [reverse(name) for name in PAGES],
        "files": [static(name) for name in FILES],
    }
    body = (settings.BASE_DIR / "static" / "js" / "sw.js").read_text(encoding="utf-8")
    kept["version"] = hashlib.sha256((json.dumps(kept) + body).encode()).hexdigest()[:12]
    head = f"var KEPT = {json.dumps(kept)};\n"
    return HttpResponse(
        head + body, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


@public_form
@require_safe
def queued(request: HttpRequest) -> HttpResponse:
    """Honest "not yet": filled in by the script from what the phone holds. The server knows nothing of it."""
    return _kept(render(request, "intake/public/queued.html"))


@public_form
@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    return _kept(render(request, "intake/public/offline.html"))


def _kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, no-cache"
    return response
