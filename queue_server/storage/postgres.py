"""PostgreSQL: several server processes, sites in parallel, each held by its row while a unit of work runs.

Units of work of one site that wait at the same time share a transaction (`groups`); a commit tells every process by
NOTIFY, because the one that must wake a stream is often not the one that wrote. One thread of a process at a time asks
for a site's row: a queue of connections that all wait for one row costs a server process each, and the database wakes
them in no useful order. Connections are kept: a thread that finds none opens one, and gives it back after each use.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.rows import dict_row

from queue_server.storage.groups import Group, Groups, Job, Ways, run_group
from queue_server.storage.reader import Reader
from queue_server.storage.repository import Repository
from queue_server.storage.sql import Runner

CHANNEL = "toiluot"
KEPT = 40  # connections kept open in one process: as many as it has threads, or each burst dials anew
WRITERS = 8  # sites that one process writes for at the same moment
ALONE = Ways("BEGIN", psycopg.Error, before_commit=f"NOTIFY {CHANNEL}")
TOGETHER = replace(ALONE, exact=False)
LISTEN_S = 1.0  # how long the listener waits before it looks whether it should stop


class PostgresDatabase:
    """The database behind one URL (libpq's form)."""

    dialect = "postgresql"

    def __init__(self, conninfo: str, on_commit: Callable[[], None], now_ms: Callable[[], int], entropy: Callable[[int], bytes]) -> None:
        self._conninfo, self._on_commit, self._now_ms, self._entropy = conninfo, on_commit, now_ms, entropy
        self._memo: dict[Any, Any] = {}
        self._idle: queue.LifoQueue[psycopg.Connection[Any]] = queue.LifoQueue(KEPT)
        self._groups = Groups(WRITERS, self._carry)
        self._closing = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._listener.start()

    def submit(self, site: str, work: Callable[[Repository], Any]) -> Future[Any]:
        """Queue one unit of work: done once it is on disk."""
        done = self._groups.submit(site, work)
        if done is None:
            raise psycopg.OperationalError("the database is closed")
        return done

    def _carry(self, _: str, jobs: Iterator[Job]) -> None:
        try:
            with self._connection() as connection:
                group = self._together(connection, jobs)
                if group.broken is None or connection.closed:
                    group.tell()
                    return
                for job in group.taken:  # whose fault it was shows when each runs alone
                    if not job.done.done():
                        self._run(connection, iter([job]), ALONE).tell()
        except psycopg.Error as unreachable:  # no line to the database: they all hear of it, and ask again
            for job in jobs:
                job.done.set_exception(unreachable)

    def _together(self, connection: psycopg.Connection[Any], jobs: Iterator[Job]) -> Group:
        """A group whose changes travel without waiting for each other: only what is read is waited for, and the commit."""
        group = Group()
        try:
            with connection.pipeline():
                group = self._run(connection, jobs, TOGETHER)
        except psycopg.Error as broken:
            group.broken = broken
        if group.broken is not None and not connection.closed:
            connection.rollback()
        return group

    def _run(self, connection: psycopg.Connection[Any], jobs: Iterator[Job], ways: Ways) -> Group:
        repository = Repository(Runner(connection, self.dialect), 0, self._entropy, self._memo)
        return run_group(connection, repository, jobs, ways, self._now_ms)

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        """A look at one moment of the database."""
        with self._connection() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                yield Reader(Runner(connection, self.dialect), self._now_ms(), self._entropy, self._memo)
            finally:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def alone(self, job: str) -> Iterator[bool]:
        """Whether this process has the job to itself while inside; another that asks meanwhile gets False."""
        with self._connection() as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0)) AS mine", (job,)).fetchone()
            mine = bool(row["mine"]) if row else False
            try:
                yield mine
            finally:
                if mine:
                    connection.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", (job,))

    def close(self) -> None:
        """Finish what was accepted, then let go of every connection."""
        self._groups.close()
        self._closing.set()
        with contextlib.suppress(psycopg.OperationalError), self._connection() as connection:
            connection.execute(f"NOTIFY {CHANNEL}")  # wakes our own listener, so that it sees the end
        self._listener.join()
        while not self._idle.empty():
            self._idle.get_nowait().close()

    # ------------------------------------------------------------ connections
    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        except psycopg.OperationalError:
            connection.close()  # the line is gone: the next use dials anew
            raise
        finally:
            self._give_back(connection)

    def _give_back(self, connection: psycopg.Connection[Any]) -> None:
        if connection.closed:
            return
        try:
            self._idle.put_nowait(connection)
        except queue.Full:
            connection.close()

    def _listen(self) -> None:
        """Wake this process's readers at every commit of any process; after a lost line, once more for good measure."""
        while not self._closing.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._on_commit()
                    while not self._closing.is_set():
                        if any(True for _ in connection.notifies(timeout=LISTEN_S, stop_after=1)):
                            self._on_commit()
            except psycopg.OperationalError:
                self._closing.wait(LISTEN_S)
