"""`make screenshots`: starts the demonstration, photographs every screen as its person sees it, into docs/screenshots.

A tool, not a test: it proves nothing and is run by hand when screens change. It drives the same addresses that the
demonstration prints, so it also shows that they open.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

PICTURES = Path(__file__).parents[1] / "docs/screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--mute-audio"]
READY_S, SHOWN_S = 60.0, 30.0


@contextmanager
def demonstration() -> Iterator[dict[str, Any]]:
    """The addresses of a running demonstration."""
    command = [sys.executable, "-m", "toiluot", "demo", "--json", "--no-browser", "--port", "0", "--seed", "7"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


class Camera:
    """Opens pages as one kind of screen and keeps small pictures of them."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    @contextmanager
    def screen(self, width: int, height: int, *, touch: bool = False) -> Iterator[Page]:
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=touch,
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            reduced_motion="reduce",
        )
        context.set_default_timeout(SHOWN_S * 1000)
        try:
            yield context.new_page()
        finally:
            context.close()

    def shoot(self, page: Page, name: str, width: int) -> None:
        page.wait_for_timeout(700)  # fonts and the last change settle
        raw = PICTURES / f"{name}.png"
        page.screenshot(path=str(raw))
        with Image.open(raw) as picture:
            small = picture.convert("RGB").resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
        small.quantize(96, dither=Image.Dither.NONE).save(raw, optimize=True)
        print(f"{raw.relative_to(PICTURES.parents[1])}: {raw.stat().st_size // 1024} kB")


def log_in(page: Page, address: str, who: dict[str, str]) -> None:
    page.goto(address)
    page.fill("#login", who["user"])
    page.fill("#password", who["password"])
    page.click("form button.blue")
    page.wait_for_url(lambda url: "/login" not in url)


def until_people_wait(demo: dict[str, Any], least: int) -> list[dict[str, Any]]:
    """The waiting tickets once the simulated citizens have filled the hall a little."""
    deadline = time.monotonic() + READY_S
    headers = {"Authorization": f"Bearer {demo['api_key']}"}
    while True:
        tickets: list[dict[str, Any]] = httpx.get(f"{demo['server']}/api/v1/queue", headers=headers).json()["tickets"]
        if len(tickets) >= least or time.monotonic() > deadline:
            return tickets
        time.sleep(1)


def photograph(camera: Camera, demo: dict[str, Any]) -> None:
    waiting = until_people_wait(demo, 6)
    with camera.screen(1080, 1920, touch=True) as page:
        page.goto(demo["kiosk"])
        camera.shoot(page, "kiosk", 420)
        page.locator("main button").first.tap()
        camera.shoot(page, "kiosk-next", 420)
    with camera.screen(1920, 1080) as page:
        page.goto(demo["board"])
        camera.shoot(page, "board", 960)
    with camera.screen(1366, 768) as page:
        log_in(page, demo["console"], demo["logins"]["clerk"])
        page.goto(f"{demo['server']}/counter/{demo['counters'][0]}")
        camera.shoot(page, "counter", 960)
    for role, name in (("technician", "technician"), ("site_head", "manager"), ("attendant", "attendant")):
        if name in demo:
            with camera.screen(1366, 768) as page:
                log_in(page, demo[name], demo["logins"].get(role) or demo["logins"][name])
                camera.shoot(page, name, 960)
    with camera.screen(390, 844, touch=True) as page:
        page.goto(f"{demo['server']}{waiting[-1]['url']}" if str(waiting[-1]["url"]).startswith("/") else waiting[-1]["url"])
        camera.shoot(page, "phone", 320)
    with camera.screen(1100, 800) as page:
        page.goto(demo["dossier"])
        camera.shoot(page, "dossier", 800)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("Chromium is missing: apt-get install chromium, or name it in CHROMIUM.")
    with demonstration() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        photograph(Camera(browser), demo)
        browser.close()


if __name__ == "__main__":
    main()
