"""A key's way to the server and back: one question, one command with one request id, one sign; never a second time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from display import keypad_bridge as bridge
from display.keys import KEY_LIFE_S, Keys
from display.plan import Devices, PadPlan
from display.relay import Relay
from queue_server.client import Client
from toiluot_edge import SystemClock

PAD = PadPlan("keypad-1", "1")
PERSON = {"id": "T1", "label": "A001", "state": "called", "counter": "1"}
OPEN = {"state": "open", "current": None, "undo": None}


class Server:
    """The server's end, as answers by path; what it was told is written down."""

    def __init__(self, counter: Any, answers: list[Any]) -> None:
        self.counter, self.answers = counter, answers
        self.orders: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._say(self.counter)
        self.orders.append((request.url.path.removeprefix("/api/v1"), json.loads(request.content)))
        return self._say(self.answers.pop(0))

    @staticmethod
    def _say(answer: Any) -> httpx.Response:
        if answer is None:
            raise httpx.ReadTimeout("no answer")
        if isinstance(answer, str):
            return httpx.Response(409, json={"code": answer, "title": answer})
        return httpx.Response(200, json=answer)


@pytest.fixture
def press() -> Callable[..., tuple[str, Server]]:
    def go(key: str, counter: Any, *answers: Any, life_s: float = KEY_LIFE_S) -> tuple[str, Server]:
        server, clock = Server(counter, list(answers)), SystemClock()
        client = Client("http://server", "key", transport=httpx.MockTransport(server))
        devices = Devices(Path("drivers.sock"), (), (PAD,))
        keys = Keys(devices, client, Relay(clock), None, clock, None)  # type: ignore[arg-type]
        return keys._ask_and_order("1", key, clock.monotonic() + life_s), server

    return go


def test_next_with_nobody_there(press: Callable[..., tuple[str, Server]]) -> None:
    sign, server = press("next", OPEN, {"ticket": PERSON})
    assert sign == "A001"
    ((path, body),) = server.orders
    assert (path, body["if_ticket"]) == ("/counters/1/next", "nobody")
    assert press("next", OPEN, {"ticket": None})[0] == bridge.EMPTY


def test_every_other_key_means_the_person_who_is_there(press: Callable[..., tuple[str, Server]]) -> None:
    there = {**OPEN, "current": PERSON, "undo": {"cmd": "c9", "until": None}}
    for key in ("recall", "serve", "hold", "no-show", "complete"):
        left = {**PERSON, "state": "held" if key == "hold" else "completed"}
        sign, server = press(key, there, PERSON if key in ("recall", "serve") else left)
        assert sign == ("A001" if key in ("recall", "serve") else "")
        assert server.orders[0][1]["if_ticket"] == "T1"
    sign, server = press("undo", there, {"undone": "c9", "tickets": [PERSON]})
    assert (sign, server.orders[0][1]["cmd"]) == ("A001", "c9")


@pytest.mark.parametrize(
    ("code", "sign"),
    [("illegal_transition", bridge.OVERTAKEN), ("counter_closed", bridge.CLOSED), ("undo_too_late", bridge.OVERTAKEN)],
)
def test_a_screen_was_quicker(press: Callable[..., tuple[str, Server]], code: str, sign: str) -> None:
    said, server = press("next", OPEN, code)
    assert (said, len(server.orders)) == (sign, 1)


def test_no_server_no_command(press: Callable[..., tuple[str, Server]]) -> None:
    said, server = press("next", None)
    assert (said, server.orders) == (bridge.CUT, [])


def test_no_answer_is_asked_again_with_the_same_id_and_only_in_its_moment(press: Callable[..., tuple[str, Server]]) -> None:
    said, server = press("next", OPEN, None, {"ticket": PERSON})
    assert said == "A001"
    assert len({body["request_id"] for _, body in server.orders}) == 1
    assert len(server.orders) == 2
    said, server = press("next", OPEN, None, {"ticket": PERSON}, life_s=0.5)
    assert (said, len(server.orders)) == (bridge.UNKNOWN, 1)


def test_a_key_that_means_nothing_asks_for_nothing(press: Callable[..., tuple[str, Server]]) -> None:
    assert press("recall", OPEN)[1].orders == []
    assert press("next", {**OPEN, "state": "closed"})[0] == bridge.CLOSED


def test_how_soon_is_too_soon_is_the_counters_own_word() -> None:
    keys = Keys(Devices(Path("drivers.sock"), (), (PAD,)), None, Relay(SystemClock()), None, SystemClock(), None)  # type: ignore[arg-type]
    assert keys.desk({**OPEN, "settings": {"guard_s": 8}}).guard_s == 8.0
    assert keys.desk(OPEN).guard_s == bridge.GUARD_S  # an older server says nothing of it


def test_the_counter_its_clerk_left_for_another_says_closed(press: Callable[..., tuple[str, Server]]) -> None:
    assert press("next", OPEN, "counter_inactive")[0] == bridge.CLOSED


def test_a_face_rates_the_visit_that_has_just_ended_once(press: Callable[..., tuple[str, Server]]) -> None:
    thanks = {"counter": "1", "state": "thanks"}
    sign, server = press("rate-3", OPEN, None, thanks)
    assert sign == ""
    (first, second) = server.orders  # the answer was lost once: the same request again
    assert (first[0], first[1]["stars"], first) == ("/counters/1/rate", 3, second)
    assert press("rate-3", OPEN, "rating_over")[0] == bridge.OVERTAKEN


def test_in_a_citizens_hand_only_the_faces_mean_anything() -> None:
    assert bridge.of_pad("next", rating=True) == ""
    assert bridge.of_pad("rate-1", rating=False) == ""
    assert [bridge.of_pad(key, rating=True) for key in bridge.RATES] == list(bridge.RATES)
    assert bridge.press(bridge.Pad(), "", 0, live=True)[1] == bridge.ILLEGAL
