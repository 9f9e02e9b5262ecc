"""The door to a database: open it by URL, write one unit of work, read, be told of commits. Knows no rules."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from queue_server.storage.postgres import PostgresDatabase
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
        self._database: SqliteDatabase | PostgresDatabase
        if is_sqlite(url):
            self._database = SqliteDatabase(sqlite_path(url), self._committed, self._now_ms, entropy)
        else:
            self._database = PostgresDatabase(conninfo(url), self._committed, self._now_ms, entropy)

    def write(self, site: str, work: Callable[[Repository], T]) -> T:
        """Run `work` as one unit of work of a site; durable when this returns."""
        result: T = self._database.submit(site, work).result()
        return result

    def submit(self, site: str, work: Callable[[Repository], T]) -> Future[T]:
        """The same without waiting: the future is done, on a thread of the store, once the work is durable or has failed."""
        return self._database.submit(site, work)

    def read(self) -> AbstractContextManager[Reader]:
        """A look at one moment: `with store.read() as reader`."""
        return self._database.read()

    def alone(self, job: str) -> AbstractContextManager[bool]:
        """Whether this process has a timed job to itself while inside: `with store.alone("day-close") as mine`."""
        return self._database.alone(job)

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
        """Call this after every commit, of this process or another, on a thread of the store: it must only wake somebody."""
        self._callbacks.append(callback)

    def before_answers(self, callback: Callable[[], None]) -> None:
        """SQLite: call this on the writer's thread after each commit, before anybody is answered. It may wait for a second machine."""
        if isinstance(self._database, SqliteDatabase):
            self._database.before_answers = callback

    def close(self) -> None:
        """Finish what was accepted and close."""
        self._database.close()

    def _now_ms(self) -> int:
        return self.clock.wall_ms()

    def _committed(self) -> None:
        for callback in self._callbacks:
            callback()


def is_sqlite(url: str) -> bool:
    """Whether the URL names a file; a clear word where it names neither database that we know."""
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError:
        raise ValueError(f"{url!r} is no database URL: use sqlite:///FILE or postgresql://USER@HOST/NAME") from None
    if backend not in ("sqlite", "postgresql"):
        raise ValueError(f"{backend} is not supported: use sqlite:///FILE or postgresql://USER@HOST/NAME")
    return backend == "sqlite"


def sqlite_path(url: str) -> str:
    """The file of an SQLite URL."""
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ValueError("name a file: sqlite:////var/lib/toiluot/site.db (a site's log must survive a restart)")
    return path


def conninfo(url: str) -> str:
    """What libpq takes for a PostgreSQL URL, whichever driver SQLAlchemy was told to use."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def migrate(url: str) -> None:
    """Bring the schema to this version; does nothing where it is there already."""
    from alembic import command  # 9 MB that no serving process needs
    from alembic.config import Config

    from . import revisions

    if is_sqlite(url):
        _keep_private(Path(sqlite_path(url)))
    else:
        url = make_url(url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    if not revisions.newer_of_our_series(config, url):
        command.upgrade(config, "head")


def _keep_private(path: Path) -> None:
    """The file is its owner's, whatever the shell's umask: it holds hashes of passwords and the key of booking contacts. SQLite gives
    the files beside it the same mode. Of one that is there already, strangers lose what a careless umask gave them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if path.stat().st_mode & 0o007:
            path.chmod(path.stat().st_mode & 0o770)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600))


def open_store(url: str, clock: Clock | None = None, entropy: Callable[[int], bytes] = secrets.token_bytes) -> Store:
    """Open a database that `migrate` has prepared. `entropy(n)` gives the n random bytes of ids and tokens."""
    if is_sqlite(url) and not Path(sqlite_path(url)).exists():
        raise FileNotFoundError(f"{sqlite_path(url)} is not there: toiluot server init --db {url} --site CODE")
    return Store(url, clock or SystemClock(), entropy)
