"""Take the pictures of README from a running demo: `.venv/bin/python docs/make_pictures.py http://127.0.0.1:8000`.

Needs requirements-e2e.txt and Chromium. Run it after a change of the pages; the pictures are committed.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

OUT = Path(__file__).resolve().parent / "pictures"
PASSWORD = "Yunling-demo-2026"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def save(page: Any, name: str, width: int) -> None:
    """A small PNG: few colours, as drawings have."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    picture.quantize(128, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


def log_in(page: Any, site: str, who: str) -> None:
    page.goto(f"{site}/login/")
    page.fill("input[name=username]", who)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state()


def main(site: str) -> None:
    OUT.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "locale": "zh-CN"}
        desk: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "zh-CN"}

        page = browser.new_context(**phone).new_page()
        page.goto(site)
        save(page, "home", 260)
        page.goto(f"{site}/stations/0312/")
        save(page, "station", 260)

        page = browser.new_context(**desk).new_page()
        log_in(page, site, "clerk")
        page.goto(f"{site}/desk/requests/")
        page.locator("a[href*='/desk/requests/']", has_text=re.compile("路灯")).first.click()
        page.wait_for_load_state("networkidle")
        save(page, "desk", 720)

        page = browser.new_context(**phone).new_page()
        log_in(page, site, "rep")
        page.goto(f"{site}/my/")
        save(page, "representative", 260)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
