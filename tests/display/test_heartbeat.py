"""What a hall display reports: its line, its panels, its page, in the words of the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from display.heartbeat import Heartbeat
from display.relay import Relay
from queue_server.client import Client
from queue_server.contract import messages, strict
from queue_server.device.page_life import PageLife
from tests.hall import HandClock


class Log:
    def __init__(self) -> None:
        self.said: list[str] = []

    def warning(self, what: str, **about: Any) -> None:
        self.said.append(what)

    error = warning


def heartbeat(folder: Path, clock: HandClock, log: Log, page: PageLife) -> Heartbeat:
    slots = [{"role": "led-1", "state": "degraded", "code": "timeout"}]
    server = Client("http://127.0.0.1:9")
    return Heartbeat("bang-01", server, "http://127.0.0.1:9", Relay(clock), clock, log, page=page, state=folder, slots=lambda: slots)


def test_a_display_tells_its_line_its_panels_and_its_page(tmp_path: Path) -> None:
    clock, log = HandClock(), Log()
    page = PageLife(clock.monotonic)
    parts = heartbeat(tmp_path, clock, log, page)
    page.ping()
    clock.forward(12)
    beat = strict.read(messages.Heartbeat, parts.beating.beat())
    assert (beat.device, beat.role, beat.net.address) == ("bang-01", "board", "127.0.0.1")
    assert [(slot.role, slot.code) for slot in beat.slots] == [("feed", "ok"), ("led-1", "timeout")]
    assert (beat.page.age_s, beat.storage.writable) == (12, True)
    clock.forward(200)
    assert [slot["code"] for slot in parts.beating.beat()["slots"]] == ["absent", "timeout"]


def test_a_dead_page_and_a_silent_server_are_counted_and_said_once(tmp_path: Path) -> None:
    clock, log = HandClock(), Log()
    page = PageLife(clock.monotonic, lambda: False)
    parts = heartbeat(tmp_path, clock, log, page)
    clock.forward(90)
    restarted = page.look()
    assert restarted is False
    parts._page_dead(restarted)
    for _ in range(2):
        parts.beating.once()
    errors = {each["code"]: each["count"] for each in parts.beating.beat()["errors"]}
    assert errors == {"page_dead": 1, "screen_not_restarted": 1, "heartbeat": 2}
    assert log.said == ["page dead", "heartbeat not taken by the server"]
