"""How a scenario is written once and played at every level that can carry it.

A role has one file beside this one with a `Book`: its scenarios, and the `Stage` they are played on. A scenario says what
it needs of a level; a level says what it gives; `Book.cases` pairs them. `tests/drivers/test_scenarios_<role>.py` plays
the levels of this process, `tests/drivers/umockdev/case_<role>.py` the same scenarios on emulated kernel devices.

    BOOK = Book(PrinterStage)

    @BOOK.scenario()                      # needs a line that loses nothing: every level but the lossy one
    def happy(stage: PrinterStage) -> None:
        assert stage.print().outcome is Outcome.PRINTED

    @BOOK.scenario(needs={"unplug"})
    def unplugged_in_mid_job(stage: PrinterStage) -> None: ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.drivers.scenarios.levels import Level
    from tests.drivers.scenarios.stage import Stage

# What a level may give. `whole`: no byte is lost. `lossy`: some are. `unplug`: the plug can be pulled. `hinder`: opening can be
# refused with any code. `node`: there is a device node. `udev`: devices are found by what udev says of them, and come back elsewhere.
GIFTS = frozenset({"whole", "lossy", "unplug", "hinder", "node", "udev"})


@dataclass(frozen=True)
class Scenario:
    name: str
    play: Callable[[Any], None]
    needs: frozenset[str]
    far: dict[str, Any]


@dataclass
class Book:
    """All scenarios of one role."""

    stage: type[Stage]
    scenarios: list[Scenario] = field(default_factory=list)

    def scenario(self, needs: Iterable[str] = ("whole",), **far: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
        """`far`: how the far end is made (`faults="paper-low"`, …)."""
        wanted = frozenset(needs)
        assert wanted <= GIFTS, wanted - GIFTS

        def take(play: Callable[[Any], None]) -> Callable[[Any], None]:
            self.scenarios.append(Scenario(play.__name__, play, wanted, far))
            return play

        return take

    def cases(self, levels: Iterable[Level]) -> list[Any]:
        """What `pytest.mark.parametrize(("scenario", "level"), …)` takes."""
        pairs = [(one, level) for one in self.scenarios for level in levels if one.needs <= level.gives]
        return [pytest.param(one, level, id=f"{one.name}-{level.name}") for one, level in pairs]

    def play(self, scenario: Scenario, level: Level, folder: Path) -> None:
        stage = self.stage(level, folder, **scenario.far)
        try:
            stage.start()
            scenario.play(stage)
        finally:
            stage.close()
