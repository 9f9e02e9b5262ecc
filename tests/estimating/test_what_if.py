"""The queue played on: what must be true of any hall, and small halls that can be reckoned by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_server.estimating.scene import Scene, ServiceModel
from queue_server.estimating.what_if import paths_for, what_if
from tests.estimating.halls import MINUTE, NOW, busy, desk, hall, halls, person

FIXED = {"A": ServiceModel(300.0, 0.001, 0.0, 100_000), "B": ServiceModel(600.0, 0.001, 0.0, 100_000)}
SMALL = settings(max_examples=12, deadline=None, derandomize=True)


@given(halls(), st.integers(0, 5))
@SMALL
def test_the_same_hall_and_seed_give_the_same_answer_to_the_bit(scene: Scene, seed: int) -> None:
    one, other = what_if(scene, 16, seed), what_if(replace(scene, services=dict(reversed(scene.services.items()))), 16, seed)
    assert one.free == other.free
    for who, waits in one.newcomers.items():
        assert np.array_equal(waits, other.newcomers[who])
    for ticket, waits in one.line.items():
        assert np.array_equal(waits, other.line[ticket])


@given(halls())
@SMALL
def test_nobody_waits_less_than_nothing_and_everybody_has_an_answer(scene: Scene) -> None:
    calls = what_if(scene, 16, 1)
    assert set(calls.line) == {one.ticket for one in scene.line}
    assert set(calls.newcomers) == {(code, privileged) for code in scene.services for privileged in (True, False)}
    for one in scene.line:
        assert (calls.line[one.ticket] >= max(0.0, (one.available_from_ms - NOW) / 1000)).all()
    for (code, privileged), waits in calls.newcomers.items():
        assert (waits >= 0).all()
        assert privileged or (waits >= calls.newcomers[code, True]).all(), "who is privileged never waits longer than who is not"


@given(halls(), st.sampled_from(["A", "B", "C"]))
@SMALL
def test_one_more_at_the_end_of_the_line_never_shortens_a_newcomer_s_wait(scene: Scene, service: str) -> None:
    longer = replace(scene, line=(*scene.line, person(900, service, effective_at_ms=NOW, available_from_ms=NOW)))
    before, after = what_if(scene, 16, 3), what_if(longer, 16, 3)
    if any(one.available_from_ms > NOW for one in scene.line):
        return  # who is still to come may be called at another point of the line
    assert after.free <= before.free
    for who, waits in before.newcomers.items():
        assert (after.newcomers[who] >= waits - 1e-6).all()


@given(st.integers(1, 5), st.integers(0, 12), st.integers(0, 3))
@SMALL
def test_one_more_desk_of_the_same_kind_never_makes_the_wait_longer(desks: int, waiting: int, seed: int) -> None:
    line = [person(n) for n in range(waiting)]
    services = {"A": ServiceModel(300.0, 0.6, 0.0, 200)}
    # The desk added is the last, so that the chances of the others stay theirs.
    few = what_if(hall([busy(n) for n in range(desks)], line, services=services), 16, seed)
    more = what_if(hall([busy(n) for n in range(desks)] + [desk(99, freed_at_ms=NOW)], line, services=services), 16, seed)
    assert (more.newcomers["A", False] <= few.newcomers["A", False] + 1e-6).all()


@given(halls())
@SMALL
def test_an_idle_desk_and_nobody_before_is_no_wait(scene: Scene) -> None:
    free = replace(scene, desks=(*scene.desks, desk(50, ("B",), freed_at_ms=NOW)), line=())
    assert "B" in what_if(free, 8, 0).free


def test_by_hand_two_desks_and_four_people() -> None:
    """Both desks free now, four people of five minutes: 0, 0, 5, 5; the fifth is called after ten minutes."""
    fresh = [person(n, available_from_ms=NOW) for n in range(4)]
    calls = what_if(hall([desk(1), desk(2)], fresh, services=FIXED), 8)
    assert [round(float(np.median(calls.line[f"t{n}"])) / 10) * 10 for n in range(4)] == [0, 0, 300, 300]
    assert calls.newcomers["A", False] == pytest.approx(600, rel=0.02)
    assert "A" not in calls.free


def test_a_desk_that_leaves_people_waiting_has_nobody_at_it() -> None:
    left = [desk(n, freed_at_ms=NOW - 20 * MINUTE) for n in (1, 2)]
    calls = what_if(hall(left, [person(n) for n in range(4)], services=FIXED, pause_s=600.0), 64)
    assert calls.newcomers["A", False].mean() > 660
    assert "A" not in calls.free


def test_by_hand_pieces_no_shows_turnover_and_speed() -> None:
    slow = [desk(1, factor=1.5)]
    one = [person(1, available_from_ms=NOW)]
    assert what_if(hall(slow, one, services=FIXED, turnover_s=20.0), 8).newcomers["A", False] == pytest.approx(470, rel=0.02)
    three = [person(1, available_from_ms=NOW, quantity=3)]
    assert what_if(hall([desk(1)], three, services=FIXED, more_share=0.5), 8).newcomers["A", False] == pytest.approx(600, rel=0.02)
    nobody = {"A": ServiceModel(300.0, 0.001, 1.0, 1000)}
    assert what_if(hall([desk(1)], one, services=nobody, no_show_s=45.0), 8).newcomers["A", False] == pytest.approx(45)
    absent = [person(1, available_from_ms=NOW, presence_p=0.0)]
    assert "A" in what_if(hall([desk(1)], absent, services=FIXED), 8).free


def test_by_hand_a_privileged_newcomer_passes_those_of_the_last_half_hour() -> None:
    old = person(1, effective_at_ms=NOW - 40 * MINUTE, available_from_ms=NOW)
    line = [old, *(person(n, effective_at_ms=NOW - 10 * MINUTE, available_from_ms=NOW) for n in (2, 3))]
    calls = what_if(hall([desk(1)], line, services=FIXED), 8)
    assert calls.newcomers["A", True] == pytest.approx(300, rel=0.02)
    assert calls.newcomers["A", False] == pytest.approx(900, rel=0.02)
    later = what_if(hall([desk(1)], line, services=FIXED, overtaking={"A": 12.0}), 64)
    # Twelve an hour for the fifteen minutes of the wait are three people more, fifteen minutes in the mean.
    assert later.newcomers["A", False].mean() == pytest.approx(900 + 3 * 300, rel=0.2)
    assert (later.newcomers["A", True] == calls.newcomers["A", True][0]).all() or later.newcomers["A", True] == pytest.approx(300, rel=0.02)


def test_by_hand_a_break_an_absence_and_a_pause() -> None:
    spans = {"A": ((NOW - MINUTE, NOW + 4 * MINUTE), (NOW + 90 * MINUTE, NOW + 200 * MINUTE))}
    fresh = [person(n, available_from_ms=NOW) for n in (1, 2)]
    calls = what_if(hall([desk(1)], fresh, services=FIXED, spans=spans), 8)
    assert calls.line["t1"] == pytest.approx(0)
    assert calls.line["t2"] == pytest.approx(90 * 60), "the desk is free after closing: the second is called at the next opening"
    lunch = desk(1, away=((NOW + 4 * MINUTE, NOW + 49 * MINUTE),))
    assert what_if(hall([lunch], fresh[:1], services=FIXED), 8).newcomers["A", False] == pytest.approx(49 * 60)
    back = desk(1, state="closed", away=((NOW - MINUTE, NOW + 7 * MINUTE),))
    assert what_if(hall([back], services=FIXED), 8).newcomers["A", False] == pytest.approx(7 * 60)
    away = desk(1, state="paused", paused_since_ms=NOW - MINUTE)
    assert what_if(hall([away], services=FIXED, pause_s=600.0), 256).newcomers["A", False].mean() == pytest.approx(600, rel=0.3)


def test_by_hand_an_appointment_goes_before_the_line_once_it_is_there() -> None:
    booked = person(9, effective_at_ms=NOW - 60 * MINUTE, available_from_ms=NOW + 4 * MINUTE)
    line = [booked, *(person(n, available_from_ms=NOW) for n in (1, 2))]
    calls = what_if(hall([desk(1)], line, services=FIXED), 8)
    assert calls.line["t1"] == pytest.approx(0)
    assert calls.line["t9"] == pytest.approx(300, rel=0.02)
    assert calls.line["t2"] == pytest.approx(600, rel=0.02)


def test_a_ticket_for_one_counter_waits_for_that_one() -> None:
    mine = person(1, counter="Q1", available_from_ms=NOW)
    calls = what_if(hall([busy(1, minutes=0.1), desk(2)], [mine], services=FIXED), 8)
    assert calls.line["t1"].min() > 200
    assert "A" in calls.free
    gone = person(2, counter="nowhere", available_from_ms=NOW)
    assert np.isinf(what_if(hall([desk(1)], [gone], services=FIXED), 8).line["t2"]).all()


def test_the_longer_a_visit_has_lasted_the_longer_it_goes_on_for_a_wide_service() -> None:
    wide = {"A": ServiceModel(300.0, 1.0, 0.0, 1000)}
    rest = [float(np.mean(what_if(hall([busy(1, minutes=m)], services=wide), 512).newcomers["A", True])) for m in (0.5, 20, 60)]
    assert rest[0] < rest[1] < rest[2]
    assert all(np.isfinite(what_if(hall([busy(1, minutes=m)], services=wide), 64).newcomers["A", True]).all() for m in (600, 6000))


def test_fewer_paths_in_a_rush_and_for_a_very_long_line() -> None:
    assert paths_for(100) == 64
    assert paths_for(100, 10.0) == 32
    assert paths_for(800) == 16
    assert paths_for(10_000, 100.0) == 8
