"""The version before runs beside this one: its programs are served, and its statements are understood by this schema.

Holds the telling again of what was recorded from release trees (`released/`, one pair of files for each schema); how a record
is made stands in `recording`.
"""

from __future__ import annotations

import copy
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from queue_server.bootstrap import prepare
from queue_server.services import configuring
from tests.packages.recording import tell_again
from tests.web.helpers import Process, Site

RELEASED = Path(__file__).parent / "released"
REQUESTS = sorted(RELEASED.glob("requests-*.json"))
STATEMENTS = sorted(RELEASED.glob("statements-*.json"))


@pytest.fixture
def http(tmp_path: Path) -> Iterator[httpx.Client]:
    url = f"sqlite:///{tmp_path}/site.db"
    store = prepare(url)
    configuring.init_site(store, site="W1", kind="training")
    running = Process(url, tmp_path / "server.log")
    site = Site("W1", running.base, store)
    yield site.http()
    for close in site.closing:
        close()
    running.close()
    store.close()


@pytest.mark.parametrize("path", REQUESTS, ids=lambda path: path.stem)
def test_programs_of_the_version_before_are_served(path: Path, http: httpx.Client) -> None:
    told: list[dict[str, Any]] = json.loads(path.read_text())
    assert len(told) > 25
    assert tell_again(told, http) == []
    # The comparison has eyes: an answer that lacks what was there, and another status, are both seen.
    planted = copy.deepcopy(told[:1])
    planted[0]["answer"]["of_old"] = 1
    assert tell_again(planted, http) == [f"GET {told[0]['path']}.of_old is gone"]
    planted[0]["status"] = 404
    assert len(tell_again(planted, http)) == 1


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_statements_of_the_version_before_are_understood_by_this_schema(path: Path, tmp_path: Path) -> None:
    prepare(f"sqlite:///{tmp_path}/site.db").close()
    statements: list[str] = json.loads(path.read_text())
    assert len(statements) > 100
    connection = sqlite3.connect(tmp_path / "site.db")
    refused = {}
    for statement in statements:
        nothing = dict.fromkeys(_names(statement))
        try:
            connection.execute(f"EXPLAIN {statement}", nothing).close()
        except sqlite3.Error as error:
            refused[statement] = str(error)
    connection.close()
    assert refused == {}


def _names(statement: str) -> list[str]:
    return re.findall(r"(?<![:\w]):(\w+)", statement)
