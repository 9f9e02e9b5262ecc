"""A program that commits to SQLite through the product's own connection and says so; run by test_shim.py, and killed.

Arguments: the file, the level of `synchronous`. One line per commit, after the commit; then a transaction that never
ends, large enough to reach the disk before its commit.
"""

from __future__ import annotations

import signal
import sys

from queue_server.storage.sqlite import connect

COMMITS = 40


def main(path: str, synchronous: str) -> None:
    connection = connect(path)
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA wal_autocheckpoint = 8")  # pages: many checkpoints in a short life
    connection.execute("PRAGMA cache_size = 10")
    connection.execute("CREATE TABLE IF NOT EXISTS told (n INTEGER PRIMARY KEY, text TEXT) STRICT")
    for n in range(COMMITS):
        connection.execute("INSERT INTO told VALUES (?, ?)", (n, "x" * 3000))
        sys.stdout.write(f"{n}\n")
        sys.stdout.flush()
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO told VALUES (?, ?)", [(n, "y" * 3000) for n in range(COMMITS, 2 * COMMITS)])
    sys.stdout.write("open\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
