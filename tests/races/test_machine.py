"""Any command in any order: the services agree with a notebook that shares nothing with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from queue_server.storage.store import Store, migrate, open_store
from tests.hall import HandClock
from tests.races.day import Day as Centre

BOUNDS = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(database_url: str, clock: HandClock) -> Iterator[Store]:
    migrate(database_url)
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


def test_a_bounded_day(tmp_path: Path, clock: HandClock) -> None:
    """The same examples in every run, so that a failure here is the last change's."""
    url = f"sqlite:///{tmp_path}/site.db"
    migrate(url)
    store = open_store(url, clock)
    try:
        bounded = settings(**BOUNDS, max_examples=30, stateful_step_count=50, derandomize=True)
        run_state_machine_as_test(lambda: Centre(store, clock), settings=bounded)
    finally:
        store.close()


@pytest.mark.full
@pytest.mark.slow(reason="fifteen thousand commands on each database, each followed by a look at everything")
@pytest.mark.timeout(900)
def test_many_days(store: Store, clock: HandClock) -> None:
    """Other examples in every run; a failing one is printed as a story that can be run again."""
    many = settings(**BOUNDS, max_examples=250, stateful_step_count=70, print_blob=True)
    run_state_machine_as_test(lambda: Centre(store, clock), settings=many)
