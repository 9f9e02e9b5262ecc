"""Fixtures of the room: one server on a file and two on PostgreSQL for all its tests, a fresh site for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queue_server.bootstrap import prepare
from queue_server.services import configuring
from queue_server.storage.store import Store
from tests.postgres import Cluster
from tests.races.servers import Hall, hall_at, serving
from tests.web.helpers import Process


@pytest.fixture(scope="session")
def one_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Process]]:
    """A store and the one server of its file."""
    folder = tmp_path_factory.mktemp("races")
    store = prepare(f"sqlite:///{folder}/site.db")
    configuring.init_site(store, site="FIRST")
    with serving(store.url, folder) as server:
        yield store, server
    store.close()


@pytest.fixture(scope="session")
def two_servers(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Process, Process]]:
    """A store and two servers of its PostgreSQL database, each on a port of its own; one has a process for its streams."""
    folder = tmp_path_factory.mktemp("races")
    store = prepare(cluster.create("races"))
    configuring.init_site(store, site="FIRST")
    with serving(store.url, folder, "--streams", "own") as one, serving(store.url, folder) as other:
        yield store, one, other
    store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def crowded(request: pytest.FixtureRequest) -> Iterator[Hall]:
    """A fresh site on both databases in turn: on a file its clients share a server, on PostgreSQL they have two."""
    store, *servers = request.getfixturevalue("one_server" if request.param == "sqlite" else "two_servers")
    with hall_at(store, *servers) as hall:
        yield hall
