"""The receipt printer's scenarios: written once, played at every level that can carry them."""

from __future__ import annotations

from typing import Any

from drivers.model import JobResult, Outcome, PrintJob
from drivers.quirks import Profile
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import Wire
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.stage import Stage, until

FAST = Profile("fast", 576, answer_s=0.3, stall_s=0.6, confirm_s=1.0, print_dots_per_s=4000, confirm=("sensor",))


class PrinterFar:
    """The simulated printer on whatever descriptor the level has."""

    def __init__(self, faults: str = "", **how: Any) -> None:
        self.sim = PrinterSim(576, parse_faults(faults, PRINTER_FAULTS), **how)
        self._wires: list[Wire] = []

    def carry(self, fd: int) -> None:
        wire = Wire(self.sim)
        self._wires.append(wire)
        try:
            wire.carry(fd)
        finally:
            self.sim.disconnect()

    def let_go(self) -> None:
        for wire in self._wires:
            wire.stopping.set()
        self._wires.clear()


class PrinterStage(Stage):
    role, driver, profile = "printer", "escpos", FAST
    options = {"poll_s": 0.2}  # noqa: RUF012 - a constant of the class
    far: PrinterFar

    def make_far(self, **how: Any) -> PrinterFar:
        return PrinterFar(**how)

    @property
    def sim(self) -> PrinterSim:
        return self.far.sim

    def job(self, name: str = "job-1", height: int = 200) -> PrintJob:
        raster = bytes((7 + row * 31 + column * 17) & 0xE7 for row in range(height) for column in range(72))
        return PrintJob(name, 576, height, raster)

    def print(self, name: str = "job-1", height: int = 200) -> JobResult:
        result: JobResult = self.submit(self.job(name, height)).result(30)
        return result


BOOK = Book(PrinterStage)


@BOOK.scenario()
def happy(stage: PrinterStage) -> None:
    assert stage.print().outcome is Outcome.PRINTED
    assert b"".join(row.ljust(72, b"\0") for row in stage.sim.slips[-1].rows) == stage.job().raster


@BOOK.scenario(needs={"whole", "unplug"}, faults="slow")
def unplugged_in_mid_job(stage: PrinterStage) -> None:
    future = stage.submit(stage.job(height=1200))
    until(lambda: stage.sim.received_bytes > 8000, "some bytes taken")
    stage.unplug()
    result = future.result(30)
    assert result.outcome is Outcome.UNKNOWN
    stage.sim.set_faults([])
    stage.plug()
    stage.until_code("ok")
    assert stage.print("job-2").outcome is Outcome.PRINTED
    assert stage.print("job-1").outcome is Outcome.UNKNOWN  # never sent again


@BOOK.scenario(needs={"hinder", "whole"})
def forbidden_then_allowed(stage: PrinterStage) -> None:
    stage.hinder("permission")
    stage.unplug()
    stage.until_code("permission")
    assert stage.print().outcome is Outcome.NOT_SENT
    stage.plug()
    stage.hinder(None)
    stage.until_code("ok")


@BOOK.scenario(needs={"udev", "whole", "unplug"})
def replugged_elsewhere(stage: PrinterStage) -> None:
    assert stage.print().outcome is Outcome.PRINTED
    before = stage.slot.status.device
    stage.unplug()
    stage.until_code("absent")
    assert stage.print("job-2").outcome is Outcome.NOT_SENT
    stage.plug_elsewhere()
    stage.until_code("ok")
    assert stage.slot.status.device != before
    assert stage.print("job-3").outcome is Outcome.PRINTED


@BOOK.scenario(needs={"udev", "whole", "unplug"})
def a_twin_beside_it(stage: PrinterStage) -> None:
    """The one at work stays at work; which of two a fresh look means is a person's choice."""
    stage.outlet.plug_twin()
    assert stage.print().outcome is Outcome.PRINTED
    stage.unplug()
    stage.plug()
    stage.until_code("duplicate")
    assert stage.print("job-2").outcome is Outcome.NOT_SENT
    stage.outlet.unplug_twin()
    stage.until_code("ok")
    assert stage.print("job-3").outcome is Outcome.PRINTED
