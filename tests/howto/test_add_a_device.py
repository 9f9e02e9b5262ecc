"""docs/howto/add-a-device.md on a kiosk with emulated USB sockets: printer and scanner are seen, bound, tried and left at work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.client import DriversClient, DriversError
from tests.howto.machine import HOUSE, Machine
from tests.howto.page import text_of
from tests.web.helpers import until


class Sockets:
    """The process behind the sockets, and the hands that plug in and lay cards."""

    def __init__(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
        self.process = subprocess.Popen(
            ["umockdev-wrapper", sys.executable, "-m", "tests.howto.sockets"], cwd=HOUSE, env=inherited, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self._lock, self._read = threading.Lock(), threading.Event()
        self.env = {"LD_PRELOAD": "libumockdev-preload.so.0", "UMOCKDEV_DIR": self._line()}

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, "the sockets' process ended"
        return line

    def ask(self, command: str) -> str:
        with self._lock:
            assert self.process.stdin is not None
            self.process.stdin.write(f"{command}\n")
            self.process.stdin.flush()
            return self._line()

    def lay_cards(self) -> None:
        """A person who lays the card down again until it was read."""

        def again() -> None:
            while not self._read.wait(1.0):
                self.ask("card")

        threading.Thread(target=again, daemon=True).start()

    def close(self) -> None:
        self._read.set()
        with self._lock:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()
        self.process.wait(20)


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    made = Sockets()
    yield made
    made.close()


@pytest.fixture
def machine(tmp_path: Path, sockets: Sockets) -> Iterator[Machine]:
    made = Machine(tmp_path / "root", sockets.env)
    yield made
    made.close()


@pytest.mark.full
@pytest.mark.slow(reason="the drivers' service twice and a dozen commands, each a process")
@pytest.mark.timeout(1200)
def test_a_printer_and_a_scanner_are_added_as_the_page_says(machine: Machine, sockets: Sockets) -> None:
    text = (HOUSE / "systemd/etc/drivers.toml").read_text(encoding="utf-8")
    machine.path("/etc/toiluot/drivers.toml").write_text(text, encoding="utf-8")

    def ready(role: str) -> bool:
        try:
            with DriversClient(machine.path("/run/toiluot/drivers.sock")) as client:
                return any(slot["role"] == role and slot["state"] == "ready" for slot in client.status()["slots"])
        except DriversError:
            return False

    def slip() -> None:
        assert sockets.ask("slips") == "1"

    machine.follow(
        text_of("add-a-device.md"),
        {},
        {
            "plug-in": lambda what: sockets.ask(what) and None,
            "wait-until-ready": lambda role: until(lambda: ready(role), 240),
            "look-at-the-slip": slip,
            "lay-a-card": sockets.lay_cards,
        },
    )
