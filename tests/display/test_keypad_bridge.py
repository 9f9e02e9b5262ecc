"""Every key at every state of a counter, bounces, cut lines, and the signs they end in."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display import keypad_bridge as bridge
from display.keypad_bridge import BOUNCE_S, GUARD_S, KEYS, TABLE, Desk, Order, Pad
from queue_server.domain.counter import Counter, lawful

STATES = ("open", "wrapping_up", "paused", "closed")
THERE = ("nobody", "called", "serving")


def desk(state: str = "open", there: str = "nobody", **more: object) -> Desk:
    who = {} if there == "nobody" else {"ticket": "T1", "label": "A001"}
    return Desk(state, there, **{**who, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(("key", "state", "there"), list(product(sorted(KEYS), STATES, THERE)))
def test_a_key_asks_for_nothing_the_server_would_not_do(key: str, state: str, there: str) -> None:
    allowed = lawful(Counter("S", "1", state, undo_cmd="c9"), None if there == "nobody" else there)
    said = bridge.decide(key, desk(state, there, undo_cmd="c9"), "r1")
    if isinstance(said, Order):
        assert said.command in allowed
        assert (said.request_id, said.if_ticket or said.cmd != "") == ("r1", said.if_ticket or True)
    elif state in ("open", "wrapping_up"):
        assert said == bridge.ILLEGAL
        assert key not in allowed
    else:
        assert said == bridge.CLOSED


def test_every_order_says_whom_it_means() -> None:
    assert bridge.decide("next", desk(), "r") == Order("next", "r", if_ticket="nobody")
    assert bridge.decide("next", desk(there="serving"), "r") == Order("next", "r", if_ticket="T1")
    assert bridge.decide("recall", desk(there="called"), "r") == Order("recall", "r", if_ticket="T1")
    assert bridge.decide("undo", desk(undo_cmd="c7"), "r") == Order("undo", "r", cmd="c7")
    assert bridge.decide("undo", desk(), "r") == bridge.OVERTAKEN


def test_next_so_soon_after_a_call_ends_nobodys_visit() -> None:
    assert bridge.decide("next", desk(there="called", called_s_ago=GUARD_S - 0.1), "r") == bridge.OVERTAKEN
    assert isinstance(bridge.decide("next", desk(there="called", called_s_ago=GUARD_S), "r"), Order)
    assert isinstance(bridge.decide("recall", desk(there="called", called_s_ago=0.0), "r"), Order)


def test_how_soon_is_the_sites_own_setting() -> None:
    assert GUARD_S == 5.0  # as the server's policy has it where a site states none
    assert bridge.decide("next", desk(there="called", called_s_ago=7.9, guard_s=8.0), "r") == bridge.OVERTAKEN
    assert isinstance(bridge.decide("next", desk(there="called", called_s_ago=0.0, guard_s=0.0), "r"), Order)


def test_pressed_twice_within_a_bounce_is_one() -> None:
    pad, sign = bridge.press(Pad(), "next", 10.0, live=True)
    assert (pad.busy, sign) == (True, None)
    for later_s in (0.01, BOUNCE_S - 0.01):
        assert bridge.press(bridge.done(pad), "next", 10.0 + later_s, live=True) == (bridge.done(pad), "")
    assert bridge.press(bridge.done(pad), "next", 10.0 + BOUNCE_S, live=True)[1] is None
    assert bridge.press(bridge.done(pad), "recall", 10.01, live=True)[1] is None


def test_a_key_while_the_last_is_on_its_way_is_nothing() -> None:
    pad, _ = bridge.press(Pad(), "next", 10.0, live=True)
    after, sign = bridge.press(pad, "recall", 11.0, live=True)
    assert (after.busy, sign) == (True, "")


def test_a_key_without_a_server_is_refused_with_a_sign() -> None:
    pad, sign = bridge.press(Pad(), "next", 10.0, live=False)
    assert (pad.busy, sign) == (False, bridge.CUT)


def test_an_unknown_key_is_told() -> None:
    assert bridge.press(Pad(), "?", 10.0, live=True)[1] == bridge.ILLEGAL


@given(st.lists(st.tuples(st.sampled_from([*sorted(KEYS), "?"]), st.floats(0, 2), st.booleans(), st.booleans())))
def test_never_two_at_once_and_never_one_in_the_dark(strokes: list[tuple[str, float, bool, bool]]) -> None:
    pad, now_s, flying = Pad(), 0.0, False
    for key, pause_s, live, answered in strokes:
        now_s += pause_s
        if answered and flying:
            pad, flying = bridge.done(pad), False
        pad, sign = bridge.press(pad, key, now_s, live=live)
        if sign is None:
            assert live
            assert not flying
            assert key in KEYS
            flying = True


def test_signs_fit_three_digits_that_have_seven_segments() -> None:
    signs = {bridge.CUT, bridge.EMPTY, bridge.ILLEGAL, bridge.CLOSED, bridge.OVERTAKEN, bridge.UNKNOWN}
    assert all(len(sign) <= 3 and set(sign) <= set("0123456789E-") for sign in signs)
    assert len(signs) == 6
    assert bridge.refused("counter_closed") == bridge.CLOSED
    assert bridge.refused("something_new") == bridge.ILLEGAL
    assert (bridge.confirmed("next", "A001"), bridge.confirmed("next", ""), bridge.confirmed("complete", "")) == ("A001", "0", "")
    assert set(TABLE.values()) <= {"next", "recall", "serve", "hold", "no-show", "complete", "undo"}
