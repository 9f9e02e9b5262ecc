"""Every fault of real processes, at every step of a citizen's and a clerk's way: sampled, more of it, and all in `make chaos`."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from queue_server.client import Problem
from tests.chaos import verdict
from tests.chaos.cell import Seen
from tests.chaos.matrix import play
from tests.chaos.proxy import WAYS, Proxy
from tests.chaos.table import CITIZEN, CLERK, FAULTS, STEPS, diagonal, together
from tests.web.helpers import until


@pytest.mark.slow("starts the whole line once and breaks it in each way once")
@pytest.mark.timeout(400)
def test_each_fault_once_and_each_step_once(tmp_path: Path, library: Path) -> None:
    turn = play(tmp_path, library, diagonal(0))
    assert turn.wrong == []
    assert len(turn.recovery_s) == len(FAULTS)


@pytest.mark.full
@pytest.mark.slow("three more turns of the eleven")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [2, 5, 8])
def test_further_turns_of_the_table(tmp_path: Path, library: Path, number: int) -> None:
    assert play(tmp_path, library, diagonal(number)).wrong == []


@pytest.mark.full
@pytest.mark.slow("the whole line, broken in two ways at once")
@pytest.mark.timeout(600)
def test_two_faults_at_once(tmp_path: Path, library: Path) -> None:
    turn = play(tmp_path, library, together())
    assert turn.wrong == []
    assert turn.records > 0


def test_all_turns_together_are_the_whole_table() -> None:
    cells = [(fault.name, step) for number in range(len(STEPS)) for fault, step in diagonal(number)]
    assert len(set(cells)) == len(cells) == len(FAULTS) * len(STEPS)
    assert {step for _, step in diagonal()} == set(CITIZEN + CLERK)
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def _heard(port: int, said: bytes) -> bytes | None:
    """What comes back on a new connection: None for nothing within a moment."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as line:
        line.settimeout(0.4)
        line.sendall(said)
        try:
            return line.recv(100)
        except TimeoutError:
            return None


def _open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_the_proxy_does_what_its_ways_say() -> None:
    heard: list[bytes] = []
    far = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        while True:
            try:
                peer, _ = far.accept()
                with peer:
                    heard.append(peer.recv(100))
                    peer.sendall(b"HTTP/1.1 200 " + heard[-1])
            except OSError:
                return

    threading.Thread(target=echo, daemon=True).start()
    proxy = Proxy(far.getsockname()[:2])
    found = {}
    for way in WAYS:
        proxy.way = "whole"
        until(lambda: _open(proxy.port))
        proxy.way = way
        until(lambda way=way: way != "cut" or not _open(proxy.port))  # type: ignore[misc]
        try:
            found[way] = _heard(proxy.port, way.encode())
        except OSError:
            found[way] = b"refused"
    proxy.close()
    far.close()
    assert found["whole"] == b"HTTP/1.1 200 whole"
    assert found["cut"] in (b"", b"refused")
    assert (found["stalled"], found["half-open"], found["answer-lost"]) == (None, None, b"")
    assert b"half-open" in heard  # it was asked and nobody was told
    assert b"answer-lost" in heard


def _event(kind: str, ticket: str, label: str = "", cmd: str = "") -> SimpleNamespace:
    return SimpleNamespace(type=kind, ticket=ticket, label=label, cmd=cmd, business_day="2026-11-23")


def test_the_verdict_names_each_kind_of_wrong() -> None:
    log = [_event("issued", "t1", "A001", "r1"), _event("issued", "t2", "A001", "r2"), _event("called", "t1", "A001", "r3")]
    refused = Problem(409, "conflict", {})
    told = Seen(shown={"t1": "A001", "t9": "A009"}, answered={"r1": {}, "r3": refused, "lost": {"id": "t8"}, "next": {"ticket": None}})
    assert list(verdict._screens(log, told)) == ["the screen showed A009, the log has None", "a number was given twice"]
    assert list(verdict._commands(log, told)) == [
        "r3 was refused with conflict and yet it happened",
        "lost was answered and is not in the log",
    ]
    assert list(verdict._paper(log, ["t1", "t1", ""])) == ["2 slips of one ticket", "1 slips that the log does not know"]
    assert list(verdict._paper([*log, _event("reprinted", "t1")], ["t1", "t1", "t2"])) == []
