"""The harness of the kill tests: a nursery of servers, a hall full of clients, and one death after another.

The moments come from a seed. After each death the disk is judged before the next server may touch it; what the clients
remember is judged at the end by verdict.py.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from queue_server.bootstrap import prepare
from queue_server.client import Client
from queue_server.services import access, configuring
from tests.faults import clients, verdict
from tests.faults.clients import PATIENCE_S, Persistent, Sent

HOUSE = Path(__file__).parents[2]
SITE = "KILL"
KIOSKS, KEYPADS = 3, 2


class Nursery:
    """The forking process, by its two pipes."""

    def __init__(self, url: str, folder: Path, environment: Mapping[str, str], pragmas: Sequence[str]) -> None:
        warm = f"sqlite:///{folder}/warm.db"
        prepare(warm).close()
        command = [sys.executable, "-m", "tests.faults.nursery", url, warm, *pragmas]
        self._log = (folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=HOUSE,
            env={**os.environ, "TOILUOT_CLOCK": "", **environment},
        )
        self.base = self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def _order(self, word: str, expected: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()
        answer = self._line()
        assert answer == expected, f"the nursery was told {word} and answered {answer!r}"

    def start(self) -> None:
        self._order("start", "ready")

    def kill(self) -> None:
        self._order("kill", "dead")

    def close(self) -> None:
        """Orders end, so the nursery ends its server and itself."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)
        self._process.stdout.close()
        self._log.close()


class Server(Protocol):
    """What dies and comes back: a process, or a whole machine."""

    base: str

    def start(self) -> None: ...

    def kill(self) -> None: ...

    def close(self) -> None: ...


@dataclass
class Death:
    """One kill: when it was ordered, which commands were in the database without their answer having arrived, and what it
    cost: the kill, and the next server until it serves. The tests' own look at the disk is not in it."""

    at_s: float
    unheard: set[str]
    cost_ms: float


@dataclass
class Rounds:
    """A hall under load and the deaths of its server so far. `disk` is played after each death (the power cut)."""

    url: str
    folder: Path
    nursery: Server
    crowd: list[Persistent]
    chance: random.Random
    disk: Callable[[], None]
    patience_s: float = PATIENCE_S
    within_s: float = 0.04  # of when it could die
    threads: list[threading.Thread] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    abandoned: threading.Event = field(default_factory=threading.Event)

    def sent(self) -> dict[str, Sent]:
        return {request_id: order for each in self.crowd for request_id, order in each.sent.copy().items()}

    def acknowledged(self) -> dict[str, Sent]:
        return {request_id: order for each in self.crowd for request_id, order in each.answered().items()}

    def wait_for_work(self, wanted: int = 8) -> None:
        """Until so many more commands were answered, so that every server has worked before it dies."""
        goal, deadline = sum(each.answers for each in self.crowd) + wanted, time.monotonic() + self.patience_s
        while sum(each.answers for each in self.crowd) < goal and not self.failures:
            assert time.monotonic() < deadline, "no command is answered any more"
            self.stop.wait(0.002)

    def die(self) -> None:
        """Kill at a random moment, cut the power, look at the disk, start the next server."""
        self.wait_for_work()
        self.stop.wait(self.chance.random() * self.within_s)  # the moment is the point: anywhere inside a command
        began = time.monotonic()
        self.nursery.kill()
        killed = time.monotonic()
        self.disk()
        stored = verdict.durable(self.url, self.folder / "copy.db")
        known = self.acknowledged()
        self.lost += [f"{request_id} ({known[request_id].what})" for request_id in known.keys() - stored]
        forking = time.monotonic()
        self.nursery.start()
        self.deaths.append(Death(began, stored - known.keys(), 1000 * (time.monotonic() - forking + killed - began)))

    def in_doubt(self) -> set[str]:
        """Commands that were in the database when the server died and whose answer had not arrived: the hard ones."""
        sent = self.sent()
        return {
            request_id
            for death in self.deaths
            for request_id in death.unheard
            if request_id in sent and any(at_s >= death.at_s for at_s in sent[request_id].failed_at_s)
        }

    def finish(self) -> None:
        """The clients finish what they began, and leave."""
        self.stop.set()
        for thread in self.threads:
            thread.join(self.patience_s)
        if self.failures:
            raise self.failures[0]

    def other_answers(self, client: Client, sample: int = 60) -> list[str]:
        """Repeats after everything: which of them are answered otherwise than the first time. The doubtful ones first."""
        known, doubtful = self.acknowledged(), self.in_doubt()
        rest = sorted(known.keys() - doubtful)
        asked = [*sorted(known.keys() & doubtful), *self.chance.sample(rest, min(sample, len(rest)))]
        return [request_id for request_id in asked if known[request_id].again(client, request_id) != known[request_id].answer]


@contextmanager
def hall(
    url: str,
    folder: Path,
    *,
    seed: int,
    environment: Mapping[str, str] | None = None,
    pragmas: Sequence[str] = (),
    disk: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Rounds, Client]]:
    """A site on a fresh database with its server running and its clients at work; all of it gone afterwards."""
    key = site(url)
    nursery = Nursery(url, folder, environment or {}, pragmas)
    with crowd(Rounds(url, folder, nursery, [], random.Random(seed), disk), key, seed) as both:
        yield both


def site(url: str) -> str:
    """A site on a fresh database, and a key to it."""
    store = prepare(url)
    configuring.init_site(store, site=SITE, kind="training")
    key: str = store.write("", lambda rows: access.create_key(rows, name="t", scopes=["issue", "call", "read", "feed"], sites=[SITE]))
    store.close()
    return key


@contextmanager
def crowd(rounds: Rounds, key: str, seed: int) -> Iterator[tuple[Rounds, Client]]:
    """The server started, and clients at work."""
    nursery, patience_s = rounds.nursery, rounds.patience_s
    kiosks = [Persistent(nursery.base, key, f"kiosk{n}", rounds.stop, rounds.abandoned, patience_s) for n in range(KIOSKS)]
    keypads = [Persistent(nursery.base, key, f"keypad{n}", rounds.stop, rounds.abandoned, patience_s) for n in range(KEYPADS)]
    rounds.crowd += [*kiosks, *keypads]
    rounds.threads += [_thread(rounds, clients.issue_for_ever, kiosk) for kiosk in kiosks]
    rounds.threads += [_thread(rounds, clients.call_for_ever, keypad, str(n + 1), seed + n) for n, keypad in enumerate(keypads)]
    try:
        nursery.start()
        for thread in rounds.threads:
            thread.start()
        with Client(nursery.base, key, timeout=patience_s) as client:
            yield rounds, client
    finally:
        rounds.stop.set()
        rounds.abandoned.set()  # no server will come back: whoever still repeats gives up
        nursery.close()
        for thread in rounds.threads:
            thread.join(patience_s)
        for each in rounds.crowd:
            each.client.close()


def _thread(rounds: Rounds, work: Callable[..., None], *args: object) -> threading.Thread:
    def run() -> None:
        try:
            work(*args)
        except BaseException as broken:  # noqa: BLE001 - a thread's failure must fail the test
            rounds.failures.append(broken)

    return threading.Thread(target=run, name="client", daemon=True)
