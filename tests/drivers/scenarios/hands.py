"""The scenarios of what a hand moves, keypad and touch screen: written once, played at every level that carries them."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evdev import ecodes as e

from drivers.codecs.hid_keymap import pack
from drivers.ports.memory import Weather
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.levels import BYTEWISE, LATE, MEMORY, Level
from tests.drivers.scenarios.stage import Stage, until

LOSSY_KEYS = Level("memory-lossy", frozenset({"lossy", "unplug"}), Weather(loses=lambda at: at // 24 % 7 == 6))
HANDS = (MEMORY, BYTEWISE, LATE, LOSSY_KEYS)
SYN = (e.EV_SYN, e.SYN_REPORT, 0)


class Hand:
    """What the kernel would hand over, on whatever descriptor the level has."""

    def __init__(self) -> None:
        self._fd: int | None = None
        self._ended = threading.Event()
        self._there = threading.Event()

    def carry(self, fd: int) -> None:
        self._ended = ended = threading.Event()
        self._fd = fd
        self._there.set()
        while not ended.is_set():
            if select.select([fd], [], [], 0.05)[0] and not os.read(fd, 4096):
                return

    def let_go(self) -> None:
        self._fd = None
        self._there.clear()
        self._ended.set()

    def moves(self, *events: tuple[int, int, int]) -> None:
        self.raw(pack(events))

    def raw(self, data: bytes) -> None:
        assert self._there.wait(10)
        assert self._fd is not None
        while data:
            select.select([], [self._fd], [], 5)
            data = data[os.write(self._fd, data) :]


class HandStage(Stage):
    far: Hand

    def make_far(self, **how: Any) -> Hand:
        return Hand()

    def works(self) -> None:
        """One move, and it is heard."""
        raise NotImplementedError


class TactileStage(HandStage):
    role, driver = "tactile", "tactile"

    def press(self, code: int) -> None:
        self.far.moves((e.EV_MSC, e.MSC_SCAN, 0x70059), (e.EV_KEY, code, 1), SYN, (e.EV_KEY, code, 0), SYN)

    @property
    def keys(self) -> list[str]:
        return [str(data["key"]) for event, data in self.events if event == "key"]

    def works(self) -> None:
        before = len(self.keys)
        self.press(e.KEY_KP2)
        until(lambda: self.keys[before:] == ["next"], f"a key at {self.level.name}: {self.keys}")


class TouchStage(HandStage):
    role, driver = "touch", "touch"

    def __init__(self, level: Level, folder: Path, **far: Any) -> None:
        super().__init__(level, folder, **far)

    def works(self) -> None:
        """A panel says no more than once a second that it was touched: the hand goes on until it is heard."""
        before = len(self.events)

        def heard() -> bool:
            self.far.moves((e.EV_ABS, e.ABS_MT_TRACKING_ID, 1), (e.EV_KEY, e.BTN_TOUCH, 1), SYN, (e.EV_KEY, e.BTN_TOUCH, 0), SYN)
            return len(self.events) > before

        until(heard, f"a touch at {self.level.name}")
        assert self.events[-1] == ("touch", {"slot": "touch"})


TACTILE, TOUCH = Book(TactileStage), Book(TouchStage)
Play = Callable[[Any], None]


def both(**about: Any) -> Callable[[Play], Play]:
    def take(play: Play) -> Play:
        for book in (TACTILE, TOUCH):
            book.scenario(**about)(play)
        return play

    return take


@both()
def happy(stage: HandStage) -> None:
    stage.works()
    assert stage.code == "ok"


@both()
def silent(stage: HandStage) -> None:
    """Nobody there is no fault."""
    assert (stage.state, stage.code, stage.events) == ("ready", "ok", [])


@TACTILE.scenario()
def every_key_in_its_order(stage: TactileStage) -> None:
    for code in (e.KEY_KP8, e.KEY_KP2, e.KEY_KP5, e.KEY_KP0, e.KEY_KPASTERISK, e.KEY_KPPLUS, e.KEY_KPMINUS):
        stage.press(code)
    wanted = ["previous", "next", "select", "back", "repeat", "louder", "softer"]
    until(lambda: stage.keys == wanted, f"not {stage.keys}")


@TACTILE.scenario()
def the_socket(stage: TactileStage) -> None:
    for value in (1, 0):
        stage.far.moves((e.EV_SW, e.SW_HEADPHONE_INSERT, value), SYN)
    wanted = [("jack", {"slot": "tactile", "plugged": True}), ("jack", {"slot": "tactile", "plugged": False})]
    until(lambda: stage.events == wanted, f"not {stage.events}")


@TACTILE.scenario()
def slow(stage: TactileStage) -> None:
    """A record in pieces, as no kernel sends it and every line could."""
    data = pack([(e.EV_KEY, e.KEY_KP5, 1), SYN])
    for at in range(len(data)):
        stage.far.raw(data[at : at + 1])
    until(lambda: stage.keys == ["select"], f"not {stage.keys}")


@both()
def garbage(stage: HandStage) -> None:
    """Whole records of nonsense: codes nobody has, values nobody sends."""
    stage.far.moves(*((type_, code, -1) for type_ in (0, 1, 2, 3, 5, 31) for code in (0, 1, 330, 700, 65535)))
    stage.works()
    assert stage.code == "ok"


@TACTILE.scenario()
def held_down(stage: TactileStage) -> None:
    stage.far.moves((e.EV_KEY, e.KEY_KP2, 1), SYN, *[(e.EV_KEY, e.KEY_KP2, 2), SYN] * 30, (e.EV_KEY, e.KEY_KP2, 0), SYN)
    stage.press(e.KEY_KP5)
    until(lambda: stage.keys == ["next", "select"], f"not {stage.keys}")


@TACTILE.scenario(needs={"lossy"})
def losses_lose_keys_and_nothing_else(stage: TactileStage) -> None:
    for _ in range(14):
        stage.press(e.KEY_KP2)
    until(lambda: len(stage.keys) >= 9, f"most of them, not {stage.keys}")
    assert set(stage.keys) == {"next"}
    assert stage.code == "ok"


@both(needs={"whole", "unplug"})
def unplugged_and_back(stage: HandStage) -> None:
    stage.works()
    stage.unplug()
    stage.until_code("absent")
    stage.plug()
    stage.until_code("ok")
    stage.works()


def _refused(stage: HandStage, code: str) -> None:
    stage.hinder(code)
    stage.unplug()
    stage.until_code(code)
    stage.hinder(None)
    stage.plug()
    stage.until_code("ok")
    stage.works()


@both(needs={"whole", "hinder"})
def permission_denied(stage: HandStage) -> None:
    _refused(stage, "permission")


@both(needs={"whole", "hinder"})
def port_busy(stage: HandStage) -> None:
    _refused(stage, "busy")


@both(needs={"udev", "whole", "unplug"})
def replugged_elsewhere(stage: HandStage) -> None:
    stage.works()
    before = stage.slot.status.device
    stage.unplug()
    stage.until_code("absent")
    stage.plug_elsewhere()
    stage.until_code("ok")
    assert stage.slot.status.device != before
    stage.works()


@both(needs={"udev", "whole", "unplug", "hinder"})
def two_identical_devices(stage: HandStage) -> None:
    stage.outlet.plug_twin()
    stage.works()
    stage.hinder("permission")  # while the twin is the only one, it must not be taken
    stage.unplug()
    stage.until_code("permission")
    stage.plug()
    stage.hinder(None)
    stage.until_code("duplicate")
    stage.outlet.unplug_twin()
    stage.until_code("ok")
    stage.works()
