"""Keypads for the hand and touch screens on emulated kernel devices: found by what udev says, read through the real evdev."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from evdev import ecodes as e

from drivers.ports.discovery import devices, node_properties
from drivers.ports.nodes import DeviceInfo
from drivers.quirks import load_quirks
from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.hands import TACTILE, TOUCH
from tests.drivers.umockdev.bed import Bed, the_bed
from tests.drivers.umockdev.hardware import Hardware, usb_input
from tests.drivers.umockdev.level import EmulatedLevel

AXES = dict.fromkeys((e.ABS_X, e.ABS_Y, e.ABS_MT_SLOT, e.ABS_MT_TRACKING_ID), (0, 32767, 10))


def _panel(number: int, port: str) -> Hardware:
    """A touch screen; it has a mouse beside it, as many do."""
    about = {"vid": "222a", "pid": "0001", "model": "ILITEK-TP", "serial": ""}
    axes = {"axes": AXES, "props": (e.INPUT_PROP_DIRECT,), "keys": (e.BTN_TOUCH,)}
    return usb_input((number,), port=port, kind="ID_INPUT_TOUCHSCREEN", **about, **axes)


_pad = partial(usb_input, vid="04d9", pid="1203", model="USB Numeric Keypad", serial="")


def _keypad(number: int, port: str) -> Hardware:
    return _pad((number, number + 500), port=port)


KEYPAD = EmulatedLevel("keypad", the_bed(), _keypad, "usb:04d9:1203:*", (("input", "evdev"), ("switch", "evdev")))
PANEL = EmulatedLevel("panel", the_bed(), _panel, "usb:222a:0001:*", (("touch", "watch"),))


@pytest.mark.parametrize(("scenario", "level"), TACTILE.cases([KEYPAD]))
def test_tactile_keypad(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    TACTILE.play(scenario, level, tmp_path)


@pytest.mark.parametrize(("scenario", "level"), TOUCH.cases([PANEL]))
def test_touch_screen(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    TOUCH.play(scenario, level, tmp_path)


def test_udev_tells_panels_keyboards_and_sockets_apart(bed: Bed) -> None:
    panel, pad = _panel(801, "1-2"), _pad((802,), port="1-3")
    socket = usb_input((803,), vid="0d8c", pid="0014", model="USB Audio Headphone", port="1-5", kind="ID_INPUT_SWITCH", keys=())
    for one in (panel, pad, socket):
        bed.plug(one)
    try:
        seen: dict[str, DeviceInfo] = {one.node: one for one in devices()}
        assert [seen[one.node].subsystem for one in (panel, pad, socket)] == ["touch", "input", "switch"]
        advice, tied = load_quirks().advise(seen[panel.node])
        assert advice is not None
        assert (advice.role, advice.driver, tied) == ("touch", "touch", False), "driver = “touch”, match = “auto” is enough"
        assert node_properties(panel.node)["ID_INPUT_TOUCHSCREEN"] == "1"
        assert node_properties("/dev/null-and-void") == {}
    finally:
        for one in (panel, pad, socket):
            bed.unplug(one)
