"""The printer's scenarios on the kernel's USB printer class, and on a USB-serial bridge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.printer import BOOK
from tests.drivers.umockdev.bed import the_bed
from tests.drivers.umockdev.hardware import usb_printer
from tests.drivers.umockdev.level import EmulatedLevel

USBLP = EmulatedLevel("usblp", the_bed(), usb_printer, "usb:04b8:0e15:*")


@pytest.mark.parametrize(("scenario", "level"), BOOK.cases([USBLP]))
def test_scenario(scenario: Scenario, level: EmulatedLevel, tmp_path: Path) -> None:
    BOOK.play(scenario, level, tmp_path)
