"""The card readers' scenarios: written once, for scanners on a line and for scanners that type, at every level that carries them."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.ports.memory import Weather
from drivers.sim.faults import SCANNER_FAULTS, parse_faults
from drivers.sim.scanner import ScannerSim
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.levels import BYTEWISE, LATE, MEMORY, Level
from tests.drivers.scenarios.stage import Stage, until

CARD = "001090123456||Nguyễn Thị Đào|01011990|Nữ|Tổ 3, Phường Đông Ngạc, Hà Nội|25122021"
EVENT = {"kind": "id_card", "number": "001090123456", "birth_year": 1990}
OTHER = "079203004321||Lê Hoàng Phúc|17082003|Nam|12/4 Khu phố 2, TP. Hồ Chí Minh|01082024||Lê Văn Tám|Phạm Thị Sáu"
OTHER_EVENT = {"kind": "id_card", "number": "079203004321", "birth_year": 2003}
DOSSIER = "000.00.53.H48-260921-0001"
SLIP = "https://hangdoi.example.vn/t/Zk3v9Qw1Yb-0aXcD5_FgHi"
UNREADABLE = "unreadable"

# Keys come in whole records: what may be lost of them is whole records.
LOSSY_KEYS = Level("memory-lossy", frozenset({"lossy", "unplug"}), Weather(loses=lambda at: at // 24 % 7 == 6))
KEYS = (MEMORY, BYTEWISE, LATE, LOSSY_KEYS)


class ScannerFar:
    """The simulated scanner on whatever descriptor the level has."""

    def __init__(self, faults: str = "", letters: str = "", **how: Any) -> None:
        self.sim = ScannerSim(None, faults=parse_faults(faults, SCANNER_FAULTS), letters=letters, **how)
        self._carried: list[threading.Event] = []

    def carry(self, fd: int) -> None:
        """What a driver says (the lamps) is read and forgotten."""
        ended = threading.Event()
        self._carried.append(ended)
        self.sim.attach(fd)
        while not ended.is_set():
            if select.select([fd], [], [], 0.05)[0] and not os.read(fd, 4096):
                return

    def let_go(self) -> None:
        self.sim.attach(None)
        for ended in self._carried:
            ended.set()
        self._carried.clear()


class ReaderStage(Stage):
    role, driver = "reader", "serial-scanner"
    silence = "idle_s"
    garbage_is = "scan_noise"
    far: ScannerFar

    def __init__(self, level: Level, folder: Path, *, silence_s: float = 20.0, **far: Any) -> None:
        """`silence_s` ends a scan: long where a busy machine must not end it, short where the scenario is about it."""
        self.options = {self.silence: silence_s, "repeat_s": 30.0}
        super().__init__(level, folder, **far)

    def make_far(self, **how: Any) -> ScannerFar:
        return ScannerFar(**how)

    @property
    def sim(self) -> ScannerSim:
        return self.far.sim

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [data for event, data in self.events if event == "card"]

    def fault(self, *names: str) -> None:
        self.sim.faults = set(names)

    def lay(self, payload: str) -> dict[str, Any]:
        """Lay a card down and wait for what becomes of it."""
        before = len(self.cards)
        assert self.sim.scan(payload)
        until(lambda: len(self.cards) > before, f"an event at {self.level.name}, {self.slot.status}")
        return self.cards[-1]

    def reopen(self) -> None:
        """The service starts anew on a line that was there all the time."""
        self.slot = self._slot()
        self.slot.start()
        self.ready()


class WedgeStage(ReaderStage):
    driver = "wedge"
    silence = "gap_s"
    garbage_is = "ok"  # a key we do not know says nothing

    def make_far(self, letters: str = "drop", **how: Any) -> ScannerFar:
        return ScannerFar(letters=letters, **how)


LINE, WEDGE = Book(ReaderStage), Book(WedgeStage)
Play = Callable[[Any], None]


def both(**about: Any) -> Callable[[Play], Play]:
    def take(play: Play) -> Play:
        for book in (LINE, WEDGE):
            book.scenario(**about)(play)
        return play

    return take


@both()
def happy(stage: ReaderStage) -> None:
    assert stage.lay(CARD) == EVENT
    assert stage.lay(OTHER) == OTHER_EVENT
    assert stage.lay(DOSSIER) == {"kind": "dossier", "code": DOSSIER}
    assert stage.lay(SLIP) == {"kind": "slip", "token": SLIP.rpartition("/")[2]}
    assert stage.code == "ok"
    assert "001090" not in repr(stage.log)
    assert "001090" not in repr(stage.told)


@both(faults="slow")
def slow(stage: ReaderStage) -> None:
    assert stage.lay("001090123456") == {"kind": "id_card", "number": "001090123456"}


@both(faults="silent")
def silent(stage: ReaderStage) -> None:
    assert stage.sim.scan(CARD) == 0
    assert (stage.cards, stage.code) == ([], "ok")
    stage.fault()
    assert stage.lay(CARD) == EVENT


@both()
def garbage(stage: ReaderStage) -> None:
    stage.fault("garbage")
    for payload in (CARD, OTHER, DOSSIER):
        stage.lay(payload)
    stage.until_code(stage.garbage_is)
    stage.fault()
    assert stage.lay(CARD) == EVENT
    stage.until_code("ok")


@both(faults="split")
def split_frames(stage: ReaderStage) -> None:
    assert stage.lay(CARD) == EVENT
    assert stage.lay(OTHER) == OTHER_EVENT


@both(needs={"whole", "node"})
def stale_bytes(stage: ReaderStage) -> None:
    """What was scanned while nobody listened is for nobody who is here now."""
    stage.slot.stop()
    sent = stage.sim.scan("079203004321")  # short: all of it fits into the line's buffer, as all of a card fits into a kernel's
    until(lambda: stage.outlet.waiting_bytes() >= sent, "it lies in the buffer")  # a pseudo-terminal hands over when it likes
    stage.reopen()
    assert stage.lay(CARD) == EVENT
    assert stage.cards == [EVENT]


@both(needs={"whole", "unplug"}, silence_s=0.6)
def partial_write(stage: ReaderStage) -> None:
    """Scans that break off are no cards, and three of them are a fault of the scanner."""
    stage.fault("partial")
    for payload in (CARD, OTHER, CARD):
        assert stage.lay(payload)["kind"] == UNREADABLE
    stage.until_code("scan_noise")
    stage.fault()
    assert stage.lay(CARD) == EVENT
    stage.until_code("ok")


@both(needs={"whole", "unplug"}, faults="partial")
def unplugged_in_mid_scan(stage: ReaderStage) -> None:
    """Half a scan is forgotten with the scanner it came from."""
    assert stage.sim.scan(CARD)
    stage.unplug()
    stage.until_code("absent")
    stage.fault()
    stage.plug()
    stage.until_code("ok")
    assert stage.lay(OTHER) == OTHER_EVENT
    assert stage.cards == [OTHER_EVENT]


def _refused(stage: ReaderStage, code: str) -> None:
    stage.hinder(code)
    stage.unplug()
    stage.until_code(code)
    stage.hinder(None)
    stage.plug()
    stage.until_code("ok")
    assert stage.lay(CARD) == EVENT


@both(needs={"whole", "hinder"})
def permission_denied(stage: ReaderStage) -> None:
    _refused(stage, "permission")


@both(needs={"whole", "hinder"})
def port_busy(stage: ReaderStage) -> None:
    _refused(stage, "busy")


@both(needs={"udev", "whole", "unplug"})
def replugged_elsewhere(stage: ReaderStage) -> None:
    assert stage.lay(CARD) == EVENT
    before = stage.slot.status.device
    stage.unplug()
    stage.until_code("absent")
    stage.plug_elsewhere()
    stage.until_code("ok")
    assert stage.slot.status.device != before
    assert stage.lay(OTHER) == OTHER_EVENT


@both(needs={"udev", "whole", "unplug", "hinder"})
def two_identical_devices(stage: ReaderStage) -> None:
    """The one at work stays at work; which of two a fresh look means is a person's choice."""
    stage.outlet.plug_twin()
    assert stage.lay(CARD) == EVENT
    stage.hinder("permission")  # while the twin is the only one, it must not be taken
    stage.unplug()
    stage.until_code("permission")
    stage.plug()
    stage.hinder(None)
    stage.until_code("duplicate")
    stage.outlet.unplug_twin()
    stage.until_code("ok")
    assert stage.lay(OTHER) == OTHER_EVENT


