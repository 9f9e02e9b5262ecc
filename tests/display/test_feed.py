"""The one connection upstream and the relay behind it, over real sockets, with a far end that freezes and dies."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from display.feed import MAX_DELAY_S, REFUSED_DELAY_S, SILENCE_S, Feed, Upstream
from display.relay import MAX_BACKLOG, Relay
from display.wire import BadMessage
from queue_server.contract import sse
from tests.loops import run_story
from toiluot_edge import SystemClock

from .conftest import FarEnd, get

Start = Callable[..., FarEnd]


async def until(what: Callable[[], Any], within_s: float = 10.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: last answer {answer!r}"
        await asyncio.sleep(0.02)
    return answer


@asynccontextmanager
async def following(upstream: Upstream, silence_s: float = 1.0, ask_every_s: float = 60.0) -> AsyncIterator[tuple[Relay, Feed]]:
    relay = Relay(SystemClock())
    feed = Feed(upstream, relay, structlog.get_logger(), silence_s=silence_s, ask_every_s=ask_every_s)
    task = asyncio.create_task(feed.run())
    try:
        yield relay, feed
    finally:
        relay.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Reader:
    """A page's stream, read in the background."""

    def __init__(self, relay: Relay) -> None:
        self.frames: list[sse.Frame] = []
        self._task = asyncio.create_task(self._read(relay))

    async def _read(self, relay: Relay) -> None:
        decoder = sse.Decoder()
        async for piece in relay.frames():
            self.frames += decoder.feed(piece)

    def named(self, event: str) -> list[Any]:
        return [frame.json() for frame in self.frames if frame.event == event]


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> list[Any]:
    with capture_logs() as said:
        run_story(story)
    return said


def labels(relay: Relay) -> list[str]:
    return [call.label for call in relay.board.calls]


def test_pages_get_the_snapshot_first_then_rows_cut_to_public_fields_then_true_beats(far_end: Start) -> None:
    far = far_end()
    far.hall("issued", "A001")
    far.hall("called", "A001", "3")

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_secret")) as (relay, _):
            early = Reader(relay)  # connected before the display itself knew anything
            await until(lambda: early.named("hb"))
            late = Reader(relay)
            await until(lambda: late.frames)
            far.hall("called", "A002", "1")
            await until(lambda: early.named("log") and late.named("log"))
            for page in (early, late):
                assert page.frames[0].event == "snapshot"
                assert [c["label"] for c in page.named("snapshot")[0]["calls"]] == ["A001"]
                assert set(page.named("log")[0]) == {"type", "epoch", "seq", "at", "label", "counter", "zone"}
                assert [frame.id for frame in page.frames if frame.event == "log"] == ["1-3"]
            assert "LAN" not in str(early.frames) + str(late.frames)
            assert "H00" not in str(early.frames) + str(late.frames)
            assert relay.board.waiting == 0

    run(story)


def test_a_frozen_server_is_heard_as_silence_and_redialled_and_resumed(far_end: Start) -> None:
    far = far_end("--stale", "0.5", "--dead", "1.2")

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_secret")) as (relay, _):
            far.hall("called", "A001", "3")
            page = Reader(relay)
            await until(lambda: labels(relay) == ["A001"])
            far.freeze()
            await until(lambda: relay.silence_s() > 0.4)
            heard = len(page.frames)
            await until(lambda: relay.link() == "stale")
            during = Reader(relay)
            await until(lambda: during.frames)
            told = during.named("snapshot")[0]
            assert told["silence_s"] > 0.4
            assert [c["label"] for c in told["calls"]] == ["A001"]
            await until(lambda: relay.link() == "dead")
            blind = Reader(relay)
            await until(lambda: blind.frames)
            assert blind.named("snapshot")[0]["calls"] == []
            await until(lambda: relay.silence_s() > 2.0)
            assert len(page.frames) == heard, "a beat was made up"
            thawed = time.monotonic()
            far.thaw()
            far.hall("called", "A002", "1")
            await until(lambda: labels(relay) == ["A002", "A001"] and relay.link() == "live")
            assert time.monotonic() - thawed < 15
        opened = get(f"{far.url}/opened")
        assert opened[0] == ""
        assert "1-1" in opened[1:], f"never resumed by its last id: {opened}"

    run(story)


def test_with_two_addresses_the_board_follows_whoever_answers(far_end: Start) -> None:
    far = far_end()
    far.hall("called", "A001", "3")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused

        async def story() -> None:
            async with following(Upstream(f"http://127.0.0.1:{nobody.getsockname()[1]}, {far.url}/", key="tl_secret")) as (relay, _):
                await until(lambda: labels(relay) == ["A001"] and relay.link() == "live", 20)

        run(story)


def test_a_server_that_was_replaced_is_not_believed_where_another_is_known() -> None:
    told = {"site": "P1", "name": "", "zone": "", "waiting": 0, "calls": [], "services": [], "settings": {}}
    relay = Relay(SystemClock())
    relay.several = True
    relay.take_snapshot(told | {"position": "2-40"})
    for behind in ("1-90", "2-39"):  # one that was replaced, and a standby that has not caught up
        with pytest.raises(BadMessage):
            relay.take_snapshot(told | {"position": behind})
    assert relay.board.position == (2, 40)
    relay.several = False  # the only server there is may have been set up anew
    assert relay.take_snapshot(told | {"position": "1-90"})


