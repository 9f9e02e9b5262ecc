"""The readers' scenarios on emulated kernel devices: a USB-COM scanner through pyserial, one that types through evdev."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

import pytest

from drivers.codecs.hid_keymap import EV_LED, LED_CAPS, RECORD, Strokes, pack
from drivers.codecs.hid_scan import KeyFramer
from drivers.ports.base import Gone, OpenFailed, Timeout, Waker
from drivers.ports.evdev_port import open_evdev, siblings
from drivers.sim.typist import typed
from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.reader import LINE, WEDGE
from tests.drivers.scenarios.stage import until
from tests.drivers.umockdev import hardware
from tests.drivers.umockdev.bed import Bed, the_bed
from tests.drivers.umockdev.hardware import Hardware, usb_input, usb_serial
from tests.drivers.umockdev.level import EmulatedLevel


def _two_keyboards(number: int, port: str) -> Hardware:
    """Scanners often show themselves as two keyboards."""
    return usb_input((number, number + 500), port=port, serial="")


USB_COM = EmulatedLevel("usb-com", the_bed(), partial(usb_serial, vid="1eab", pid="0c10", model="Newland CDC", cdc=True), "usb:1eab:0c10:*")
KEYBOARD = EmulatedLevel("keyboard", the_bed(), _two_keyboards, "usb:1eab:0022:*", (("input", "evdev"),))


@pytest.mark.parametrize(("scenario", "level"), LINE.cases([USB_COM]))
def test_scanner_on_a_line(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    LINE.play(scenario, level, tmp_path)


@pytest.mark.parametrize(("scenario", "level"), WEDGE.cases([KEYBOARD]))
def test_scanner_that_types(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    WEDGE.play(scenario, level, tmp_path)


# ---------------------------------------------------------------- the port by itself
def _read(port: object, within_s: float = 5.0) -> bytes:
    return port.read(4096, time.monotonic() + within_s)  # type: ignore[attr-defined,no-any-return]


def test_all_nodes_of_one_device_are_one_port(bed: Bed) -> None:
    """Keys of the second keyboard are read too: an ungrabbed one would type into the browser."""
    device = usb_input((301, 302, 303), port="1-7")
    other = usb_input((304,), port="1-8")
    bed.plug(device)
    bed.plug(other)
    assert siblings("/dev/input/event302") == ["/dev/input/event301", "/dev/input/event303"]
    port = open_evdev("/dev/input/event302")
    assert port.paths == ["/dev/input/event302", "/dev/input/event301", "/dev/input/event303"]
    seen = []
    for node in device.nodes:
        os.write(bed.far_end(node), pack(typed("1")))
        seen += Strokes().feed(_read(port))
    assert [one.code for one in seen if one.type == 1 and one.value == 1] == [2, 2, 2]
    port.close()
    bed.unplug(device)
    bed.unplug(other)


def test_keys_by_evdevs_own_names_are_the_text(bed: Bed) -> None:
    """The far end here is made of evdev's key names and not of our table."""
    device = usb_input((305,), port="1-7")
    far = bed.plug(device)
    port = open_evdev(device.node)
    os.write(far, hardware.packed(hardware.typed("001090123456|Az-.,\n")))
    framer = KeyFramer()
    frames = until(lambda: framer.feed(_read(port), 0.0))
    assert bytes(frames[0].data) == b"001090123456|Az-.,"
    port.close()
    bed.unplug(device)


def test_a_record_cut_in_two_is_handed_over_whole(bed: Bed) -> None:
    device = usb_input((306,), port="1-7")
    far = bed.plug(device)
    port = open_evdev(device.node)
    record = pack([(1, 2, 1)])
    os.write(far, record[:10])
    with pytest.raises(Timeout):
        _read(port, 0.2)
    os.write(far, record[10:] + record)
    assert _read(port) == record + record
    port.close()
    bed.unplug(device)


def test_lamps_are_written_and_a_waker_ends_the_wait(bed: Bed) -> None:
    device = usb_input((307,), port="1-7", leds=(0, 1, 2))
    far = bed.plug(device)
    port, waker = open_evdev(device.node), Waker()
    port.write(pack([(EV_LED, LED_CAPS, 0)]), time.monotonic() + 1)
    assert Strokes().feed(os.read(far, RECORD.size))[0][1:] == (EV_LED, LED_CAPS, 0)
    waker.wake()
    assert port.read(4096, time.monotonic() + 5, waker) == b""
    port.close()
    waker.close()
    with pytest.raises(Gone):
        _read(port)
    bed.unplug(device)


def test_unplugged_is_gone_and_never_there_is_absent(bed: Bed) -> None:
    device = usb_input((308,), port="1-7")
    bed.plug(device)
    port = open_evdev(device.node)
    bed.unplug(device)
    with pytest.raises(Gone):
        _read(port)
    port.close()
    with pytest.raises(OpenFailed) as refused:
        open_evdev(device.node)
    assert refused.value.code == "absent"
