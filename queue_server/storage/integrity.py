"""A database file that is broken in itself: how SQLite says so, and which of its pages. PostgreSQL looks after its own pages.

Holds looking, never mending: what a file has lost is in a backup or on a standby.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from queue_server.storage.sqlite import connect
from queue_server.storage.store import is_sqlite, sqlite_path

MOST = 20  # lines: enough to see that it is broken


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file is broken, and not that it is locked, full or of another version."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def damage(url: str) -> list[str]:
    """What is wrong with the pages of an SQLite file, a line each; nothing for a whole file, none at all and PostgreSQL."""
    if not is_sqlite(url) or not Path(sqlite_path(url)).exists():
        return []
    with closing(connect(sqlite_path(url), read_only=True)) as connection:
        try:
            rows = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({MOST})")]
        except sqlite3.DatabaseError as broken:
            if not is_damage(broken):
                raise
            rows = [str(broken)]
    return [f"damaged file: {row}" for row in rows if row != "ok"]
