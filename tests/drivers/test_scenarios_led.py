"""The LED panel's scenarios at the levels of this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.led import BOOK
from tests.drivers.scenarios.levels import BYTEWISE, LATE, LOSSY, MEMORY, PTY, TCP, Level

# Faults are the far end's own and look alike in every weather: in bad weather the happy ones are enough.
WEATHERED = [case for case in BOOK.cases((BYTEWISE, LATE)) if str(case.id).startswith("happy")]


@pytest.mark.parametrize(("scenario", "level"), [*BOOK.cases((MEMORY, LOSSY, PTY, TCP)), *WEATHERED])
def test_scenario(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    BOOK.play(scenario, level, tmp_path)
