"""The receipt printer's scenarios: written once, played at every level that can carry them."""

from __future__ import annotations

import os
from typing import Any

from drivers.model import JobResult, Outcome, PrintJob
from drivers.quirks import Profile
from drivers.sim.faults import PRINTER_FAULTS, parse_faults
from drivers.sim.printer import PrinterSim
from drivers.sim.printer_wire import Wire
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.stage import Stage, until

FAST = Profile("fast", 576, answer_s=0.4, stall_s=0.8, confirm_s=2.0, print_dots_per_s=4000, confirm=("process_id", "sensor"), clear="dc4")
ALL_WELL = b"\x12\x12\x12\x12\x00"


class PrinterFar:
    """The simulated printer on whatever descriptor the level has. `stale`: bytes that lie there before anybody asks."""

    def __init__(self, faults: str = "", stale: bytes = b"", **how: Any) -> None:
        self._stale = stale
        self.sim = PrinterSim(576, parse_faults(faults, PRINTER_FAULTS), **how)
        self._wires: list[Wire] = []

    def carry(self, fd: int) -> None:
        wire = Wire(self.sim)
        self._wires.append(wire)
        try:
            os.write(fd, self._stale)
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

    def fault(self, text: str) -> None:
        self.sim.set_faults(parse_faults(text, PRINTER_FAULTS))

    def last_slip(self) -> bytes:
        return b"".join(row.ljust(72, b"\0") for row in self.sim.slips[-1].rows)


BOOK = Book(PrinterStage)


@BOOK.scenario()
def happy(stage: PrinterStage) -> None:
    assert stage.print().outcome is Outcome.PRINTED
    assert stage.last_slip() == stage.job().raster
    assert stage.print().outcome is Outcome.PRINTED
    assert stage.sim.printed == 1, "the same job is answered, not printed again"


@BOOK.scenario(knows_process_id=False)
def a_clone_that_knows_only_gs_r(stage: PrinterStage) -> None:
    assert stage.print().outcome is Outcome.PRINTED


@BOOK.scenario(faults="slow")
def slow(stage: PrinterStage) -> None:
    assert stage.print(height=60).outcome is Outcome.PRINTED


@BOOK.scenario(faults="silent")
def silent(stage: PrinterStage) -> None:
    stage.until_code("timeout")
    assert stage.print(height=60) == JobResult("job-1", Outcome.SENT_UNCONFIRMED, "timeout", "no answer to DLE EOT")
    until(lambda: stage.sim.printed == 1, "the slip on paper")


@BOOK.scenario()
def falls_silent(stage: PrinterStage) -> None:
    stage.until_code("ok")
    stage.fault("silent")
    assert (stage.print().outcome, stage.sim.printed) == (Outcome.NOT_SENT, 0)


@BOOK.scenario(faults="garbage")
def garbage(stage: PrinterStage) -> None:
    stage.until_code("ok")
    assert stage.print(height=60).outcome is Outcome.PRINTED
    stage.fault("garbage,paper-out")
    stage.until_code("paper_out")


@BOOK.scenario(faults="paper-out", stale=ALL_WELL)
def stale_bytes(stage: PrinterStage) -> None:
    """What lay in the buffer says that all is well; it was said to somebody else."""
    stage.until_code("paper_out")
    assert stage.print() == JobResult("job-1", Outcome.NOT_SENT, "paper_out")


@BOOK.scenario()
def partial_write(stage: PrinterStage) -> None:
    stage.until_code("ok")
    stage.fault("partial")
    assert stage.print(height=400).outcome is Outcome.UNKNOWN
    stage.fault("")
    stage.until_code("ok")
    assert stage.print("job-2").outcome is Outcome.PRINTED
    assert stage.last_slip() == stage.job().raster, "the one after it is whole"
    assert stage.print(height=400).outcome is Outcome.UNKNOWN


@BOOK.scenario()
def opened_in_mid_slip(stage: PrinterStage) -> None:
    stage.until_code("ok")
    stage.fault("cover-open@40r")
    result = stage.print()
    assert (result.outcome, result.code) == (Outcome.UNKNOWN, "cover_open")
    stage.fault("")
    stage.until_code("ok")
    assert stage.print("job-2").outcome is Outcome.PRINTED
    assert stage.last_slip() == stage.job().raster
    assert len(stage.sim.slips) == 2
    assert len(stage.sim.slips[0].rows) == 40, "cut off, and forgotten by the printer"


@BOOK.scenario(needs={"lossy"})
def dots_are_lost(stage: PrinterStage) -> None:
    """Never told as printed: what came out, if anything, is not the slip."""
    assert stage.print(height=120).outcome is not Outcome.PRINTED


@BOOK.scenario(needs={"hinder", "whole"})
def taken_by_another_program(stage: PrinterStage) -> None:
    stage.hinder("busy")
    stage.unplug()
    stage.until_code("busy")
    assert (stage.print().outcome, stage.print().code) == (Outcome.NOT_SENT, "busy")
    stage.plug()
    stage.hinder(None)
    stage.until_code("ok")
    assert stage.print("job-2").outcome is Outcome.PRINTED


@BOOK.scenario(needs={"whole", "unplug"}, faults="slow")
def unplugged_in_mid_job(stage: PrinterStage) -> None:
    future = stage.submit(stage.job(height=400))
    until(lambda: stage.sim.received_bytes > 4000, "some bytes taken")
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
