"""A day's visits by site time, in one process: people who come, twenty clerks with everything that goes on at a desk.

Real: web application, services, SQLite file, the dossier worker and the mock's judgement. Cards, kiosk and paper of such a
day are `tests/replay`'s. Every source of chance is the seed.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from queue_server.client import Client, Problem
from queue_server.demo.document import services
from queue_server.demo.replay import habits_for
from queue_server.demo.visits import Visit
from queue_server.dossier.files import State as Folder
from queue_server.dossier.mock_store import Store as Partner
from queue_server.dossier.payload import Names
from queue_server.dossier.worker import Worker
from queue_server.services import days
from queue_server.storage.store import Store, migrate, open_store
from tests.hall import HandClock
from tests.replay.day import SITE, Strict, ToMock, _empty, _server, midnight_ms
from tests.replay.turns import TurnPace, Turns
from tests.scenes.busy_clerk import BusyClerk

IDLE_LOOK_S = 120.0
GIVE_UP, CLASSES = 0.02, (None, None, None, None, None, None, None, "elderly", "pregnant")


@dataclass
class BusyDay:
    """What the day left behind."""

    store: Store
    partner: Partner
    tickets: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    log: list[Any] = field(default_factory=list)
    refused: int = 0

    @property
    def digest(self) -> str:
        """The chain's hash of the day: of every row, in order, with everything in it."""
        return str(self.log[-1].hash)


@contextmanager
def played(folder: Path, visits: Sequence[Visit], seed: int, clerks: int) -> Iterator[BusyDay]:
    """The day, played to its end and sealed."""
    clock = HandClock(midnight_ms(visits[0].day) + int(visits[0].at_s * 1000) - 300_000)
    url = f"sqlite:///{folder}/site.db"
    migrate(url)
    store = open_store(url, clock, random.Random(f"{seed}:machine").randbytes)
    try:
        yield _play(folder, BusyDay(store, Partner()), clock, visits, seed, clerks)
    finally:
        store.close()


def _play(folder: Path, day: BusyDay, clock: HandClock, visits: Sequence[Visit], seed: int, clerks: int) -> BusyDay:
    listed = services("ward-services")  # the day's file knows one service only: its times are kept, what people want is drawn
    client = _server(day.store, clock, listed, clerks)
    codes = [str(each["code"]) for each in client.counters()["counters"]]
    turns = Turns(clock)
    pace: Any = TurnPace(turns, IDLE_LOOK_S)
    habits = habits_for(visits, listed, clerks)
    for code in codes:
        others = [other for other in codes if other != code]
        turns.join(BusyClerk(client, code, others, habits, pace, seed, day.done).work)
    crowd = Crowd(day, client, turns, visits, [one["code"] for one in listed], random.Random(f"{seed}:crowd"))
    turns.join(crowd.come)
    turns.run(lambda: crowd.all_came and _empty(day.store))
    clock.at_ms += 24 * 3_600_000
    assert days.turn(day.store, SITE)
    worker = Worker(client, ToMock(day.partner), Folder(folder / "dossier"), clock, Strict(), names=Names())  # type: ignore[arg-type]
    while not worker.step():
        pass
    day.refused = worker.health.refused
    with day.store.read() as reader:
        day.log = reader.events_after(SITE, 0, 10**6)
    return day


class Crowd:
    """The day's people: each takes a number at the time of the file; a few give up and cancel."""

    def __init__(
        self, day: BusyDay, client: Client, turns: Turns, visits: Sequence[Visit], wants: Sequence[str], dice: random.Random
    ) -> None:
        self._day, self._client, self._turns, self._visits, self._wants, self._dice = day, client, turns, visits, wants, dice
        self.all_came = False

    def come(self) -> None:
        start = midnight_ms(self._visits[0].day)
        for n, visit in enumerate(self._visits):
            self._turns.wait_until(max(self._turns.clock.at_ms, start + int(visit.at_s * 1000)))
            service, kind = self._dice.choice(self._wants), self._dice.choice(CLASSES)
            made = self._client.issue(f"visit-{n}", service=service, source="kiosk", priority_class=kind)
            self._day.tickets.append(made["id"])
            if self._dice.random() < GIVE_UP:
                self._gives_up(n, self._dice.choice(self._day.tickets[-5:]))
        self.all_came = True

    def _gives_up(self, n: int, ticket: str) -> None:
        try:
            self._client.cancel(f"give-up-{n}", ticket, "không chờ nữa")
        except Problem as refused:
            if refused.code != "illegal_transition":
                raise
        else:
            self._day.done["cancelled"] += 1
