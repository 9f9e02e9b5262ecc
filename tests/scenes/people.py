"""Who acts on the stage: people at the kiosk's screen, clerks at their pages, the attendant, phones, keypads.

Everybody uses what a person uses: a page in Chromium, a card on the scanner's glass, a key of the keypad, the paper that
came out of the printer. Holds their hands and eyes; the stories are the scenes'.
"""

from __future__ import annotations

import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from queue_server.demo.cards import payload
from tests.scenes.stage import Stage
from tests.web.pages.conftest import Browsers

expect.set_options(timeout=40_000)  # a deadline, not a wait


def read_off(stage: Stage, picture: bytes) -> str:
    """The code in a picture, read by a program of strangers."""
    path = Path(stage.centre.folder) / "seen.png"
    path.write_bytes(picture)
    return subprocess.run(["zbarimg", "-q", "--raw", str(path)], capture_output=True, text=True, timeout=60, check=False).stdout.strip()


@dataclass
class Slip:
    """A number on paper."""

    stage: Stage
    label: str
    ticket: str
    paper: int

    @property
    def state(self) -> str:
        return str(self.stage.ticket(self.ticket)["state"])

    def code(self) -> str:
        """What a phone's camera reads off the paper: the address of the number's page."""
        return read_off(self.stage, self.stage.picture(self.paper))


class AtKiosk:
    """Somebody before the kiosk's screen."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage, self.page = stage, page
        page.goto(stage.facts["kiosk"])
        self.sees("home")

    def sees(self, screen: str) -> None:
        expect(self.page.locator("body")).to_have_attribute("data-screen", screen)

    def says(self, text: str) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def lay(self, text: str) -> None:
        """A card, a slip, a code on the scanner's glass; `fake:41` is an invented identity card."""
        self.stage.device("scanner", "scan", payload=payload(text))

    def choose(self, service: str) -> None:
        self.page.locator(f"#service-{service}").click()

    def slips(self) -> int:
        return int(self.stage.device("printer", "slips")["printed"])

    def takes(self, service: str, card: str = "") -> Slip:
        """A number in the hand: card or not, a touch, the number read, the paper taken, a step aside."""
        before = self.slips()
        if card:
            self.lay(card)
            self.sees("choosing")
        self.choose(service)
        return self.holds(before)

    def holds(self, before: int) -> Slip:
        """The number on the screen and its paper, when it is out; then the next person may come."""
        self.sees("number")
        seen = self.stage.until(lambda: (state := self.state())["ticket"] and state["ticket"]["paper"] == "printed" and state)
        assert self.slips() == before + 1
        expect(self.page.locator("main .label")).to_have_text(seen["ticket"]["label"])
        self.aside()
        return Slip(self.stage, seen["ticket"]["label"], seen["ticket"]["id"], self.stage.device("printer", "slips")["slips"][0]["number"])

    def aside(self) -> None:
        """Steps aside; the next in line touches the screen."""
        self.stage.http.post(f"{self.stage.facts['kiosk']}api/home", json={}).raise_for_status()
        self.sees("home")

    def state(self) -> Any:
        return self.stage.http.get(f"{self.stage.facts['kiosk']}api/state").raise_for_status().json()


class AtDesk:
    """A clerk at the page of a counter, all by keyboard."""

    def __init__(self, stage: Stage, page: Page, counter: str) -> None:
        self.stage, self.page, self.counter = stage, page, counter

    def opens(self) -> AtDesk:
        self.page.goto(f"/counter/{self.counter}")
        self.page.get_by_role("button", name="Mở quầy").click()
        self.free()
        return self

    def button(self, name: str) -> Any:
        return self.page.locator(f'[data-do="{name}"]')

    def press(self, key: str) -> None:
        """A key, once the last command is answered: the page itself drops a key before that."""
        expect(self.button("pause")).to_be_enabled()
        self.page.keyboard.press(key)

    def calls(self) -> str:
        """F2: whoever is there is done, the next is called; the label, "" where nobody waits."""
        before = len(self.stage.log("called", "completed", "no_show"))
        self.press("F2")
        self.stage.until(lambda: len(self.stage.log("called", "completed", "no_show")) > before)
        last = next((event for event in self.stage.log("called")[::-1] if event.counter == self.counter), None)
        label = str(last.label) if last else ""
        self.sees(label)
        return label

    def sees(self, label: str) -> None:
        expect(self.page.locator("#label")).to_have_text(label)
        expect(self.button("pause")).to_be_enabled()

    def free(self) -> None:
        self.sees("Chưa gọi ai")

    def is_in(self, state: str) -> None:
        expect(self.page.locator("#state")).to_have_text(state)
        expect(self.button("pause")).to_be_enabled()

    def serves(self) -> None:
        self.button("serve").click()
        self.is_in("Đang phục vụ")

    def finishes(self) -> None:
        self.press("F9")
        self.free()


