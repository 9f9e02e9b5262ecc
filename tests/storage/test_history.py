"""Years of history cost a command nothing: each statement on its way takes the database's machine as many steps with six
times the history. Steps are counted, not seconds."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from queue_server.storage import statements as s
from tests.bench.history import grow
from tests.bench.house import SITE

PARAMS = {
    "site": SITE, "code": SITE, "n": 20, "counter": "1", "doubt": 0, "effective_at": 10**13, "issued_seq": 10**9,
    "s0": "ho-tich", "s1": "dat-dai",
    "since": 10**13, "service": "ho-tich", "business_day": "2030-01-01", "holder_key": "x", "subject": "ticket:x", "cmd": "x", "id": "x",
    "series": "A", "number": 1, "token_hash": "x", "dossier_code": "x", "after": 10**9, "request_id": "x",
}  # fmt: skip
ON_THE_WAY = {
    name: getattr(s, name)
    for name in (
        "SITE", "EVENTS_AFTER", "EVENTS_OF", "EVENTS_OF_CMD", "TICKET", "TICKET_BY_TOKEN", "TICKETS_BY_NUMBER", "TICKETS_BY_DOSSIER",
        "AT_COUNTER", "AT_COUNTERS", "FREE_COUNTERS", "HELD", "LIVE_BEFORE", "LIVE_OF_HOLDER", "TAKEN", "CARRIED_NUMBERS", "WAITING",
        "WAITING_SUMMARY", "COUNTER", "COUNTERS", "SERIES", "REQUEST",
    )
} | {"next_for": s.next_for(2), "ahead_of": s.ahead_of(2), "recent_calls": s.recent_calls(2)}  # fmt: skip


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory) -> dict[int, sqlite3.Connection]:
    """A file with a little history and one with six times as much."""
    folder: Path = tmp_path_factory.mktemp("history")
    made = {}
    for tickets in (500, 3000):
        grow(f"sqlite:///{folder}/{tickets}.db", tickets)
        made[tickets] = sqlite3.connect(f"{folder}/{tickets}.db")
    return made


def steps(connection: sqlite3.Connection, statement: s.Statement) -> int:
    """How many instructions SQLite's machine runs for it."""
    counted = [0]

    def one_more() -> int:
        counted[0] += 1
        return 0

    connection.set_progress_handler(one_more, 1)
    try:
        connection.execute(statement.text("sqlite"), PARAMS).fetchall()
    finally:
        connection.set_progress_handler(None, 1)
    return counted[0]


@pytest.mark.parametrize("name", ON_THE_WAY)
def test_history_costs_nothing(histories: dict[int, sqlite3.Connection], name: str) -> None:
    little, much = (steps(histories[tickets], ON_THE_WAY[name]) for tickets in (500, 3000))
    assert much <= little + 20, f"{name}: {little} steps with little history, {much} with six times as much"


def test_the_count_would_notice() -> None:
    """A control: the same question asked through an index that begins with the site alone reads all history."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (site, state)")
    for rows in (10, 1000):
        connection.executemany("INSERT INTO t VALUES (?, ?)", [("a", "b")] * rows)
    assert connection.execute("SELECT count(*) FROM t WHERE state = 'x'").fetchone() == (0,)
    counted = [0]
    connection.set_progress_handler(lambda: counted.__setitem__(0, counted[0] + 1), 1)
    connection.execute("SELECT count(*) FROM t WHERE state = 'x'").fetchall()
    assert counted[0] > 1000
