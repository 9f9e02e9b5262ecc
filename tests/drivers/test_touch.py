"""Touch screens: touches out of records, matrices judged by what libinput would do with them, and a panel gone dead."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from evdev import ecodes as e
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.hid_keymap import Strokes, pack
from drivers.codecs.touch import ABS_MT_TRACKING_ID, BTN_TOUCH, MATRICES, rule, same_matrix, touches
from drivers.devices.touch import TouchScreen
from drivers.ports.base import Waker
from drivers.ports.memory import null_modem

SINGLE = [(e.EV_ABS, e.ABS_X, 100), (e.EV_ABS, e.ABS_Y, 50), (e.EV_KEY, e.BTN_TOUCH, 1), (e.EV_SYN, 0, 0), (e.EV_KEY, e.BTN_TOUCH, 0)]
MULTI = [(e.EV_ABS, e.ABS_MT_SLOT, 0), (e.EV_ABS, e.ABS_MT_TRACKING_ID, 7), (e.EV_SYN, 0, 0), (e.EV_ABS, e.ABS_MT_TRACKING_ID, -1)]


def count(*events: tuple[int, int, int]) -> int:
    return touches(Strokes().feed(pack(events)))


def test_a_finger_counts_when_it_comes_down() -> None:
    assert (e.BTN_TOUCH, e.ABS_MT_TRACKING_ID) == (BTN_TOUCH, ABS_MT_TRACKING_ID)
    assert count(*SINGLE) == count(*MULTI) == count(*SINGLE[:3], *MULTI) == 1
    assert count(*MULTI[:2], (e.EV_ABS, e.ABS_MT_SLOT, 1), (e.EV_ABS, e.ABS_MT_TRACKING_ID, 8)) == 2
    assert count((e.EV_ABS, e.ABS_X, 5), (e.EV_KEY, e.BTN_TOUCH, 0), (e.EV_SYN, 0, 0)) == 0


@given(st.binary(max_size=600))
def test_no_bytes_break_it(data: bytes) -> None:
    assert 0 <= touches(Strokes().feed(data)) <= len(data) // struct.calcsize("@llHHi")


def turned(rotate: int, x: float, y: float) -> tuple[float, float]:
    """What libinput makes of a touch: [x' y'] = M [x y 1], everything between 0 and 1."""
    a, b, c, d, f, g = map(float, MATRICES[rotate].split())
    return a * x + b * y + c, d * x + f * y + g


@pytest.mark.parametrize(("rotate", "goes_to"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_the_upper_left_corner_goes_round_clockwise(rotate: int, goes_to: tuple[int, int]) -> None:
    assert turned(rotate, 0, 0) == goes_to
    assert turned((360 - rotate) % 360, *turned(rotate, 0.2, 0.7)) == pytest.approx((0.2, 0.7)), "turned back it is where it was"


@pytest.mark.parametrize(
    ("found", "rotate", "fits"),
    [
        ("", 0, True),
        ("", 90, False),
        ("0 -1 1 1 0 0", 90, True),
        ("0.0 -1.0 1.00 1 0 0", 90, True),
        ("0 -1 1 1 0 0", 270, False),
        ("x", 0, False),
    ],
)
def test_the_property_of_udev_is_compared_as_numbers(found: str, rotate: int, fits: bool) -> None:
    assert same_matrix(found, rotate) is fits


def test_the_rule_a_technician_writes() -> None:
    assert rule("222a", "0001", 180) == (
        'SUBSYSTEM=="input", KERNEL=="event[0-9]*", ATTRS{idVendor}=="222a", ATTRS{idProduct}=="0001", '
        'ENV{ID_INPUT_TOUCHSCREEN}=="1", ENV{LIBINPUT_CALIBRATION_MATRIX}="-1 0 1 0 -1 1"'
    )


# ---------------------------------------------------------------- the device
class Panel:
    """A touch driver on a line inside the process; `slips` is what the printer's journal would say."""

    def __init__(self, properties: dict[str, str] | None = None, **how: Any) -> None:
        self.near, self.far = null_modem()
        self.near.paths = ["/dev/input/event7"]  # type: ignore[attr-defined]
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.slips = 0
        self.device = TouchScreen(
            "touch",
            lambda event, data: self.events.append((event, data)),
            slips_since=lambda _: self.slips,
            properties=lambda _: properties or {},
            **{"look_s": 0.02, **how},
        )
        self.waker = Waker()

    def tend(self) -> str:
        return self.device.tend(self.near, self.waker).code


def test_a_panel_that_is_dead_while_slips_go_out() -> None:
    panel = Panel(silent_s=0.0001, silent_slips=3)
    assert panel.device.greet(panel.near).code == "ok"
    assert panel.tend() == "ok", "nobody came: silence says nothing"
    panel.slips = 3
    assert panel.tend() == "touch_dead"
    lively = Panel(silent_s=60, silent_slips=3)
    lively.slips = 300
    assert lively.tend() == "ok", "not that long yet"


def test_touches_are_told_without_a_place_and_not_too_often() -> None:
    often, seldom = Panel(tell_s=0.0), Panel(tell_s=60.0)
    for panel in (often, seldom):
        for _ in range(2):
            panel.far.write(pack(SINGLE), 1e9)
            panel.tend()
    assert often.events == [("touch", {"slot": "touch"})] * 2
    assert len(seldom.events) == 1


def test_a_panel_that_is_not_turned_says_the_line_that_turns_it() -> None:
    known = {"ID_VENDOR_ID": "222a", "ID_MODEL_ID": "0001"}
    panel = Panel(known, rotate=90)
    health = panel.device.greet(panel.near)
    assert health.code == "touch_turned"
    assert 'ENV{LIBINPUT_CALIBRATION_MATRIX}="0 -1 1 1 0 0"' in health.detail
    assert Panel({**known, "LIBINPUT_CALIBRATION_MATRIX": "0 -1 1 1 0 0"}, rotate=90).device.greet(panel.near).code == "ok"
    assert Panel(known).device.greet(panel.near).code == "ok"