class Attendant:
    """The guide of the hall at the page Bàn hướng dẫn."""

    def __init__(self, stage: Stage, page: Page) -> None:
        self.stage, self.page = stage, page
        page.goto("/attendant")

    def tab(self, name: str) -> None:
        """On a phone the page has parts; on a wide screen all of them are there."""
        if self.page.locator(f'button[data-tab="{name}"]').is_visible():
            self.page.locator(f'button[data-tab="{name}"]').click()

    def issues(self, service: str, *, lang: str = "", needs: str = "", paper_at: str = "") -> str:
        """A number for whoever stands there; its label."""
        form = self.page.locator("#issue")
        form.locator(f'[name="service"][value="{service}"]').check()
        if needs:
            form.locator(f'[name="needs"][value="{needs}"]').check()
        if lang:
            form.locator('[name="lang"]').select_option(lang)
        if paper_at:
            form.locator('[name="paper_at"]').select_option(paper_at)
        form.locator("button.primary").click()
        label = self.page.locator("#made-card .ticket .big")
        expect(label).to_be_visible()
        return label.inner_text()

    def shows_code(self) -> str:
        """What a phone's camera reads off the guide's screen."""
        expect(self.page.locator("#made-card figure.code")).to_be_visible()
        return self.stage.until(lambda: read_off(self.stage, self.page.screenshot()))  # the card is drawn anew now and then

    def opens(self, ticket: str) -> Any:
        """The card of somebody who waits."""
        self.tab("queue")
        self.page.locator(f"#row-{ticket}").click()
        card = self.page.locator("#sheet-card .ticket")
        expect(card).to_be_visible()
        return card

    def closes(self) -> None:
        self.page.locator("#sheet-close").click()


class Phone:
    """Somebody's phone with the page of their number."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(url)

    def says(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.locator("main")).to_contain_text(text)


@dataclass
class Keypad:
    """A clerk's keypad and the panel over the counter: simulated stations at the far end of the counter's line."""

    stage: Stage
    line: str
    pad: str
    led: str
    _pressed_s: float = field(default=0.0)

    def press(self, key: str, times: int = 1) -> None:
        """At a person's pace: the same key again within a bounce would be one. `times`: a worn key tells one press so often."""
        pause = threading.Event()
        while time.monotonic() < self._pressed_s + 0.5:
            pause.wait(0.02)
        self.stage.device(self.line, "press", key=key, times=times)
        self._pressed_s = time.monotonic()

    def station(self, name: str) -> dict[str, Any]:
        found = {each["name"]: each for each in self.stage.device(self.line, "devices")["devices"]}
        return dict(found[name])

    def panel(self) -> str:
        return str(self.station(self.led)["rows"][0]).strip()

    def digits(self) -> str:
        return str(self.station(self.pad)["screen"]["rows"][0]).strip()

    def unplug(self, unplugged: bool = True) -> None:
        self.stage.device(self.line, "fault", device=self.led, faults=["unplug"] if unplugged else [])


class People:
    """Everybody whom a scene may need, each with a browser of their own."""

    def __init__(self, stage: Stage, browser: Browser) -> None:
        self.stage, self.browsers = stage, Browsers(browser, stage.site)

    def at_kiosk(self) -> AtKiosk:
        context = self.browsers.context(has_touch=True)
        page = self.browsers.page(context)
        page.set_viewport_size({"width": 1080, "height": 1920})
        return AtKiosk(self.stage, page)

    def clerk(self, counter: str, *, clock: bool = False) -> AtDesk:
        """A clerk, logged in, at their open counter; with `clock` the page's own time may be moved on."""
        page = self.browsers.person("clerk")
        if clock:
            page.clock.install()
        return AtDesk(self.stage, page, counter).opens()

    def attendant(self, *, phone: bool = False) -> Attendant:
        return Attendant(self.stage, self.browsers.person("attendant", phone=phone))

    def phone(self, url: str) -> Phone:
        return Phone(self.browsers.page(phone=True), url)

    def board(self) -> Page:
        page = self.browsers.page()
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(self.stage.facts["board"], wait_until="load")
        expect(page.locator("html")).to_have_attribute("data-seen", "yes")
        return page

    def keypad(self, counter: str) -> Keypad:
        assert counter in ("1", "2")
        return Keypad(self.stage, f"counter_{counter}", "keypad-11" if counter == "1" else "keypad-2", "led-1")

    def close(self) -> None:
        self.browsers.close()
