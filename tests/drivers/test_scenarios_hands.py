"""The scenarios of keypads for the hand and of touch screens at the levels of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.hands import HANDS, TACTILE, TOUCH
from tests.drivers.scenarios.levels import Level


@pytest.mark.parametrize(("scenario", "level"), TACTILE.cases(HANDS))
def test_tactile_keypad(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    TACTILE.play(scenario, level, tmp_path)


@pytest.mark.parametrize(("scenario", "level"), TOUCH.cases(HANDS))
def test_touch_screen(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    TOUCH.play(scenario, level, tmp_path)
