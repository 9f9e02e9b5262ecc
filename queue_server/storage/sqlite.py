"""SQLite: one writer thread per database with group commit, and read-only connections for everyone else.

Each unit of work of a group runs in a SAVEPOINT of its own, so that one failure does not undo its neighbours; the
answers go out after the one commit that makes them all durable (WAL, synchronous=FULL: at a power cut NORMAL could lose
a number that is already on paper). Another process that writes (the command line) is waited for, at most 5 s.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner

BUSY_MS = 5000
WATCH_S = 1.0  # how often a commit of another process (the command line) is looked for
GROUP = 64  # units of work in one commit: enough to carry a slow card, few enough to answer soon


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


@dataclass(slots=True)
class _Job:
    work: Callable[[Repository], Any]
    done: Future[Any]


class SqliteDatabase:
    """The database of one file."""

    dialect = "sqlite"

    def __init__(self, path: str, on_commit: Callable[[], None], now_ms: Callable[[], int], entropy: Callable[[int], bytes]) -> None:
        self._path, self._on_commit, self._now_ms, self._entropy = path, on_commit, now_ms, entropy
        self._memo: dict[Any, Any] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closing = threading.Lock()
        self._ended = False
        self._writer = threading.Thread(target=self._write_for_ever, name="writer", daemon=True)
        self._writer.start()
        self._stopped = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._watcher.start()

    def write(self, site: str, work: Callable[[Repository], Any]) -> Any:
        """Run one unit of work; when this returns it is on disk. Whatever `work` raises comes out here. All sites of the file
        share the one writer, so the site's code is not looked at."""
        job = _Job(work, Future())
        with self._closing:  # a job never goes in behind the end of the queue, where nobody would answer it
            if self._ended:
                raise sqlite3.OperationalError("the database is closed")
            self._jobs.put(job)
        return job.done.result()

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
        with self._closing:
            self._ended = True
            self._jobs.put(None)
        self._writer.join()
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

    # ------------------------------------------------------------ the writer thread
    def _write_for_ever(self) -> None:
        connection = connect(self._path)
        repository = Repository(Runner(connection, self.dialect), 0, self._entropy, self._memo)
        try:
            while (first := self._jobs.get()) is not None:
                self._group(connection, repository, first)
        finally:
            connection.close()

    def _group(self, connection: sqlite3.Connection, repository: Repository, first: _Job) -> None:
        """Run the first job and those that wait behind it, commit once, then answer."""
        jobs: list[_Job] = [first]
        answers: list[tuple[_Job, Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:  # grows while it runs
                outcome = self._one(connection, repository, job)
                if outcome is not _FAILED:
                    answers.append((job, outcome))
                if following := self._following(len(jobs)):
                    jobs.append(following)
            connection.execute("COMMIT")
        except sqlite3.Error as broken:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            for job in jobs:
                if not job.done.done():
                    job.done.set_exception(broken)
            return
        if answers:
            self._on_commit()
        for job, answer in answers:
            job.done.set_result(answer)

    def _following(self, taken: int) -> _Job | None:
        if taken >= GROUP:
            return None
        try:
            job = self._jobs.get_nowait()
        except queue.Empty:
            return None
        if job is None:  # closing: commit this group, then stop
            self._jobs.put(None)
        return job

    def _one(self, connection: sqlite3.Connection, repository: Repository, job: _Job) -> Any:
        connection.execute("SAVEPOINT unit")
        repository.now_ms = self._now_ms()
        try:
            answer = job.work(repository)
        except BaseException as failed:  # noqa: BLE001 - it belongs to whoever asked, and is raised there
            job.done.set_exception(failed)
            try:
                connection.execute("ROLLBACK TO unit")
                connection.execute("RELEASE unit")
            except sqlite3.Error:
                raise failed from None  # a full disk ends the whole transaction: the neighbours must hear of it too
            return _FAILED
        connection.execute("RELEASE unit")
        return answer


_FAILED = object()
