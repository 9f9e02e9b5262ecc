"""What the server takes from the machine does not grow with the hours."""

from __future__ import annotations

import pytest

from tests.chaos.server import Server
from tests.chaos.soak import soak


@pytest.mark.full
@pytest.mark.slow("an hour and a half of simulated work is 45 seconds")
def test_an_hour_and_a_half_leaves_files_threads_and_log_as_they_were(server: Server) -> None:
    found = soak(server, 1.5, per_hour=600)
    assert found.issued > 100
    assert abs(found.slope(2)) < 2  # open files an hour
    assert abs(found.slope(3)) < 2  # threads an hour
    assert found.most(4) < 20  # MB of the write-ahead log
    server.kill()
    assert server.findings() == []
