"""A file with years of history: finished tickets of days gone by, three events and one stored answer each.

One visit is written as the server itself writes it; the database then makes all the others from it, with the columns that
differ worked out from a serial number: a million take about a minute. They are written past the rules and carry no valid
hashes: history to grow by, never to audit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from queue_server.bootstrap import prepare
from queue_server.domain.event import Event
from queue_server.domain.visit import Step, Ticket
from queue_server.services import configuring
from queue_server.storage.rows import event_row, ticket_row
from queue_server.storage.store import sqlite_path
from tests.bench.house import SITE

PER_DAY = 600
FIRST_DAY, FIRST_AT = "2019-01-01", 1_546_300_800_000
BATCH = 5000
KEPT_DAYS = 30  # a server drops its stored answers after this long

# What differs from visit to visit, in SQL: n is the serial number of the visit.
AT = f"({FIRST_AT} + n * 60000)"
NAMED = "printf('00000000-0000-7000-8000-%012x', n)"
LABEL = f"printf('A%03d', n % {PER_DAY} + 1)"
DAY = f"date('{FIRST_DAY}', '+' || (n / {PER_DAY}) || ' days')"
VISIT = {"business_day": DAY, "label": LABEL}
OF_TICKET = VISIT | {
    "id": NAMED, "number": f"n % {PER_DAY} + 1", "issued_seq": "begin + 3 * n + 1", "token_hash": "printf('%064x', n)",
    "called_at": f"{AT} + 60000", "last_called_at": f"{AT} + 60000", "serving_at": f"{AT} + 70000", "ended_at": f"{AT} + 600000",
} | dict.fromkeys(("issued_at", "available_from", "arrived_from", "effective_at"), AT)  # fmt: skip
OF_REQUEST = {"request_id": "'old-' || n", "at": AT}


def of_event(place: int) -> dict[str, str]:
    """What differs in the event of this place within a visit."""
    named = {"subject": f"'ticket:' || {NAMED}", "ticket": NAMED, "cmd": f"'old-' || n || '-{place}'"}
    return VISIT | named | {"seq": f"begin + 3 * n + {place + 1}", "at": f"{AT} + {place}"}


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
        for table, row, differs in one_visit():
            if table == "request" and first + BATCH < tickets - KEPT_DAYS * PER_DAY:
                continue
            place = {"n_begin": begin, "n_first": first, "n_last": min(first + BATCH, tickets)}
            connection.execute(several(table, row, differs), row | place)
        connection.execute("COMMIT")
    connection.execute("UPDATE site SET seq = ?", (begin + 3 * tickets,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def several(table: str, row: dict[str, Any], differs: dict[str, str]) -> str:
    """One statement for a batch of visits."""
    serials = (
        "WITH RECURSIVE serial(n, begin) AS (SELECT :n_first, :n_begin UNION ALL SELECT n + 1, begin FROM serial WHERE n + 1 < :n_last)"
    )
    values = ", ".join(differs.get(column, f":{column}") for column in row)
    return f"INSERT INTO {table} ({', '.join(row)}) {serials} SELECT {values} FROM serial"


def one_visit() -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """The rows of a finished visit, each with its table and what differs in the others."""
    at = FIRST_AT
    step = Step(1, "ho-tich", at, "1", at + 60_000, at + 60_000, at + 70_000, False, at + 600_000, 0, "done", 60_000)
    ticket = Ticket(
        "", SITE, FIRST_DAY, "A", 1, "A001", "ho-tich", "completed", at, 1, at, at, at, (step,), source="kiosk", counter="1",
        outcome="done", print="printed", estimate={"low_s": 60, "high_s": 300, "basis": "prior"}, credits={},
    )  # fmt: skip
    yield "ticket", ticket_row(ticket) | {"holder_key": None}, OF_TICKET
    for place, kind in enumerate(("issued", "called", "completed")):
        data = {"effective_at": at, "wait_ms": 60_000, "note": "x" * 180}
        event = Event(SITE, 1, 0, at, kind, "", FIRST_DAY, "", "key:old", 1, data, "", "", "ho-tich", "1", "0" * 64)
        yield "event", event_row(event), of_event(place)
    yield "request", {"site": SITE, "request_id": "", "fingerprint": "x" * 80, "status": 201, "body": "x" * 900, "at": at}, OF_REQUEST
