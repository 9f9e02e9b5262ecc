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

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from queue_server.client import Client

PICTURES = Path(__file__).parents[1] / "docs/screenshots"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--mute-audio"]
FLAGS += ["--autoplay-policy=no-user-gesture-required"]  # a board box is set up so that its chime sounds
SHOWN_S = 30.0


DAY = Path(__file__).parents[1] / "queue_server/demo/data/quang-tri-325.csv"
DAY_SPEED, DAY_ENOUGH, DAY_LONGEST_S = "90", 190, 600.0  # a morning and a part of the afternoon


@contextmanager
def demonstration(*options: str) -> Iterator[dict[str, Any]]:
    """The addresses of a running demonstration."""
    command = [sys.executable, "-m", "toiluot", "demo", "--json", "--no-browser", *(options or ("--no-people",))]
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

    def shoot(self, page: Page, name: str, width: int, *, whole: bool = False) -> None:
        page.wait_for_timeout(700)  # fonts and the last change settle
        raw = PICTURES / f"{name}.png"
        page.screenshot(path=str(raw), full_page=whole)
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


def fill_hall(client: Client, demo: dict[str, Any]) -> list[dict[str, Any]]:
    """People of every service waiting, five counters at work, a few visits already ended. Gives the waiting tickets."""
    classes = [row["code"] for row in client.kiosk_home()[0]["priority_classes"]]
    for number in range(34):
        service = demo["services"][(number * 5) % (len(demo["services"]) - 1)]
        client.issue(f"shot-{number}", service=service, priority_class=classes[0] if number in (9, 21) else None)
    for place, counter in enumerate(demo["counters"][:5]):
        client.counter_command(f"open-{counter}", counter, "open")
        for turn in range(3):
            client.next(f"next-{counter}-{turn}", counter)
            if turn < 2 or place % 2:
                client.at_counter(f"serve-{counter}-{turn}", counter, "serve")
    waiting: list[dict[str, Any]] = client.queue()["tickets"]
    return waiting


def take_a_number(camera: Camera, demo: dict[str, Any]) -> None:
    """A citizen at the kiosk, and the paper that comes out of the simulated printer."""
    with camera.screen(1080, 1920, touch=True) as page:
        page.goto(demo["kiosk"])
        page.get_by_text("Đang chờ:").first.wait_for()
        camera.shoot(page, "kiosk", 420)
        page.get_by_role("button", name="Chứng thực").first.tap()
        page.get_by_text("Số của bạn").wait_for()
        camera.shoot(page, "kiosk-number", 420)
    with camera.screen(900, 1000) as page:
        page.goto(demo["devices"]["printer"]["page"])
        page.locator("img").first.wait_for()
        camera.shoot(page, "paper", 600)


def photograph(camera: Camera, demo: dict[str, Any]) -> None:
    with Client(demo["server"], demo["api_key"]) as client:
        waiting = fill_hall(client, demo)
    take_a_number(camera, demo)
    with camera.screen(1920, 1080) as page:
        page.goto(demo["board"])
        camera.shoot(page, "board", 960)
    with camera.screen(1366, 768) as page:
        log_in(page, demo["console"], demo["logins"]["clerk"])
        page.goto(f"{demo['server']}/counter/{demo['counters'][-1]}")
        page.click("button[data-do=open]")
        page.click("button[data-do=next]:enabled")
        page.locator("button[data-do=serve]:enabled").wait_for()
        camera.shoot(page, "counter", 960)
        page.keyboard.press("F1")
        page.locator("#more").wait_for()
        camera.shoot(page, "counter-more", 960)
        page.keyboard.press("Escape")
    for role, name in (("technician", "technician"), ("site_head", "manager"), ("attendant", "attendant")):
        with camera.screen(1366, 768) as page:
            log_in(page, demo[name], demo["logins"][role])
            if name == "manager":
                page.locator("#part-forecast table").wait_for()
            camera.shoot(page, name, 960)
    with camera.screen(390, 844, touch=True) as page:
        log_in(page, demo["manager"], demo["logins"]["site_head"])
        camera.shoot(page, "manager-phone", 320)
    with camera.screen(390, 844, touch=True) as page:
        page.goto(waiting[len(waiting) // 2]["url"])
        camera.shoot(page, "phone", 320)
    with camera.screen(1100, 800) as page:
        page.goto(demo["dossier"])
        camera.shoot(page, "dossier", 800)


def photograph_a_day(camera: Camera, demo: dict[str, Any]) -> None:
    """The report of a day with people in it, played many times as fast."""
    with Client(demo["server"], demo["api_key"]) as client:
        until, day = time.monotonic() + DAY_LONGEST_S, ""
        while time.monotonic() < until:
            shown = client.queue()["tickets"]
            day = shown[0]["business_day"] if shown else day
            if day and client.metrics_day(day)["counts"]["issued"] >= DAY_ENOUGH:
                break
            time.sleep(2)
    with camera.screen(1366, 768) as page:
        log_in(page, demo["manager"], demo["logins"]["site_head"])
        page.goto(f"{demo['server']}/report?day={day}")
        camera.shoot(page, "report", 800, whole=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise SystemExit("Chromium is missing: apt-get install chromium, or name it in CHROMIUM.")
    with demonstration() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        photograph(Camera(browser), demo)
        browser.close()
    with demonstration("--replay", str(DAY), "--speed", DAY_SPEED) as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        photograph_a_day(Camera(browser), demo)
        browser.close()


if __name__ == "__main__":
    main()
