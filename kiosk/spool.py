"""What the kiosk has promised and not yet finished, on disk before it is done: commands to the server, slips to print.

Holds one SQLite file with synchronous=FULL: `outbox` (commands with their request ids, repeated until the server answers),
`prints` (the intent to print, written before the printer is asked) and the tables of `leases`. Sends nothing and
prints nothing. A row leaves when it is settled; nothing of a person is in it but a keyed hash whose key is in no file.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
  request_id TEXT PRIMARY KEY,
  place INTEGER NOT NULL,
  call TEXT NOT NULL CHECK (call IN ('issue', 'check_in', 'print_outcome', 'reprint', 'cancel')),
  ticket_id TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS prints (
  job_id TEXT PRIMARY KEY,
  ticket_id TEXT NOT NULL,
  ticket TEXT NOT NULL,
  lang TEXT NOT NULL,
  reprint INTEGER NOT NULL,
  intended_at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS wanted (job_id TEXT PRIMARY KEY, place INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (
  request_id TEXT PRIMARY KEY,
  call TEXT NOT NULL,
  ticket_id TEXT NOT NULL,
  code TEXT NOT NULL,
  at_ms INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS leases (
  id TEXT PRIMARY KEY, series TEXT NOT NULL, expires_ms INTEGER NOT NULL, epoch INTEGER NOT NULL, boot_id TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS numbers (
  ticket_id TEXT PRIMARY KEY, lease TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, token TEXT NOT NULL,
  device_seq INTEGER, body TEXT, batch TEXT
);
CREATE TABLE IF NOT EXISTS acknowledged (place INTEGER PRIMARY KEY, ticket_id TEXT NOT NULL UNIQUE, told TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# A file of an earlier version knows fewer calls.
_MORE_CALLS = "\n".join((
    "BEGIN IMMEDIATE; ALTER TABLE outbox RENAME TO outbox_before;",
    _SCHEMA,
    "INSERT INTO outbox SELECT * FROM outbox_before; DROP TABLE outbox_before; COMMIT;",
))  # fmt: skip
Also = Callable[[sqlite3.Connection], None]
KEPT_REFUSALS = 200
KEPT_WANTED = 500  # a server asks for a slip for two minutes; a day of them is far more than enough


@dataclass(frozen=True)
class Command:
    """One call to the server. `ticket_id` is chosen here for an issue and is the ticket's for the rest."""

    request_id: str
    call: str
    ticket_id: str
    body: Json
    created_at_ms: int

    @property
    def asks(self) -> bool:
        """Whether somebody stands there and waits for a number."""
        return self.call in ("issue", "check_in")


@dataclass(frozen=True)
class PrintIntent:
    job_id: str
    ticket: Json
    lang: str
    reprint: bool
    intended_at_ms: int

    @property
    def ticket_id(self) -> str:
        return str(self.ticket["id"])


