"""The big place: eight seconds each, never two at once, nobody answered is shouted for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from display.board import Call
from display.spotlight import HOLD_S, RECENT, Spotlight, push, recent, tick


def call(label: str, at: int = 0) -> Call:
    return Call(label, "1", at, at)


A, C, H = call("A001"), call("C001"), call("H001")


def test_each_call_stays_eight_seconds() -> None:
    spot, started = tick(push(Spotlight(), [A, C]), [C, A], 100.0)
    assert (spot.shown, started) == (A, A)
    assert tick(spot, [C, A], 107.9) == (spot, None)
    spot, started = tick(spot, [C, A], 108.0)
    assert (spot.shown, started) == (C, C)


def test_a_call_answered_while_it_waited_is_passed_over_but_the_big_one_keeps_its_time() -> None:
    spot, _ = tick(push(Spotlight(), [A, C, H]), [H, C, A], 0.0)
    spot, started = tick(spot, [H], 1.0)
    assert (spot.shown, started) == (A, None)
    spot, started = tick(spot, [H], 8.0)
    assert (spot.shown, started) == (H, H)


def test_when_the_big_one_is_gone_the_newest_takes_its_place_silently() -> None:
    spot, _ = tick(push(Spotlight(), [A]), [A, C], 0.0)
    spot, started = tick(spot, [C], 8.0)
    assert (spot.shown, spot.since_s, started) == (C, None, None)
    assert tick(spot, [], 9.0) == (Spotlight(), None)


def test_a_recall_of_the_big_one_begins_anew_after_its_time() -> None:
    again = call("A001", 5000)
    spot, _ = tick(push(Spotlight(), [A]), [A], 0.0)
    spot, started = tick(push(spot, [again]), [again], 5.0)
    assert started is None
    assert tick(spot, [again], 8.0)[1] == again


def test_a_waiting_label_called_anew_keeps_its_place() -> None:
    assert push(Spotlight(), [A, C, call("A001", 9)]).queue == (call("A001", 9), C)


def test_a_board_that_opens_shows_the_newest_without_ringing() -> None:
    spot, started = tick(Spotlight(), [C, A], 0.0)
    assert (spot.shown, started) == (C, None)
    assert tick(push(spot, [H]), [H, C, A], 0.1)[1] == H


def test_the_list_is_capped_and_leaves_the_big_one_out() -> None:
    calls = [call(f"A{n:03d}") for n in range(60)]
    spot, _ = tick(Spotlight(), calls, 0.0)
    assert [c.label for c in recent(spot, calls)] == ["A001", "A002", "A003", "A004", "A005"]
    assert RECENT == 5


@given(st.lists(st.tuples(st.floats(0, 5), st.lists(st.integers(0, 6), max_size=3)), max_size=40))
def test_two_calls_never_begin_within_eight_seconds(moments: list[tuple[float, list[int]]]) -> None:
    calls = [call(f"A{n}") for n in range(7)]
    spot, now, begun = Spotlight(), 0.0, []
    for wait, ringing in moments:
        now += wait
        spot, started = tick(push(spot, [calls[n] for n in ringing]), calls, now)
        begun += [now] if started else []
    assert all(later - earlier >= HOLD_S for earlier, later in pairwise(begun))
