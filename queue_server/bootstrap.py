"""The composition root: the one place where a server process is put together.

Holds the building of store, clock, gate, hub, Flask application and ASGI front, and their order of stopping. Every other
module is given what it needs.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from queue_server.storage.store import Store, open_store
from queue_server.web.app import create_app
from queue_server.web.auth import Gate
from queue_server.web.doors import front
from queue_server.web.house import House
from queue_server.web.stream import Hub
from toiluot_edge import Asgi, clock_from_environment, mount, setup_log

THREADS = 32


@dataclass
class Server:
    """One server process, ready to serve."""

    house: House
    store: Store
    hub: Hub
    flask: Any
    application: Asgi

    def stop(self) -> None:
        """First of all at SIGTERM: the streams end, commands in flight are answered."""
        self.hub.stop()

    def close(self) -> None:
        """Last of all: what was accepted is on disk."""
        self.hub.close()
        self.store.close()


def own_version() -> str:
    try:
        return version("toiluot")
    except PackageNotFoundError:
        return "0"


def build(url: str, *, tls: bool = False, log: Any = None, **settings: Any) -> Server:
    """A server on a database that `toiluot server init` has prepared."""
    store = open_store(url)
    with store.read() as reader:
        kinds = {row["kind"] for row in reader.sites()}
    # A rehearsal's clock counts only where every site of the database is one.
    clock = clock_from_environment("demo" if kinds and kinds <= {"demo", "training"} else "live")
    house = House(
        store=store,
        clock=clock,
        log=log or setup_log("server"),
        version=own_version(),
        tls=tls,
        unavailable=(sqlite3.OperationalError,),
        **settings,
    )
    gate = Gate(house)
    hub = Hub(house, gate)
    store.on_commit(hub.wake)
    flask = create_app(house, gate)
    application = front(mount(flask, {}, threads=THREADS), hub)
    return Server(house, store, hub, flask, application)
