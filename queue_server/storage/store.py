"""The door to a database: open it by URL, write one unit of work, read, be told of commits. Knows no rules."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from alembic import command
from alembic.config import Config
from sqlalchemy import make_url

from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sqlite import SqliteDatabase
from toiluot_edge import Clock, SystemClock

T = TypeVar("T")


class Store:
    """One database with the sites it holds."""

    def __init__(self, url: str, clock: Clock, entropy: Callable[[int], bytes]) -> None:
        self.url = url
        self.clock = clock  # the composition root may put a rehearsal's clock here once it has read the site's kind
        self._callbacks: list[Callable[[], None]] = []
        self._database = SqliteDatabase(sqlite_path(url), self._committed, self._now_ms, entropy)

    def write(self, site: str, work: Callable[[Repository], T]) -> T:
        """Run `work` as one unit of work of a site; durable when this returns."""
        result: T = self._database.write(work)
        return result

    def read(self) -> AbstractContextManager[Reader]:
        """A look at one moment: `with store.read() as reader`."""
        return self._database.read()

    def position(self, site: str) -> tuple[int, int]:
        """Epoch and sequence number of the site's last event; (0, 0) of a site that is not here."""
        with self.read() as reader:
            row = reader.site(site)
        return (row["epoch"], row["seq"]) if row else (0, 0)

    def sites(self) -> list[str]:
        """The codes of the sites in this database."""
        with self.read() as reader:
            return [row["code"] for row in reader.sites()]

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call this after every commit, on the writer's thread: it must only wake somebody."""
        self._callbacks.append(callback)

    def close(self) -> None:
        """Finish what was accepted and close."""
        self._database.close()

    def _now_ms(self) -> int:
        return self.clock.wall_ms()

    def _committed(self) -> None:
        for callback in self._callbacks:
            callback()


def sqlite_path(url: str) -> str:
    """The file of an SQLite URL; a clear word for any other."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"{urlsplit(url).scheme or url!r} is not supported yet: use sqlite:///FILE")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("name a file: sqlite:////var/lib/toiluot/site.db (a site's log must survive a restart)")
    return parsed.database


def migrate(url: str) -> None:
    """Bring the schema to this version; does nothing where it is there already."""
    Path(sqlite_path(url)).parent.mkdir(parents=True, exist_ok=True)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    command.upgrade(config, "head")


def open_store(url: str, clock: Clock | None = None, entropy: Callable[[int], bytes] = secrets.token_bytes) -> Store:
    """Open a database that `migrate` has prepared. `entropy(n)` gives the n random bytes of ids and tokens."""
    path = Path(sqlite_path(url))
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: toiluot server init --db {url} --site CODE")
    return Store(url, clock or SystemClock(), entropy)
