"""The heart: the server is killed without warning while numbers are issued and people called, and comes back.

Clients do what kiosks and keypads do: a command without an answer is sent again under the same request id. In the end
everything acknowledged is there, nothing is there twice, and the log and its hash chain are whole.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from queue_server.audit import compare
from queue_server.bootstrap import prepare
from queue_server.client import Client, Problem, Unreachable
from queue_server.services import access, configuring

SITE = "KILL"
KILLS = 6
PATIENCE_S = 30


class Server:
    """A server process that can be killed and started again at the same address."""

    def __init__(self, url: str, log: Path) -> None:
        self.url, self.log = url, log.open("ab")
        self.base = "http://127.0.0.1:0"  # a free port at the first start, the same one ever after
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "toiluot", "server", "run", "--db", self.url, "--bind", self.base.removeprefix("http://")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, start_new_session=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("serving ")
        self.base = line.split()[-1]

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.log.close()


class Persistent:
    """A client that repeats a command under its request id until it is answered, and remembers every answer."""

    def __init__(self, base: str, key: str, name: str, stop: threading.Event) -> None:
        self.client, self.name, self.stop = Client(base, key, timeout=5), name, stop
        self.answers: dict[str, dict[str, Any]] = {}
        self.repeats = 0

    def until_answered(self, request_id: str, send: Any) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer: dict[str, Any] = send(request_id)
            except (Unreachable, Problem) as gone:
                if isinstance(gone, Problem) and gone.status != 503:
                    raise
                if time.monotonic() > deadline:
                    raise
                self.repeats += 1
                self.stop.wait(0.05)  # a pause between tries, not a wait for something to be true
                continue
            self.answers[request_id] = answer
            return answer

    def issue_for_ever(self) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            self.until_answered(f"{self.name}-{n}", lambda rid: self.client.issue(rid, service="ho-tich", source="kiosk"))

    def call_for_ever(self, counter: str) -> None:
        self.until_answered(f"{self.name}-open", lambda rid: self.client.counter_command(rid, counter, "open"))
        n = 0
        while not self.stop.is_set():
            n += 1
            self.until_answered(f"{self.name}-{n}", lambda rid: self.client.next(rid, counter))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(f"sqlite:///{tmp_path}/site.db", tmp_path / "server.log")
    yield made
    made.close()


@pytest.mark.slow("starts the real server seven times and kills it six times under load")
def test_nothing_acknowledged_is_lost_or_doubled_by_kill_9(server: Server) -> None:
    store = prepare(server.url)
    configuring.init_site(store, site=SITE, kind="training")
    key = store.write("", lambda r: access.create_key(r, name="t", scopes=["issue", "call", "read", "feed"], sites=[SITE]))
    store.close()
    stop, chance = threading.Event(), random.Random(20261123)
    server.start()
    kiosks = [Persistent(server.base, key, f"kiosk{n}", stop) for n in range(3)]
    keypads = [Persistent(server.base, key, f"keypad{n}", stop) for n in range(2)]
    failures: list[BaseException] = []

    def run(work: Any, *args: Any) -> None:
        try:
            work(*args)
        except BaseException as broken:  # noqa: BLE001 - a thread's failure must fail the test
            failures.append(broken)

    threads = [threading.Thread(target=run, args=(kiosk.issue_for_ever,)) for kiosk in kiosks]
    threads += [threading.Thread(target=run, args=(pad.call_for_ever, str(n + 1))) for n, pad in enumerate(keypads)]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        acknowledged = sum(len(each.answers) for each in kiosks)
        deadline = time.monotonic() + PATIENCE_S
        while sum(len(each.answers) for each in kiosks) < acknowledged + 10 and time.monotonic() < deadline and not failures:
            stop.wait(0.01)
        stop.wait(chance.random() * 0.1)  # the moment is the point: anywhere inside a command
        server.kill()
        server.start()
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not failures
    assert sum(each.repeats for each in (*kiosks, *keypads)) > 0, "no command was in flight at any kill: the test tested nothing"
    with Client(server.base, key, timeout=5) as client:
        check_repeats(client, kiosks)
    check_tickets(server, kiosks, keypads)


def check_repeats(client: Client, kiosks: list[Persistent]) -> None:
    """A repeat after everything still returns the stored answer."""
    for kiosk in kiosks:
        for request_id, answer in list(kiosk.answers.items())[-5:]:
            assert client.issue(request_id, service="ho-tich", source="kiosk") == answer


def check_tickets(server: Server, kiosks: list[Persistent], keypads: list[Persistent]) -> None:
    server.kill()
    store = prepare(server.url)
    try:
        with store.read() as reader:
            log = reader.events_after(SITE, 0, 1_000_000)
        assert compare.of_every_site(store, compare.findings) == []
    finally:
        store.close()
    issued = [event for event in log if event.type == "issued"]
    numbers = [event.data["number"] for event in issued]
    ordinary = [n for n in range(1, len(issued) + 301) if not 700 <= n <= 999]
    assert numbers == ordinary[: len(issued)]
    acknowledged = {answer["id"] for kiosk in kiosks for answer in kiosk.answers.values()}
    assert acknowledged == {event.ticket for event in issued}  # every request was answered in the end: none is there unasked
    called = [event.ticket for event in log if event.type == "called"]
    told = [answer["ticket"]["id"] for pad in keypads for answer in pad.answers.values() if answer.get("ticket")]
    assert len(called) == len(set(called)), "somebody was called twice"
    assert sorted(told) == sorted(map(str, called)), "a call and its answer differ"
