"""What a hand moves: touch screen, tactile keypad, headphone socket; and the voice that answers, heard through a loop card."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
from pathlib import Path

import evdev
import pytest
from evdev import UInput
from evdev import ecodes as e

from drivers.client import DriversClient
from tests.hil.guest import gadgets
from tests.hil.guest.gadgets import Gadget, until
from tests.hil.guest.service import DriversService

KEYPAD = {"KP2": 0x5A, "KP5": 0x5D, "KP8": 0x60}
RULES = Path("/run/udev/rules.d/72-toiluot-touch.rules")


def finger(gadget: Gadget, x: int = 16_000, y: int = 8_000) -> None:
    node = os.open(gadget.far_node(), os.O_RDWR)
    for down in (1, 0):
        os.write(node, struct.pack("<BHH", down, x, y))
    os.close(node)


@pytest.fixture(scope="module")
def panel() -> Gadget:
    return gadgets.touch("touch1")


def test_a_touch_screen_is_found_watched_and_left_to_the_page(kiosk: DriversService, panel: Gadget) -> None:
    gadget, before = panel, kiosk.since_now()
    kiosk.until("touch", "absent")
    gadget.plug(0)
    node = kiosk.until("touch", "ok", state="ready")["device"].partition(":")[2]
    page = evdev.InputDevice(node)
    finger(gadget)
    until(lambda: kiosk.told("touch", before))
    seen = until(lambda: [one for one in reads(page) if one.type == e.EV_KEY])
    assert (seen[0].code, seen[0].value) == (e.BTN_TOUCH, 1), "the page gets the same touch"
    page.close()
    gadget.unplug()
    kiosk.until("touch", "absent")
    gadget.plug(3)
    kiosk.until("touch", "ok", state="ready")
    gadget.unplug()
    kiosk.until("touch", "absent")


def reads(device: evdev.InputDevice[str]) -> list[evdev.InputEvent]:
    with contextlib.suppress(BlockingIOError):
        return list(device.read())
    return []


def test_a_screen_that_is_not_turned_says_the_line_that_turns_it(kiosk: DriversService, panel: Gadget) -> None:
    """The line goes into udev's folder as it stands, and the finding is gone."""
    gadget = panel
    gadget.becomes(0x0002)
    gadget.plug(1)
    told = kiosk.until("touch-2", "touch_turned")["detail"]
    RULES.parent.mkdir(parents=True, exist_ok=True)
    RULES.write_text(told.partition(": ")[2] + "\n")
    subprocess.run(["udevadm", "control", "--reload"], check=True)
    gadget.unplug()
    kiosk.until("touch-2", "absent")
    gadget.plug(1)
    kiosk.until("touch-2", "ok", state="ready")
    gadget.unplug()
    kiosk.until("touch-2", "absent")


def test_a_tactile_keypad(kiosk: DriversService) -> None:
    gadget, before = gadgets.keypad("pad1"), kiosk.since_now()
    gadget.plug(2)
    kiosk.until("tactile", "ok", state="ready")
    node = os.open(gadget.far_node(), os.O_RDWR)
    for name in ("KP8", "KP2", "KP5"):
        os.write(node, bytes([0, 0, KEYPAD[name], 0, 0, 0, 0, 0]))
        os.write(node, bytes(8))
    os.close(node)
    until(lambda: len(kiosk.told("key", before)) == 3)
    assert [one["key"] for one in kiosk.told("key", before)] == ["previous", "next", "select"]
    gadget.unplug()
    kiosk.until("tactile", "absent")


def test_a_headphone_socket(kiosk: DriversService, socket: UInput) -> None:
    before = kiosk.since_now()
    kiosk.until("tactile-2", "ok", state="ready")
    for value in (1, 0):
        socket.write(e.EV_SW, e.SW_HEADPHONE_INSERT, value)
        socket.syn()
    until(lambda: len(kiosk.told("jack", before)) == 2)
    assert [one["plugged"] for one in kiosk.told("jack", before)] == [True, False]


def test_the_voice_comes_out_of_the_sound_card(kiosk: DriversService, tmp_path: Path) -> None:
    """What is played on one end of ALSA's loop card is recorded at the other."""
    kiosk.until("speech", "ok", state="ready")
    heard = tmp_path / "heard.raw"
    with heard.open("wb") as out:
        command = ["arecord", "-q", "-D", "plughw:CARD=Loopback,DEV=1", "-f", "S16_LE", "-r", "22050", "-c", "1", "-t", "raw"]
        recorder = subprocess.Popen(command, stdout=out)
    try:
        with DriversClient(kiosk.socket, 60.0) as client:
            assert client.say([("vi", "Số của bạn là a một trăm linh năm")])["outcome"] == "speaking"
            until(lambda: loudest(heard) > 2_000)
            assert client.say(())["outcome"] == "silent"
        assert kiosk.slot("speech")["code"] == "ok"
    finally:
        recorder.terminate()
        recorder.wait(30)


def loudest(path: Path) -> int:
    data = path.read_bytes()
    data = data[: len(data) // 2 * 2]
    return max((abs(one) for (one,) in struct.iter_unpack("<h", data)), default=0)
