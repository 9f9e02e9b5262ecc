"""Real processes and a real browser for the hall board: a far end, a display, Debian's Chromium."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
WEB = HERE.parent.parent / "display" / "web"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(what: Callable[[], Any], within_s: float = 10.0, every_s: float = 0.05) -> Any:
    """The first true answer of `what`; an AssertionError with the last answer after the deadline."""
    deadline, pause = time.monotonic() + within_s, threading.Event()
    while not (answer := what()):
        assert time.monotonic() < deadline, f"not within {within_s} s: last answer {answer!r}"
        pause.wait(every_s)
    return answer


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=2) as answer:
        return json.loads(answer.read())


def reachable(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except OSError:
        return False
    return True


class FarEnd:
    """A server's end of the wire in its own process group."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.port, self.file, self.flags = free_port(), directory / "hall.json", flags
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            str(HERE / "far_end.py"),
            "--port",
            str(self.port),
            "--file",
            str(self.file),
            "--web",
            str(WEB),
            *self.flags,
        ]
        self.process = subprocess.Popen(command, start_new_session=True)
        until(lambda: reachable(f"{self.url}/opened"))

    def hall(self, type: str, label: str = "", counter: str = "", **more: Any) -> None:
        body = json.dumps({"type": type, "label": label, "counter": counter, **more}).encode()
        urllib.request.urlopen(f"{self.url}/hall", body, timeout=5).close()

    def freeze(self) -> None:
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Display:
    """`toiluot display run` as people start it."""

    def __init__(self, server: str, directory: Path, *flags: str) -> None:
        key = directory / "key"
        key.write_text("tl_secret\n", encoding="utf-8")
        self.port, self.log = free_port(), directory / "display.log"
        self.url = f"http://127.0.0.1:{self.port}"
        who = () if "--board-token" in flags else ("--key-file", str(key))
        where = ("--bind", f"127.0.0.1:{self.port}", "--json")
        self.command = [sys.executable, "-m", "toiluot", "display", "run", "--server", server, *who, *where, *flags]
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())

    def health(self) -> Any:
        return get(f"{self.url}/healthz")

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def far_end(tmp_path: Path) -> Iterator[Callable[..., FarEnd]]:
    """Start a far end with flags."""
    started: list[FarEnd] = []

    def start(*flags: str) -> FarEnd:
        directory = tmp_path / f"far{len(started)}"
        directory.mkdir()
        started.append(FarEnd(directory, *flags))
        return started[-1]

    yield start
    for end in started:
        end.kill()


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Callable[..., Display]]:
    """Start a display at a server's address."""
    started: list[Display] = []

    def start(server: str, *flags: str) -> Display:
        started.append(Display(server, tmp_path, *flags))
        return started[-1]

    yield start
    for one in started:
        one.kill()


COUNT_VIOLATIONS = (
    "window.violations = []; addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective + ' ' + e.blockedURI));"
)


@pytest.fixture
def board(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a board page on a television; every page is asked at the end whether the policy was broken."""
    pages: list[tuple[Page, list[str]]] = []

    def open_board(url: str, *, width: int = 1920, height: int = 1080, motion: Any = "reduce") -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN", reduced_motion=motion)
        page = context.new_page()
        faults: list[str] = []
        page.add_init_script(COUNT_VIOLATIONS)
        page.on("pageerror", lambda error: faults.append(str(error)))
        # Not sooner than "load": asking the page anything counts as a user's gesture and would let the chime sound.
        page.goto(url, wait_until="load")
        pages.append((page, faults))
        return page

    yield open_board
    for page, faults in pages:
        assert page.evaluate("() => window.violations") == []
        assert faults == []
        page.context.close()


@pytest.fixture
def serve_files() -> Callable[[Page, str], None]:
    """Let a page find the board's files under an origin, without any server."""

    def serve(page: Page, origin: str) -> None:
        def answer(route: Any) -> None:
            route.fulfill(path=WEB / route.request.url.removeprefix(f"{origin}/"))

        page.route(f"{origin}/**", answer)

    return serve
