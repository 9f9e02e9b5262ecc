"""The testbed does what the other cases build on: nodes, names, ioctls, keys, plugging in and out, with the real libraries."""

from __future__ import annotations

import os
import select
import time

import evdev
import pyudev
import serial
from evdev import ecodes as e
from serial.tools import list_ports

from tests.drivers.umockdev.bed import Bed
from tests.drivers.umockdev.hardware import packed, typed, usb_input, usb_printer, usb_serial


def _events(monitor: pyudev.Monitor) -> list[tuple[str, str]]:
    return [(one.action, one.device_node) for one in iter(lambda: monitor.poll(0.3), None) if one.device_node]


def test_udev_tells_of_coming_and_going(bed: Bed) -> None:
    monitor = pyudev.Monitor.from_netlink(pyudev.Context())
    monitor.start()
    device = usb_printer(3, serial="SN3", port="1-7")
    bed.plug(device)
    assert ("add", "/dev/usb/lp3") in _events(monitor)
    bed.unplug(device)
    assert ("remove", "/dev/usb/lp3") in _events(monitor)
    assert not os.path.exists("/dev/usb/lp3")


def test_a_serial_line_carries_bytes_and_ends(bed: Bed) -> None:
    device = usb_serial(2, serial="A9XYZ")
    far = bed.plug(device)
    assert [(one.device, one.vid, one.pid, one.serial_number) for one in list_ports.comports()] == [
        ("/dev/ttyUSB2", 0x0403, 0x6001, "A9XYZ")
    ]
    with serial.Serial("/dev/ttyUSB2", 9600, timeout=1) as line:
        os.write(far, "Nguyễn\r".encode())
        assert line.read_until(b"\r").decode() == "Nguyễn\r"
        line.write(b"\x02hello\x03")
        assert os.read(far, 100) == b"\x02hello\x03"
    bed.unplug(device)
    assert list_ports.comports() == []


def test_keys_arrive_through_evdev(bed: Bed) -> None:
    device = usb_input((8,))
    far = bed.plug(device)
    opened = evdev.InputDevice(device.node)
    assert (opened.name, opened.info.vendor, e.KEY_ENTER in opened.capabilities()[e.EV_KEY]) == ("Newland HID Scanner", 0x1EAB, True)
    os.write(far, packed(typed("0A|\n")))
    seen: list[int] = []
    deadline = time.monotonic() + 5
    while e.KEY_ENTER not in seen and time.monotonic() < deadline:
        if select.select([opened], [], [], 0.5)[0]:
            seen += [one.code for one in opened.read() if one.type == e.EV_KEY and one.value == 1]
    opened.close()
    bed.unplug(device)
    assert seen == [e.KEY_0, e.KEY_LEFTSHIFT, e.KEY_A, e.KEY_LEFTSHIFT, e.KEY_BACKSLASH, e.KEY_ENTER]
