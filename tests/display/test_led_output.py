"""LED panels follow the board: what stands on them, when they blink, and what they show without a server."""

from __future__ import annotations

import pytest

from display.board import Board, Call
from display.led_output import BLINK_MS, Face, Plan, changes_at, face, faces

NOW = 1_000_000


def call(label: str, counter: str, ago_ms: int = 60_000, **more: str) -> Call:
    return Call(label, counter, NOW - ago_ms, NOW - ago_ms, **more)


def board(*calls: Call) -> Board:
    return Board(calls=calls, primed=True)


OVER_1, HALL = Plan("led-1", counter="1"), Plan("led-9", rows=3)


def test_a_counters_panel_shows_who_was_called_there() -> None:
    seen = board(call("A007", "2"), call("A006", "1"))
    assert face(OVER_1, seen, "live", NOW) == Face(("A006",))
    assert face(OVER_1, board(), "live", NOW) == Face(("",))


def test_the_halls_panel_shows_the_newest_calls_with_their_counters() -> None:
    seen = board(call("A007", "Q02"), call("A006", "1", counter_name="Quầy 11"), call("B1", "3"), call("B0", "4"))
    assert face(HALL, seen, "live", NOW).rows == ("A007  2", "A006 11", "B1  3")
    assert face(Plan("led-9", form="{label}>{counter}"), seen, "live", NOW).rows == ("A007>2",)


def test_a_hall_of_one_zone_shows_its_own_calls() -> None:
    seen = board(call("A007", "2", zone="T2"), call("A006", "1", zone="T1"), call("A005", "3"))
    assert face(Plan("led-9", zone="T1", rows=2), seen, "live", NOW).rows == ("A006  1", "A005  3")


def test_a_new_call_blinks_until_the_person_is_there_or_the_time_is_over() -> None:
    assert face(OVER_1, board(call("A006", "1", 100)), "live", NOW).blink
    assert not face(OVER_1, board(call("A006", "1", BLINK_MS)), "live", NOW).blink
    assert not face(OVER_1, board(call("A006", "1", 100, state="serving")), "live", NOW).blink
    assert not face(OVER_1, board(call("A006", "1", 100)), "stale", NOW).blink
    assert changes_at(board(call("A006", "1", 100), call("A5", "2", 300)), NOW) == NOW - 300 + BLINK_MS
    assert changes_at(board(call("A006", "1")), NOW) is None


def test_how_many_wait_stands_in_the_last_row_or_where_nobody_is_called() -> None:
    seen = Board(calls=(call("A007", "2"), call("A006", "1"), call("B1", "3")), waiting=12, primed=True)
    assert face(Plan("led-9", rows=3, foot="CHO {waiting:>4}"), seen, "live", NOW).rows == ("A007  2", "A006  1", "CHO   12")
    assert face(Plan("led-9", rows=3, foot="{waiting}"), Board(waiting=3, primed=True), "live", NOW).rows == ("", "", "3")
    over = Plan("led-1", counter="1", foot="{waiting}")
    assert face(over, seen, "live", NOW).rows == ("A006",)
    assert face(over, Board(waiting=12, primed=True), "live", NOW).rows == ("12",)


def test_an_old_count_is_no_count() -> None:
    over = Plan("led-1", counter="1", foot="{waiting}")
    assert face(over, Board(waiting=12, primed=True), "stale", NOW).rows == ("",)
    assert face(over, Board(waiting=12, primed=True), "dead", NOW).rows == ("--",)


@pytest.mark.parametrize(("link", "shown"), [("live", "A006"), ("stale", "A006"), ("dead", "--")])
def test_a_panel_goes_blank_with_the_board(link: str, shown: str) -> None:
    assert face(OVER_1, board(call("A006", "1")), link, NOW).rows == (shown,)


def test_before_the_first_word_of_the_server_there_are_no_numbers() -> None:
    assert faces([OVER_1, HALL], Board(), "live", None) == {"led-1": Face(("--",)), "led-9": Face(("--", "--", "--"))}
