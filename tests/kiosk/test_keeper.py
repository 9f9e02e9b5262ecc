"""When numbers for a cut line are asked for again: soon after a server that could not answer, late where none are left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.keeper import Keeper
from queue_server.client import Problem
from tests.kiosk.keeping import Far, answer
from tests.kiosk.test_offline import NOON, Box, Machine


class Giving(Far):
    """A server that answers questions for numbers of series A in turn: a refusal, or until when they are good."""

    def __init__(self, *answers: tuple[int, str] | str) -> None:
        super().__init__()
        self.answers, self.asked = list(answers), 0

    def lease(self, request_id: str, series: str, count: int) -> dict[str, Any]:
        if series != "A":
            return answer(900, count, series, f"L-{series}") | {"expires_at": "2026-11-24T00:00:00+07:00"}
        self.asked += 1
        told = self.answers.pop(0) if self.answers else "2026-11-24T00:00:00+07:00"
        if isinstance(told, str):
            return answer(800 + 10 * self.asked, count, series, f"L-{self.asked}") | {"expires_at": told}
        raise Problem(told[0], told[1], {})


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "spool.sqlite3", Machine())
    made.open()
    made.leases.began_epoch(1, "2026-11-23")
    made.leases.heard(NOON)
    made.agent.learned(None)
    yield made
    made.spool.close()


def asked(box: Box, far: Giving, *pauses_s: float) -> list[int]:
    """How often the server was asked after each pause."""
    keeper, counts = Keeper(box.agent, far), []  # type: ignore[arg-type]
    for pause_s in (0.0, *pauses_s):
        box.machine.runs(pause_s)
        box.leases.heard(box.machine.wall)
        try:
            keeper.round()
        except Problem:
            pass
        counts.append(far.asked)
    return counts


@pytest.mark.parametrize("refusal", [(503, "overloaded"), (401, "unauthenticated"), (429, "too_many_requests"), (500, "internal")])
def test_a_server_that_could_not_answer_is_asked_again_soon(box: Box, refusal: tuple[int, str]) -> None:
    assert asked(box, Giving(refusal), 10, 30) == [1, 1, 2]
    assert box.leases.free().get("A")


def test_a_band_that_is_used_up_is_asked_about_late(box: Box) -> None:
    assert asked(box, Giving((409, "quota_full"), (409, "quota_full")), 60, 600, 300) == [1, 1, 1, 2]


def test_numbers_of_a_day_that_has_just_ended_are_replaced_soon(box: Box) -> None:
    """The day turned between the question and its answer."""
    assert asked(box, Giving("2026-11-23T00:00:00+07:00"), 10, 30) == [1, 1, 2]
    assert box.leases.free().get("A")


def test_a_new_server_is_told_todays_tickets_once_the_time_is_known(box: Box) -> None:
    """An answer told of the new epoch before anybody told the time to a machine that has just started under a wrong clock."""
    ticket = {"id": "t1", "number": 1, "service": "ho-tich", "issued_at": "2026-11-23T09:00:00+07:00", "url": "/t/tok1"}
    box.spool.answered("r1", None, box.leases.acknowledging(ticket))
    box.spool.close()
    box.boot, box.machine.wall = "boot-2", 1_100_000_000_000
    box.open()
    far = Giving()
    far.epoch = 2
    keeper = Keeper(box.agent, far)  # type: ignore[arg-type]
    keeper.round()
    assert far.restated == []
    box.agent.server_time(NOON)
    keeper.round()
    assert [one["ticket_id"] for _, told in far.restated for one in told] == ["t1"]
