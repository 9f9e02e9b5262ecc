"""One server on a file, with a switch for its disk and its clock, and clients that remember what they were answered."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from queue_server.audit import compare
from queue_server.bootstrap import prepare
from queue_server.client import Client, Json, Problem, Unreachable
from queue_server.services import access, configuring
from tests.chaos.troubles import Troubles
from tests.web.helpers import until

SITE, SERVICE = "CHAOS", "ho-tich"
SCOPES = ("issue", "call", "read", "feed", "fleet", "admin")


@dataclass
class Server:
    """`toiluot server run` with everything it writes, its log too, below one folder: the disk that has the trouble."""

    folder: Path
    library: Path
    process: subprocess.Popen[bytes] | None = None
    base: str = ""
    acknowledged: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        self.url = f"sqlite:///{self.disk}/site.db"
        store = prepare(self.url)
        configuring.init_site(store, site=SITE, kind="training")
        self.key = store.write("", lambda rows: access.create_key(rows, name="all", scopes=SCOPES, sites=(SITE,)))
        store.close()
        self.troubles = Troubles(self.library, self.folder / "troubles", self.disk)

    # ------------------------------------------------------------ its life
    def start(self, clock: str = "") -> Client:
        command = [sys.executable, "-m", "toiluot", "server", "run", "--db", self.url, "--bind", "127.0.0.1:0", "--json"]
        with (self.disk / "server.log").open("ab") as log:
            environment = {**os.environ, **self.troubles.environment, "TOILUOT_CLOCK": clock}
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, env=environment)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log()
        self.base = json.loads(line)["server"]
        return self.client()

    def client(self) -> Client:
        return Client(self.base, self.key, timeout=10.0)

    def kill(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            assert self.process.stdout is not None
            self.process.stdout.close()

    def log(self) -> str:
        return (self.disk / "server.log").read_text("utf-8", "replace")

    # ------------------------------------------------------------ commands
    def issue(self, client: Client, request_id: str) -> Json:
        """One ticket; whoever has its answer holds it."""
        self.acknowledged[request_id] = answer = client.issue(request_id, service=SERVICE)
        return answer

    def refused(self, call: Callable[[], Any]) -> str:
        """How a command failed: the problem's status and code."""
        try:
            call()
        except Problem as no:
            return f"{no.status} {no.code}"
        except Unreachable:
            return "no answer"
        return ""

    def until_issued(self, client: Client, request_id: str, within_s: float = 10.0) -> None:
        """What a kiosk does: the same request until it is answered."""
        until(lambda: not self.refused(lambda: self.issue(client, request_id)), within_s)

    # ------------------------------------------------------------ what must be true
    def findings(self) -> list[str]:
        """What is wrong with the file, by the audit's own arithmetic, and what of the answers is not in it."""
        store = prepare(self.url)
        try:
            wrong = compare.of_every_site(store, compare.findings)
            with store.read() as reader:
                issued = [event for event in reader.events_after(SITE, 0, 1_000_000) if event.type == "issued"]
        finally:
            store.close()
        known = {event.cmd: event.label for event in issued}
        labels = [(event.business_day, event.label) for event in issued]
        wrong += [f"{rid} was acknowledged and is not in the log" for rid in self.acknowledged if rid not in known]
        wrong += [f"{rid} says {a['label']}, the log {known[rid]}" for rid, a in self.acknowledged.items() if known.get(rid) != a["label"]]
        if len(set(labels)) != len(labels):
            wrong.append("a number was given twice")
        return wrong
