"""The printer's scenarios at the levels of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.drivers.scenarios.frame import Scenario
from tests.drivers.scenarios.levels import BYTEWISE, LATE, LOCAL, Level
from tests.drivers.scenarios.printer import BOOK

# At the levels that only bend the bytes' way, `make test` plays what is about bytes; `make verify` plays everything everywhere.
ABOUT_BYTES = {"happy", "a_clone_that_knows_only_gs_r", "garbage", "stale_bytes", "dots_are_lost"}


def _cases() -> list[Any]:
    bent = {BYTEWISE.name, LATE.name}
    return [
        pytest.param(*case.values, id=case.id, marks=pytest.mark.full)
        if case.values[1].name in bent and case.values[0].name not in ABOUT_BYTES
        else case
        for case in BOOK.cases(LOCAL)
    ]


@pytest.mark.parametrize(("scenario", "level"), _cases())
def test_scenario(scenario: Scenario, level: Level, tmp_path: Path) -> None:
    BOOK.play(scenario, level, tmp_path)
