"""What the scenarios of panels and keypads share: one simulated station on whatever descriptor the level has."""

from __future__ import annotations

from typing import Any

from drivers.devices.link import Slot
from drivers.ports.base import Port
from drivers.ports.tcp import open_kept
from drivers.protocols import load_protocols
from drivers.sim.line_wire import LineWire
from drivers.sim.station import KeypadSim, LedSim, Station
from tests.drivers.scenarios.stage import Stage

PROTOCOLS = load_protocols()


class LineFar:
    """Stations on one line. It outlives its plugs."""

    def __init__(self, *stations: Station) -> None:
        self.stations = stations
        self._wires: list[LineWire] = []

    def carry(self, fd: int) -> None:
        wire = LineWire(self.stations)
        self._wires.append(wire)
        wire.carry(fd)

    def let_go(self) -> None:
        for wire in self._wires:
            wire.stopping.set()
        self._wires.clear()


class LineStage(Stage):
    """`protocol` is a table of drivers/protocols.d."""

    far: LineFar
    more: dict[str, Any] = {}  # noqa: RUF012 - a constant of the class

    def __init__(self, level: Any, folder: Any, protocol: str, **far: Any) -> None:
        self.options = {"protocol": protocol, **self.more}
        super().__init__(level, folder, protocol=protocol, **far)

    def _slot(self) -> Slot:
        if self.outlet.address is not None and self.outlet.address.kind == "tcp":
            self.outlet.open = self._kept  # type: ignore[method-assign]
        return super()._slot()

    def _kept(self) -> tuple[Port, str]:
        address = self.outlet.address
        assert address is not None
        return open_kept(address), address.text

    def fault(self, *names: str) -> None:
        self.far.stations[0].faults = set(names)


def led(protocol: str, faults: str = "", **how: Any) -> LedSim:
    return LedSim(PROTOCOLS.panel(protocol), 1, set(faults.split()), **how)


def keypad(protocol: str, faults: str = "", address: int = 1) -> KeypadSim:
    wanted = PROTOCOLS.keypad(protocol)
    return KeypadSim(wanted, PROTOCOLS.panels[wanted.display] if wanted.display else None, address, set(faults.split()))
