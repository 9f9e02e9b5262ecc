"""A server in the simulation: the real web application and services on a real file, units of work one by one.

Holds the database without its writer thread, the death of the process at the edges of a commit, and the following of another
server without threads. What a request does is the product's affair alone; the line to it is `network`'s.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from queue_server import bootstrap
from queue_server.client import Client, Problem, Unreachable
from queue_server.clock import SteadyClock
from queue_server.domain.principal import SYSTEM
from queue_server.recovery import following
from queue_server.services import access, command, configuring, foreseeing, replicating, timekeeping
from queue_server.storage import copying
from queue_server.storage import sqlite as files
from queue_server.storage.groups import Job, run_group
from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner
from queue_server.storage.store import Store, migrate, open_store, sqlite_path
from queue_server.web.app import create_app
from queue_server.web.auth import Gate
from queue_server.web.house import House
from tests.hall import HandClock
from tests.sim.network import CENTRE, PI, Asked, Line, Quiet, Told
from tests.sim.world import Clock, Crash, Edged, Process, World

SITE = "W1"
SERIES = {"a": "A", "b": "A", "c": "C"}
SERVED = {"1": ["a", "b"], "2": ["a", "b", "c"], "3": ["c", "a"]}
PRIORITY_S = 1800
SETTLED_MS = 35_000  # a standby that had no fault for so long has caught up, or never will
IDLE_S, HURRY_S = 25.0, 2.0
FORESEEN_S = 600.0
ASKED_S = 1.0  # so soon after its start a server has been asked by its standby, which asks every second
DOCUMENT = {
    "name": "Trung tâm thử",
    "services": [{"code": code, "name": code, "series": series} for code, series in SERIES.items()],
    "counters": [{"code": code, "name": f"Quầy {code}", "services": served} for code, served in SERVED.items()],
    "priority_classes": [{"code": "elderly", "name": "75"}],
    "policy": {"holder_limit": 2},
}  # fmt: skip


class Inline:
    """The database of one file as the store sees it, without threads."""

    def __init__(self, path: str, server: Server, entropy: Callable[[int], bytes]) -> None:
        self._path, self._server, self._entropy = path, server, entropy
        self.before_answers: Callable[[], None] = lambda: None
        self._memo: dict[Any, Any] = {}
        self._inner, self._reading = files.connect(path), files.connect(path, read_only=True)
        self._connection: Any = Edged(self._inner, server.edge)
        self._repository = Repository(Runner(self._connection, "sqlite"), 0, entropy, self._memo)

    def submit(self, site: str, work: Callable[[Repository], Any]) -> Future[Any]:
        job = Job(work)
        group = run_group(self._connection, self._repository, iter([job]), files.WAYS, self._server.site_ms)
        if group.answers and group.broken is None:
            self._server.committed()
            self.before_answers()
        group.tell()
        return job.done

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        """Whoever reads while somebody else reads has a connection of their own."""
        busy = self._reading.in_transaction
        reading = files.connect(self._path, read_only=True) if busy else self._reading
        reading.execute("BEGIN")
        try:
            yield Reader(Runner(reading, "sqlite"), self._server.site_ms(), self._entropy, self._memo)
        finally:
            reading.execute("ROLLBACK")
            if busy:
                reading.close()

    @contextlib.contextmanager
    def alone(self, job: str) -> Iterator[bool]:
        yield True

    def close(self) -> None:
        self._inner.close()
        self._reading.close()


def prepare(folder: Path) -> str:
    """An empty centre on disk, once for many days; the key of everybody who asks."""
    url = f"sqlite:///{folder}/empty.db"
    migrate(url)
    store = open_store(url, HandClock(), bytes)
    configuring.init_site(store, site=SITE, kind="demo")
    command.beat(store, SITE, SYSTEM, lambda unit: configuring.apply(unit, document=DOCUMENT))
    scopes = ("issue", "call", "read", "feed", "fleet", "admin")
    key = store.write("", lambda repository: access.create_key(repository, name="all", scopes=scopes, sites=(SITE,)))
    store.close()
    with sqlite3.connect(folder / "empty.db") as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return key


class Handle:
    """What the web application was given, whichever process it stands for now."""

    def __init__(self) -> None:
        self.target: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.target, name)


@cache
def application(base: str) -> tuple[Any, Any, House, tuple[Handle, Handle, Handle]]:
    """The routes of one machine, compiled once. What the web layer remembers of requests is forgotten at each start: see `build`."""
    handles = store, _, _ = Handle(), Handle(), Handle()
    house = House(*handles, base, per_key=0.0, unavailable=(sqlite3.Error,), copy_to=lambda file: copying.copy_out(store.url, file))  # type: ignore[arg-type]
    gate = Gate(house)
    return create_app(house, gate), gate, house, handles


class Waiting:
    """Where the writer waits for the standby: whoever would go on meanwhile goes on here, in this very call."""

    def __init__(self, let_on: Callable[[], None]) -> None:
        self._let_on = let_on

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None: ...

    def notify_all(self) -> None: ...

    def wait_for(self, done: Callable[[], bool], seconds: float) -> bool:
        if not done():
            self._let_on()
        return done()


class Server(Process):
    """One server process after another on the same file. `ahead` is the server it follows, where it is a standby."""

    def __init__(self, world: World, base: str, folder: Path, empty: Path, broken: list[str]) -> None:
        super().__init__(world, {CENTRE: "server", PI: "standby"}[base])
        self.base, self.path = base, folder / f"{self.name}.db"
        shutil.copy(empty / "empty.db", self.path)
        self.wall, self.log = Clock(world), Quiet()
        self.log.broken = broken
        self.clock: Any = self.wall
        self.busy_until_ms = 0
        self.unplugged = self.off = False
        self.listeners: list[Callable[[], None]] = []
        self.commits: list[tuple[int, int, int]] = []  # when, and the log's new end: epoch and row
        self.store: Any = None
        self.app: Any = None
        self.ahead: Server | None = None
        self.behind: Server | None = None
        self.line: Line | None = None
        self.client: Client | None = None
        self.follower: Any = None
        self.sound_since_ms = self.up_since_ms = 0

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def opener(self, url: str) -> Store:
        """A store without threads on any file, in the hands of this process."""
        entropy = self.world.dice(f"entropy-{self.name}-{self.world.now_ms}").randbytes
        store = Store.__new__(Store)
        store.url, store.clock, store._callbacks = url, self.clock, []
        store._database = Inline(sqlite_path(url), self, entropy)  # type: ignore[assignment]
        return store

    def build(self) -> None:
        self.clock = SteadyClock(self.wall, self.wall.monotonic)
        if self.ahead is not None:
            self._begin_to_follow()
        self.store = self.opener(self.url)
        timekeeping.carry(self.store, self.clock)
        self.app, gate, house, handles = application(self.base)
        for handle, own in zip(handles, (self.store, self.clock, self.log), strict=True):
            handle.target = own
        gate._cache.clear()
        self.house, self.standing, self.day_keys = house, house.standing, house.day_keys
        house.standing.__init__(following=self.ahead is not None)  # type: ignore[misc]
        house.standing.enter(self.store, self.clock)
        house.followers.__init__()  # type: ignore[misc]
        house.day_keys.__init__(secrets.token_bytes)  # type: ignore[misc]
        house.followers.enter(self.store, self.clock)
        house.followers._changed = Waiting(self._let_follow)  # type: ignore[assignment]
        self.store._database.before_answers = self._hold
        self.spawn(self._days(), 60.0)
        self.spawn(self._foresee(foreseeing.Mind(SITE)), 90.0)
        self.up_since_ms = self.world.now_ms
        if self.behind is not None:
            self.spawn(self._found_again(), ASKED_S)
        if self.ahead is not None:
            log, gone = self.log, self.die
            about = {"name": self.name, "clock": self.clock, "on_parted": gone}
            self.follower = following.Follower(self.client, self.store, self.standing, log, **about)  # type: ignore[arg-type]
            self.sound_since_ms = self.world.now_ms
            self.spawn(self._follow(), 0.1)

    def _begin_to_follow(self) -> None:
        """What the command does before it serves; where the other is away it is started again."""
        try:
            following.begin(self.client, self.url, self.opener)  # type: ignore[arg-type]
        except (Unreachable, Problem):
            raise Crash from None

    def drop(self) -> None:
        if self.store is not None:
            self.store.close()
        self.store = self.app = self.follower = None

    def start(self) -> None:
        if not self.off:
            super().start()

    def stop(self) -> None:
        """Switched off, until somebody switches it on again."""
        self.off = True
        self.die()

    def switch_on(self) -> None:
        self.off = False
        self.wall.skew_ms = 0
        if not self.up:
            self.start()

    def site_ms(self) -> int:
        return int(self.clock.wall_ms())

    def committed(self) -> None:
        if self.store is not None:
            self.commits.append((self.world.now_ms, *self.store.position(SITE)))
        if self.dice.random() < self.world.weather.slow_disk:
            self.busy_until_ms = self.world.now_ms + int(self.dice.uniform(500, 9000))
        for listener in self.listeners:
            listener()

    def _days(self) -> Iterator[float]:
        """The timer's thread. It asks every twenty seconds; a simulated one less often while nothing is wrong."""
        while True:
            bootstrap.turn_days(self)  # type: ignore[arg-type]
            yield bootstrap.TIMER_S if self.clock.leap_ms else 60.0

    def _foresee(self, mind: foreseeing.Mind) -> Iterator[float]:
        """The thread that foresees. It looks after every commit; a simulated one more seldom, and what it found is good until then."""
        while True:
            foreseeing.look(self.store, mind, now=self.site_ms(), good_ms=int(FORESEEN_S * 1000))
            if not self.standing.following and self.standing.word(SITE) == "serving":
                foreseeing.sample(self.store, mind, now=self.site_ms())
            yield FORESEEN_S

    def report(self, what: str, broken: BaseException) -> None:
        self.log.error(what, exc_info=broken)

    def answer(self, asked: Asked) -> Told:
        """One request to the living process; `Crash` ends it."""
        status: list[Any] = []
        try:
            body = b"".join(self.app.wsgi_app(asked.environ(), lambda line, headers, *_: status.extend((line, headers))))
        except Crash:
            self.die()
            raise
        return Told(int(status[0][:3]), body, {name.title(): value for name, value in status[1]})

    # ------------------------------------------------------------ two machines
    @property
    def two(self) -> bool:
        """Whether a standby is there, has asked this very process, and nothing has been wrong with it for a while."""
        other = self.behind
        if self.world.now_ms - self.up_since_ms <= ASKED_S * 1000:
            return False
        if other is None or not other.up or other.follower is None or not other.standing.following or other.unplugged or self.unplugged:
            return False
        return self.world.now_ms - other.sound_since_ms > SETTLED_MS

    def _hold(self) -> None:
        """Between commit and answer. An idle standby asks every second; that last question, which told nothing, is asked here."""
        other = self.behind
        if self.two and other is not None and SITE in self.house.followers._asked_at and SITE not in self.house.followers._behind:
            self.house.followers._asked_at[SITE] = self.clock.monotonic()
        self.house.followers.hold()

    def _found_again(self) -> Iterator[float]:
        """The standby's next question after a death of the server, which a simulated standby, asking less often, would ask late."""
        self._let_follow()
        yield from ()

    def _let_follow(self) -> None:
        other = self.behind
        if other is None or not other.up or other.follower is None or self.unplugged or other.unplugged:
            return
        try:
            for _ in range(3):
                other.follower.once(SITE)
        except (Unreachable, Problem):
            pass
        except replicating.Diverged:
            other.die()
        except Crash:
            other.die()

    def _follow(self) -> Iterator[float]:
        """The follower's thread: what it does at each turn is the product's."""
        while self.standing.following:
            pause_s = IDLE_S
            try:
                while self.follower.once(SITE):
                    pause_s = HURRY_S
                self.follower._beside()
                self.follower._heard_at, self.standing.heard_at = self.clock.monotonic(), self.clock.wall_ms()
            except (Unreachable, Problem):
                pause_s = HURRY_S
                self.follower._consider()
            except replicating.Diverged:
                self.die()
            yield pause_s
        while not self.follower.fenced():
            yield following.ASK_S

    def edge(self) -> int:
        """A leap that nobody was told of before the process died is not modelled: a machine that starts believes its clock."""
        return 0 if self.clock.leap_ms and not self.clock.told else super().edge()

    def failed(self) -> None:
        """A question of this standby came to nothing."""
        self.sound_since_ms = self.world.now_ms
