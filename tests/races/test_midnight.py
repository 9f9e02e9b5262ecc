"""Several who would close the day at once: it is closed once, whoever comes first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from queue_server.client import Client
from queue_server.services import days
from queue_server.storage.store import open_store
from tests.hall import MORNING, SITE, Hall, HandClock, make_hall
from tests.postgres import Cluster
from tests.races import servers
from tests.races.servers import at_once, serving
from tests.web.helpers import rid, until

SPEED = 21_600  # a day in four seconds: whenever the servers are up, midnight is near


def closed_once(hall: Hall, by: list[str]) -> None:
    """Each of these days has one close and one seal, and nothing disagrees."""
    log = hall.log()
    for kind in ("day.closed", "day.sealed"):
        assert [event.data["day"] for event in log if event.type == kind] == by
    servers.Hall(SITE, hall.store, ()).check()


def test_two_jobs_and_a_crowd_at_midnight(hall: Hall) -> None:
    """On both databases: two stores ask for the close while four commands come, all at the same instant."""
    clock = HandClock(hall.clock.at_ms)
    other = open_store(hall.store.url, clock)
    try:
        for n in range(1, 4):
            for _ in range(3):
                hall.issue()
            hall.open()
            hall.next()
            clock.at_ms = hall.clock.at_ms = MORNING + n * 86_400_000 - 7 * 3_600_000 + 1
            jobs: list[Any] = [lambda: days.turn(hall.store, SITE), lambda: days.turn(other, SITE)]
            done = at_once(*jobs, *(lambda n=n, k=k: hall.issue(request_id=f"c{n}-{k}") for k in range(4)))
            assert done[:2].count(True) <= 1
            assert [ticket["number"] for ticket in sorted(done[2:], key=lambda ticket: ticket["number"])] == [1, 2, 3, 4]
        closed_once(hall, ["2026-11-23", "2026-11-24", "2026-11-25"])
    finally:
        other.close()


@pytest.fixture
def yesterday(cluster: Cluster) -> Iterator[Hall]:
    """A centre whose day of 23 November nobody closed."""
    made = make_hall(cluster.create("midnight"))
    for _ in range(5):
        made.issue()
    made.open()
    made.next()
    yield made
    made.store.close()


def test_two_servers_start_on_a_day_left_open_and_run_over_midnight(yesterday: Hall, tmp_path: Path) -> None:
    """Their timers close the day that was left open as soon as they run; then midnight passes under commands to both."""
    clock = f"2026-11-24T18:00:00+07:00@{SPEED}@{time.monotonic()}"
    with serving(yesterday.store.url, tmp_path, clock=clock) as one, serving(yesterday.store.url, tmp_path, clock=clock) as two:
        until(lambda: any(event.type == "day.closed" for event in yesterday.log()))
        hall = servers.Hall(SITE, yesterday.store, (one.base, two.base))
        with hall.closing:
            assert all(at_once(*(partial(issue_over_midnight, client) for client in hall.clients(4))))
    seen = sorted({event.business_day for event in yesterday.log()})
    assert seen[0] == "2026-11-23"
    closed_once(yesterday, seen[:-1])


def issue_over_midnight(client: Client) -> bool:
    """People come one after the other, until a new day has begun for them."""
    deadline_s, first = time.monotonic() + 30, client.issue(rid(), service="ho-tich")
    while (last := client.issue(rid(), service="ho-tich"))["business_day"] == first["business_day"]:
        assert time.monotonic() < deadline_s
    return bool(last["number"] <= 4)