class Spool:
    """Safe to share between threads; every method is one transaction, on disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5)
        # A write-ahead log would keep settled rows readable for long; the truncated journal and secure_delete do not.
        self._db.execute("PRAGMA journal_mode=TRUNCATE")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA secure_delete=ON")
        known = self._db.execute("SELECT sql FROM sqlite_master WHERE name = 'outbox'").fetchone()
        self._db.executescript(_MORE_CALLS if known and "'check_in'" not in known[0] else _SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For what lives in this file beside the spool."""
        with self._lock:
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:  # whatever happened, nothing half-written stays; it is raised again
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # ------------------------------------------------------------ commands
    def add(self, command: Command) -> None:
        with self.writing() as db:
            insert(db, command)

    def pending(self, *, issue: bool | None = None) -> list[Command]:
        """Oldest first; `issue` picks one of the two lanes. What is said of a leased ticket waits until the server has it."""
        known = "WHERE ticket_id NOT IN (SELECT ticket_id FROM numbers)"
        lane = known if issue is None else f"{known} AND (call IN ('issue', 'check_in')) = {int(issue)}"
        with self._lock:
            rows = self._db.execute(f"SELECT request_id, call, ticket_id, body, created_at_ms FROM outbox {lane} ORDER BY place").fetchall()  # noqa: S608 - no text from outside
        return [Command(row[0], row[1], row[2], json.loads(row[3]), row[4]) for row in rows]

    def waiting(self) -> int:
        with self._lock:
            unsettled = "SELECT count(*) FROM numbers WHERE device_seq IS NOT NULL"
            return sum(int(self._db.execute(count).fetchone()[0]) for count in ("SELECT count(*) FROM outbox", unsettled))

    def answered(self, request_id: str, then: PrintIntent | Command | None = None, also: Also | None = None) -> None:
        """The command is done. What it leads to (a slip, a report, and what `also` writes) is written in the same transaction: an
        acknowledged ticket is on disk as a slip to print or a report to send, whatever happens next."""
        with self.writing() as db:
            if also is not None:
                also(db)
            db.execute("DELETE FROM outbox WHERE request_id = ?", (request_id,))
            if isinstance(then, Command):
                insert(db, then)
            elif then is not None:
                _intend(db, then)

    def refuse(self, request_id: str, code: str, at_ms: int) -> None:
        """The server will never take it: set aside for the technician, without its body."""
        with self.writing() as db:
            db.execute(
                "INSERT OR REPLACE INTO refused SELECT request_id, call, ticket_id, ?, ? FROM outbox WHERE request_id = ?",
                (code, at_ms, request_id),
            )
            db.execute("DELETE FROM outbox WHERE request_id = ?", (request_id,))
            db.execute("DELETE FROM refused WHERE rowid NOT IN (SELECT rowid FROM refused ORDER BY at_ms DESC LIMIT ?)", (KEPT_REFUSALS,))

    # ------------------------------------------------------------ slips
    def intend(self, intent: PrintIntent) -> None:
        with self.writing() as db:
            _intend(db, intent)

    def want(self, intent: PrintIntent) -> bool:
        """A slip that somebody wants at this machine. False for one that was taken on before, however often it is told."""
        with self.writing() as db:
            place = "(SELECT coalesce(max(place), 0) + 1 FROM wanted)"
            new = db.execute(f"INSERT OR IGNORE INTO wanted VALUES (?, {place})", (intent.job_id,)).rowcount == 1  # noqa: S608 - no text from outside
            if new:
                _intend(db, intent)
                db.execute("DELETE FROM wanted WHERE place <= (SELECT max(place) FROM wanted) - ?", (KEPT_WANTED,))
            return new

    def was_wanted(self, job_id: str) -> bool:
        """Whether a slip was wanted from elsewhere: its person stands before somebody who sees the number."""
        with self._lock:
            return self._db.execute("SELECT 1 FROM wanted WHERE job_id = ?", (job_id,)).fetchone() is not None

    def intents(self) -> list[PrintIntent]:
        with self._lock:
            rows = self._db.execute(
                "SELECT job_id, ticket, lang, reprint, intended_at_ms FROM prints ORDER BY intended_at_ms, job_id"
            ).fetchall()
        return [PrintIntent(row[0], json.loads(row[1]), row[2], bool(row[3]), row[4]) for row in rows]

    def printed(self, job_id: str, report: Command, also: Also | None = None) -> None:
        """The outcome is known: the intent goes and the report to the server comes, together."""
        with self.writing() as db:
            if also is not None:
                also(db)
            db.execute("DELETE FROM prints WHERE job_id = ?", (job_id,))
            insert(db, report)


def insert(db: sqlite3.Connection, command: Command) -> None:
    db.execute(
        "INSERT OR IGNORE INTO outbox VALUES (?, (SELECT coalesce(max(place), 0) + 1 FROM outbox), ?, ?, ?, ?)",
        (command.request_id, command.call, command.ticket_id, json.dumps(command.body, ensure_ascii=False), command.created_at_ms),
    )


def _intend(db: sqlite3.Connection, intent: PrintIntent) -> None:
    ticket = json.dumps(intent.ticket, ensure_ascii=False)
    db.execute(
        "INSERT OR IGNORE INTO prints VALUES (?, ?, ?, ?, ?, ?)",
        (intent.job_id, intent.ticket_id, ticket, intent.lang, int(intent.reprint), intent.intended_at_ms),
    )
