"""The composition root: the one place where a server process is put together.

Holds the building of store, clock, gate, hub, Flask application and ASGI front, and their order of stopping. Every other
module is given what it needs.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psycopg

from queue_server.services import days
from queue_server.storage.store import Store, is_sqlite, migrate, open_store, sqlite_path
from queue_server.web.app import create_app
from queue_server.web.auth import Gate
from queue_server.web.doors import front
from queue_server.web.house import House
from queue_server.web.stream import Hub
from toiluot_edge import Asgi, Clock, SystemClock, clock_from_environment, mount, setup_log

THREADS = 32
TIMER_S = 20.0


@dataclass
class Server:
    """One server process, ready to serve."""

    house: House
    store: Store
    hub: Hub
    flask: Any
    application: Asgi

    timer: threading.Thread
    stopped: threading.Event

    def start(self) -> None:
        """Begin what runs by the clock."""
        self.timer.start()

    def stop(self) -> None:
        """First of all at SIGTERM: the streams end, commands in flight are answered."""
        self.stopped.set()
        self.hub.stop()

    def close(self) -> None:
        """Last of all: what was accepted is on disk."""
        self.stopped.set()
        if self.timer.is_alive():
            self.timer.join(timeout=5)
        self.hub.close()
        self.store.close()


def own_version() -> str:
    try:
        return version("toiluot")
    except PackageNotFoundError:
        return "0"


def open_for_command(url: str) -> tuple[Store, Clock]:
    """A store that `toiluot server init` has prepared, and its clock: a rehearsal's counts only where every site of the
    database is one."""
    _must_be_a_database(url)
    store = open_store(url, SystemClock())
    try:
        with store.read() as reader:
            kinds = {row["kind"] for row in reader.sites()}
    except sqlite3.Error:
        store.close()
        raise
    clock = clock_from_environment("demo" if kinds and kinds <= {"demo", "training"} else "live")
    if not isinstance(clock, SystemClock):
        store.close()
        store = open_store(url, clock)
    return store, clock


def _must_be_a_database(url: str) -> None:
    """Another program's file is told apart before anything opens it."""
    if not is_sqlite(url):
        return
    path = Path(sqlite_path(url))
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise ValueError(f"{path} is not an SQLite database: look at --db")


def prepare(url: str) -> Store:
    """The schema brought to this version, and a store on it."""
    _must_be_a_database(url)
    migrate(url)
    return open_store(url, SystemClock())


def build(url: str, *, tls: bool = False, log: Any = None, **settings: Any) -> Server:
    """A server on a database that `toiluot server init` has prepared."""
    store, clock = open_for_command(url)
    house = House(
        store=store,
        clock=clock,
        log=log or setup_log("server"),
        version=own_version(),
        tls=tls,
        unavailable=(sqlite3.OperationalError, psycopg.OperationalError),
        **settings,
    )
    gate = Gate(house)
    hub = Hub(house, gate)
    store.on_commit(hub.wake)
    flask = create_app(house, gate)
    application = front(mount(flask, {}, threads=THREADS, most_bytes=None), hub)
    stopped = threading.Event()
    timer = threading.Thread(target=_turn_days, args=(house, stopped), name="timer", daemon=True)
    return Server(house, store, hub, flask, application, timer, stopped)


def _turn_days(house: House, stopped: threading.Event) -> None:
    """Close the day that is over, soon after midnight and at every start; twice is harmless."""
    while not stopped.is_set():
        try:
            with house.store.alone("day-close") as mine:
                for site in house.store.sites() if mine else ():
                    days.turn(house.store, site)
        except Exception as broken:  # noqa: BLE001 - tonight's failure must not end tomorrow's attempt
            house.report("day close failed", broken)
        stopped.wait(TIMER_S)
