"""A stream tells what another process has committed: another server on PostgreSQL, the command line on a file."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from queue_server.contract import sse
from queue_server.services import configuring
from queue_server.storage.store import Store
from tests.races.servers import command_line, hall_at
from tests.web.helpers import Process, rid

WITHIN_S = 3.0


def next_row(frames: Iterator[sse.Frame], kind: str) -> dict[str, Any]:
    """The next row of this kind; the client gives up by itself where the stream falls silent."""
    rows = (frame.json() for frame in frames if frame.event == "log")
    return next(row for row in rows if row["type"] == kind)


def test_a_commit_of_the_other_server(two_servers: tuple[Store, Process, Process]) -> None:
    store, *servers = two_servers
    with hall_at(store, *servers) as hall:
        stream, other = hall.client(0).stream(), hall.client(1)
        assert next(stream).event == "snapshot"
        for _ in range(5):
            begun_s = time.monotonic()
            issued = other.issue(rid(), service="ho-tich")
            assert next_row(stream, "issued")["label"] == issued["label"]
            assert time.monotonic() - begun_s < WITHIN_S
        stream.close()


def test_a_commit_of_the_command_line(one_server: tuple[Store, Process], tmp_path: Path) -> None:
    store, server = one_server
    with hall_at(store, server) as hall:
        stream = hall.client().stream()
        assert next(stream).event == "snapshot"
        document = tmp_path / "site.json"
        document.write_text(json.dumps(configuring.current(store, hall.code)["document"] | {"name": "Tên mới"}))
        command_line("server", "config", "apply", "--db", store.url, "--site", hall.code, str(document))
        done_s = time.monotonic()
        assert next_row(stream, "config.applied")["data"]["version"] == 2
        assert time.monotonic() - done_s < WITHIN_S
        stream.close()