@pytest.mark.parametrize("flags", [(), pytest.param(("--no-replay",), marks=pytest.mark.full)], ids=["replays rows", "snapshot only"])
def test_a_killed_server_comes_back_and_the_board_is_right_within_15_s(far_end: Start, flags: tuple[str, ...]) -> None:
    far = far_end(*flags)

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_secret")) as (relay, _):
            far.hall("called", "A001", "3")
            await until(lambda: labels(relay) == ["A001"])
            far.kill()
            await until(lambda: relay.silence_s() > 1.0)
            await asyncio.to_thread(far.start)
            back = time.monotonic()
            far.hall("called", "A002", "1")
            await until(lambda: labels(relay) == ["A002", "A001"])
            assert time.monotonic() - back < 15

    run(story)


def test_the_waits_between_dials_leave_room_in_the_15_s() -> None:
    """A half-open line is noticed, and the longest wait is over, before 15 s have passed."""
    assert 1.3 * MAX_DELAY_S + 3 < 15
    assert REFUSED_DELAY_S + 3 < 15
    assert SILENCE_S + 1.3 * MAX_DELAY_S < 20


def test_a_step_undone_is_asked_for_and_told_to_the_pages(far_end: Start) -> None:
    far = far_end()

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_secret")) as (relay, _):
            far.hall("called", "A001", "3")
            await until(lambda: labels(relay) == ["A001"])
            page = Reader(relay)
            far.hall("undone", "A001", "3")
            await until(lambda: labels(relay) == [])
            await until(lambda: page.named("snapshot")[-1]["calls"] == [])
        assert get(f"{far.url}/opened") == ["", ""], "one question"

    assert [line["state"] for line in run(story)] == ["live"], "the line itself was never let go"


def test_what_changed_unseen_is_right_again_after_the_next_question(far_end: Start) -> None:
    far = far_end()

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_secret"), ask_every_s=1.0) as (relay, _):
            await until(lambda: relay.board.primed)
            far.hall("issued", "A001", unseen=True)
            await until(lambda: relay.silence_s() < 0.1)
            assert relay.board.waiting == 0
            await until(lambda: relay.board.waiting == 1)

    assert [line["state"] for line in run(story)] == ["live"]


def test_a_board_token_becomes_a_cookie(far_end: Start) -> None:
    far = far_end("--token", "b.TOKEN")

    async def story() -> None:
        async with following(Upstream(far.url, board_token="b.TOKEN")) as (relay, _):
            await until(lambda: relay.board.primed)

    run(story)


def test_a_refused_key_is_said_once_without_the_key(far_end: Start) -> None:
    far = far_end()

    async def story() -> None:
        async with following(Upstream(far.url, key="tl_wrong")) as (relay, feed):
            await until(lambda: feed._said)
            assert not relay.board.primed

    said = run(story)
    assert [line["state"] for line in said] == [
        "the server refuses this display's key or board token: make a new one and restart the display"
    ]
    assert "tl_wrong" not in str(said)


def answer_with(body: bytes, served: threading.Event) -> socket.socket:
    """A far end that answers every connection with these bytes and hangs up."""
    sock = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            with peer:
                peer.recv(4096)
                peer.sendall(body)
            served.set()

    threading.Thread(target=serve, daemon=True).start()
    return sock


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"rubbish\r\n\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<html",
        HEAD + b"event: snapshot\ndata: {half\n\n",
        HEAD + b'event: snapshot\ndata: {"position":"1-1","calls":[{"label":7}]}\n\n',
        HEAD + b"event: hb\ndata: []\n\n",
        HEAD + b"data: <html>Welcome to the hotel</html>\n\n",
    ],
    ids=["not HTTP", "a proxy's page", "half a snapshot", "a wrong field", "a beat without time", "a foreign page"],
)
def test_an_answer_that_is_not_the_contracts_changes_nothing_and_is_tried_again(body: bytes) -> None:
    served = threading.Event()
    sock = answer_with(body, served)

    async def story() -> None:
        async with following(Upstream(f"http://127.0.0.1:{sock.getsockname()[1]}", key="k")) as (relay, feed):
            await until(lambda: served.is_set() and feed._said)
            assert not relay.board.primed
            assert feed._said != "live"

    said = run(story)
    sock.close()
    assert not [line for line in said if "exc_info" in line or line["log_level"] == "error"]


def test_a_page_that_does_not_read_is_cut_off_and_the_others_are_served() -> None:
    relay = Relay(SystemClock())
    row = {"epoch": 1, "at": "2026-11-23T08:05:00+07:00", "label": "A001", "counter": "1", "type": "recalled"}

    async def story() -> None:
        relay.take(sse.Frame("snapshot", None, json.dumps({"position": "1-0", "waiting": 0, "calls": []})))
        lazy = relay.frames()
        await anext(lazy)
        for seq in range(MAX_BACKLOG + 2):
            relay.take(sse.Frame("log", None, json.dumps({**row, "seq": seq + 1})))
        assert relay.pages == 0
        rest = [piece async for piece in lazy]
        assert len(rest) < MAX_BACKLOG

    run_story(story)
