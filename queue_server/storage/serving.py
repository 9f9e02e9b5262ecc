"""Who has a database to itself: a server that serves it, or a command that replaces it. Never both.

SQLite: a lock on a file beside the database (the kernel drops it when the process dies, however it dies). PostgreSQL: an
advisory lock of the session, shared by the processes that serve.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from queue_server.storage.store import conninfo, is_sqlite, sqlite_path

_NAME = "SELECT hashtextextended('toiluot:serving', 0)"


class Busy(ValueError):
    """Somebody else has the database."""


@contextlib.contextmanager
def serving(url: str) -> Iterator[None]:
    """Held by a server while it serves. `Busy` where another server has the file, or a restore is at work."""
    if is_sqlite(url):
        with _file_lock(url, "another server serves it, or a restore is at work: stop that first"):
            yield
    else:
        with _advisory_lock(url, shared=True, why="a restore is at work: wait for its end"):
            yield


@contextlib.contextmanager
def stopped(url: str) -> Iterator[None]:
    """Held by a command that replaces the database. `Busy` while a server runs on it."""
    if is_sqlite(url):
        with _file_lock(url, "a server runs on it: stop it first (systemctl stop toiluot-server)"):
            yield
    else:
        with _advisory_lock(url, shared=False, why="a server runs on it: stop it first (systemctl stop toiluot-server)"):
            yield


@contextlib.contextmanager
def _file_lock(url: str, why: str) -> Iterator[None]:
    path = Path(f"{sqlite_path(url)}.lock")
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{sqlite_path(url)}: {why}") from None
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def _advisory_lock(url: str, *, shared: bool, why: str) -> Iterator[None]:
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        row = connection.execute(f"SELECT {function}(({_NAME}))").fetchone()
        if not row or not row[0]:
            raise Busy(f"the database: {why}")
        yield
