"""Any command in any order: the services agree with a notebook that shares nothing with them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from queue_server.storage import sqlite
from queue_server.storage.store import Store, migrate, open_store
from tests.hall import HandClock
from tests.races.day import Day

BOUNDS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(database_url: str, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that flushes nothing: thousands of commands, and nobody pulls the plug here."""
    careful = sqlite.connect

    def connect(path: str, *, read_only: bool = False) -> sqlite.sqlite3.Connection:
        connection = careful(path, read_only=read_only)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(sqlite, "connect", connect)
    migrate(database_url)
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bounded_day(store: Store, clock: HandClock) -> None:
    """The same examples in every run, so that a failure here is the last change's."""
    bounded = settings(**BOUNDS, max_examples=25, stateful_step_count=50, derandomize=True)
    run_state_machine_as_test(lambda: Day(store, clock), settings=bounded)


@pytest.mark.full
@pytest.mark.slow(reason="seventeen thousand commands on SQLite and seven on PostgreSQL, each followed by a look at everything")
@pytest.mark.timeout(1800)
def test_many_days(store: Store, clock: HandClock, database_url: str) -> None:
    """A failing day is printed as a story that can be run again. PostgreSQL takes five times as long for each."""
    many = settings(**BOUNDS, max_examples=250 if database_url.startswith("sqlite") else 100, stateful_step_count=70, print_blob=True)
    run_state_machine_as_test(lambda: Day(store, clock), settings=many)
