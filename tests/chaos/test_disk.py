"""The server against its disk and its memory: it answers what it can, says what it cannot, and goes on by itself."""

from __future__ import annotations

import errno
import resource
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from queue_server.bootstrap import DATABASE_ERRORS
from queue_server.storage import sqlite
from queue_server.storage.store import sqlite_path
from tests.chaos.server import SERVICE, Server
from tests.hall import make_hall
from toiluot import main

BUSY = "503 busy"
TRIES = 12
WORN = {
    "full": {"write": errno.ENOSPC},
    "read-only": {"write": errno.EROFS},
    "writes fail": {"write": errno.EIO},
    "flushes fail": {"flush": errno.EIO},
    "full at the flush": {"flush": errno.ENOSPC},
}


@pytest.mark.parametrize(
    "trouble", [pytest.param(each, marks=() if each in ("full", "flushes fail") else pytest.mark.full) for each in WORN]
)
def test_a_disk_that_takes_nothing_is_told_and_the_server_goes_on_when_it_does(server: Server, trouble: str) -> None:
    with server.start() as client:
        for n in range(3):
            server.issue(client, f"before-{n}")
        client.counter_command("open", "1", "open")
        server.troubles.set(**WORN[trouble])
        # A full disk still has the room that a file already takes: the log may be written over before it must grow.
        told = [server.refused(lambda n=n: server.issue(client, f"during-{n}")) for n in range(TRIES)]  # type: ignore[misc]
        assert told[-1] == BUSY
        assert set(told) <= {"", BUSY}
        assert client.queue()["tickets"]
        assert client.standing()["standing"] == "serving"
        server.troubles.end()
        server.until_issued(client, f"during-{TRIES - 1}")
        server.until_issued(client, "after")
        assert client.next("next", "1")["ticket"]["label"] == server.acknowledged["before-0"]["label"]
    server.kill()
    assert server.findings() == []


def test_a_server_killed_on_a_full_disk_has_everything_it_acknowledged(server: Server) -> None:
    with server.start() as client:
        server.issue(client, "before")
        server.troubles.set(**WORN["full"])
        for n in range(TRIES):
            server.refused(lambda n=n: server.issue(client, f"during-{n}"))  # type: ignore[misc]
    server.kill()
    server.troubles.end()
    assert server.findings() == []
    with server.start() as client:
        server.issue(client, "after")
    server.kill()
    assert server.findings() == []


@pytest.mark.parametrize(("table", "still"), [("event", "queue"), ("ticket", "standing"), ("request", "board")])
def test_a_broken_page_is_named_and_what_does_not_need_it_is_answered(server: Server, table: str, still: str) -> None:
    with server.start() as client:
        for n in range(40):
            server.issue(client, f"before-{n}")
    server.kill()
    path = Path(sqlite_path(server.url))
    with closing(sqlite.connect(str(path))) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    whole = path.read_bytes()
    path.write_bytes(bytes(b ^ 0xA5 if (page - 1) * size <= n < page * size else b for n, b in enumerate(whole)))
    told = CliRunner().invoke(main, ["server", "check", "--db", server.url])
    assert (told.exit_code, "damaged file" in told.output, "restore" in told.output) == (1, True, True)
    with server.start() as client:
        assert server.refused(lambda: client.issue("during", service=SERVICE)) == "503 damaged"
        assert getattr(client, still)()
    server.kill()
    path.write_bytes(whole)  # as from a backup: nothing that was refused has happened
    with server.start() as client:
        assert server.issue(client, "during")["number"] == 41
    server.kill()
    assert server.findings() == []


class Starved:
    """A connection that finds no memory once, at a statement that begins with `at`."""

    def __init__(self, inner: Any) -> None:
        self._inner, self.at = inner, ""

    def execute(self, sql: str, *given: Any) -> Any:
        if self.at and sql.startswith(self.at):
            self.at = ""
            raise MemoryError
        return self._inner.execute(sql, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("at", ["BEGIN", "INSERT", "COMMIT"])
def test_a_command_that_finds_no_memory_did_not_happen_and_the_next_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    made: list[Starved] = []
    own = sqlite.connect

    def connect(path: str, *, read_only: bool = False) -> Any:
        made.append(Starved(own(path, read_only=read_only)))
        return made[-1]

    monkeypatch.setattr(sqlite, "connect", connect)
    hall = make_hall(f"sqlite:///{tmp_path}/site.db")
    hall.issue(request_id="before")
    for each in made:
        each.at = at
    with pytest.raises(DATABASE_ERRORS):  # told as busy: the same request id may be sent again
        hall.issue(request_id="during")
    for each in made:
        each.at = ""
    assert hall.issue(request_id="during")["number"] == 2
    assert hall.issue(request_id="after")["number"] == 3
    assert [event.cmd for event in hall.log() if event.type == "issued"] == ["before", "during", "after"]
    hall.store.close()


def test_a_server_without_memory_refuses_and_does_nothing_by_halves(server: Server) -> None:
    with server.start() as client:
        for n in range(3):
            server.issue(client, f"before-{n}")
        assert server.process is not None
        pid = server.process.pid
        in_use = int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (in_use // 2, resource.RLIM_INFINITY))
        told = {server.refused(lambda n=n: server.issue(client, f"during-{n}")) for n in range(200)}  # type: ignore[misc]
        assert told <= {"", BUSY, "no answer"}, (told, server.log()[-2000:])
        resource.prlimit(pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        server.until_issued(client, "during-199")
        server.until_issued(client, "after")
        assert server.process.poll() is None
    server.kill()
    assert server.findings() == []
