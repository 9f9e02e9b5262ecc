"""The clerk's keypad's scenarios: written once, played at every level that can carry them; asked and unasked, frames and Modbus."""

from __future__ import annotations

from drivers.devices.showing import Show
from drivers.sim.station import KeypadSim
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.line import LineFar, LineStage, keypad
from tests.drivers.scenarios.stage import until


class KeypadStage(LineStage):
    role, driver = "keypad", "call-keypad"

    def make_far(self, protocol: str, faults: str = "") -> LineFar:
        return LineFar(keypad(protocol, faults))

    @property
    def sim(self) -> KeypadSim:
        station = self.far.stations[0]
        assert isinstance(station, KeypadSim)
        return station

    @property
    def keys(self) -> list[str]:
        return [data["key"] for event, data in self.events if event == "key"]

    def until_keys(self, *keys: str) -> None:
        until(lambda: len(self.keys) >= len(keys), f"{keys} at {self.level.name}, not {self.keys}")
        assert self.keys == list(keys)

    def listened(self) -> None:
        """Until a key that is pressed now is pressed for somebody."""
        until(lambda: self.code == "ok", "well")
        if self.sim.keypad.mode == "polled":
            heard = self.sim.heard
            until(lambda: self.sim.heard >= heard + 2, "asked twice")


BOOK = Book(KeypadStage)
UNASKED, POLLED, MODBUS = {"protocol": "stx-key"}, {"protocol": "enq-key"}, {"protocol": "modbus-count-key"}


def _happy(stage: KeypadStage) -> None:
    stage.listened()
    stage.sim.press("next")
    stage.until_keys("next")
    stage.sim.press("undo")
    stage.until_keys("next", "undo")
    assert stage.events[0][1]["slot"] == "keypad"


@BOOK.scenario(**UNASKED)
def happy(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(**POLLED)
def happy_polled(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(**MODBUS)
def happy_modbus(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(protocol="modbus-bits")
def happy_modbus_bits(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(protocol="modbus-latch")
def happy_modbus_latch(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(protocol="tx1500")
def happy_binary(stage: KeypadStage) -> None:
    _happy(stage)


@BOOK.scenario(**POLLED, faults="slow")
def slow(stage: KeypadStage) -> None:
    stage.listened()
    stage.sim.press("next")
    stage.until_keys("next")


def _silent(stage: KeypadStage, code: str) -> None:
    stage.until_code(code)
    stage.sim.press("next")
    until(lambda: stage.sim.presses == 1, "pressed")
    stage.fault()
    stage.until_code("ok")
    stage.listened()
    assert stage.keys == []  # it was meant for a moment that has passed
    stage.sim.press("recall")
    stage.until_keys("recall")


@BOOK.scenario(**POLLED, faults="silent")
def silent_then_well(stage: KeypadStage) -> None:
    _silent(stage, "timeout")


@BOOK.scenario(**MODBUS, faults="silent")
def silent_modbus_then_well(stage: KeypadStage) -> None:
    _silent(stage, "timeout")


@BOOK.scenario(**POLLED, faults="garbage")
def garbage(stage: KeypadStage) -> None:
    _silent(stage, "garbled")


@BOOK.scenario(**MODBUS, faults="wrong-checksum")
def answers_with_a_wrong_checksum(stage: KeypadStage) -> None:
    _silent(stage, "garbled")


@BOOK.scenario(**MODBUS, faults="partial")
def half_an_answer(stage: KeypadStage) -> None:
    _silent(stage, "garbled")


@BOOK.scenario(**MODBUS, faults="nak")
def modbus_exception(stage: KeypadStage) -> None:
    stage.until_code("refused")
    assert stage.keys == []


@BOOK.scenario(protocol="tx1500", faults="wrong-checksum")
def unasked_with_a_wrong_checksum(stage: KeypadStage) -> None:
    for _ in range(6):
        stage.sim.press("next")
    stage.until_code("garbled")
    assert stage.keys == []
    stage.fault()
    stage.sim.press("next")
    stage.until_keys("next")
    stage.until_code("ok")


@BOOK.scenario(**POLLED)
def its_own_digits(stage: KeypadStage) -> None:
    stage.listened()
    assert stage.submit(Show(("A045",))).result(15).outcome == "shown"
    assert stage.sim.screen is not None
    assert stage.sim.screen.rows == ["A045"]
    stage.sim.press("next")
    stage.until_keys("next")


@BOOK.scenario(**UNASKED)
def no_digits_of_its_own(stage: KeypadStage) -> None:
    said = stage.submit(Show(("A045",))).result(15)
    assert (said.outcome, said.code) == ("not_shown", "refused")


def _unplugged(stage: KeypadStage) -> None:
    stage.listened()
    stage.sim.press("next")
    stage.until_keys("next")
    stage.unplug()
    until(lambda: stage.state in ("lost", "backoff", "absent", "opening"), "the loss is seen")
    stage.sim.press("no-show")
    stage.sim.spoken()  # said into a pulled cable
    stage.plug()
    stage.ready()
    stage.listened()
    stage.sim.press("recall")
    stage.until_keys("next", "recall")


@BOOK.scenario(needs={"whole", "unplug"}, **UNASKED)
def unplugged_and_back(stage: KeypadStage) -> None:
    _unplugged(stage)


@BOOK.scenario(needs={"whole", "unplug"}, **POLLED)
def unplugged_and_back_polled(stage: KeypadStage) -> None:
    _unplugged(stage)


@BOOK.scenario(needs={"hinder", "whole"}, **UNASKED)
def forbidden_then_busy_then_allowed(stage: KeypadStage) -> None:
    for code in ("permission", "busy"):
        stage.hinder(code)
        stage.unplug()
        stage.until_code(code)
    stage.plug()
    stage.hinder(None)
    stage.until_code("ok")
    stage.sim.press("next")
    stage.until_keys("next")


@BOOK.scenario(needs={"lossy"}, protocol="tx1500")
def a_line_that_loses_bytes_makes_up_no_key(stage: KeypadStage) -> None:
    for _ in range(8):
        stage.sim.press("next")
    until(lambda: stage.keys or stage.code == "garbled", "something is heard")
    assert set(stage.keys) <= {"next"}
