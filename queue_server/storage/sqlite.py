"""SQLite: one writer thread per database with group commit, and read-only connections for everyone else.

Answers go out after the one commit that makes a whole group durable (WAL, synchronous=FULL: at a power cut NORMAL could
lose a number that is already on paper). Another process that writes (the command line) is waited for, at most 5 s.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

from queue_server.storage.groups import Groups, Job, Ways, run_group
from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner

BUSY_MS = 5000
WATCH_S = 1.0  # how often a commit of another process (the command line) is looked for
WAYS = Ways("BEGIN IMMEDIATE", sqlite3.Error)


def connect(path: str, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection with our pragmas; transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256, timeout=BUSY_MS / 1000)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


class SqliteDatabase:
    """The database of one file."""

    dialect = "sqlite"

    def __init__(self, path: str, on_commit: Callable[[], None], now_ms: Callable[[], int], entropy: Callable[[int], bytes]) -> None:
        self._path, self._on_commit, self._now_ms, self._entropy = path, on_commit, now_ms, entropy
        self.before_answers: Callable[[], None] = lambda: None
        self._memo: dict[Any, Any] = {}
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closing = threading.Lock()
        self._connection = connect(path)
        self._repository = Repository(Runner(self._connection, self.dialect), 0, entropy, self._memo)
        self._groups = Groups(1, self._carry)
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._watcher.start()

    def submit(self, site: str, work: Callable[[Repository], Any]) -> Future[Any]:
        """Queue one unit of work: done once it is on disk. All sites of the file share the one writer, so the site's code is
        not looked at."""
        done = self._groups.submit("", work)
        if done is None:
            raise sqlite3.OperationalError("the database is closed")
        return done

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        """A look at one moment of the database, on this thread's own connection."""
        connection: sqlite3.Connection | None = getattr(self._readers, "connection", None)
        if connection is None:
            connection = self._readers.connection = connect(self._path, read_only=True)
            with self._closing:
                self._open.append(connection)
        connection.execute("BEGIN")
        try:
            yield Reader(Runner(connection, self.dialect), self._now_ms(), self._entropy, self._memo)
        finally:
            connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def alone(self, job: str) -> Iterator[bool]:
        """Whether this process has a timed job to itself: it has, there is only one server on a file."""
        yield True

    def close(self) -> None:
        """Finish what was accepted, then let go of the file."""
        self._groups.close()
        self._connection.close()
        self._stopped.set()
        self._watcher.join()
        with self._closing:
            while self._open:
                self._open.pop().close()

    def _watch(self) -> None:
        """SQLite tells nobody of a commit; `data_version` changes when any other connection has made one."""
        connection = connect(self._path, read_only=True)
        seen = connection.execute("PRAGMA data_version").fetchone()[0]
        while not self._stopped.wait(WATCH_S):
            version = connection.execute("PRAGMA data_version").fetchone()[0]
            if version != seen:
                seen = version
                self._on_commit()
        connection.close()

    def _carry(self, _: str, jobs: Iterator[Job]) -> None:
        group = run_group(self._connection, self._repository, jobs, WAYS, self._now_ms)
        if group.answers and group.broken is None:
            self._on_commit()
            self.before_answers()
        group.tell()
