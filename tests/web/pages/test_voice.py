"""The server dies under an open console: calling goes on by voice from the last list, is ticked off, and is told afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from queue_server.bootstrap import prepare
from queue_server.services import configuring
from tests.web.helpers import Process, Site, rid
from tests.web.pages.conftest import Browsers

pytestmark = pytest.mark.browser
KEPT = "() => Object.entries(localStorage).filter(([key]) => key.startsWith('toiluot.voice')).map(([key, value]) => JSON.parse(value))[0]"


class Mortal:
    """A centre whose server may be killed and started again at the same address."""

    def __init__(self, folder: Path, browser: Browser) -> None:
        self.url, self.log = f"sqlite:///{folder}/site.db", folder / "server.log"
        self.store = prepare(self.url)
        configuring.init_site(self.store, site="V1", kind="training")
        self.process = Process(self.url, self.log)
        self.site = Site("V1", self.process.base, self.store)
        self.browsers = Browsers(browser, self.site)
        self.client = self.site.client()

    def kill(self) -> None:
        os.kill(self.process._process.pid, signal.SIGKILL)
        self.process.close()

    def again(self) -> None:
        self.process = Process(self.url, self.log, "--bind", self.process.base.removeprefix("http://"))

    def close(self) -> None:
        self.browsers.close()
        for close in self.site.closing:
            close()
        self.process.close()
        self.store.close()

    def desk(self, waiting: int, name: str = "") -> Page:
        for _ in range(waiting):
            self.client.issue(rid("i"), service="ho-tich", priority_class="elderly", dossier_code="H49-0001")
        page = self.browsers.person("clerk")
        page.clock.install()
        page.goto("/counter/3")
        page.get_by_role("button", name="Mở quầy").click()
        expect(page.locator('[data-do="next"]')).to_be_enabled()
        return page

    def lose(self, page: Page) -> None:
        self.kill()
        page.clock.fast_forward("00:21")
        expect(page.locator("#banner")).to_contain_text("Mất kết nối")

    def log_of(self, label: str) -> list[tuple[str, bool]]:
        events = self.client.events(after="0", limit=1000)["events"]
        return [(event["type"], bool(event["data"].get("entered_late"))) for event in events if event["label"] == label]


@pytest.fixture
def hall(tmp_path: Path, browser: Browser) -> Iterator[Mortal]:
    made = Mortal(tmp_path, browser)
    yield made
    made.close()


def by_voice(page: Page) -> None:
    page.get_by_role("button", name="Gọi bằng lời").click()
    expect(page.locator("#voice")).to_be_visible()


def rows(page: Page) -> list[str]:
    return [row.inner_text() for row in page.locator("#voice-rows td.label").all()]


@pytest.mark.slow("a server process is killed and started again under a browser")
def test_calling_goes_on_by_voice_after_kill_9_and_is_told_afterwards(hall: Mortal) -> None:
    page = hall.desk(5)
    page.keyboard.press("F2")
    expect(page.locator("#label")).to_have_text("A001")
    expect(page.locator("#waiting-list tbody tr")).to_have_count(4)
    hall.lose(page)
    by_voice(page)
    expect(page.locator("#voice-label")).to_have_text("A001")
    assert rows(page) == ["A002", "A003", "A004", "A005"]
    page.keyboard.press("F2")
    expect(page.locator("#voice-label")).to_have_text("A002")
    page.keyboard.press("F8")
    expect(page.locator("#voice-label")).to_have_text("Chưa gọi ai")
    page.locator("#voice-rows tr").first.get_by_role("button", name="Bỏ qua").click()
    assert rows(page) == ["A004", "A005"]
    page.keyboard.press("F2")
    expect(page.locator("#voice-told li")).to_have_count(4)
    expect(page.locator("#voice-told li").first).to_contain_text("A004")
    hall.again()
    page.clock.run_for(30_000)
    expect(page.locator("#say")).to_contain_text("Đã gửi 4 việc")
    expect(page.locator("#voice")).to_be_hidden()
    expect(page.locator("#label")).to_have_text("A004")
    assert hall.log_of("A001") == [("issued", False), ("called", False), ("completed", True)]
    assert hall.log_of("A002") == [("issued", False), ("called", True), ("no_show", True)]
    assert hall.log_of("A003") == [("issued", False)]
    assert hall.log_of("A004") == [("issued", False), ("called", True)]
    assert page.evaluate(KEPT)["ticks"] == []


@pytest.mark.slow("a server process is killed and started again under a browser")
def test_what_was_ticked_outlives_a_reload_and_what_the_server_knows_better_is_shown(hall: Mortal) -> None:
    page = hall.desk(2)
    expect(page.locator("#waiting-list tbody tr")).to_have_count(2)
    hall.lose(page)
    by_voice(page)
    page.keyboard.press("F2")
    page.keyboard.press("F2")
    page.keyboard.press("F9")
    expect(page.locator("#voice-told li")).to_have_count(4)
    assert [tick["what"] for tick in page.evaluate(KEPT)["ticks"]] == ["called", "completed", "called", "completed"]
    page.close()
    hall.again()
    hall.client.counter_command(rid(), "4", "open")
    taken = hall.client.next(rid(), "4")["ticket"]
    assert taken["label"] == "A001"
    other = hall.browsers.page(page.context)
    other.goto("/counter/3")
    expect(other.locator("#voice-refused")).to_be_visible()
    expect(other.locator("#voice-refused-rows li")).to_have_count(2)
    expect(other.locator("#voice-refused-rows li").first).to_contain_text("A001")
    expect(other.locator("#voice-refused-rows li").first).to_contain_text("đã gọi ở quầy 4")
    assert hall.log_of("A002") == [("issued", False), ("called", True), ("completed", True)]
    assert hall.log_of("A001") == [("issued", False), ("called", False)]
    other.get_by_role("button", name="Đã xem").click()
    expect(other.locator("#voice-refused")).to_be_hidden()
    assert other.evaluate(KEPT)["refused"] == []


@pytest.mark.slow("a server process is killed under a browser")
def test_what_is_kept_is_labels_services_places_and_times_and_the_paper_has_boxes(hall: Mortal) -> None:
    page = hall.desk(3)
    expect(page.locator("#waiting-list tbody tr")).to_have_count(3)
    hall.lose(page)
    kept: dict[str, Any] = page.evaluate(KEPT)
    assert set(kept) == {"at", "rows", "current", "ticks", "skipped", "refused"}
    assert {name for row in kept["rows"] for name in row} == {"id", "label", "service", "issued"}
    by_voice(page)
    page.emulate_media(media="print")
    expect(page.locator("#voice-rows tr").first.locator(".box")).to_have_count(3)
    expect(page.locator("#voice-rows tr").first.locator(".box").first).to_be_visible()
    expect(page.locator("#voice-print")).to_be_hidden()
    for other in (".bar", "#banner", "#console", "#waiting-list"):
        expect(page.locator(other)).to_be_hidden()
