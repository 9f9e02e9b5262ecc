"""LED panels and clerks' keypads in the demonstration: a key becomes a call, the call becomes a number on the panels.

Counter 1 hangs on a serial line, counter 2 and the hall's panel on Modbus over TCP; the real programs, nothing replaced.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.slow("starts the programs of a centre once and presses keys")


def until_pace(done: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not done():
        pause.wait(0.02)


class Line:
    """One counter's page, as a person uses it."""

    def __init__(self, demo: Any, name: str) -> None:
        self._demo, self._page = demo, demo.facts["devices"][name]["page"]
        self._pressed_s = 0.0

    def devices(self) -> dict[str, Any]:
        found = self._demo.http.get(f"{self._page}devices").raise_for_status().json()["devices"]
        return {device["name"]: device for device in found}

    def rows(self, name: str) -> list[str]:
        return [row.strip() for row in self.devices()[name]["rows"]]

    def digits(self, name: str) -> str:
        return str(self.devices()[name]["screen"]["rows"][0]).strip()

    def press(self, key: str, times: int = 1) -> None:
        """At a person's pace: the same key again within a bounce would be one."""
        until_pace(lambda: time.monotonic() > self._pressed_s + 0.5)
        self._pressed_s = time.monotonic()
        self._demo.http.post(f"{self._page}press", json={"key": key, "times": times}).raise_for_status()

    def fault(self, name: str, *faults: str) -> None:
        self._demo.http.post(f"{self._page}fault", json={"device": name, "faults": list(faults)}).raise_for_status()


def at(demo: Any, counter: str) -> str:
    current = demo.api(f"/counters/{counter}")["current"]
    return str(current["label"]) if current else ""


@pytest.mark.parametrize(("name", "pad", "led"), [("counter_1", "keypad-11", "led-1"), ("counter_2", "keypad-2", "led-1")])
def test_a_key_becomes_a_call_and_a_number_on_the_panels(quiet: Any, until: Callable[..., Any], name: str, pad: str, led: str) -> None:
    line, hall, counter = Line(quiet, name), Line(quiet, "counter_2"), quiet.facts["counters"][0 if name == "counter_1" else 1]
    until(lambda: line.rows(led) == [""])  # no dashes any more: the display has the board
    line.press("next")
    until(lambda: line.digits(pad) == "E2")  # the counter is closed
    quiet.order(f"/counters/{counter}/open")
    line.press("next")
    until(lambda: line.digits(pad) == "0")  # nobody waits
    label = quiet.order("/tickets", service="chung-thuc")["label"]
    line.press("next")
    until(lambda: at(quiet, counter) == label)
    until(lambda: line.rows(led) == [label] and line.devices()[led]["blink"])
    until(lambda: line.digits(pad) == label)
    until(lambda: f"{label}  {counter}" in hall.rows("led-9"))
    assert quiet.board_says(label)

    line.press("no-show")
    until(lambda: at(quiet, counter) == "" and line.rows(led) == [""])
    line.press("undo")
    until(lambda: line.rows(led) == [label])
    line.press("serve")
    until(lambda: line.devices()[led]["blink"] is False)
    line.press("complete")
    until(lambda: line.rows(led) == [""])


def test_a_panel_that_was_away_is_right_when_it_is_back(quiet: Any, until: Callable[..., Any]) -> None:
    line, counter = Line(quiet, "counter_1"), quiet.facts["counters"][0]
    line.fault("led-1", "unplug")
    label = quiet.order("/tickets", service="ho-tich")["label"]
    quiet.order(f"/counters/{counter}/next")
    until(lambda: line.digits("keypad-11") == label)  # its neighbour on the line goes on
    assert line.rows("led-1") == [""]
    line.fault("led-1")
    until(lambda: line.rows("led-1") == [label])
    quiet.order(f"/counters/{counter}/complete")
    until(lambda: line.rows("led-1") == [""])


def test_a_bouncing_key_calls_once_and_the_hall_sees_how_many_wait(quiet: Any, until: Callable[..., Any]) -> None:
    line, hall, counter = Line(quiet, "counter_1"), Line(quiet, "counter_2"), quiet.facts["counters"][0]
    labels = [quiet.order("/tickets", service="ho-tich")["label"] for _ in range(3)]
    until(lambda: "CHO    3" in hall.rows("led-9"))
    line.press("next", times=3)  # a worn key: one press that its contacts tell three times
    until(lambda: line.rows("led-1") == [labels[0]])
    until(lambda: "CHO    2" in hall.rows("led-9"))
    line.press("complete")
    until(lambda: line.rows("led-1") == [""])
    called = [event["label"] for event in quiet.events() if event["type"] == "called" and event["label"] in labels]
    assert called == labels[:1]
    for _ in labels[1:]:
        quiet.order(f"/counters/{counter}/next")
    quiet.order(f"/counters/{counter}/complete")
    until(lambda: "CHO    0" in hall.rows("led-9"))


def test_a_key_without_a_server_is_refused_and_never_done_later(quiet: Any, until: Callable[..., Any]) -> None:
    line, counter = Line(quiet, "counter_1"), quiet.facts["counters"][0]
    label = quiet.order("/tickets", service="ho-tich")["label"]
    os.kill(quiet.facts["processes"]["server"], signal.SIGKILL)
    line.press("next")
    until(lambda: line.digits("keypad-11") == "--")

    def back() -> bool:
        try:
            return bool(quiet.api("/services"))
        except Exception:  # noqa: BLE001 - while it is down every kind of answer may come; the deadline decides
            return False

    until(back)
    until(lambda: line.digits("keypad-11") == "")
    assert at(quiet, counter) == ""
    line.press("next")
    until(lambda: line.rows("led-1") == [label])


def test_nothing_of_all_this_upset_a_program(quiet: Any) -> None:
    code, _ = quiet.end(signal.SIGTERM)
    assert code == 0
    assert "Traceback" not in quiet.log.read_text()
