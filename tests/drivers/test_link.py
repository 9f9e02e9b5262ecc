"""The slot's table is the whole of its life, and nothing a driver does can end it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from drivers.devices.link import TABLE, Slot
from drivers.health import CODES, HINTS, Health
from drivers.model import SlotStatus, State
from drivers.ports.base import Gone, OpenFailed, Port, Waker
from drivers.ports.memory import null_modem


class Script:
    """A device that does what the test says."""

    def __init__(self) -> None:
        self.health = Health()
        self.fault: BaseException | None = None
        self.lost = 0

    def greet(self, port: Port) -> Health:
        return self.health

    def tend(self, port: Port, waker: Waker) -> Health:
        port.idle(__import__("time").monotonic() + 0.02, waker)
        if self.fault is not None:
            fault, self.fault = self.fault, None
            raise fault
        return self.health

    def act(self, port: Port, command: Any) -> tuple[Any, Health]:
        if isinstance(command, BaseException):
            raise command
        return command, self.health

    def refuse(self, command: Any, health: Health) -> Any:
        return ("refused", health.code)

    def lose(self) -> None:
        self.lost += 1


class Rig:
    def __init__(self) -> None:
        self.device = Script()
        self.refusal: OpenFailed | None = None
        self.ends: list[Any] = []
        self.told: list[SlotStatus] = []
        self.slot = Slot("x", "script", self.device, self.open, publish=self.told.append, backoff_s=(0.02, 0.05))

    def open(self) -> tuple[Port, str]:
        if self.refusal is not None:
            raise self.refusal
        near, far = null_modem()
        self.ends.append((near, far))
        return near, "memory"

    @property
    def state(self) -> State:
        return self.slot.status.state


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    if made.slot.alive:
        made.slot.stop()
    for ends in made.ends:
        for end in ends:
            end.close()


def test_every_state_can_be_reached_and_left() -> None:
    assert {state for state, _ in TABLE} == set(State)
    assert set(TABLE.values()) == set(State)
    reached, edge = {State.ABSENT}, {State.ABSENT}
    while edge:
        edge = {after for (before, _), after in TABLE.items() if before in edge} - reached
        reached |= edge
    assert reached == set(State)


def test_every_code_has_its_hint_in_both_languages() -> None:
    assert set(CODES) >= {
        "paper_low",
        "paper_out",
        "cover_open",
        "cutter",
        "offline",
        "overheat",
        "absent",
        "permission",
        "busy",
        "timeout",
    }
    assert all(vietnamese and english and "\n" not in vietnamese + english for vietnamese, english in HINTS.values())


@pytest.mark.parametrize(("code", "state"), [("absent", State.ABSENT), ("permission", State.BACKOFF), ("busy", State.BACKOFF)])
def test_a_port_that_does_not_open_is_told_and_tried_again(rig: Rig, until: Callable[..., Any], code: str, state: State) -> None:
    rig.refusal = OpenFailed(code, "why")
    rig.slot.start()
    until(lambda: rig.told and rig.slot.status.health.code == code and rig.state is state)
    assert rig.slot.submit("job").result(5) == ("refused", code)
    rig.refusal = None
    until(lambda: rig.state is State.READY)
    assert rig.slot.submit("job").result(5) == "job"


def test_ready_and_degraded_go_to_and_fro(rig: Rig, until: Callable[..., Any]) -> None:
    rig.slot.start()
    until(lambda: rig.state is State.READY)
    rig.device.health = Health("paper_out")
    until(lambda: rig.state is State.DEGRADED)
    rig.device.health = Health("cover_open")
    until(lambda: rig.slot.status.health.code == "cover_open")
    rig.device.health = Health()
    until(lambda: rig.state is State.READY)
    assert [(str(one.state), one.health.code) for one in rig.told] == [
        ("ready", "ok"),
        ("degraded", "paper_out"),
        ("degraded", "cover_open"),
        ("ready", "ok"),
    ]


def test_a_lost_port_is_closed_at_once_and_opened_again(rig: Rig, until: Callable[..., Any]) -> None:
    rig.slot.start()
    until(lambda: rig.state is State.READY)
    rig.ends[0][1].close()
    until(lambda: len(rig.ends) == 2 and rig.state is State.READY)
    assert rig.device.lost == 1
    with pytest.raises(Gone):
        rig.ends[0][0].read(1, 0.0)


def test_no_exception_leaves_a_slot(rig: Rig, until: Callable[..., Any]) -> None:
    rig.slot.start()
    until(lambda: rig.state is State.READY)
    rig.device.fault = RuntimeError("a mistake in a driver")
    until(lambda: any(one.health.code == "error" for one in rig.told))
    until(lambda: rig.state is State.READY)
    with pytest.raises(ZeroDivisionError):
        rig.slot.submit(ZeroDivisionError()).result(5)
    until(lambda: rig.state is State.READY)
    assert rig.slot.alive


def test_even_a_driver_that_fails_in_losing_its_port_stays(rig: Rig, until: Callable[..., Any]) -> None:
    def fail() -> None:
        raise KeyError("lost")

    rig.device.lose = fail  # type: ignore[method-assign]
    rig.slot.start()
    until(lambda: rig.state is State.READY)
    rig.ends[0][1].close()
    until(lambda: len(rig.ends) == 2 and rig.state is State.READY)
    assert rig.slot.alive


def test_trying_again_and_again_is_not_news(rig: Rig, until: Callable[..., Any]) -> None:
    rig.refusal = OpenFailed("absent", "why")
    tries = threading.Semaphore(0)
    plain = rig.open

    def counted() -> tuple[Port, str]:
        tries.release()
        return plain()

    rig.slot._opener = counted
    rig.slot.start()
    for _ in range(4):
        assert tries.acquire(timeout=5)
    assert len(rig.told) == 1


def test_a_full_queue_refuses_and_stopping_refuses_the_rest(rig: Rig) -> None:
    futures = [rig.slot.submit(n) for n in range(40)]
    assert futures[-1].result(0) == ("refused", "busy")
    rig.refusal = OpenFailed("absent", "why")
    rig.slot.start()
    rig.slot.stop()
    assert all(future.done() for future in futures)


def test_a_hundred_replugs_leak_nothing(rig: Rig, until: Callable[..., Any]) -> None:
    import os

    rig.slot._backoff_s = (0.0,)
    rig.slot.start()
    until(lambda: rig.state is State.READY)
    before = len(os.listdir("/proc/self/fd"))
    for number in range(1, 101):
        rig.ends[-1][1].close()
        until(lambda wanted=number + 1: len(rig.ends) >= wanted and rig.state is State.READY)
    assert len(os.listdir("/proc/self/fd")) <= before
