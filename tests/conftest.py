"""Fixtures that every room shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from hypothesis.internal.conjecture import providers
from playwright.sync_api import Browser

from tests.browser import chromium
from tests.hall import Hall, make_hall
from tests.postgres import Cluster

# How long an example may take is the machine's affair and its load's, never the promise's.
hypothesis.settings.register_profile("house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("house")
# Hypothesis also draws the constants of whatever modules a process has loaded, so that the same test would see other
# examples beside other tests. A run must not depend on its neighbours: those constants are left out.
_no_constants = providers.Constants(integers=set(), floats=set(), bytes=set(), strings=set())
providers._get_local_constants = lambda: _no_constants  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The run's PostgreSQL server."""
    made = Cluster()
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of both kinds in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/site.db"
    emptied: str = request.getfixturevalue("cluster").emptied()
    return emptied


@pytest.fixture
def hall(database_url: str) -> Iterator[Hall]:
    """A centre of its own for each test, on both databases."""
    made = make_hall(database_url)
    yield made
    made.store.close()


@pytest.fixture
def file_hall(tmp_path: Path) -> Iterator[Hall]:
    """A centre on SQLite, for what only a file can do."""
    made = make_hall(f"sqlite:///{tmp_path}/site.db")
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one Chromium of the run."""
    with chromium() as opened:
        yield opened
