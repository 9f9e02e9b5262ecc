"""Slots follow the opening hours and the seats taken; a check-in is early, timely or late by the settings alone."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain import booking
from queue_server.domain.booking import Arrival
from queue_server.domain.calendar import DAY_MS, MINUTE_MS, Calendar, midnight_ms

MONDAY = "2026-11-23"
START = midnight_ms(MONDAY, 420)
OFFICE = Calendar({1: ((420, 690), (810, 1020))}, {"2026-11-30": ()})


def at(hhmm: str) -> int:
    hours, minutes = hhmm.split(":")
    return START + (int(hours) * 60 + int(minutes)) * MINUTE_MS


def test_slots_are_cut_from_the_openings_and_a_short_rest_gives_none() -> None:
    found = booking.slots(OFFICE, MONDAY, 420, 60, 4, {at("08:00"): 3, at("09:00"): 9})
    assert [slot.from_ms for slot in found] == [at(text) for text in ("07:00", "08:00", "09:00", "10:00", "13:30", "14:30", "15:30")]
    assert [slot.free for slot in found] == [4, 1, 0, 4, 4, 4, 4]
    assert found[0].to_ms == at("08:00")


def test_a_holiday_and_a_service_without_slots_have_none() -> None:
    assert booking.slots(OFFICE, "2026-11-30", 420, 30, 4, {}) == []
    assert booking.slots(OFFICE, MONDAY, 420, 0, 4, {}) == []


@given(st.integers(5, 240), st.integers(1, 20), st.lists(st.tuples(st.integers(0, 1380), st.integers(5, 60)), max_size=4))
def test_slots_lie_inside_the_openings_and_never_meet(slot_min: int, seats: int, openings: list[tuple[int, int]]) -> None:
    windows, last = [], 0
    for begin, length in sorted(openings):
        if begin >= last:
            last = min(1440, begin + length)
            windows.append((begin, last))
    hours = Calendar({1: tuple(windows)}, {MONDAY: tuple(windows)})
    found = booking.slots(hours, MONDAY, 420, slot_min, seats, {})
    for slot in found:
        assert any(START + a * MINUTE_MS <= slot.from_ms and slot.to_ms <= START + b * MINUTE_MS for a, b in windows)
    assert all(before.to_ms <= after.from_ms for before, after in pairwise(found))
    assert len(found) == sum((b - a) // slot_min for a, b in windows)


def test_days_begin_today() -> None:
    assert list(booking.days(MONDAY, 2)) == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert list(booking.days("2027-02-28", 1)) == ["2027-02-28", "2027-03-01"]


@pytest.mark.parametrize(
    ("now", "worth"),
    [
        ("08:29", Arrival("early", opens_ms=at("08:30"))),
        ("08:30", Arrival("timely", at("09:00"))),
        ("09:00", Arrival("timely", at("09:00"))),
        ("09:10", Arrival("timely", at("09:10"))),
        ("09:15", Arrival("timely", at("09:15"))),
        ("09:16", Arrival("late", at("09:16"))),
    ],
)
def test_what_a_check_in_is_worth(now: str, worth: Arrival) -> None:
    assert booking.arrival(at("09:00"), at(now), 1800, 900) == worth


def test_a_number_from_afar_is_an_ordinary_place_from_its_check_in() -> None:
    assert booking.arrival(None, at("10:00"), 1800, 900) == Arrival("late", at("10:00"))
    assert booking.arrival(START - DAY_MS, START, 0, 0).verdict == "late"
