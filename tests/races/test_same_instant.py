"""Two at the same instant: one request id from two devices, and an undo against a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from queue_server.client import Client, Problem
from tests.races.servers import Hall, at_once
from tests.web.helpers import rid

ROUNDS = [
    pytest.param(12, id="12"),
    pytest.param(150, id="150", marks=[pytest.mark.full, pytest.mark.slow(reason="a hundred and fifty rounds")]),
]


def told(command: Callable[..., dict[str, Any]], *args: str, **fields: str) -> dict[str, Any] | str:
    """The answer, or the code of the refusal."""
    try:
        return command(*args, **fields)
    except Problem as no:
        return no.code


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_request_id_from_two_devices_is_one_effect_and_one_answer(crowded: Hall, rounds: int) -> None:
    one, other = crowded.clients(2)
    one.counter_command(rid(), "1", "open")
    acts: list[Callable[[Client, str], dict[str, Any]]] = [
        lambda client, same: client.issue(same, service="ho-tich"),
        lambda client, same: client.next(same, "1"),
        lambda client, same: client.lease(same, "A", 2),
    ]
    for n in range(rounds):
        same, act = rid("same"), acts[n % 3]
        first, second = at_once(partial(act, one, same), partial(act, other, same))
        assert first == second
        effects = Counter(event.type for event in crowded.log() if event.cmd == same)
        assert effects.keys() & {"issued", "called", "lease.issued"}
        assert set(effects.values()) == {1}
    crowded.check()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_request_id_for_two_orders_belongs_to_one_of_them(crowded: Hall, rounds: int) -> None:
    one, other = crowded.clients(2)
    for _ in range(rounds):
        same = rid("same")
        answers = at_once(*(partial(told, client.issue, same, service=name) for client, name in ((one, "ho-tich"), (other, "dat-dai"))))
        refused = [answer for answer in answers if isinstance(answer, str)]
        assert refused == ["request_id_reused"]
        won = next(answer for answer in answers if isinstance(answer, dict))
        assert [(event.type, event.ticket) for event in crowded.log() if event.cmd == same and event.ticket] == [("issued", won["id"])]
    with pytest.raises(Problem) as caught:
        one.issue(same, service="bao-tro")
    assert (caught.value.status, caught.value.code) == (422, "request_id_reused")
    crowded.check()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_an_undo_or_a_call_but_never_both(crowded: Hall, rounds: int) -> None:
    """Counter 1 puts a person back, takes that back, and at the same instant counter 2 presses next. The person is either
    at counter 1 again, and counter 2 has the one behind, or at counter 2, and the undo is refused."""
    one, two = crowded.clients(2)
    for counter in "12":
        one.counter_command(rid(), counter, "open")
    for _ in range(rounds):
        first, behind = (one.issue(rid(), service="ho-tich")["id"] for _ in range(2))
        assert one.next(rid(), "1")["ticket"]["id"] == first
        back = rid("back")
        one.on_ticket(back, first, "release", "1")
        undone, called = at_once(partial(told, one.undo, rid("undo"), "1", cmd=back), partial(told, two.next, rid("call"), "2"))
        at = {row["code"]: row["current"]["id"] for row in one.counters()["counters"] if row["current"]}
        if isinstance(undone, dict):
            assert at == {"1": first, "2": behind}
        else:
            assert (undone, at) == ("undo_overtaken", {"2": first})
        assert isinstance(called, dict)
        assert called["ticket"]["id"] == at["2"]
        one.at_counter(rid(), "2", "complete")
        if isinstance(undone, dict):
            one.at_counter(rid(), "1", "complete")
        else:
            one.cancel(rid(), behind)
    crowded.check()


@pytest.mark.parametrize("rounds", ROUNDS)
def test_an_undo_against_the_same_counters_next_key(crowded: Hall, rounds: int) -> None:
    """The clerk takes a call back while a keypad at the same desk presses next: in whichever order the log has them, it is
    the order that rows, answers and log agree on, and nobody is lost."""
    clerk, keypad = crowded.clients(2)
    clerk.counter_command(rid(), "1", "open")
    for _ in range(rounds):
        first, second = (clerk.issue(rid(), service="ho-tich")["id"] for _ in range(2))
        call = rid("call")
        assert clerk.next(call, "1")["ticket"]["id"] == first
        undone, called = at_once(partial(told, clerk.undo, rid("undo"), "1", cmd=call), partial(told, keypad.next, rid("call"), "1"))
        there = clerk.counter("1")["current"]["id"]
        assert isinstance(called, dict)
        assert there == called["ticket"]["id"]
        assert there == (first if isinstance(undone, dict) else second)
        assert isinstance(undone, dict) or undone == "undo_overtaken"
        clerk.at_counter(rid(), "1", "complete")
        if there == first:
            clerk.cancel(rid(), second)
    crowded.check()
