"""The number pad's scenarios at the levels of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.levels import BYTEWISE, LATE, MEMORY, Level
from tests.drivers.scenarios.numpad import BOOK


@pytest.mark.parametrize(("scenario", "level"), BOOK.cases((MEMORY, BYTEWISE, LATE)))
def test_scenario(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    BOOK.play(scenario, level, tmp_path)