@both()
def a_card_left_on_the_glass(stage: ReaderStage) -> None:
    """Scanners that read without a trigger read it again and again: it is one card."""
    stage.lay(CARD)
    for _ in range(4):
        stage.sim.scan(CARD)
    assert stage.lay(OTHER) == OTHER_EVENT
    assert stage.lay(CARD) == EVENT  # laid down anew
    assert stage.cards == [EVENT, OTHER_EVENT, EVENT]


@both(faults="no-end", silence_s=0.6)
def no_end(stage: ReaderStage) -> None:
    assert stage.lay(CARD) == EVENT


@both()
def letters_before_the_number(stage: ReaderStage) -> None:
    stage.fault("prefix")
    for payload in (CARD, OTHER, "001090123456"):
        assert stage.lay(payload) == {"kind": UNREADABLE, "code": "prefix"}
    stage.until_code("scan_prefix")


@both(needs={"lossy"})
def what_is_lost_is_never_made_up(stage: ReaderStage) -> None:
    """On a line that loses every seventh byte or key no card becomes another one."""
    for payload in (CARD, OTHER, "001090123456", DOSSIER):
        assert stage.sim.scan(payload)
    until(lambda: stage.cards, "something was read")
    stage.slot.stop()
    assert {card["number"] for card in stage.cards if card["kind"] == "id_card"} <= {"001090123456", "079203004321"}
    assert {card["code"] for card in stage.cards if card["kind"] == "dossier"} <= {DOSSIER}


# ---------------------------------------------------------------- a line's own
@LINE.scenario()
def wrong_encoding(stage: ReaderStage) -> None:
    """The card is read all the same; the technician is told which code page the scanner sends."""
    stage.fault("wrong-encoding")
    for payload in (CARD, OTHER, CARD):
        assert stage.lay(payload) in (EVENT, OTHER_EVENT)
    stage.until_code("scan_charset")
    assert "CP1258" in stage.slot.status.health.detail
    stage.lay(DOSSIER)  # says nothing of letters
    stage.until_code("scan_charset")
    stage.fault()
    stage.lay(OTHER)
    stage.until_code("ok")


# ---------------------------------------------------------------- a keyboard's own
@WEDGE.scenario()
def another_countrys_keyboard(stage: WedgeStage) -> None:
    stage.fault("wrong-layout")
    for payload in (CARD, OTHER, CARD):
        assert stage.lay(payload)["kind"] == UNREADABLE
    stage.until_code("scan_keyboard")
    stage.fault()
    assert stage.lay(CARD) == EVENT
    stage.until_code("ok")


def _letters(stage: WedgeStage) -> None:
    assert stage.lay(CARD) == EVENT
    assert stage.lay(SLIP)["kind"] == "slip"


for way in ("alt", "alt-bytes", "hex", "hex-held"):
    named = type(_letters)(_letters.__code__, globals(), f"letters_by_{way}")
    WEDGE.scenario(letters=way)(named)
