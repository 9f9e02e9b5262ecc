"""A centre's day by a seed: everything put together, played to its end, and what it left behind.

Holds the order of the day (people come while things go wrong; then it is calm until nobody waits; then midnight). Evidence is
what a stranger could have seen: paper, boards, exchanges on the line, records, and the rows of the log.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import secrets
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kiosk import raster
from queue_server.client import Client
from queue_server.dossier import files as dossier_files
from queue_server.dossier import mock_store
from queue_server.storage import copying
from tests.hall import MORNING
from tests.sim.board import Box, Ring, Sight
from tests.sim.dossier import Feed
from tests.sim.fates import Chronicle, Technician, kiosk_clock, rows_of
from tests.sim.kiosk import Kiosk, Person
from tests.sim.network import CENTRE, PI, Line, Said
from tests.sim.printer import MODULES, Drivers, LineTime, Paper, draw
from tests.sim.server import SERIES, Server, prepare
from tests.sim.staff import Alone, Attendant, Clerk, Pressed
from tests.sim.world import BAD, CALM, Weather, World

HOUR_MS = 3_600_000
FAST = Path("/dev/shm")


@dataclass(frozen=True)
class Plan:
    """How large a day is."""

    hours: float = 3.0
    people: int = 60
    kiosks: int = 2
    weather: Weather = BAD
    calm_h: float = 2.0
    fates: bool = True  # whether servers die for good, disks are lost and clocks leap


SMALL = Plan(hours=1.0, people=24, calm_h=1.0)
TINY = Plan(hours=0.5, people=14, calm_h=0.75)


@dataclass
class Evidence:
    """What a day left behind, for whoever wants to judge it."""

    start_ms: int
    calm_ms: int
    end_ms: int
    log: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    paper: list[Paper] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    heard: list[Said] = field(default_factory=list)
    pressed: list[Pressed] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    left_in_spools: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    crashes: list[tuple[int, str]] = field(default_factory=list)
    commits: dict[str, list[tuple[int, int, int]]] = field(default_factory=dict)  # server → when, and the log's new end
    followed: list[dict[str, Any]] = field(default_factory=list)  # the log as the standby has it in the end
    rules: Chronicle = field(default_factory=Chronicle)
    happened: int = 0

    @property
    def digest(self) -> str:
        """Of everything anybody saw."""
        rows = [[row["hash"] for row in self.log], [str(one) for one in (*self.paper, *self.rings, *self.heard, *self.crashes)]]
        rows.append([str(one) for one in self.sights])
        rows.append([json.dumps(record, sort_keys=True) for record in self.records])
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


@cache
def empty() -> tuple[Path, str]:
    """A prepared centre, made once in a process."""
    folder = Path(tempfile.mkdtemp(prefix="toiluot-sim-", dir=FAST if FAST.is_dir() else None))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, prepare(folder)


@contextmanager
def changed(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Something in its place for a while."""
    kept = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def play(seed: int, plan: Plan = SMALL) -> Evidence:
    """The day of this seed."""
    folder, key = empty()
    world = World(MORNING, seed)
    time = LineTime(world)
    dice = world.dice("ids")
    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="day-", dir=folder)))
        stack.enter_context(changed(secrets, "randbits", dice.getrandbits))
        stack.enter_context(changed(secrets, "token_bytes", dice.randbytes))
        stack.enter_context(changed(raster, "render", draw))
        stack.enter_context(changed(mock_store, "faults_of", lambda record: []))  # the schema is tried elsewhere
        stack.enter_context(changed(dossier_files.os, "fsync", lambda handle: None))  # nothing loses power here
        stack.enter_context(changed(copying, "migrate", lambda url: None))  # every file here is of this version
        for module in MODULES:
            stack.enter_context(changed(module, "time", time))
        return Centre(world, room, folder, key, time, plan).day()


