"""A server, its standby, and a client that knows both: real processes on files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from queue_server.bootstrap import prepare
from queue_server.client import Client
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, command, configuring
from tests.hall import SITE
from tests.web.helpers import until

SCOPES = ("issue", "call", "read", "feed", "fleet", "admin")


class Program:
    """`toiluot server …` in its own process, ready when it says where it is."""

    def __init__(self, log: Path, *arguments: str) -> None:
        with log.open("ab") as err:
            command_line = [sys.executable, "-m", "toiluot", "server", *arguments, "--json"]
            self.process = subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=err)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, log.read_text()
        self.base: str = json.loads(line)["server"]

    def kill(self) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@dataclass
class Building:
    """One site's server and its standby, each on a file of its own."""

    folder: Path
    key: str
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder}/server.db"

    @property
    def standby_url(self) -> str:
        return f"sqlite:///{self.folder}/standby.db"

    def serve(self, bind: str = "127.0.0.1:0", url: str = "", more: Sequence[str] = ()) -> Program:
        made = Program(self.folder / "server.log", "run", "--db", url or self.url, "--bind", bind, *more)
        self.stack.callback(made.kill)
        return made

    def follow(self, server: Program, name: str = "pi-2", url: str = "", bind: str = "127.0.0.1:0", more: Sequence[str] = ()) -> Program:
        (self.folder / "key").write_text(self.key)
        made = Program(
            self.folder / "standby.log", "follow", "--from", server.base, "--key-file", str(self.folder / "key"),
            "--db", url or self.standby_url, "--bind", bind, "--name", name, *more,
        )  # fmt: skip
        self.stack.callback(made.kill)
        return made

    def client(self, *servers: Program, timeout: float = 5.0) -> Client:
        made = Client(",".join(server.base for server in servers), self.key, timeout=timeout)
        self.stack.callback(made.close)
        return made

    def configure(self, **policy: Any) -> None:
        store = prepare(self.url)
        document = configuring.current(store, SITE)["document"]
        document["policy"] = {**document.get("policy", {}), **policy}
        command.beat(store, SITE, SYSTEM, lambda unit: configuring.apply(unit, document=document))
        store.close()


def together(client: Client) -> Callable[[], bool]:
    """Whether the standby has everything that its server has."""
    return lambda: client.standing()["standby"]["state"] == "together"


@pytest.fixture
def building(tmp_path: Path) -> Iterator[Building]:
    store = prepare(f"sqlite:///{tmp_path}/server.db")
    configuring.init_site(store, site=SITE, kind="demo")
    key = store.write("", lambda rows: access.create_key(rows, name="all", scopes=SCOPES, sites=(SITE,)))
    store.close()
    made = Building(tmp_path, key)
    with made.stack:
        yield made


@pytest.fixture
def pair(building: Building) -> tuple[Program, Program]:
    """The server and a standby that has caught up."""
    server = building.serve()
    standby = building.follow(server)
    until(together(building.client(server)))
    return server, standby
