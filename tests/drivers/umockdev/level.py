"""The level of emulated kernel devices: found by what udev says, opened through a node, watched by the true supervisor."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drivers.devices.link import Slot
from drivers.ports.base import OpenFailed, Port
from drivers.ports.discovery import UdevWatch, devices
from drivers.quirks import load_quirks
from drivers.registry import NODE_PORTS
from drivers.seats import Claims, Place, Seat
from drivers.supervision import Supervisor
from tests.drivers.scenarios.levels import Far, Outlet, readable_bytes
from tests.drivers.umockdev.bed import Bed
from tests.drivers.umockdev.hardware import Hardware

_numbers = itertools.count(20)  # the testbed knows a node's name once


@dataclass(frozen=True)
class EmulatedLevel:
    """`make(number=…, port=…)` gives the device; `match` is what a configuration says of it."""

    name: str
    bed: Bed
    make: Callable[..., Hardware]
    match: str
    ports: tuple[tuple[str, str], ...] = tuple(NODE_PORTS.items())
    gives: frozenset[str] = frozenset({"whole", "unplug", "hinder", "node", "udev"})

    def outlet(self, folder: Path) -> EmulatedOutlet:
        folder.mkdir(parents=True, exist_ok=True)
        return EmulatedOutlet(folder, self)


class EmulatedOutlet(Outlet):
    def __init__(self, folder: Path, level: EmulatedLevel) -> None:
        super().__init__(folder)
        self.match, self.level = level.match, level
        self.socket = "1-2"
        self.device: Hardware | None = None
        self._held = -1
        self._twins: list[Hardware] = []
        self._supervisor: Supervisor | None = None
        self.seat = Seat(Place("it", "it", "", None, level.match, dict(level.ports)), load_quirks(), devices, Claims())

    def open(self) -> tuple[Port, str]:
        if self.hindrance:
            raise OpenFailed(self.hindrance, "made to fail")
        return self.seat()

    def attach(self, slot: Slot) -> None:
        self._supervisor = Supervisor([(slot, self.seat)], devices, UdevWatch)
        self._supervisor.start()

    def plug(self, far: Far) -> None:
        self.far = far
        self.device = self.level.make(next(_numbers), port=self.socket)
        fd = self.level.bed.plug(self.device)
        os.set_blocking(fd, False)
        # The far end of a node that nobody has open yet seems hung up: it is held open as the kernel holds a device.
        self._held = os.open(self.device.node, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._serve(far, fd)

    def waiting_bytes(self) -> int:
        return readable_bytes(self._held)

    def unplug(self) -> None:
        device, self.device = self.device, None
        if device is not None:
            self._gone()
            os.close(self._held)
            self.level.bed.unplug(device)

    def elsewhere(self) -> None:
        """What is plugged in next goes into another socket."""
        self.socket = "1-5"

    def plug_twin(self) -> None:
        """A second device that looks the same, in another socket."""
        self._twins.append(self.level.make(next(_numbers), port="1-6"))
        self.level.bed.plug(self._twins[-1])

    def unplug_twin(self) -> None:
        self.level.bed.unplug(self._twins.pop())

    def close(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop()
        self.unplug()
        while self._twins:
            self.unplug_twin()
