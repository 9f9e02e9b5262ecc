"""A real Chromium whose page freezes (its renderer is stopped): noticed by the missing pings, started again once, and well afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from display.relay import Relay
from display.web.app import create_app
from queue_server.device.page_life import SILENT_S, PageLife
from tests.browser import FLAGS
from tests.web.helpers import until
from toiluot_edge import SystemClock


class Screen:
    """What `toiluot-screen` is on a board: one browser on one page; `restart` is what systemd does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url, self.starts = folder, "", 0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
        assert browser, "Chromium is needed: apt-get install chromium"
        profile = f"--user-data-dir={self.folder}/profile-{self.starts}"
        self.process = subprocess.Popen(
            [browser, *FLAGS, "--headless=new", profile, self.url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def restart(self) -> bool:
        self.close()
        self.start()
        return True

    def freeze(self) -> None:
        """Stop every renderer of this browser, found by its session."""
        assert self.process is not None
        stopped = 0
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_bytes()  # a forked renderer writes its own, without zeros
                session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
            except (OSError, ValueError, IndexError):
                continue
            if session == self.process.pid and b"--type=renderer" in words:
                os.kill(int(entry.name), signal.SIGSTOP)
                stopped += 1
        assert stopped

    def close(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    made = Screen(tmp_path)
    yield made
    made.close()


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.slow(reason="thirty seconds of silence are what is waited for")
def test_a_frozen_page_has_its_screen_started_again(screen: Screen) -> None:
    clock = SystemClock()
    pings: list[float] = []
    page = PageLife(clock.monotonic, screen.restart)

    def pinged() -> None:
        pings.append(clock.monotonic())
        page.ping()

    app: Any = create_app(Relay(clock), audio=False, on_ping=pinged)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        screen.url = f"http://127.0.0.1:{server.server_port}/"
        screen.start()
        until(lambda: len(pings) > 1, 60)
        assert page.look() is None
        screen.freeze()
        frozen_s = clock.monotonic()
        until(lambda: page.look() is not None, SILENT_S + 30)
        assert clock.monotonic() - frozen_s >= SILENT_S - 6  # not before its time: the last ping was at most one beat old
        before = len(pings)
        until(lambda: len(pings) > before + 1, 60)
        assert (screen.starts, page.dead(), page.look()) == (2, False, None)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
