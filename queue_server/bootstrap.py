"""The composition root: the one place where a server process is put together.

Holds the building of store, clock, gate, hub, Flask application and ASGI front, and their order of stopping; and of the
little that the process for streams alone is made of. Every other module is given what it needs.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
import threading
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import uvloop

from queue_server.authority import Authority
from queue_server.clock import SteadyClock
from queue_server.services import days, timekeeping
from queue_server.storage import copying
from queue_server.storage.integrity import damage as damage  # asked by `toiluot server check`
from queue_server.storage.integrity import is_damage as is_damage  # and by every command that fails
from queue_server.storage.serving import serving as serving  # held by whoever serves
from queue_server.storage.store import Store, is_sqlite, migrate, open_store, sqlite_path
from queue_server.web import handover
from queue_server.web.alert_settings import Settings as AlertSettings
from queue_server.web.alert_settings import load as load_alert_settings
from queue_server.web.alert_watch import AlertWatch
from queue_server.web.annexe import AUTO_STREAMS, Annexe
from queue_server.web.annexe_process import Annexe as AnnexeProcess
from queue_server.web.auth import Gate
from queue_server.web.carrying import Carrier
from queue_server.web.dossier_line import DossierLine
from queue_server.web.house import House
from queue_server.web.hub import Hub
from queue_server.web.metrics_port import MetricsPort
from queue_server.web.standing import Standing
from toiluot_edge import Asgi, Clock, ScaledClock, SystemClock, boot_s, clock_from_environment, mount, setup_log
from toiluot_guard import raise_file_limit

if TYPE_CHECKING:
    from queue_server.web.foreseer import Foreseer

THREADS = 32
TIMER_S = 20.0
NICE = 5  # issuing a number goes before telling ten thousand screens of it
SWITCH_S = 0.001  # in a round to everyone the reader of the next commit waits for the interpreter no longer than this


@dataclass
class Server:
    """One server process, ready to serve."""

    house: House
    store: Store
    hub: Hub
    annexe: Annexe
    flask: Any
    application: Asgi

    timer: threading.Thread
    stopped: threading.Event
    carrier: Carrier
    watch: AlertWatch
    metrics: MetricsPort | None = None
    foreseer: Foreseer | None = None

    def start(self) -> None:
        """Begin what runs by the clock."""
        self.timer.start()
        self.carrier.start()
        if self.foreseer is not None:
            self.foreseer.start()
        if not isinstance(self.house.clock, ScaledClock):  # a rehearsal's hours pass in minutes: its devices would seem silent
            self.watch.start()
        self.annexe.consider()

    def stop(self) -> None:
        """First of all at SIGTERM: the streams end, commands in flight are answered."""
        self.stopped.set()
        self.carrier.stop()
        if self.foreseer is not None:
            self.foreseer.stop()
        if self.house.adviser is not None:
            self.house.adviser.stop()
        self.watch.stop()
        self.hub.stop()
        self.annexe.stop()

    def close(self) -> None:
        """Last of all: what was accepted is on disk."""
        self.stopped.set()
        if self.timer.is_alive():
            self.timer.join(timeout=5)
        self.carrier.stop()
        self.carrier.join()
        if self.foreseer is not None:
            self.foreseer.stop()
            self.foreseer.join()
        if self.house.adviser is not None:
            self.house.adviser.stop()
            self.house.adviser.join()
        self.watch.stop()
        self.watch.join()
        if self.metrics is not None:
            self.metrics.stop()
        self.hub.close()
        self.annexe.close()
        if self.house.dossiers is not None:
            self.house.dossiers.close()
        self.house.day_keys.close()
        self.store.close()


def own_version() -> str:
    try:
        return version("toiluot")
    except PackageNotFoundError:
        return "0"


def open_for_command(url: str) -> tuple[Store, Clock]:
    """A store that `toiluot server init` has prepared, and its clock: a rehearsal's counts only where every site of the
    database is one."""
    must_be_a_database(url)
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


def must_be_a_database(url: str) -> None:
    """Another program's file is told apart before anything opens it."""
    if not is_sqlite(url):
        return
    path = Path(sqlite_path(url))
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            if file.read(16) != b"SQLite format 3\0":
                raise ValueError(f"{path} is not an SQLite database: look at --db")


def own_certificate(url: str, folder: Path | None, names: list[str], *, following: bool = False) -> tuple[str, str]:
    """Files with a certificate of the site's own authority for this server, and its key."""
    if folder is None and not is_sqlite(url):
        raise ValueError("--tls auto needs --state DIR: a database server has no folder of ours")
    store, _ = open_for_command(url)
    try:
        authority = Authority(store)
        if following and not authority.known:
            raise ValueError("the server you follow has no authority of its own yet: update and start it first")
        return authority.leaf(folder or Path(sqlite_path(url)).parent / "tls", names)
    finally:
        store.close()


def authority_of(url: str) -> tuple[str, list[str]]:
    """The site's certificate authority and its words; made now where no server has started yet."""
    store, _ = open_for_command(url)
    try:
        authority = Authority(store)
        return authority.ca_pem, authority.ca_words
    finally:
        store.close()


def prepare(url: str) -> Store:
    """The schema brought to this version, and a store on it."""
    must_be_a_database(url)
    migrate(url)
    return open_store(url, SystemClock())


DATABASE_ERRORS = (sqlite3.OperationalError, psycopg.OperationalError, MemoryError)
PLACES: dict[str, int | None] = {"auto": AUTO_STREAMS, "own": 0, "here": None}  # how many streams stay in this process


