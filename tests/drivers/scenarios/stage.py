"""One device under test on one level: the true driver in a true slot, the far end, the plug between them. Asserts nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drivers.config import SlotConfig
from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.model import SlotStatus
from drivers.quirks import Profile, load_quirks
from drivers.registry import Parts, driver
from tests.drivers.scenarios.levels import Far, Level, Outlet

QUICK_BACKOFF_S = (0.05, 0.1, 0.2)


def until(condition: Callable[[], Any], what: str = "", within_s: float = 15.0) -> Any:
    """Poll a condition with a deadline."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.01)
    pytest.fail(f"did not happen within {within_s} s: {what or condition}")


class Stage:
    """A role's own stage names its driver, makes its far end, and adds the words its scenarios speak in."""

    role: str
    driver: str
    options: dict[str, Any] = {}  # noqa: RUF012 - a constant of the class
    profile: Profile | None = None

    def __init__(self, level: Level, folder: Path, **far: Any) -> None:
        self.level, self.folder = level, folder
        self.outlet: Outlet = level.outlet(folder)
        self.far = self.make_far(**far)
        self.told: list[SlotStatus] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.journal = Journal(folder / "jobs.sqlite3")
        self.slot = self._slot()

    def make_far(self, **how: Any) -> Far:
        raise NotImplementedError

    def _slot(self) -> Slot:
        wanted = SlotConfig(self.role, self.driver, self.outlet.address, self.outlet.match, dict(self.options), self.profile)
        parts = Parts(
            self.journal,
            lambda event, data: self.events.append((event, data)),
            lambda event, **data: self.log.append((event, data)),
            self.folder,
            load_quirks(),
        )
        device = driver(self.driver).build(wanted, parts)
        return Slot(
            self.role, self.driver, device, self.outlet.open, publish=self.told.append, place=wanted.place, backoff_s=QUICK_BACKOFF_S
        )

    # ------------------------------------------------------------ the life of it
    def start(self) -> None:
        """Plugged in and ready."""
        self.outlet.plug(self.far)
        self.outlet.attach(self.slot)
        self.slot.start()
        self.ready()

    def close(self) -> None:
        if self.slot.alive:
            self.slot.stop()
        self.outlet.close()
        self.journal.close()

    # ------------------------------------------------------------ words of every scenario
    @property
    def state(self) -> str:
        return str(self.slot.status.state)

    @property
    def code(self) -> str:
        return self.slot.status.health.code

    def ready(self) -> None:
        until(lambda: self.state in ("ready", "degraded"), f"ready at {self.level.name}, not {self.slot.status}")

    def until_code(self, code: str) -> None:
        until(lambda: self.code == code, f"{code} at {self.level.name}, not {self.slot.status}")

    def unplug(self) -> None:
        self.outlet.unplug()

    def plug(self) -> None:
        """The same far end again, in the same place."""
        self.outlet.plug(self.far)

    def plug_elsewhere(self) -> None:
        """The same far end in another socket, under another node's name."""
        self.outlet.elsewhere()
        self.outlet.plug(self.far)

    def hinder(self, code: str | None) -> None:
        self.outlet.hinder(code)

    def submit(self, command: Any) -> Any:
        return self.slot.submit(command)
