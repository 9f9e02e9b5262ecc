"""The USB number pad as a clerk's keypad: written once, played over memory lines and on emulated kernel devices."""

from __future__ import annotations

from evdev import ecodes as e

from drivers.devices.showing import Show
from tests.drivers.scenarios.frame import Book
from tests.drivers.scenarios.hands import SYN, TactileStage
from tests.drivers.scenarios.stage import until

# What stands on the caps, by evdev's own names of the codes.
CAPS = {
    e.KEY_KPENTER: "next", e.KEY_ENTER: "next", e.KEY_KPPLUS: "recall", e.KEY_KP1: "serve", e.KEY_KP2: "hold", e.KEY_KPMINUS: "no-show",
    e.KEY_KP3: "complete", e.KEY_KP0: "undo", e.KEY_KP9: "?",
}  # fmt: skip


class NumpadStage(TactileStage):
    role, driver = "keypad", "number-pad"

    def works(self) -> None:
        before = len(self.keys)
        self.press(e.KEY_KPENTER)
        until(lambda: self.keys[before:] == ["next"], f"a key at {self.level.name}: {self.keys}")


BOOK = Book(NumpadStage)


@BOOK.scenario()
def happy(stage: NumpadStage) -> None:
    for code in CAPS:
        stage.press(code)
    until(lambda: len(stage.keys) == len(CAPS), f"not {stage.keys}")
    assert stage.keys == list(CAPS.values())
    assert stage.submit(Show(("A045",))).result(5).code == "refused"


@BOOK.scenario()
def held_down(stage: NumpadStage) -> None:
    held = [(e.EV_KEY, e.KEY_KPENTER, 2), SYN] * 30
    stage.far.moves((e.EV_KEY, e.KEY_KPENTER, 1), SYN, *held, (e.EV_KEY, e.KEY_KPENTER, 0), SYN)
    stage.press(e.KEY_KP0)
    until(lambda: len(stage.keys) > 1, f"not {stage.keys}")
    assert stage.keys == ["next", "undo"]


@BOOK.scenario()
def garbage(stage: NumpadStage) -> None:
    stage.far.moves(*((type_, code, -1) for type_ in (0, 1, 2, 3, 5, 31) for code in (0, 1, 330, 700, 65535)))
    stage.works()


@BOOK.scenario(needs={"whole", "unplug"})
def unplugged_and_back(stage: NumpadStage) -> None:
    stage.works()
    stage.unplug()
    stage.until_code("absent")
    stage.plug()
    stage.until_code("ok")
    stage.works()


@BOOK.scenario(needs={"whole", "hinder"})
def forbidden_then_busy_then_allowed(stage: NumpadStage) -> None:
    for code in ("permission", "busy"):
        stage.hinder(code)
        stage.unplug()
        stage.until_code(code)
        stage.hinder(None)
        stage.plug()
        stage.until_code("ok")
    stage.works()


@BOOK.scenario(needs={"udev", "whole", "unplug"})
def replugged_elsewhere(stage: NumpadStage) -> None:
    stage.works()
    before = stage.slot.status.device
    stage.unplug()
    stage.until_code("absent")
    stage.plug_elsewhere()
    stage.until_code("ok")
    assert stage.slot.status.device != before
    stage.works()
