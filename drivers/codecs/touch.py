"""What a touch screen's records say, and how a turned screen's coordinates are put right: matrices for libinput.

Pure. The numbers are those of the kernel's `input-event-codes.h`; the matrices those of libinput's documentation.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.codecs.hid_keymap import EV_KEY, PRESSED, Stroke

EV_ABS = 0x03
BTN_TOUCH, ABS_MT_TRACKING_ID = 0x14A, 0x39
PROPERTY = "LIBINPUT_CALIBRATION_MATRIX"
# The first two rows; degrees clockwise.
MATRICES = {0: "1 0 0 0 1 0", 90: "0 -1 1 1 0 0", 180: "-1 0 1 0 -1 1", 270: "0 1 0 -1 0 1"}


def touches(strokes: Iterable[Stroke]) -> int:
    """How many times a finger came down: single-touch panels press a button, multi-touch ones give a contact a number."""
    came = [one for one in strokes if _finger(one)]
    buttons = sum(one.type == EV_KEY for one in came)
    return buttons or len(came)  # a panel that does both says each touch twice


def _finger(one: Stroke) -> bool:
    if one.type == EV_KEY:
        return one.code == BTN_TOUCH and one.value == PRESSED
    return one.type == EV_ABS and one.code == ABS_MT_TRACKING_ID and one.value >= 0


def same_matrix(found: str, rotate: int) -> bool:
    """Whether udev's property turns as wanted; without the property nothing is turned."""
    try:
        seen = [float(part) for part in (found or MATRICES[0]).split()]
    except ValueError:
        return False
    return seen == [float(part) for part in MATRICES[rotate].split()]


def rule(vid: str, pid: str, rotate: int) -> str:
    """The line for /etc/udev/rules.d/72-toiluot-touch.rules."""
    return (
        f'SUBSYSTEM=="input", KERNEL=="event[0-9]*", ATTRS{{idVendor}}=="{vid}", ATTRS{{idProduct}}=="{pid}", '
        f'ENV{{ID_INPUT_TOUCHSCREEN}}=="1", ENV{{{PROPERTY}}}="{MATRICES[rotate]}"'
    )
