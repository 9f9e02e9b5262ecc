"""The card readers' scenarios at the levels of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.levels import SERIAL, Level
from tests.drivers.scenarios.reader import KEYS, LINE, WEDGE


@pytest.mark.parametrize(("scenario", "level"), LINE.cases(SERIAL))
def test_scanner_on_a_line(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    LINE.play(scenario, level, tmp_path)


@pytest.mark.parametrize(("scenario", "level"), WEDGE.cases(KEYS))
def test_scanner_that_types(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    WEDGE.play(scenario, level, tmp_path)
