"""The range that is shown: no wait, a break ahead, the model in use, rounding; and what is kept with the ticket."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.estimating.facts import Called
from queue_server.estimating.foreseeing import foresee, raw_from
from queue_server.estimating.hours import gaps, opening_seconds, shown, wall_seconds
from queue_server.estimating.learned import Learned
from queue_server.estimating.scene import CALL_GAP, NO_WAIT, PRIOR, WHAT_IF, Raw, Scene
from tests.estimating.halls import MINUTE, NOW, busy, desk, hall, halls, person

SMALL = settings(max_examples=12, deadline=None, derandomize=True)
MORNING = ((NOW - 120 * MINUTE, NOW + 30 * MINUTE), (NOW + 150 * MINUTE, NOW + 360 * MINUTE))


@given(halls(), st.integers(0, 3))
@SMALL
def test_every_answer_is_a_range_of_plain_numbers_and_the_same_again(scene: Scene, seed: int) -> None:
    one, again = (foresee(Learned(), scene, seed=seed, paths=16) for _ in range(2))
    assert one == again
    for told in (*one.line.values(), *one.newcomers.values()):
        assert 0 <= told.low_s <= told.mid_s <= told.high_s
        assert told.basis in (NO_WAIT, WHAT_IF, CALL_GAP, PRIOR)
        if told.clock is None and told.high_s > 600:
            assert told.high_s % 300 == 0
        assert raw_from(json.loads(json.dumps(told.as_data()))) == told.raw


def test_a_free_desk_is_no_wait_and_before_opening_a_clock_time() -> None:
    told = foresee(Learned(), hall([desk(1)])).newcomers["A", False]
    assert (told.low_s, told.high_s, told.basis, told.clock, dict(told.raw)) == (0, 0, NO_WAIT, None, {})
    opens = {"A": ((NOW + 10 * MINUTE, NOW + 200 * MINUTE),)}
    told = foresee(Learned(), hall([desk(1)], spans=opens)).newcomers["A", False]
    assert (told.basis, told.clock, told.low_s) == (NO_WAIT, (NOW + 10 * MINUTE, NOW + 10 * MINUTE), 600)


def test_without_an_open_desk_it_is_people_ahead_times_the_gap() -> None:
    closed = hall([desk(1, state="closed")], [person(n) for n in range(3)], priors_s={"A": 240})
    told = foresee(Learned(), closed).newcomers["A", False]
    assert told.basis == PRIOR
    assert told.raw == {CALL_GAP: Raw(576, 960, 1440)}
    learned = Learned()
    for n in range(30):
        learned.tell(Called(NOW - 60 * MINUTE + n * 60_000, "1", "A", "Q1", NOW - 90 * MINUTE, 60.0, ("A",)))
    told = foresee(learned, closed).newcomers["A", False]
    assert told.basis == CALL_GAP
    assert told.raw[CALL_GAP].mid_s < 500
    assert told.model.startswith("call-gap/")


def test_people_of_a_service_that_shares_no_desk_are_not_ahead() -> None:
    line = [person(1, "A"), person(2, "B"), person(3, "B")]
    told = foresee(Learned(), hall([desk(1, ("A",), state="closed"), desk(2, ("B",), state="closed")], line)).newcomers
    assert told["A", False].raw[CALL_GAP].mid_s == 600
    assert told["B", False].raw[CALL_GAP].mid_s == 900
    shared = foresee(Learned(), hall([desk(1, ("A", "B"), state="closed")], line)).newcomers
    assert shared["A", False].raw[CALL_GAP].mid_s == 1200


def test_past_a_break_it_is_a_clock_time() -> None:
    line = [person(n) for n in range(12)]
    told = foresee(Learned(), hall([busy(1)], line, spans={"A": MORNING})).newcomers["A", False]
    assert told.clock is not None
    assert told.after_break
    first, last = told.clock
    assert first % (5 * MINUTE) == last % (5 * MINUTE) == 0
    assert NOW + 150 * MINUTE <= last <= NOW + 360 * MINUTE
    assert (told.low_s, told.high_s) == ((first - NOW) // 1000, (last - NOW) // 1000)
    assert told.as_data()["clock_ms"] == [first, last]
    # What is kept for scoring counts opening hours alone: some 13 visits of five minutes.
    assert 2500 < told.raw[WHAT_IF].mid_s < 5500
    near = foresee(Learned(), hall([busy(1)], line[:1], spans={"A": MORNING})).newcomers["A", False]
    assert near.clock is None


def test_the_plain_rule_takes_over_where_it_was_better_here() -> None:
    learned = Learned()
    raw = {WHAT_IF: Raw(50, 100, 200), CALL_GAP: Raw(800, 900, 1000)}
    for n in range(60):
        learned.tell(Called(NOW - 90 * MINUTE + n * 60_000, "1", "A", "Q1", NOW - 120 * MINUTE, 900.0, ("A",), raw))
    told = foresee(learned, hall([busy(1)], [person(1)])).newcomers["A", False]
    assert (told.basis, set(told.raw)) == (CALL_GAP, {WHAT_IF, CALL_GAP})


def test_hours_there_and_back() -> None:
    shut = gaps(MORNING, NOW)
    assert shut == ((1800.0, 9000.0),)
    assert gaps(MORNING, NOW + 60 * MINUTE) == ((0.0, 5400.0),)
    assert gaps(MORNING, NOW + 200 * MINUTE) == gaps(MORNING, NOW + 400 * MINUTE) == ()
    assert gaps((), NOW) == ()
    assert wall_seconds(1799.0, shut) == 1799.0
    assert wall_seconds(1800.0, shut) == 9000.0
    for wall in (0.0, 500.0, 9000.0, 12_000.0):
        assert wall_seconds(opening_seconds(wall, shut), shut) == wall
    assert shown(61.0, 700.0, shut, NOW) == (60, 900, None)
    low, high, clock = shown(1700.0, 1900.0, shut, NOW)
    assert clock == ((NOW + 28 * MINUTE) // (5 * MINUTE) * 5 * MINUTE, -(-(NOW + 151 * MINUTE + 40_000) // (5 * MINUTE)) * 5 * MINUTE)
    assert (low, high) == ((clock[0] - NOW) // 1000, (clock[1] - NOW) // 1000)


def test_a_hundred_people_and_thirty_desks_have_their_answers() -> None:
    """How long that takes is measured by `python -m tests.bench.estimates`, not by a test."""
    desks = [busy(n, ("A", "B", "C")[n % 3 :], minutes=n % 9) for n in range(30)]
    found = foresee(Learned(), hall(desks, [person(n, "ABC"[n % 3]) for n in range(100)]))
    assert len(found.line) == 100
    assert found.newcomers["C", False].mid_s == pytest.approx(100 * 300 / 30, rel=0.5)
    assert found.newcomers["A", False].model == "what-if-64/3"


def test_a_service_that_left_the_configuration_does_not_stop_the_others() -> None:
    line = [person(1, "gone"), person(2)]
    found = foresee(Learned(), replace(hall([busy(1)], line), priors_s={}))
    assert set(found.line) == {"t1", "t2"}
    assert found.line["t1"].basis == PRIOR
