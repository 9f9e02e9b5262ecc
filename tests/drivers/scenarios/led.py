"""The LED panel's scenarios: written once, played at every level that can carry them, in frames and in Modbus."""

from __future__ import annotations

from drivers.devices.showing import Show, Shown
from drivers.sim.station import LedSim
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.line import LineFar, LineStage, led
from tests.drivers.scenarios.stage import until


class LedStage(LineStage):
    role, driver = "led", "led-panel"
    more = {"refresh_s": 0.4}  # noqa: RUF012 - a constant of the class

    def make_far(self, protocol: str, faults: str = "") -> LineFar:
        return LineFar(led(protocol, faults))

    @property
    def sim(self) -> LedSim:
        station = self.far.stations[0]
        assert isinstance(station, LedSim)
        return station

    def show(self, text: str, **more: object) -> Shown:
        result: Shown = self.submit(Show((text,), **more)).result(15)  # type: ignore[arg-type]
        return result

    def until_shows(self, text: str) -> None:
        until(lambda: self.sim.rows[0] == text, f"{text!r} at {self.level.name}, not {self.sim.rows}")


BOOK = Book(LedStage)
FRAMES, MODBUS, DEAF = {"protocol": "ascii-xor"}, {"protocol": "modbus-ascii"}, {"protocol": "edi"}


def _happy(stage: LedStage) -> None:
    stage.until_shows("  --")  # what nobody told it is not some number of yesterday
    assert stage.show("A045", blink=True).outcome == "shown"
    assert (stage.sim.rows[0], stage.sim.blink) == ("A045", True)
    assert stage.show("Đ7").rows == ("  D7",)


@BOOK.scenario(**FRAMES)
def happy(stage: LedStage) -> None:
    _happy(stage)


@BOOK.scenario(**MODBUS)
def happy_modbus(stage: LedStage) -> None:
    _happy(stage)


@BOOK.scenario(**DEAF)
def one_that_never_answers_is_told_and_not_believed(stage: LedStage) -> None:
    assert stage.show("A045").outcome == "sent"
    stage.until_shows(" 045")  # it has digits only
    assert stage.code == "ok"


@BOOK.scenario(**FRAMES, faults="slow")
def slow(stage: LedStage) -> None:
    assert stage.show("A045").outcome == "shown"


def _silent(stage: LedStage) -> None:
    stage.until_code("timeout")
    said = stage.show("A045")
    assert (said.outcome, said.code) == ("not_shown", "timeout")
    stage.fault()
    stage.until_shows("A045")  # remembered, and shown without being asked again
    stage.until_code("ok")


@BOOK.scenario(**FRAMES, faults="silent")
def silent_then_well(stage: LedStage) -> None:
    _silent(stage)


@BOOK.scenario(**MODBUS, faults="silent")
def silent_modbus_then_well(stage: LedStage) -> None:
    _silent(stage)


def _garbled(stage: LedStage) -> None:
    stage.until_code("garbled")
    assert stage.show("A045").outcome == "not_shown"
    stage.fault()
    stage.until_code("ok")
    stage.until_shows("A045")


@BOOK.scenario(**FRAMES, faults="garbage")
def garbage(stage: LedStage) -> None:
    _garbled(stage)


@BOOK.scenario(**MODBUS, faults="garbage")
def garbage_modbus(stage: LedStage) -> None:
    _garbled(stage)


@BOOK.scenario(**FRAMES, faults="partial")
def half_an_answer(stage: LedStage) -> None:
    _garbled(stage)


@BOOK.scenario(**MODBUS, faults="wrong-checksum")
def answers_with_a_wrong_checksum(stage: LedStage) -> None:
    _garbled(stage)


def _refused(stage: LedStage) -> None:
    stage.until_code("refused")
    said = stage.show("A045")
    assert (said.outcome, said.code) == ("not_shown", "refused")
    stage.fault()
    assert stage.show("A046").outcome == "shown"
    stage.until_code("ok")


@BOOK.scenario(**FRAMES, faults="nak")
def nak(stage: LedStage) -> None:
    _refused(stage)


@BOOK.scenario(**MODBUS, faults="nak")
def modbus_exception(stage: LedStage) -> None:
    _refused(stage)


@BOOK.scenario(**FRAMES)
def power_cut_at_the_panel(stage: LedStage) -> None:
    assert stage.show("A045").outcome == "shown"
    stage.sim.rows[0] = "8888"  # what a panel shows when its power comes back
    stage.until_shows("A045")


@BOOK.scenario(**FRAMES)
def nobody_says_it_again(stage: LedStage) -> None:
    assert stage.show("A045", hold_s=0.3).outcome == "shown"
    stage.until_shows("  --")


@BOOK.scenario(needs={"whole", "unplug"}, **FRAMES)
def unplugged_and_back(stage: LedStage) -> None:
    assert stage.show("A045").outcome == "shown"
    stage.unplug()
    until(lambda: stage.state in ("lost", "backoff", "absent", "opening"), "the loss is seen")
    assert stage.show("A046").outcome == "not_shown"
    stage.plug()
    stage.ready()
    stage.until_shows("A046")


@BOOK.scenario(needs={"hinder", "whole"}, **FRAMES)
def forbidden_then_busy_then_allowed(stage: LedStage) -> None:
    for code in ("permission", "busy"):
        stage.hinder(code)
        stage.unplug()
        stage.until_code(code)
        assert stage.show("A045").code == code
    stage.plug()
    stage.hinder(None)
    stage.until_code("ok")
    stage.until_shows("A045")


@BOOK.scenario(needs={"lossy"}, **FRAMES)
def a_line_that_loses_bytes_shows_no_wrong_number(stage: LedStage) -> None:
    """Every seventh byte is lost: frames are guarded, so a panel shows the old number or the new one, or nothing new."""
    for text in ("A001", "A002", "A003"):
        stage.show(text)
        assert stage.sim.rows[0] in ("    ", "  --", "A001", "A002", "A003")
