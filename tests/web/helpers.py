"""A real server process, and a site of its own for every test.

The process serves one SQLite file; tests add sites to it from outside, as the command line does, so no test sees
another's tickets.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from queue_server.client import Client
from queue_server.domain.principal import SYSTEM
from queue_server.services import access, command, configuring
from queue_server.storage.store import Store

SCOPES = ("issue", "call", "read", "feed", "fleet", "manage")
PASSWORD = "rất-dài-và-bí-mật"
_numbers = itertools.count(1)


class Process:
    """`toiluot server run` in its own process."""

    def __init__(self, url: str, log: Path, *options: str, clock: str = "") -> None:
        self.log = log
        command_line = [sys.executable, "-m", "toiluot", "server", "run", "--db", url, "--bind", "127.0.0.1:0", *options]
        with log.open("wb") as err:
            self._process = subprocess.Popen(command_line, stdout=subprocess.PIPE, stderr=err, env={**os.environ, "TOILUOT_CLOCK": clock})
        assert self._process.stdout is not None
        line = self._process.stdout.readline().decode()
        assert line.startswith("serving "), log.read_text()
        self.base = line.split()[-1]

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def wait(self, within_s: float) -> int:
        return self._process.wait(within_s)

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Site:
    """A site of one test: its code, its keys, a client with every permission, and raw HTTP."""

    code: str
    base: str
    store: Store
    keys: dict[tuple[str, ...], str] = field(default_factory=dict)
    closing: list[Callable[[], None]] = field(default_factory=list)

    def key(self, *scopes: str, sites: Sequence[str] | None = None) -> str:
        own = sites or (self.code,)
        return self.store.write("", lambda rows: access.create_key(rows, name="test", scopes=scopes or SCOPES, sites=own))

    def client(self, *scopes: str, **options: Any) -> Client:
        made = Client(self.base, self.key(*scopes), timeout=20, **options)
        self.closing.append(made.close)
        return made

    def http(self, *scopes: str, headers: dict[str, str] | None = None, key: str | None = None) -> httpx.Client:
        sent = {"Authorization": f"Bearer {key or self.key(*scopes)}", **(headers or {})}
        return self._http(sent)

    def nobody(self) -> httpx.Client:
        return self._http({})

    def _http(self, headers: dict[str, str]) -> httpx.Client:
        made = httpx.Client(base_url=self.base, headers=headers, timeout=20, trust_env=False)
        self.closing.append(made.close)
        return made

    def person(self, role: str, login: str | None = None) -> str:
        name = login or f"{role}-{next(_numbers)}"
        digest = access.hash_password(PASSWORD)
        self.store.write(
            "", lambda rows: access.create_person(rows, login=name, name="Người Thử", role=role, sites=[self.code], password_hash=digest)
        )
        return name

    def signed_in(self, role: str) -> httpx.Client:
        """A browser of somebody with this role, with its session cookie and CSRF token."""
        browser = self.nobody()
        answer = browser.post("/login", json={"login": self.person(role), "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        browser.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return browser

    @property
    def board_token(self) -> str:
        with self.store.read() as reader:
            row = reader.site(self.code)
        assert row is not None
        return str(row["board_token"])

    def configure(self, change: Callable[[dict[str, Any]], None]) -> None:
        document = configuring.current(self.store, self.code)["document"]
        change(document)
        command.beat(self.store, self.code, SYSTEM, lambda unit: configuring.apply(unit, document=document))


def rid(word: str = "r") -> str:
    """A fresh request id."""
    return f"{word}-{next(_numbers)}"


def fresh_code() -> str:
    """The code of a site that no other test has."""
    return f"T{next(_numbers):04d}"


def until(what: Callable[[], bool], within_s: float = 10.0) -> None:
    """Wait for a condition, at most so long."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not what():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        pause.wait(0.05)
