"""Fixtures of the room: one server process for all its tests, a fresh site for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queue_server.bootstrap import prepare
from queue_server.services import configuring
from queue_server.storage.store import Store
from tests.web.dossier_end import DossierEnd
from tests.web.helpers import Process, Site, fresh_code


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('web')}/site.db"


@pytest.fixture(scope="session")
def store(url: str) -> Iterator[Store]:
    made = prepare(url)
    configuring.init_site(made, site="FIRST")
    yield made
    made.close()


@pytest.fixture(scope="session")
def server(url: str, store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    running = Process(url, tmp_path_factory.mktemp("log") / "server.log")
    yield running
    running.close()


@pytest.fixture
def site(server: Process, store: Store) -> Iterator[Site]:
    code = fresh_code()
    configuring.init_site(store, site=code, kind="training")
    made = Site(code, server.base, store)
    yield made
    for close in made.closing:
        close()


@pytest.fixture
def service(site: Site) -> str:
    return "ho-tich"


@pytest.fixture
def end() -> Iterator[DossierEnd]:
    """A dossier program to ask, made to fail at will."""
    made = DossierEnd()
    yield made
    made.close()
