"""A whole day in one process, by site time: cards on the glass, numbers, slips, calls, and the dossier system's records.

Real: card bytes and their reading, the kiosk's agent, spool, slip and raster, printer driver and simulated printer, web
application, services, SQLite file, the demonstration's clerks, the dossier worker and the mock's store. Not here:
processes, sockets, threads at once. Every source of chance is the seed.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from kiosk.agent import Agent
from kiosk.events import Choose, GoHome, State
from kiosk.printing import Printing
from kiosk.reader import Reader
from kiosk.spool import PrintIntent, Spool
from kiosk.uplink import Uplink
from kiosk.values import home_from
from queue_server.client import Client
from queue_server.demo.clerks import Clerk
from queue_server.demo.document import document, list_for
from queue_server.demo.replay import habits_for
from queue_server.demo.visits import Visit
from queue_server.domain.principal import SYSTEM
from queue_server.dossier.adapters import Result
from queue_server.dossier.files import State as Folder
from queue_server.dossier.mock_store import Store as Partner
from queue_server.dossier.payload import Names, Record
from queue_server.dossier.worker import Worker
from queue_server.services import access, command, configuring, days, foreseeing
from queue_server.storage.store import Store, migrate, open_store
from queue_server.web.app import create_app
from queue_server.web.auth import Gate
from queue_server.web.house import House
from tests.hall import HandClock
from tests.replay.devices import Drivers
from tests.replay.turns import TurnPace, Turns

SITE = "W1"
URL = "https://toiluot.example"
IDLE_LOOK_S = 120.0  # a clerk with nobody to call looks again after about so long
FORESEEN_EVERY_MS = 600_000
AT_KIOSK_S = 4.0
HOME_EVERY = 20  # visits between two looks of the kiosk at the server's services
SEVEN_HOURS_MS = 7 * 3_600_000


class Strict:
    """The log of a day on which nothing may go wrong: a warning is a failure."""

    def info(self, *_: Any, **__: Any) -> None: ...

    def warning(self, words: str, **about: Any) -> None:
        raise AssertionError(f"{words}: {about}")

    error = warning


class ToMock:
    """The dossier system's own judgement, without the HTTP before it."""

    def __init__(self, store: Partner) -> None:
        self._store = store

    def deliver(self, records: Sequence[Record]) -> list[Result]:
        judged = [self._store.put(record) for record in records]
        return [Result(each["record_id"], each["status"], each.get("code", ""), each.get("detail", "")) for each in judged]


@dataclass
class Day:
    """What a day left behind."""

    store: Store
    drivers: Drivers
    partner: Partner
    tickets: list[str] = field(default_factory=list)
    log: list[Any] = field(default_factory=list)
    refused: int = 0

    @property
    def digest(self) -> str:
        """The chain's hash of the day: of every row, in order, with everything in it."""
        return str(self.log[-1].hash)


def midnight_ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000) - SEVEN_HOURS_MS


@contextmanager
def played(folder: Path, visits: Sequence[Visit], seed: int, counters: int) -> Iterator[Day]:
    """The day, played to its end and sealed."""
    dice = random.Random(f"{seed}:machine")
    clock = HandClock(midnight_ms(visits[0].day) + int(visits[0].at_s * 1000) - 300_000)
    url = f"sqlite:///{folder}/site.db"
    migrate(url)
    store = open_store(url, clock, dice.randbytes)
    drivers = Drivers(folder / "drivers", dice)
    # The kiosk makes ids and keys from the machine's randomness; for this day the seed is the machine's.
    with patch.object(secrets, "randbits", dice.getrandbits), patch.object(secrets, "token_bytes", dice.randbytes):
        try:
            yield _play(folder, Day(store, drivers, Partner()), clock, visits, seed, counters)
        finally:
            drivers.close()
            store.close()


def _play(folder: Path, day: Day, clock: HandClock, visits: Sequence[Visit], seed: int, counters: int) -> Day:
    listed = list_for({visit.service for visit in visits})
    client = _server(day.store, clock, listed, counters)
    codes = [str(each["code"]) for each in client.counters()["counters"]]
    turns = Turns(clock)
    pace: Any = TurnPace(turns, IDLE_LOOK_S)
    habits = habits_for(visits, listed, len(codes))
    for code in codes:
        turns.join(Clerk(client, code, habits, pace, seed, Strict()).work)
    crowd = Crowd(folder, day, client, turns, visits)
    turns.join(crowd.come)
    turns.join(lambda: _foresee(day.store, turns))
    turns.run(lambda: crowd.all_came and _empty(day.store))
    crowd.close()
    clock.at_ms += 24 * 3_600_000
    assert days.turn(day.store, SITE)
    worker = Worker(client, ToMock(day.partner), Folder(folder / "dossier"), clock, Strict(), names=Names())  # type: ignore[arg-type]
    while not worker.step():
        pass
    day.refused = worker.health.refused
    with day.store.read() as reader:
        day.log = reader.events_after(SITE, 0, 10**6)
    return day


