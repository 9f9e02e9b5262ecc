"""A wall clock that leaps does not move the business day until a person says that it is right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from queue_server.clock import SteadyClock
from queue_server.domain.errors import Refusal
from queue_server.services import days, timekeeping
from tests.hall import SITE, Hall, HandClock

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


class Machine(HandClock):
    """A machine whose wall clock and steady clock can be moved apart."""

    steady = 0.0

    def steady_s(self) -> float:
        return self.steady

    def pass_s(self, seconds: float) -> None:
        self.forward(seconds)
        self.steady += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def guarded(hall: Hall, machine: Machine) -> Iterator[SteadyClock]:
    hall.store.clock = SteadyClock(machine, machine.steady_s)
    return hall.store.clock  # type: ignore[return-value]


def confirm(hall: Hall) -> dict[str, Any]:
    return hall.do(timekeeping.confirm)


@pytest.mark.parametrize("leap_ms", [DAY_MS, -DAY_MS, 40 * 365 * DAY_MS, -40 * 365 * DAY_MS, 11 * 60_000, -11 * 60_000])
def test_the_day_stays_and_numbers_go_on(hall: Hall, machine: Machine, guarded: SteadyClock, leap_ms: int) -> None:
    first = hall.issue()
    machine.pass_s(60)
    machine.at_ms += leap_ms
    machine.pass_s(60)
    timekeeping.watch(hall.store, SITE, guarded)
    assert not days.turn(hall.store, SITE)
    second = hall.issue()
    assert (second["number"], second["business_day"]) == (first["number"] + 1, first["business_day"])
    told = [event for event in hall.log() if event.type == "site.clock_leapt"]
    assert [event.data["leap_s"] for event in told] == [leap_ms // 1000]
    timekeeping.watch(hall.store, SITE, guarded)
    assert len([event for event in hall.log() if event.type == "site.clock_leapt"]) == 1  # said once


def test_a_person_confirms_and_the_day_turns(hall: Hall, machine: Machine, guarded: SteadyClock) -> None:
    hall.issue()
    machine.at_ms += DAY_MS
    timekeeping.watch(hall.store, SITE, guarded)
    with hall.store.read() as reader:
        assert timekeeping.state(reader, SITE) is not None
    confirm(hall)
    timekeeping.watch(hall.store, SITE, guarded)
    assert guarded.wall_ms() == machine.at_ms
    assert days.turn(hall.store, SITE)
    assert hall.issue()["number"] == 1
    with hall.store.read() as reader:
        assert timekeeping.state(reader, SITE) is None
    with pytest.raises(Refusal, match="conflict"):
        confirm(hall)


def test_a_second_leap_after_a_confirmed_one_is_told_again(hall: Hall, machine: Machine, guarded: SteadyClock) -> None:
    for _ in range(2):
        machine.at_ms += 2 * HOUR_MS
        timekeeping.watch(hall.store, SITE, guarded)
        confirm(hall)
        timekeeping.watch(hall.store, SITE, guarded)
        assert guarded.leap_ms == 0
        machine.pass_s(3600)
        guarded.wall_ms()
    assert len([event for event in hall.log() if event.type == "site.clock_leapt"]) == 2


def test_small_steps_are_followed_and_a_clock_that_was_put_right_needs_nobody(hall: Hall, machine: Machine, guarded: SteadyClock) -> None:
    for _ in range(10):
        machine.pass_s(60)
        machine.at_ms += 30_000
        assert guarded.wall_ms() == machine.at_ms
    machine.at_ms += DAY_MS
    assert guarded.wall_ms() == machine.at_ms - DAY_MS
    machine.at_ms -= DAY_MS
    assert guarded.wall_ms() == machine.at_ms
    timekeeping.watch(hall.store, SITE, guarded)
    assert "site.clock_leapt" not in {event.type for event in hall.log()}


def test_no_millisecond_is_lost_between_two_readings_of_the_steady_clock(machine: Machine) -> None:
    """A difference of two floats may fall just short of the millisecond that it is: a slip then says another time than the log."""
    machine.steady = 100.0
    guarded, start_ms = SteadyClock(machine, machine.steady_s), machine.at_ms
    machine.at_ms -= DAY_MS
    for passed_ms in range(0, 2_000_000, 977):
        machine.steady = (100_000 + passed_ms) / 1000
        machine.at_ms = start_ms - DAY_MS + passed_ms
        assert guarded.wall_ms() == start_ms + passed_ms


def test_a_machine_that_slept_overnight_wakes_on_the_next_day(hall: Hall, machine: Machine, guarded: SteadyClock) -> None:
    hall.issue()
    machine.pass_s(20 * 3600)
    assert hall.issue()["number"] == 1


def kinds(hall: Hall) -> list[str]:
    return [event.type for event in hall.log() if event.type.startswith("site.clock")]


def test_a_leap_that_was_told_and_put_right_waits_for_nobody(hall: Hall, machine: Machine, guarded: SteadyClock) -> None:
    machine.at_ms += DAY_MS
    timekeeping.watch(hall.store, SITE, guarded)
    machine.at_ms -= DAY_MS
    for _ in range(2):
        timekeeping.watch(hall.store, SITE, guarded)
    assert kinds(hall) == ["site.clock_leapt", "site.clock_confirmed"]
    machine.at_ms -= 2 * DAY_MS
    timekeeping.watch(hall.store, SITE, guarded)  # the next one is another
    with hall.store.read() as reader:
        assert (timekeeping.state(reader, SITE) or {})["leap_s"] == -2 * DAY_MS // 1000


@pytest.mark.parametrize("leap_ms", [HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS, 40 * 365 * DAY_MS, -40 * 365 * DAY_MS])
@pytest.mark.parametrize("put_right", [False, True])
def test_a_server_that_starts_while_its_clock_is_wrong_goes_on_in_the_same_day(
    hall: Hall, machine: Machine, guarded: SteadyClock, leap_ms: int, put_right: bool
) -> None:
    first = hall.issue()
    machine.at_ms += leap_ms
    timekeeping.watch(hall.store, SITE, guarded)
    machine.pass_s(30)
    if put_right:
        machine.at_ms -= leap_ms
    true_ms = machine.at_ms - (0 if put_right else leap_ms)
    again = hall.store.clock = SteadyClock(machine, machine.steady_s)
    timekeeping.carry(hall.store, again)
    timekeeping.watch(hall.store, SITE, again)
    assert abs(again.wall_ms() - true_ms) < 60_000
    second = hall.issue()
    assert (second["number"], second["business_day"]) == (first["number"] + 1, first["business_day"])
    with hall.store.read() as reader:
        assert (timekeeping.state(reader, SITE) is None) == put_right


def test_a_confirmation_that_comes_just_after_a_restart_is_believed_and_the_leap_is_not_told_again(
    hall: Hall, machine: Machine, guarded: SteadyClock
) -> None:
    """The new process has not looked at its clock yet when somebody confirms what the old one had told."""
    hall.issue()
    machine.at_ms += HOUR_MS
    timekeeping.watch(hall.store, SITE, guarded)
    machine.pass_s(30)
    again = hall.store.clock = SteadyClock(machine, machine.steady_s)
    timekeeping.carry(hall.store, again)
    confirm(hall)
    timekeeping.watch(hall.store, SITE, again)
    assert again.wall_ms() == machine.at_ms
    with hall.store.read() as reader:
        assert timekeeping.state(reader, SITE) is None
