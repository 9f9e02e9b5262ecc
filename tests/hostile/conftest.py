"""Fixtures of the room: the server process and the sites of the web room, and a server of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from queue_server.bootstrap import prepare
from queue_server.services import configuring
from tests.web.conftest import server, site, store, url
from tests.web.helpers import Process, Site, fresh_code

__all__ = ["server", "site", "store", "url"]
Own = Callable[..., tuple[Process, Site]]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Own]:
    """A server with options of its own, for what would disturb its neighbours."""
    address, started, code = f"sqlite:///{tmp_path}/own.db", [], fresh_code()
    made = prepare(address)
    configuring.init_site(made, site=code, kind="training")

    def start(*options: str) -> tuple[Process, Site]:
        process = Process(address, tmp_path / "server.log", *options)
        started.append(process)
        return process, Site(code, process.base, made)

    yield start
    for process in started:
        process.close()
    made.close()
