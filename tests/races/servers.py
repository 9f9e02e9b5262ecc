"""Servers, sites and clients for races over HTTP: real processes on one database, and what their log must show."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from queue_server.audit.compare import findings
from queue_server.client import Client
from queue_server.services import command, configuring, issuing
from queue_server.storage.store import Store
from tests.hall import CLERK
from tests.web.helpers import Process, Site, fresh_code, rid

T = TypeVar("T")
SERVICES = ("ho-tich", "dat-dai", "chung-thuc")


@dataclass
class Hall:
    """A site served by one process or several; `clients` has one address each, and all of them talk to one database."""

    code: str
    store: Store
    bases: tuple[str, ...]
    closing: ExitStack = field(default_factory=ExitStack)

    def client(self, n: int = 0) -> Client:
        """A client of its own, of the n-th server."""
        base = self.bases[n % len(self.bases)]
        return self.closing.enter_context(Client(base, Site(self.code, base, self.store).key(), timeout=20))

    def clients(self, n: int) -> list[Client]:
        return [self.client(each) for each in range(n)]

    def waiting(self, n: int) -> None:
        """So many people wait already, of several services and classes. They come in one commit, to be quick."""

        def come(unit: Any) -> dict[str, Any]:
            for each in range(n):
                issuing.issue(unit, service=SERVICES[each % 3], priority_class="elderly" if each % 7 == 0 else None)
            return {}

        command.beat(self.store, self.code, CLERK, come)

    def log(self) -> list[Any]:
        with self.store.read() as reader:
            return reader.events_after(self.code, 0, 1_000_000)

    def check(self) -> list[Any]:
        """The log, after the audit has found nothing and its sequence has no gap."""
        with self.store.read() as reader:
            assert findings(reader, self.code) == []
        log = self.log()
        assert [event.seq for event in log] == list(range(1, len(log) + 1))
        return log


@contextmanager
def hall_at(store: Store, *servers: Process) -> Iterator[Hall]:
    """A fresh site on running servers."""
    code = fresh_code()
    configuring.init_site(store, site=code, kind="training")
    made = Hall(code, store, tuple(server.base for server in servers))
    with made.closing:
        yield made


@contextmanager
def serving(url: str, folder: Path, *options: str, clock: str = "") -> Iterator[Process]:
    """A server that ends as it should: with SIGTERM, so that its workers end with it."""
    process = Process(url, folder / f"server-{rid()}.log", *options, clock=clock)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)
        process.close()


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run all of them on threads that start at the same instant; what one raises comes out here."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def command_line(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """`toiluot …` as a program of its own, which must succeed."""
    environment = {**os.environ, "TOILUOT_CLOCK": ""}
    done = subprocess.run([sys.executable, "-m", "toiluot", *words], input=stdin, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done


@dataclass(frozen=True)
class Turn:
    """One press of the next key: when it was sent and answered (monotonic seconds), and whom it brought."""

    counter: str
    sent_s: float
    answered_s: float
    ticket: str | None


def empty(client: Client, counter: str, issuing_ended: threading.Event) -> list[Turn]:
    """Call until nobody waits and nobody is coming any more."""
    turns: list[Turn] = []
    client.counter_command(rid(), counter, "open")
    while True:
        last = issuing_ended.is_set()
        sent_s = time.monotonic()
        ticket = client.next(rid("next"), counter)["ticket"]
        turns.append(Turn(counter, sent_s, time.monotonic(), ticket and ticket["id"]))
        if last and ticket is None:
            return turns
