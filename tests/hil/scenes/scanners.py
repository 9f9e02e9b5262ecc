"""Card scanners: one that types as a keyboard, one that is a serial line. Grabs, plugs pulled, other sockets, and cards."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import termios
import threading
import tty
from pathlib import Path

import evdev
import pytest

from tests.hil.guest import gadgets
from tests.hil.guest.gadgets import Gadget, until
from tests.hil.guest.service import DriversService

CARD = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
OTHER = "079203004321||LE HOANG PHUC|17082003|Nam|12 KHU PHO 2|01082024"
EVENT = {"kind": "id_card", "number": "001090123456", "birth_year": 1990}
SHIFT = 2
KEY_S = 0.02  # scanners take 1 to 20 ms a key; this machine is slow
USAGES = {**{chr(97 + at): 4 + at for at in range(26)}, **{digit: 30 + at for at, digit in enumerate("1234567890")}, "\n": 40, " ": 44}
SHIFTED = {"|": 0x31}


def type_in(gadget: Gadget, text: str) -> None:
    """HID reports as a scanner with a US key map sends them. Letters it has no key for it leaves out."""
    node, pace = os.open(gadget.far_node(), os.O_RDWR), threading.Event()
    try:
        for letter in text:
            usage = USAGES.get(letter.lower()) or SHIFTED.get(letter)
            if usage is None:
                continue
            modifier = SHIFT if letter in SHIFTED or letter.isupper() else 0
            for report in (bytes([modifier, 0, usage, 0, 0, 0, 0, 0]), bytes(8)):
                os.write(node, report)
                pace.wait(KEY_S / 2)
    finally:
        os.close(node)  # before anybody unplugs


def node_of(service: DriversService) -> str:
    return str(service.slot("reader")["device"]).partition(":")[2]


@pytest.fixture(scope="module")
def keyboard() -> Gadget:
    return gadgets.scanner_keyboard("typist1")


def test_a_scanner_that_types_is_taken_read_lost_and_found(kiosk: DriversService, keyboard: Gadget) -> None:
    before = kiosk.since_now()
    kiosk.until("reader", "absent")
    fds = kiosk.fds()
    keyboard.plug(0)
    kiosk.until("reader", "ok", state="ready")
    other = evdev.InputDevice(node_of(kiosk))
    with pytest.raises(OSError) as refused:
        other.grab()
    assert refused.value.errno == errno.EBUSY, "nobody else gets its keys"
    type_in(keyboard, CARD + "\n")
    until(lambda: kiosk.told("card", before))
    assert kiosk.told("card", before)[0] == EVENT
    keyboard.unplug()
    with pytest.raises(OSError) as gone:
        until(lambda: reads(other))
    assert gone.value.errno == errno.ENODEV
    other.close()
    kiosk.until("reader", "absent")
    assert kiosk.fds() <= fds, "every node was given back"
    keyboard.plug(4)
    kiosk.until("reader", "ok", state="ready")
    type_in(keyboard, OTHER + "\n")
    until(lambda: len(kiosk.told("card", before)) == 2)
    keyboard.unplug()
    kiosk.until("reader", "absent")


def reads(device: evdev.InputDevice[str]) -> None:
    """Nothing, until the device has left."""
    with contextlib.suppress(BlockingIOError):
        list(device.read())


def test_a_scanner_that_somebody_else_holds_is_busy(kiosk: DriversService, keyboard: Gadget) -> None:
    kiosk.process.send_signal(signal.SIGSTOP)  # somebody else is faster
    try:
        keyboard.plug(1)
        link = until(lambda: list(Path("/dev/input/by-id").glob("*SC1*event-kbd")))[0]
        thief = evdev.InputDevice(str(link))
        thief.grab()
    finally:
        kiosk.process.send_signal(signal.SIGCONT)
    kiosk.until("reader", "busy")
    thief.close()
    kiosk.until("reader", "ok", state="ready")
    keyboard.unplug()
    kiosk.until("reader", "absent")


def test_a_scanner_on_a_serial_line(kiosk: DriversService) -> None:
    gadget, before = gadgets.scanner_serial("acm1"), kiosk.since_now()
    gadget.plug(2)
    kiosk.until("reader-2", "ok", state="ready")
    far = os.open("/dev/ttyGS0", os.O_RDWR | os.O_NOCTTY)
    tty.setraw(far, termios.TCSANOW)
    try:
        os.write(far, f"{CARD}\r".encode())
        until(lambda: kiosk.told("card", before))
        assert kiosk.told("card", before)[0] == EVENT
    finally:
        os.close(far)  # before the unplugging
    gadget.unplug()
    kiosk.until("reader-2", "absent")
    assert "001090" not in kiosk.log.read_text()
