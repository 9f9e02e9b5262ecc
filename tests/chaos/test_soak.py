"""What the server, the kiosk and its page take from the machine does not grow with the hours."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.chaos.server import Server
from tests.chaos.soak import soak
from tests.chaos.visits import Visits, kiosk_of, visit_until


@pytest.mark.full
@pytest.mark.browser
@pytest.mark.slow("an hour and a half of simulated work is 45 seconds")
@pytest.mark.timeout(300)
def test_an_hour_and_a_half_leaves_files_threads_log_and_page_as_they_were(server: Server, browser: Browser, tmp_path: Path) -> None:
    seen: list[Visits] = []
    own = tmp_path / "kiosk"
    own.mkdir()

    def beside(stopped: threading.Event, begun: float) -> None:
        with kiosk_of(server, own) as kiosk:
            seen.append(visit_until(kiosk, browser, stopped, begun))

    found = soak(server, 1.5, per_hour=600, beside=beside)
    assert found.issued > 20
    assert abs(found.slope(2)) < 2  # open files an hour
    assert abs(found.slope(3)) < 2  # threads an hour
    assert found.most(4) < 20  # MB of the write-ahead log
    [visits] = seen
    assert visits.count > 2
    assert visits.most(1) < 20  # MB of the page's heap
    assert visits.most(2) < 3000  # its nodes
    server.kill()
    assert server.findings() == []
