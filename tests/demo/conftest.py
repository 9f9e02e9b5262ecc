"""A running demonstration as its own process, and eyes on it from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

HOUSE = Path(__file__).parents[2]


class Demo:
    """`toiluot demo --json …`, from its first line to its end."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.log = folder / "demo.log"
        self.begun = time.monotonic()
        with open(self.log, "wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "toiluot", "demo", "--json", "--no-browser", *arguments],
                cwd=HOUSE, stdout=subprocess.PIPE, stderr=err, env={**os.environ, "TMPDIR": str(folder)},
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.ready_s = time.monotonic() - self.begun
        assert line, self.log.read_text()
        self.facts: dict[str, Any] = json.loads(line)
        self.http = httpx.Client(timeout=10.0, trust_env=False, headers={"Authorization": f"Bearer {self.facts['api_key']}"})
        self._orders = 0

    def api(self, path: str, **params: str) -> Any:
        return self.http.get(f"{self.facts['server']}/api/v1{path}", params=params).raise_for_status().json()

    def order(self, path: str, **body: Any) -> Any:
        self._orders += 1
        answer = self.http.post(f"{self.facts['server']}/api/v1{path}", json={"request_id": f"test-{self._orders}", **body})
        return answer.raise_for_status().json()

    def kiosk(self) -> Any:
        return self.http.get(f"{self.facts['kiosk']}api/state").raise_for_status().json()

    def touch(self, act: str, **body: Any) -> Any:
        return self.http.post(f"{self.facts['kiosk']}api/{act}", json=body).raise_for_status().json()

    def lay_card(self, payload: str) -> None:
        self.http.post(f"{self.facts['devices']['scanner']['page']}scan", json={"payload": payload}).raise_for_status()

    def slips(self) -> Any:
        return self.http.get(f"{self.facts['devices']['printer']['page']}slips").raise_for_status().json()

    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.http.get(f"{self.facts['dossier']}records?all=1").raise_for_status().json()["records"]
        return found

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("/events", after="0", limit="1000")["events"]
        return found

    def board_says(self, word: str, within_s: float = 20.0) -> bool:
        """Whether the hall board's own stream brings a word within a time."""
        deadline = time.monotonic() + within_s
        with self.http.stream("GET", f"{self.facts['board']}stream") as answer:
            for line in answer.iter_lines():
                if word in line:
                    return True
                if time.monotonic() > deadline:
                    return False
        return False

    def pids(self) -> list[int]:
        return [int(pid) for pid in self.facts["processes"].values()]

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=40)
        self.http.close()
        return self.process.returncode, out.decode()


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(what: Callable[[], Any], within_s: float = 40.0) -> Any:
    """The first true answer of `what`; an AssertionError with the last one after the deadline."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: last answer {answer!r}"
        pause.wait(0.05)
    return answer


@pytest.fixture(scope="session", name="until")
def _until() -> Callable[..., Any]:
    return until


@pytest.fixture(scope="session", name="alive")
def _alive() -> Callable[[int], bool]:
    return alive


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Start demonstrations; whatever a test leaves running is ended."""
    made: list[Demo] = []

    def begin(*arguments: str) -> Demo:
        made.append(Demo(tmp_path, *arguments))
        return made[-1]

    yield begin
    for demo in made:
        if demo.process.poll() is None:
            demo.end(signal.SIGKILL)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One centre without simulated people, for every test that plays them itself."""
    made = Demo(tmp_path_factory.mktemp("demo"), "--no-people")
    yield made
    if made.process.poll() is None:
        made.end(signal.SIGKILL)
