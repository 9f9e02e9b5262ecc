"""The server in the simulation: the real web application and services on a real file, units of work one by one.

Holds the database without its writer thread, the death of the process at the edges of a commit, and the network with
its faults. What a request does is the product's affair alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import httpx
import orjson

from queue_server.client import Client
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, command, configuring, days
from queue_server.storage import sqlite as files
from queue_server.storage.groups import Job, run_group
from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner
from queue_server.storage.store import Store, migrate, open_store
from queue_server.web.app import create_app
from queue_server.web.auth import Gate
from queue_server.web.house import House
from tests.hall import HandClock
from tests.sim.world import Clock, Crash, Edged, Process, World

SITE = "W1"
TIMEOUT_S = 4.0
SERIES = {"a": "A", "b": "A", "c": "C"}
SERVED = {"1": ["a", "b"], "2": ["a", "b", "c"], "3": ["c", "a"]}
PRIORITY_S = 1800
DOCUMENT = {
    "name": "Trung tâm thử",
    "services": [{"code": code, "name": code, "series": series} for code, series in SERIES.items()],
    "counters": [{"code": code, "name": f"Quầy {code}", "services": served} for code, served in SERVED.items()],
    "priority_classes": [{"code": "elderly", "name": "75"}],
    "policy": {"holder_limit": 2},
}  # fmt: skip


class Quiet:
    """A log nobody reads; what breaks inside the server is kept for the checker."""

    def __init__(self) -> None:
        self.broken: list[str] = []

    def info(self, *_: Any, **__: Any) -> None: ...

    def warning(self, *_: Any, **__: Any) -> None: ...

    def error(self, words: str, **about: Any) -> None:
        self.broken.append(f"{words}: {about.get('exc_info')!r}")


class Inline:
    """The database of one file as the store sees it, without threads."""

    def __init__(self, path: str, server: Server, entropy: Callable[[int], bytes]) -> None:
        self._server, self._entropy = server, entropy
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
        group.tell()
        return job.done

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        self._reading.execute("BEGIN")
        try:
            yield Reader(Runner(self._reading, "sqlite"), self._server.site_ms(), self._entropy, self._memo)
        finally:
            self._reading.execute("ROLLBACK")

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
    scopes = ("issue", "call", "read", "feed")
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
def application() -> tuple[Any, Any, House, tuple[Handle, Handle, Handle]]:
    """The routes, compiled once. What the web layer remembers of requests is forgotten at each start: see `build`."""
    handles = Handle(), Handle(), Handle()
    house = House(*handles, "0", per_key=0.0, unavailable=(sqlite3.Error,))  # type: ignore[arg-type]
    gate = Gate(house)
    return create_app(house, gate), gate, house, handles


class Server(Process):
    """One server process after another on the same file."""

    def __init__(self, world: World, folder: Path, empty: Path) -> None:
        super().__init__(world, "server")
        self.path = folder / "site.db"
        shutil.copy(empty / "empty.db", self.path)
        self.clock, self.log = Clock(world), Quiet()
        self.busy_until_ms = 0
        self.listeners: list[Callable[[], None]] = []
        self.store: Any = None
        self.app: Any = None

    def build(self) -> None:
        entropy = self.world.dice(f"entropy-{self.world.now_ms}").randbytes
        self.store = Store.__new__(Store)
        self.store.url, self.store.clock = f"sqlite:///{self.path}", self.clock
        self.store._callbacks = []
        self.store._database = Inline(str(self.path), self, entropy)
        self.app, gate, house, handles = application()
        for handle, own in zip(handles, (self.store, self.clock, self.log), strict=True):
            handle.target = own
        gate._cache.clear()
        house.standing.forget()
        self.spawn(self._days(), 60.0)

    def drop(self) -> None:
        self.store.close()
        self.store = self.app = None

    def site_ms(self) -> int:
        return self.clock.wall_ms()

    def committed(self) -> None:
        if self.dice.random() < self.world.weather.slow_disk:
            self.busy_until_ms = self.world.now_ms + int(self.dice.uniform(500, 9000))
        for listener in self.listeners:
            listener()

    def _days(self) -> Iterator[float]:
        while True:
            days.turn(self.store, SITE)
            yield 60.0

    def answer(self, asked: Asked) -> Told:
        """One request to the living process; `Crash` ends it."""
        status: list[Any] = []
        try:
            body = b"".join(self.app.wsgi_app(asked.environ(), lambda line, headers, *_: status.extend((line, headers))))
        except Crash:
            self.die()
            raise
        return Told(int(status[0][:3]), body, {name.title(): value for name, value in status[1]})


@dataclass(frozen=True)
class Asked:
    """One request as the server's door sees it."""

    method: str
    path: str
    query: str
    body: bytes
    headers: dict[str, str]

    def environ(self) -> dict[str, Any]:
        fields = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return fields | {
            "REQUEST_METHOD": self.method, "PATH_INFO": self.path, "QUERY_STRING": self.query, "SCRIPT_NAME": "",
            "CONTENT_LENGTH": str(len(self.body)), "CONTENT_TYPE": "application/json" if self.body else "",
            "SERVER_NAME": "centre", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(self.body), "wsgi.errors": sys.stderr,
            "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One answer, as the client reads answers."""

    status_code: int
    content: bytes
    headers: dict[str, str]

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Said:
    """One exchange as the line saw it: who asked what, and what came back to them."""

    at_ms: int
    who: str
    path: str
    body: dict[str, Any]
    status: int
    answer: dict[str, Any]


class Line:
    """The network between one client and the server; stands where the client has its HTTP library."""

    def __init__(self, world: World, server: Server, who: str, heard: list[Said]) -> None:
        self._world, self._server, self._who, self._heard = world, server, who, heard
        self._dice = world.dice(f"line-{who}")
        self.headers: dict[str, str] = {}
        self.cookies: dict[str, str] = {}
        self.cut = False

    def client(self, key: str) -> Client:
        """The real client on this line."""
        made = Client("http://centre", key, transport=httpx.BaseTransport())
        made._http.close()
        self.headers = {"Authorization": f"Bearer {key}", "Accept-Language": "vi", "Host": "centre"}
        made._http = self  # type: ignore[assignment]
        return made

    def request(self, method: str, path: str, *, params: Any = None, json: Any = None, headers: Any = None) -> Told:
        weather, luck = self._world.weather, self._dice.random()
        body = b"" if json is None else orjson.dumps(json)
        asked = Asked(method, unquote(path), urlencode(params or {}), body, self.headers | (headers or {}))
        post = method == "POST"
        if self.cut or not self._server.up:
            raise httpx.ConnectError("no server")
        if luck < weather.lost:
            raise self._dice.choice((httpx.ConnectError, httpx.ReadTimeout))("lost")
        luck -= weather.lost
        if post and luck < weather.late:
            self._again(asked, self._dice.uniform(0.1, 40.0))
            raise httpx.ReadTimeout("late")
        luck -= weather.late
        wait_s = (self._server.busy_until_ms - self._world.now_ms) / 1000
        if wait_s > TIMEOUT_S:
            if post:
                self._again(asked, wait_s)
            raise httpx.ReadTimeout("the disk is slow")
        if post and luck < weather.doubled:
            self._again(asked, self._dice.uniform(0.0, 40.0))
        try:
            told = self._server.answer(asked)
        except Crash:
            raise httpx.ReadError("the server died") from None
        if weather.doubled <= luck < weather.doubled + weather.answer_lost:
            raise httpx.ReadTimeout("the answer was lost")
        if post:
            self._heard.append(Said(self._world.now_ms, self._who, path, json, told.status_code, told.json()))
        return told

    def _again(self, asked: Asked, after_s: float) -> None:
        """A copy that arrives later: its answer reaches nobody."""

        def arrive() -> None:
            if self._server.up:
                with contextlib.suppress(Crash):
                    self._server.answer(asked)

        self._world.after(after_s, arrive)
