"""A whole database into one file and back: the form of a backup, of what a standby begins with, and of a move between databases.

The file is always SQLite with our own schema, whatever the server runs on, so that anybody can open it and the audit can
read it. Holds copying alone: when, by whom and under which epoch is `recovery`'s. Instants and rows are not looked at.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Table, create_engine, insert, make_url, select, text
from sqlalchemy.engine import Engine

from queue_server.storage.base import metadata
from queue_server.storage.sqlite import BUSY_MS
from queue_server.storage.store import is_sqlite, migrate, sqlite_path

CHUNK = 2000
PRIVATE = 0o600  # it holds hashes of keys and passwords, and the key of the slips' addresses


class NotACopy(ValueError):
    """The file is no database of ours, or a damaged one; the text says which."""


def copy_out(url: str, file: Path) -> None:
    """One moment of the database into `file`, also while a server writes to it. The file appears whole, flushed, or not at all."""
    part = file.with_name(f"{file.name}.part")
    _remove(part)
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, PRIVATE))
    try:
        if is_sqlite(url):
            _copy_pages(Path(sqlite_path(url)), part)
        else:
            migrate(f"sqlite:///{part}")
            _copy_rows(url, f"sqlite:///{part}")
            _settle(part)
        verify(part)
        _flush(part)
        part.replace(file)
        _flush(file.parent)
    finally:
        _remove(part)


def copy_in(file: Path, url: str) -> None:
    """Replace what `url` holds by the file's content, brought to this version's schema. Nobody may have the database open."""
    verify(file)
    if is_sqlite(url):
        target = Path(sqlite_path(url))
        part = target.with_name(f"{target.name}.part")
        _remove(part)
        _copy_pages(file, part)
        migrate(f"sqlite:///{part}")
        _settle(part)
        _flush(part)
        _remove(target)
        part.replace(target)
        _flush(target.parent)
    else:
        migrate(url)
        newest = file.with_name(f"{file.name}.newest")
        _remove(newest)
        try:
            _copy_pages(file, newest)
            migrate(f"sqlite:///{newest}")
            _copy_rows(f"sqlite:///{newest}", url, empty=True)
        finally:
            _remove(newest)


def verify(file: Path) -> None:
    """`NotACopy` where the file is damaged or not one of ours."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as broken:
        raise NotACopy(f"{file} cannot be read as a backup: {broken}") from broken
    if said != "ok":
        raise NotACopy(f"{file} is damaged: {said}")
    if not {"site", "event", "alembic_version"} <= tables:
        raise NotACopy(f"{file} is a database, but not one of a queue server")


# ---------------------------------------------------------------- page by page, row by row
def _copy_pages(source: Path, target: Path) -> None:
    """One read transaction over the whole file: in WAL mode writers go on meanwhile and the copy is of one moment."""
    with contextlib.closing(sqlite3.connect(source, timeout=BUSY_MS / 1000)) as old, contextlib.closing(sqlite3.connect(target)) as new:
        old.backup(new, pages=-1)
    target.chmod(PRIVATE)


def _copy_rows(source: str, target: str, *, empty: bool = False) -> None:
    with _begun(source, "REPEATABLE READ") as old, _begun(target) as new:
        if empty:
            new.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))
        for table in metadata.sorted_tables:
            _copy_table(table, old, new)


def _copy_table(table: Table, old: Connection, new: Connection) -> None:
    """In the order of the key, in pieces, so that a year of events needs no more memory than a day's."""
    found = old.execution_options(yield_per=CHUNK).execute(select(table).order_by(*table.primary_key.columns))
    for rows in found.mappings().partitions(CHUNK):
        new.execute(insert(table), [dict(row) for row in rows])


@contextlib.contextmanager
def _begun(url: str, isolation: str | None = None) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            if isolation and not is_sqlite(url):
                connection = connection.execution_options(isolation_level=isolation)
            with connection.begin():
                yield connection
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    return create_engine(url if is_sqlite(url) else make_url(url).set(drivername="postgresql+psycopg"))


def _settle(file: Path) -> None:
    """Fold the write-ahead log into the file, which then stands alone."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)
