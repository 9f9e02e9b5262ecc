"""The whole line as the demonstration composes it, with a proxy before the server and a switch for every program's disk
and clock.

Every client of the server goes through the proxy; the tests look past it, straight at the server. Programs that die are
started again, as systemd would.
"""

from __future__ import annotations

import json
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from queue_server.audit import sent
from queue_server.client import Client, Problem, Unreachable
from queue_server.demo.cards import payload
from queue_server.demo.centre import Addresses, Centre
from queue_server.demo.document import services
from queue_server.demo.ports import HOST, Ports
from queue_server.demo.processes import Program, Supervisor
from tests.chaos.proxy import Proxy
from tests.chaos.troubles import Troubles
from tests.web.helpers import until
from toiluot_edge import SystemClock

SERVICE = "chung-thuc"
PATIENCE_S = 150.0  # a busy machine is no finding: only what comes after a fault is measured


class Watched(Supervisor):
    """Starts each program with a switch of its own."""

    def __init__(self, folder: Path, library: Path) -> None:
        super().__init__(folder / "log", SystemClock(), {"TOILUOT_CLOCK": "", "PYTHONUNBUFFERED": "1"})
        self._folder_of_all, self._library, self._plain = folder, library, self._environment
        self.troubles: dict[str, Troubles] = {}

    def start(self, name: str, *arguments: str) -> Program:
        self.troubles[name] = Troubles(self._library, self._folder_of_all / f"{name}.troubles", self._folder_of_all)
        self._environment = {**self._plain, **self.troubles[name].environment}
        return super().start(name, *arguments)


class Behind(Addresses):
    """The demonstration's addresses, with the proxy where clients look for the server."""

    def __init__(self, server: int, ports: Ports, proxy: Proxy) -> None:
        super().__init__(server, ports)
        self._proxy = proxy

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self._proxy.port}" if name == "server" else super().url(name)


class Line:
    """One running centre. A thread of its own starts it and keeps it alive."""

    def __init__(self, folder: Path, library: Path) -> None:
        tempfile.tempdir = str(folder)
        self._stop, self._ready, self._ports = threading.Event(), threading.Event(), Ports()
        self._failed: BaseException | None = None
        port = self._ports.any()
        self.proxy = Proxy((HOST, port))
        self.centre = Centre(Behind(port, self._ports, self.proxy), SystemClock(), self._stop, services("ward-services"))
        tempfile.tempdir = None
        self.centre.ready_s = PATIENCE_S
        self.watched = self.centre.supervisor = Watched(self.centre.folder, library)
        self._thread = threading.Thread(target=self._live, name="centre", daemon=True)
        self._thread.start()
        self._ready.wait(2 * PATIENCE_S)
        assert self._failed is None, self._failed
        self.facts = self.centre.facts()
        self.http = httpx.Client(timeout=3.0, trust_env=False)
        self.direct = f"http://{HOST}:{port}"
        self.clerk = Client(self.proxied, self.facts["api_key"], timeout=2.0)  # as a keypad: through the line
        self.eye = Client(self.direct, self.facts["api_key"], timeout=5.0)  # past it
        self.counter = self.facts["counters"][0]
        self.cards = 0

    @property
    def proxied(self) -> str:
        return f"http://{HOST}:{self.proxy.port}"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.centre.folder}/site.db"

    def _live(self) -> None:
        try:
            self.centre.start()
        except BaseException as broken:  # noqa: BLE001 - told to whoever waits
            self._failed = broken
        self._ready.set()
        if self._failed is None:
            self.centre.run()
        self.centre.supervisor.stop()

    def close(self) -> None:
        self.heal()
        self._stop.set()
        self._thread.join(60)
        self.proxy.close()
        for each in (self.http, self.clerk, self.eye):
            each.close()

    def logs(self) -> list[Path]:
        return sorted((self.centre.folder / "log").glob("*.log"))

    def tidy(self) -> None:
        self.centre.close()
        self._ports.close()

    # ------------------------------------------------------------ faults
    def send(self, name: str, number: int) -> None:
        """A signal to a program, and nothing where it is dead already."""
        program = self.watched.programs[name].process
        if program is not None and program.poll() is None:
            os.kill(program.pid, number)

    def printer(self, *faults: str) -> None:
        self.http.post(f"{self.facts['devices']['printer']['page']}fault", json={"faults": list(faults)}).raise_for_status()

    def scanner(self, *faults: str) -> None:
        self.http.post(f"{self.facts['devices']['scanner']['page']}fault", json={"faults": list(faults)}).raise_for_status()

    def partner(self, **faults: Any) -> None:
        self.http.post(f"{self.facts['dossier']}faults", json=faults).raise_for_status()

    def heal(self) -> None:
        """No fault any more; what was stopped goes on."""
        self.proxy.way = "whole"
        self.partner(down=False)
        for troubles in self.watched.troubles.values():
            troubles.end()
        for name in self.watched.programs:
            self.send(name, signal.SIGCONT)
        self.printer()
        self.scanner()

    # ------------------------------------------------------------ hands and eyes
    def state(self) -> dict[str, Any]:
        """The kiosk's screen; empty while nobody answers."""
        try:
            found: dict[str, Any] = self.http.get(f"{self.facts['kiosk']}api/state").raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return {"screen": "", "ticket": None, "visit": ""}
        return found

    def touch(self, act: str, **body: Any) -> None:
        """A touch. Where nobody answers, the person sees that nothing happens."""
        try:
            self.http.post(f"{self.facts['kiosk']}api/{act}", json=body)
        except httpx.HTTPError:
            return

    def lay_card(self) -> None:
        self.cards += 1
        try:
            self.http.post(f"{self.facts['devices']['scanner']['page']}scan", json={"payload": payload(f"fake:{self.cards}")})
        except httpx.HTTPError:
            return

    # ------------------------------------------------------------ the dossier system
    def feed_position(self) -> str:
        """Where the feed's cursor stands on disk."""
        try:
            return str(json.loads((self.centre.folder / "dossier" / "cursor.json").read_text())["position"])
        except (OSError, ValueError):
            return "nowhere"

    def fed(self, within_s: float) -> bool:
        """Whether the feed has answered for everything that the log holds."""
        try:
            until(lambda: self.feed_position() == self.eye.board()["position"], within_s)
        except AssertionError:
            return False
        return True

    def records(self) -> list[dict[str, Any]]:
        """What the dossier system accepted, every version in order, by its own journal."""
        journal = self.centre.folder / "dossier-mock.jsonl"
        return sent.load(journal) if journal.exists() else []

    def screen(self, *names: str, within_s: float) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def there() -> bool:
            seen.update(self.state())
            return seen["screen"] in names

        until(there, within_s)
        return seen

    def printed(self) -> int:
        return int(self.http.get(f"{self.facts['devices']['printer']['page']}slips").json()["printed"])

    def board(self) -> str:
        """What the hall's display would show a browser that comes now."""
        try:
            with self.http.stream("GET", f"{self.facts['board']}stream") as answer:
                text = ""
                for chunk in answer.iter_text():
                    text += chunk
                    if "\n\n" in text and "data:" in text:
                        return text
        except httpx.HTTPError:
            return ""
        return ""


def persistently(call: Callable[[], Any], within_s: float) -> Any:
    """What a keypad does: the same command until it is answered; its refusal, where it is one."""
    found: list[Any] = []

    def answered() -> bool:
        try:
            found.append(call())
        except Unreachable:
            return False
        except Problem as no:
            if no.status == 503 or no.status == 429:
                return False
            found.append(no)
        return True

    until(answered, within_s)
    return found[0]
