"""Rows of the log that turned up after another epoch had begun: kept for a person, never merged.

Holds reading them from a database that was set aside, keeping them, and telling them. People may hold slips with these
numbers: what they say about numbers is taken at once, what they say about visits a person reads.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from queue_server.domain import numbering
from queue_server.services import branches
from queue_server.services.epochs import Beyond
from queue_server.storage.repository import Repository
from queue_server.storage.store import Store


def _take(known: Beyond, event: dict[str, Any]) -> None:
    """Count one row in."""
    known.rows += 1
    known.epoch, known.until = max(known.epoch, event["epoch"]), max(known.until, event["at"])
    number = event["data"].get("number") if event["type"] == "issued" else None
    if number is not None and not numbering.RESERVE_FIRST <= number <= numbering.RESERVE_LAST:
        of_day = known.numbers[event["business_day"]]
        of_day[event["data"]["series"]] = max(of_day.get(event["data"]["series"], 0), number)


def disown(store: Store, site: str, aside: Path) -> Beyond:
    """Keep the rows of the database in `aside` that lie beyond this log's end. A file that cannot be read tells nothing."""
    _, end = store.position(site)
    found = Beyond(epoch=_epoch(aside, site))

    def keep(repository: Repository) -> None:
        for event in _rows(aside, site, end):
            _take(found, event)
            row = {"site": site, "epoch": event["epoch"], "seq": event["seq"], "received_at": repository.now_ms}
            repository.add_disowned([row | {"body": json.dumps(event, ensure_ascii=False)}])

    store.write(site, keep)
    return found


def _epoch(file: Path, site: str) -> int:
    """The highest epoch that a perhaps damaged file was in or had heard of; 0 where it does not say."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        known = "SELECT epoch FROM site WHERE code = ? UNION SELECT epoch FROM epoch WHERE site = ?"
        return max((int(row[0]) for row in connection.execute(known, (site, site))), default=0)
    return 0


def _rows(file: Path, site: str, end: int) -> Iterator[dict[str, Any]]:
    """Events beyond `end`, as far as a perhaps damaged file gives them."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for row in connection.execute("SELECT * FROM event WHERE site = ? AND seq > ? ORDER BY seq", (site, end)):
            yield dict(row) | {"data": json.loads(row["data"])}


def listed(store: Store, site: str) -> list[dict[str, Any]]:
    """Every disowned row of a site, oldest first: `{epoch, seq, at, type, label, service, counter, received_at}`."""
    with store.read() as reader:
        return branches.listed(reader, site)
