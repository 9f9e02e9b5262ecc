"""Eight counters empty a full hall while eight kiosks fill it: on one server with the command line writing beside it, on a
server of two processes, and on two servers of one database.

Nobody is called twice and nobody is skipped, nobody gets an error, and the order holds. A site is a serial machine: its
log is the one order of everything, so the order is checked twice. In the log each call must take exactly the person who
stood first at that row. And the log must not contradict the clocks of the counters: what was answered before another
press was sent stands before it in the log. Only presses that overlapped may stand either way round.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.cli import server as commands
from queue_server.services import configuring
from queue_server.storage.store import Store
from tests.races.servers import SERVICES, Hall, Turn, empty, hall_at, serving
from tests.web.helpers import Process, rid

CROWD = 8
SIZES = [
    pytest.param((120, 12), id="small"),
    pytest.param((500, 60), id="500", marks=[pytest.mark.full, pytest.mark.slow(reason="five hundred people and more")]),
]


def crowd(hall: Hall, waiting: int, each: int, beside: Callable[[threading.Event], object] | None = None) -> list[Turn]:
    """All at once: eight who call, eight who issue, and whoever writes beside them. What each press brought."""
    hall.waiting(waiting)
    ended = threading.Event()
    clerks, kiosks = hall.clients(CROWD), hall.clients(CROWD)

    def issue(kiosk: Any) -> None:
        for n in range(each):
            kiosk.issue(rid("issue"), service=SERVICES[n % 3])

    with ThreadPoolExecutor(2 * CROWD + 1) as pool:
        writing = [pool.submit(beside, ended)] if beside else []
        calling = [pool.submit(empty, clerk, str(n), ended) for n, clerk in enumerate(clerks, 1)]
        filling = [pool.submit(issue, kiosk) for kiosk in kiosks]
        try:
            for one in filling:
                one.result()
        finally:
            ended.set()
        turns = [turn for one in calling for turn in one.result()]
        for one in writing:
            one.result()
    return turns


def must_hold(hall: Hall, turns: list[Turn], people: int) -> None:
    log = hall.check()
    issued = [event.ticket for event in log if event.type == "issued"]
    assert len(issued) == people
    assert Counter(turn.ticket for turn in turns if turn.ticket) == Counter(issued), "called twice, or skipped"
    each_was_first_in_the_log(log)
    the_log_agrees_with_the_clocks(log, turns)
    nobody_went_away_empty(log, turns)


def each_was_first_in_the_log(log: list[Any]) -> None:
    here: dict[str, tuple[int, int]] = {}
    for event in log:
        if event.type == "issued":
            here[event.ticket] = (event.data["effective_at"], event.seq)
        elif event.type == "called":
            assert event.ticket == min(here, key=lambda ticket: here[ticket]), f"{event.label} was not the first"
            del here[event.ticket]


def the_log_agrees_with_the_clocks(log: list[Any], turns: list[Turn]) -> None:
    row = {event.ticket: event.seq for event in log if event.type == "called"}
    by_answer = sorted((turn for turn in turns if turn.ticket), key=lambda turn: turn.answered_s)
    answered = [turn.answered_s for turn in by_answer]
    highest = [0]
    for turn in by_answer:
        highest.append(max(highest[-1], row[turn.ticket]))
    for turn in by_answer:
        assert highest[bisect_left(answered, turn.sent_s)] < row[turn.ticket]


def nobody_went_away_empty(log: list[Any], turns: list[Turn]) -> None:
    """Who lost a race got the next person: no press came back empty while somebody was surely waiting all through it. The
    people of before were, until the first press of all that brought them was sent."""
    before = {event.ticket for event in log if event.type == "issued" and event.cmd.startswith("beat:")}
    called_s = [turn.sent_s for turn in turns if turn.ticket in before]
    for turn in turns:
        assert turn.ticket is not None or not any(sent_s > turn.answered_s for sent_s in called_s), "empty, with people waiting"


@pytest.mark.parametrize("size", SIZES)
def test_one_server_and_a_command_line_that_writes(one_server: tuple[Store, Process], size: tuple[int, int], tmp_path: Path) -> None:
    store, server = one_server
    waiting, each = size

    def administer(ended: threading.Event) -> int:
        """Keys and configurations by the command line, from another process than the server's, one after the other."""
        document, n = configuring.current(store, hall.code)["document"], 0
        while not ended.is_set() or n < 2:
            n += 1
            (tmp_path / "site.json").write_text(json.dumps(document | {"name": f"Tên {n}"}))
            for words in (["api-key", "create", "--name", f"k{n}", "--scope", "read"], ["config", "apply", str(tmp_path / "site.json")]):
                done = CliRunner().invoke(commands, [*words, "--db", store.url, "--site", hall.code], catch_exceptions=False)
                assert done.exit_code == 0, done.output
        return n

    with hall_at(store, server) as hall:
        turns = crowd(hall, waiting, each, administer)
        must_hold(hall, turns, waiting + CROWD * each)
        assert [event.type for event in hall.log()].count("config.applied") > 2


@pytest.mark.parametrize("size", SIZES)
def test_two_servers_on_one_database(two_servers: tuple[Store, Process, Process], size: tuple[int, int]) -> None:
    store, *servers = two_servers
    with hall_at(store, *servers) as hall:
        must_hold(hall, crowd(hall, *size), size[0] + CROWD * size[1])


@pytest.mark.parametrize("size", SIZES)
def test_one_server_of_two_processes(two_servers: tuple[Store, Process, Process], size: tuple[int, int], tmp_path: Path) -> None:
    store = two_servers[0]
    with serving(store.url, tmp_path, "--workers", "2") as server, hall_at(store, server) as hall:
        must_hold(hall, crowd(hall, *size), size[0] + CROWD * size[1])
