"""What must be true of the log after kills, and which of it is not. Each finding is a line; none means all is well.

Compares what clients remember with the events that their commands caused; that tables, figures and hashes agree with
the log is the audit's affair (queue_server.audit), and is asked here too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from queue_server.audit import compare
from queue_server.bootstrap import prepare
from queue_server.domain.numbering import RESERVE_FIRST, RESERVE_LAST
from queue_server.storage.store import conninfo, is_sqlite, sqlite_path
from tests.faults.clients import Sent

STORED = "SELECT request_id FROM request"


def durable(url: str, scratch: Path) -> set[str]:
    """The commands whose answers are in the database of a dead server. Of an SQLite file a copy is opened: opening the
    file itself would tidy up what the next server must find as the last one left it."""
    if not is_sqlite(url):
        with psycopg.connect(conninfo(url)) as cluster:
            return {str(row[0]) for row in cluster.execute(STORED)}
    path = Path(sqlite_path(url))
    for end in ("", "-wal", "-shm"):
        scratch.with_name(scratch.name + end).unlink(missing_ok=True)
    for end in ("", "-wal"):
        part = path.with_name(path.name + end)
        if part.exists():
            scratch.with_name(scratch.name + end).write_bytes(part.read_bytes())
    connection = sqlite3.connect(scratch)
    try:
        return {str(row[0]) for row in connection.execute(STORED)}
    finally:
        connection.close()


def findings(url: str, site: str, sent: Mapping[str, Sent]) -> list[str]:
    """Everything that is wrong at the end, when no server runs."""
    store = prepare(url)
    try:
        with store.read() as reader:
            log = reader.events_after(site, 0, 10_000_000)
        wrong = compare.of_every_site(store, compare.findings)
    finally:
        store.close()
    return [*wrong, *_sequence(log), *_commands(log, sent), *_calls(log)]


def _sequence(log: list[Any]) -> Iterator[str]:
    """Rows and numbers without a gap."""
    rows = [event.seq for event in log]
    if rows != list(range(1, len(rows) + 1)):
        yield "the log has a gap or a row twice"
    numbers: dict[tuple[str, str], list[int]] = {}
    for event in log:
        if event.type == "issued":
            numbers.setdefault((event.business_day, event.data["series"]), []).append(event.data["number"])
    for place, given in numbers.items():
        band = RESERVE_LAST - RESERVE_FIRST + 1
        ordinary = [n for n in range(1, len(given) + band + 1) if not RESERVE_FIRST <= n <= RESERVE_LAST]
        if given != ordinary[: len(given)]:
            yield f"numbers of {place} have a gap, a double or another order"


def _commands(log: list[Any], sent: Mapping[str, Sent]) -> Iterator[str]:
    """Each answered command caused what its answer says, once; a refused one nothing; and nothing is there unasked."""
    caused: dict[str, list[Any]] = {}
    for event in log:
        caused.setdefault(event.cmd, []).append(event)
    for request_id, order in sent.items():
        events = caused.pop(request_id, [])
        if order.answer is None:
            if events:
                yield f"{request_id} ({order.what}) was refused with {order.refused} and yet it happened"
            continue
        found = [(event.type, event.ticket) for event in events if event.type in MAIN[order.what]]
        if sorted(found) != sorted(_told(order)):
            yield f"{request_id} ({order.what}) was answered with {_told(order)}, the log has {found}"
    yield from (f"{cmd} was never answered and is in the log" for cmd in caused if not cmd.startswith((*compare.ANSWERLESS, "job:")))


MAIN = {"issue": {"issued"}, "open": {"counter.opened"}, "next": {"called"}, "recall": {"recalled"}, "undo": {"undone"}}


def _told(order: Sent) -> list[tuple[str, str | None]]:
    """The events that an answer speaks of."""
    answer = order.answer or {}
    if order.what == "issue":
        return [("issued", answer["id"])]
    if order.what == "open":
        return [("counter.opened", None)]
    if order.what == "next":
        return [("called", answer["ticket"]["id"])] if answer["ticket"] else []
    if order.what == "recall":
        return [("recalled", answer["id"])]
    return [("undone", ticket["id"]) for ticket in answer["tickets"]]


def _calls(log: list[Any]) -> Iterator[str]:
    """Nobody is called twice, unless the call before was taken back."""
    called: set[str] = set()
    for event in log:
        if event.type == "called" and event.ticket in called:
            yield f"{event.label} was called twice"
        if event.type == "called":
            called.add(event.ticket)
        if event.type == "undone" and event.data["undoes"] == "called":
            called.discard(event.ticket)