def _foresee(store: Store, turns: Turns) -> None:
    """What the server's own thread does after events, at instants that a seed fixes."""
    mind = foreseeing.Mind(SITE)
    while True:
        foreseeing.look(store, mind, now=turns.clock.at_ms, good_ms=FORESEEN_EVERY_MS)
        foreseeing.sample(store, mind, now=turns.clock.at_ms)
        turns.wait_until(turns.clock.at_ms + FORESEEN_EVERY_MS)


def _empty(store: Store) -> bool:
    with store.read() as reader:
        return not (reader.waiting_summary(SITE) or reader.at_counters(SITE) or reader.held(SITE))


def _server(store: Store, clock: HandClock, listed: Sequence[Any], counters: int) -> Client:
    """The web application without its sockets, on a site set up as the demonstration's is."""
    configuring.init_site(store, site=SITE, kind="demo")
    made = document(configuring.current(store, SITE)["document"], listed, URL)
    made["counters"] = [{"code": str(n), "name": f"Quầy {n}", "zone": "1"} for n in range(1, counters + 1)]
    command.beat(store, SITE, SYSTEM, lambda unit: configuring.apply(unit, document=made))
    scopes = ("issue", "call", "read", "feed")
    key = store.write("", lambda repository: access.create_key(repository, name="all", scopes=scopes, sites=(SITE,)))
    house = House(store, clock, Strict(), "0", per_key=0.0)
    return Client("http://centre", key, transport=httpx.WSGITransport(app=create_app(house, Gate(house))))


class Crowd:
    """The day's people before the one kiosk, and the kiosk."""

    def __init__(self, folder: Path, day: Day, client: Client, turns: Turns, visits: Sequence[Visit]) -> None:
        self._day, self._client, self._turns, self._visits = day, client, turns, visits
        self._spool = Spool(folder / "kiosk" / "spool.sqlite3")
        self._agent = Agent(self._spool, turns.clock, name="kiosk-01", boot="b")
        self._reader = Reader(self._agent, day.drivers)
        self._uplink = Uplink(self._agent, client)
        self._printing = Printing(self._agent, day.drivers, width_dots=self._reader.width_dots)
        self._slips: list[PrintIntent] = []
        self._agent.on_print = self._slips.append
        self.all_came = False

    def come(self) -> None:
        start = midnight_ms(self._visits[0].day)
        self._reader.take("snapshot", self._day.drivers.snapshot())
        for n, visit in enumerate(self._visits):
            self._turns.wait_until(max(self._turns.clock.at_ms, start + int(visit.at_s * 1000)))
            if n % HOME_EVERY == 0:
                self._agent.learned(home_from(self._client.kiosk_home()[0] or {}))
            self._take(visit)
            self._turns.wait_until(self._turns.clock.at_ms + int(AT_KIOSK_S * 1000))
            self._agent.post(GoHome())
        self.all_came = True

    def _take(self, visit: Visit) -> None:
        """Card on the glass, a touch, a number, a slip, and the report that it is out."""
        agent = self._agent
        if visit.card is not None:
            self._reader.take("card", self._day.drivers.lay(visit.card))
        if agent.session.state is not State.ISSUING:  # a site with one service asks a card's owner nothing
            agent.post(Choose(agent.session.visit_no, visit.service))
        self._send()
        ticket = agent.session.ticket
        assert ticket is not None
        self._day.tickets.append(ticket.id)
        while self._slips:
            intent = self._slips.pop(0)
            outcome = self._printing._print(intent)
            assert outcome is not None
            self._printing._settle(intent, outcome)
        self._send()

    def _send(self) -> None:
        for pending in self._spool.pending():
            assert self._uplink._settle(pending)

    def close(self) -> None:
        assert self._spool.waiting() == 0
        assert self._spool.intents() == []
        self._spool.close()
