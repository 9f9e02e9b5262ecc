"""A file with years of history: finished tickets of days gone by, three events and one stored answer each.

The rows have the shape that the server itself writes, so indexes and pages are those of a site that has run for long; they
are written past the rules at full speed and carry no valid hashes. It is history to grow by, never to audit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.domain.event import Event
from queue_server.domain.visit import Step, Ticket
from queue_server.services import configuring
from queue_server.storage import statements as s
from queue_server.storage.rows import event_row, ticket_row
from queue_server.storage.store import sqlite_path
from tests.bench.house import SITE

PER_DAY = 600
FIRST = date(2019, 1, 1)
BATCH = 5000


def grow(url: str, tickets: int) -> None:
    """Fill a fresh database with so many finished tickets."""
    store = prepare(url)
    configuring.init_site(store, site=SITE, kind="training")
    store.close()
    connection = sqlite3.connect(sqlite_path(url), isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    begin = connection.execute("SELECT seq FROM site").fetchone()[0]
    for first in range(0, tickets, BATCH):
        connection.execute("BEGIN")
        for serial in range(first, min(first + BATCH, tickets)):
            for statement, row in rows(serial, begin + 1 + 3 * serial):
                connection.execute(statement.text("sqlite"), row)
        connection.execute("COMMIT")
    connection.execute("UPDATE site SET seq = ?", (begin + 3 * tickets,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def rows(serial: int, seq: int) -> Iterator[tuple[s.Statement, dict[str, Any]]]:
    """One finished visit."""
    day, number = (FIRST + timedelta(days=serial // PER_DAY)).isoformat(), serial % PER_DAY + 1
    at = 1_546_300_800_000 + serial * 60_000
    ticket_id = f"00000000-0000-7000-8000-{serial:012x}"
    step = Step(1, "ho-tich", at, "1", at + 60_000, at + 60_000, at + 70_000, False, at + 600_000, 0, "done", 60_000)
    ticket = Ticket(
        ticket_id, SITE, day, "A", number, f"A{number:03d}", "ho-tich", "completed", at, seq, at, at, at, (step,), source="kiosk",
        counter="1", called_at=at + 60_000, last_called_at=at + 60_000, serving_at=at + 70_000, ended_at=at + 600_000,
        outcome="done", print="printed", estimate={"low_s": 60, "high_s": 300, "basis": "prior"}, credits={}, token_hash=f"{serial:064x}",
    )  # fmt: skip
    yield s.INSERT_TICKET, ticket_row(ticket) | {"holder_key": None}
    for n, kind in enumerate(("issued", "called", "completed")):
        data = {"effective_at": at, "wait_ms": 60_000, "note": "x" * 180}
        about = {"ticket": ticket_id, "label": ticket.label, "service": "ho-tich", "counter": "1"}
        event = Event(
            SITE, 1, seq + n, at + n, kind, f"ticket:{ticket_id}", day, f"old-{serial}-{n}", "key:old", 1, data, **about, hash="0" * 64
        )
        yield s.INSERT_EVENT, event_row(event)
    answer = {"site": SITE, "request_id": f"old-{serial}-0", "fingerprint": "x" * 80, "status": 201, "body": "x" * 900, "at": at}
    yield s.INSERT_REQUEST, answer
