"""A real kiosk process between two far ends, and pages of the shared Chromium."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk.far_end import DriversService, QueueServer, until

HOUSE = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class KioskProcess:
    """`toiluot kiosk run` in its own process group, with its two far ends beside it."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.server, self.drivers = QueueServer(), DriversService(folder / "drivers.sock")
        self.port, self.flags = free_port(), flags
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "key").write_text("tl_test_key\n")
        self.servers = self.server.url
        self.cards = 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "toiluot", "kiosk", "run", "--server", self.servers, "--key-file", str(self.folder / "key")]
        command += ["--drivers", str(self.drivers.path), "--bind", f"127.0.0.1:{self.port}", "--state", str(self.folder / "state")]
        command += ["--name", "kiosk-01", *self.flags]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=HOUSE, stderr=log, stdout=log, start_new_session=True)
        until(self.answers, 20)

    def answers(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return bool(self.state())
        except OSError:
            return False

    def kill(self, how: int = signal.SIGKILL) -> int:
        assert self.process
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, how)
        return self.process.wait(15)

    def close(self) -> None:
        if self.process:
            self.kill()
        self.drivers.close()
        self.server.close()

    # ------------------------------------------------------------ hands
    def state(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/api/state", timeout=5) as answer:
            return json.load(answer)

    def act(self, name: str, **body: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{self.url}/api/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def on(self, screen: str, **also: Any) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            seen = self.state()
            fits = all((seen["ticket"] or {}).get(key) == value for key, value in also.items())
            return seen if seen["screen"] == screen and fits else None

        return until(there, 15)

    def home(self) -> dict[str, Any]:
        """Back to a clean first screen, whatever was before."""
        if self.state()["screen"] not in ("home", "paused"):
            self.act("home")
        return self.on("home")

    def waiting(self) -> int:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
            return int(json.load(answer)["spool"])

    def on_any(self) -> None:
        """Out of a screen that only time or an answer ends."""
        until(lambda: self.state()["screen"] not in ("issuing", "paused"), 20)
        self.home()

    def card(self, birth_year: int = 1990) -> str:
        """A card never seen before."""
        self.cards += 1
        number = f"0010850{self.cards:05d}"
        self.drivers.lay_card(number, birth_year)
        return number

    def choose(self, service: str = "ho-tich") -> dict[str, Any]:
        return self.act("choose", service=service, visit=self.state()["visit"])

    def log(self) -> str:
        return (self.folder / "log").read_text()


@pytest.fixture
def make_kiosk(tmp_path: Path) -> Iterator[Callable[..., KioskProcess]]:
    made: list[KioskProcess] = []

    def make(*flags: str) -> KioskProcess:
        made.append(KioskProcess(tmp_path, *flags))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def shared_kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KioskProcess]:
    """One process for every test that does not kill it: starting one takes longer than most tests."""
    one = KioskProcess(tmp_path_factory.mktemp("kiosk"), "--pseudo")
    one.start()
    one.on("home")
    until(one.drivers.listening.is_set)
    yield one
    one.close()


@pytest.fixture
def kiosk(shared_kiosk: KioskProcess) -> Iterator[KioskProcess]:
    """The shared kiosk as on its first morning: nothing issued, nothing printed, no fault, the first screen."""
    one = shared_kiosk
    until(lambda: one.waiting() == 0, 20)
    if one.state()["audio"]:
        one.drivers.plug(False)
        until(lambda: one.drivers.said and one.drivers.said[-1]["parts"] == [])
        one.home()
    one.server.reset()
    one.drivers.reset()
    one.drivers.printer_is("ok")
    until(lambda: one.home()["notice"] == "")
    one.act("language", lang="vi")
    one.act("text-size", large=False)
    until(lambda: one.state()["choices"][0]["detail"].startswith("Đang chờ: 6 người"))
    yield one
    one.server.down, one.server.refuse = False, None
    for end in (one.server, one.drivers):
        if end.gate:
            end.gate.set()
    one.on_any()