def build(
    url: str,
    *,
    tls: bool = False,
    log: Any = None,
    streams: str = "here",
    following: bool = False,
    alerts: Path | None = None,
    metrics: str = "",
    waits: str = "foreseen",
    dossier: tuple[str, str] | None = None,
    **settings: Any,
) -> Server:
    """A server on a database that `toiluot server init` has prepared. `streams` is one of `PLACES`; an encrypted connection
    cannot leave the process that holds its keys. `following`: a standby, which takes no commands until it is promoted. `alerts`
    is a file of `alert_settings`; `metrics` is where Prometheus may ask; `dossier` is address and key
    of the dossier program's look-up; `waits` is foreseen or plain."""
    from queue_server.web.admission import Streams
    from queue_server.web.app import create_app
    from queue_server.web.doors import front
    from queue_server.web.lane import Lane

    told = load_alert_settings(alerts, SystemClock()) if alerts else AlertSettings()
    store, clock = open_for_command(url)
    log = log or setup_log("server")
    if isinstance(clock, SystemClock):
        clock = store.clock = SteadyClock(clock, boot_s)
        if is_sqlite(url):  # a machine of its own: its clock is the one that leapt
            _carry_leap(store, clock)
    if dossier is not None:
        settings["dossiers"] = DossierLine(*dossier, SystemClock(), log)  # a far end is slow in real time, also in a rehearsal
    standby: dict[str, Any] = {"standing": Standing(following=following), "copy_to": partial(copying.copy_out, url)}
    authority = Authority(store)
    if not following:
        authority.ensure()
    settings.setdefault("adviser", _adviser(store, clock, log) if waits == "foreseen" else None)
    house = House(store=store, clock=clock, log=log, tls=tls, authority=authority, **_facts(url), **standby, **settings)
    store.before_answers(house.followers.hold)
    gate = Gate(house)
    hub = Hub(house, gate)
    words = clock.words() if isinstance(clock, ScaledClock) else ""
    annexe = Annexe(house, hub, {"db": url}, clock=words, most_here=None if tls else PLACES[streams])
    store.on_commit(hub.wake)
    carrier = Carrier(house)
    store.on_commit(carrier.wake)
    foreseer = _foreseer(house) if waits == "foreseen" else None
    if is_sqlite(url):
        store.on_commit(annexe.wake)  # PostgreSQL tells every process by itself
    flask = create_app(house, gate)
    application = front(mount(flask, {}, threads=THREADS, most_bytes=None), Streams(hub, annexe), Lane(house, gate))
    stopped = threading.Event()
    timer = threading.Thread(target=_turn_days, args=(house, stopped), name="timer", daemon=True)
    port = MetricsPort(house, told, metrics) if metrics else None
    return Server(house, store, hub, annexe, flask, application, timer, stopped, carrier, AlertWatch(house, told), port, foreseer)


def _foreseer(house: House) -> Foreseer:
    """It brings numpy with it, which neither a command, nor the process for streams, nor a server with the plain rule needs."""
    from queue_server.web.foreseer import Foreseer

    made = Foreseer(house)
    house.store.on_commit(made.wake)
    return made


def _adviser(store: Store, clock: Clock, log: Any) -> Any:
    """With numpy too, and nothing runs before a manager asks."""
    from queue_server.web.adviser import Adviser

    return Adviser(store, clock, log)


def _carry_leap(store: Store, clock: SteadyClock) -> None:
    """A page that cannot be read is told to whoever needs it: the server serves what does not."""
    try:
        timekeeping.carry(store, clock)
    except Exception as broken:  # of many kinds, each let through but damage of the file
        if not is_damage(broken):
            raise


def _facts(url: str) -> dict[str, Any]:
    return {"version": own_version(), "local": is_sqlite(url), "unavailable": DATABASE_ERRORS, "damaged": is_damage}


def serve_streams(line: socket.socket) -> None:
    """The process for streams alone, until its server ends or SIGTERM. The pages and Flask are never loaded in it."""
    raise_file_limit()
    with contextlib.suppress(OSError):
        os.nice(NICE)
    sys.setswitchinterval(SWITCH_S)
    url = handover.settings(line)["db"]
    store, clock = open_for_command(url)
    house = House(store=store, clock=clock, log=setup_log("streams"), **_facts(url))
    hub = Hub(house, Gate(house))
    store.on_commit(hub.wake)
    try:
        uvloop.run(AnnexeProcess(hub, line).run())
    finally:
        hub.close()
        store.close()


def _turn_days(house: House, stopped: threading.Event) -> None:
    while not stopped.is_set():
        turn_days(house)
        stopped.wait(TIMER_S)


def turn_days(house: House) -> None:
    """Forget the key of a day that is over. Close that day, soon after midnight and at every start; twice is harmless. A standby
    writes nothing of its own: its server closes the day, and the clock it goes by is its server's."""
    house.day_keys.sweep(house.clock.wall_ms())
    if house.standing.following:
        return
    try:
        with house.store.alone("day-close") as mine:
            for site in house.store.sites() if mine else ():
                days.turn(house.store, site)
                if house.standing.word(site) == "serving":  # a replaced server's log goes on elsewhere
                    days.release(house.store, site)
        if isinstance(house.clock, SteadyClock):
            for site in house.store.sites():
                timekeeping.watch(house.store, site, house.clock)
    except Exception as broken:  # noqa: BLE001 - tonight's failure must not end tomorrow's attempt
        house.report("day close failed", broken)