class Centre:
    """Everybody and everything of one day."""

    def __init__(self, world: World, room: Path, folder: Path, key: str, time: LineTime, plan: Plan) -> None:
        self.world, self.plan = world, plan
        calm_ms = world.now_ms + int(plan.hours * HOUR_MS)
        self.found = Evidence(world.now_ms, calm_ms, calm_ms + int(plan.calm_h * HOUR_MS))
        found = self.found
        self.servers = tuple(Server(world, base, room, folder, found.broken) for base in (CENTRE, PI))
        self.net = {server.base: server for server in self.servers}
        self._key, self._room = key, room
        self._dice = world.dice("fates")
        self.tech = self._technician()
        self.drivers, self.kiosks = [], []
        for n in range(1, plan.kiosks + 1):
            name = f"kiosk-{n:02}"
            drivers = Drivers(world, name, room / name, time, found.paper)
            client, line = self._client(name)
            self.drivers.append(drivers)
            self.kiosks.append(Kiosk(world, name, room / name, client, line, drivers))
        self.boxes = [Box(world, name, list(self.servers), found.sights, found.rings) for name in ("board-1",)]
        self.mock = mock_store.Store()
        self.feed = Feed(world, room / "feed", self._client("feed")[0], self.mock, found.records)
        self.clerks = [Clerk(world, code, self._client(f"clerk-{code}")[0], found.pressed, wild=code == "2") for code in ("1", "2", "3")]
        self.desk = Attendant(world, self._client("desk")[0], found.pressed, found.people)
        self.alone = Alone(world, "alone", self._client("alone")[0], found.pressed)

    def _client(self, who: str) -> tuple[Client, Line]:
        line = Line(self.world, self.net, who, self.found.heard)
        return line.client(self._key), line

    def _technician(self) -> Technician:
        """The one with the keys of both machines, and the lines between those."""
        main, standby = self.servers
        for server in self.servers:
            server.line = Line(self.world, self.net, f"from-{server.name}", self.found.heard, share=0.1)
            server.line.failed = server.failed
            server.line.client(self._key)
        own = (self._line("technician"), self._line("technician-pi"))
        tech = Technician(self.world, (main, standby), own, self._key, self.found.pressed, self.found.rules)
        standby.off = True
        return tech

    def _line(self, who: str) -> Line:
        return Line(self.world, self.net, who, self.found.heard, share=0.3)

    def day(self) -> Evidence:
        world, found = self.world, self.found
        for process in (*self.servers, *self.drivers, *self.kiosks, *self.boxes, self.feed):
            process.start()
        for clerk in self.clerks:
            clerk.begin(clerk.work(), 10.0)
        self.desk.begin(self.desk.work(), 60.0)
        self.alone.begin(self.alone.work(found.given), 90.0)
        for drivers in self.drivers:
            self.desk.begin(self._printer_trouble(drivers), 30.0)
        for kiosk in self.kiosks:
            self.desk.begin(self._cable(kiosk), 5.0)
        if self.plan.fates:
            self._fates()
        self._crowd()
        world.weather = self.plan.weather
        world.run(found.calm_ms)
        world.weather = CALM
        self.alone.home = True
        for drivers in self.drivers:
            drivers.mend()
        world.run(found.end_ms)
        for person in (*self.clerks, self.desk):
            person.home = True
        world.run(found.end_ms + 600_000)
        self._night()
        return self._gather()

    def _fates(self) -> None:
        """What befalls the machines today: half of the days have a standby, some of them need it; on others a disk is lost."""
        dice, tech = self._dice, self.tech
        length_s = self.plan.hours * 3600
        has_standby, lost, leaps, slow = dice.random() < 0.5, dice.random() < 0.35, dice.random() < 0.3, dice.random() < 0.15
        if has_standby:
            tech.follow()
            if dice.random() < 0.75:
                tech.begin(tech.promotion(dice.uniform(0.15, 0.6) * length_s))
        elif lost:
            tech.begin(tech.restoring(dice.uniform(0.05, 0.6) * length_s, self._room))
        if leaps:
            tech.begin(tech.leaps())
        elif slow and not (has_standby or lost):  # site time is one machine's on such a day
            tech.begin(tech.set_right(dice.uniform(0.1, 0.8) * length_s))
        for kiosk in self.kiosks:
            if dice.random() < 0.4:
                tech.begin(kiosk_clock(self.world, kiosk.clock, kiosk.name))

    def _printer_trouble(self, drivers: Drivers) -> Iterator[float]:
        for pause_s in drivers.trouble():
            if self.world.now_ms >= self.found.calm_ms:
                drivers.mend()
                return
            yield pause_s

    def _cable(self, kiosk: Kiosk) -> Iterator[float]:
        """A kiosk's line is out now and then for minutes."""
        dice = self.world.dice(f"cable-{kiosk.name}")
        while self.world.now_ms < self.found.calm_ms and self.plan.weather.lost:
            yield dice.uniform(100, 1200)
            kiosk.line.cut = self.world.now_ms < self.found.calm_ms
            yield dice.uniform(20, 200)
            kiosk.line.cut = False

    def _crowd(self) -> None:
        """Who comes when, to which kiosk. Whoever leaves one without a number goes to the desk."""
        dice = self.world.dice("crowd")
        rush = dice.random() * 0.6
        for n in range(self.plan.people):
            share = rush + dice.random() * 0.1 if dice.random() < 0.5 else dice.random()  # half of them come together
            at_ms = self.found.start_ms + 30_000 + int(share * self.plan.hours * HOUR_MS * 0.95)
            person = Person(f"p{n}", at_ms, dice.choice(list(SERIES)), dice.random() < 0.15)
            kiosk = dice.choice(self.kiosks)
            self.world.at(at_ms, lambda p=person, k=kiosk: self._come(p, k))

    def _come(self, person: Person, kiosk: Kiosk) -> None:
        self.found.people.append(person)
        if person.elderly or not kiosk.up:
            self.desk.begin(self.desk.help(person))
            return
        kiosk.spawn(kiosk.visit(person))
        self.desk.begin(self._to_desk(person), 150.0)

    def _to_desk(self, person: Person) -> Iterator[float]:
        if not person.labels:
            yield from self.desk.help(person)

    def _night(self) -> None:
        """Until after midnight, when the day is closed and the feed has told its end."""
        midnight_ms = MORNING - 7 * HOUR_MS + 24 * HOUR_MS
        self.world.leap(midnight_ms + 1000)
        self.world.run(self.world.now_ms + 400_000)

    def _gather(self) -> Evidence:
        found = self.found
        found.crashes, found.happened = self.world.crashes, self.world.happened
        found.commits = {server.base: server.commits for server in self.servers}
        for kiosk in self.kiosks:
            if kiosk.up:
                found.left_in_spools += [f"{kiosk.name} {one.call} {one.ticket_id}" for one in kiosk.spool.pending()]
                found.left_in_spools += [f"{kiosk.name} slip {one.ticket_id}" for one in kiosk.spool.intents()]
                found.left_in_spools += [f"{kiosk.name} {kiosk.spool.waiting()} to settle"] * bool(kiosk.spool.waiting())
        for process in (*self.servers, *self.drivers, *self.kiosks):
            if process.up:
                process.drop()
        if self.tech.other.ahead is not None:
            found.followed = rows_of(self.tech.other.path)
        found.rules.branches.append(rows_of(self.tech.other.path))
        with sqlite3.connect(self.tech.serving.path) as db:
            db.row_factory = sqlite3.Row
            found.log = [dict(row) | {"data": json.loads(row["data"])} for row in db.execute("SELECT * FROM event ORDER BY rowid")]
            found.tickets = [dict(row) for row in db.execute("SELECT * FROM ticket")]
        db.close()
        return found
