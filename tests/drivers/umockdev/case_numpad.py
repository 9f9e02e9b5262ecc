"""A clerk's USB number pad on emulated kernel devices: found by what udev says, read through the real evdev."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.numpad import BOOK
from tests.drivers.umockdev.bed import the_bed
from tests.drivers.umockdev.hardware import Hardware, usb_input
from tests.drivers.umockdev.level import EmulatedLevel

_pad = partial(usb_input, vid="04d9", pid="a02a", model="USB Number Pad", serial="")


def _numpad(number: int, port: str) -> Hardware:
    return _pad((number, number + 500), port=port)


LEVEL = EmulatedLevel("number pad", the_bed(), _numpad, "usb:04d9:a02a:*", (("input", "evdev"),))


@pytest.mark.parametrize(("scenario", "level"), BOOK.cases([LEVEL]))
def test_number_pad(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    BOOK.play(scenario, level, tmp_path)
