"""How often a device reports, what it learns of its clock, and how it speaks to a server of the version before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from queue_server.client import Problem, Unreachable
from queue_server.device.beating import NEWER, WELL_S, WRONG_S, Beating, is_expecting, is_wrong
from queue_server.device.board_health import Board
from queue_server.device.page_life import PageLife

WELL: dict[str, Any] = {"slots": [{"role": "printer", "code": "ok"}], "spool": {"waiting": 0}, "storage": {"writable": True}}


class Time:
    def __init__(self) -> None:
        self.wall, self.mono = 1_800_000_000_000, 50.0

    def wall_ms(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        return self.mono

    def sleep_until(self, monotonic: float) -> None: ...


class FarEnd:
    """Stands for the client: answers from a list."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.beats = list(answers), []

    def heartbeat(self, beat: dict[str, Any]) -> dict[str, Any]:
        self.beats.append(beat)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def beating(server: Any, folder: Path, clock: Time, **more: Any) -> Beating:
    board = Board(folder, root=folder / "none", run=lambda words: None)
    return Beating(server, lambda: {"device": "k", "role": "kiosk", "clock": {"wall": "x"}}, clock=clock, board=board,
                   page=PageLife(clock.monotonic), **more)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"slots": [{"role": "printer", "code": "paper_out"}]},
        {"spool": {"waiting": 1}},
        {"undervoltage": {"now": True, "since_boot": True}},
        {"storage": {"read_only": True}},
        {"storage": {"writable": False}},
        {"config": {"version": 3, "drift": ["zone"]}},
    ],
)
def test_whatever_needs_a_hand_is_told_often(change: dict[str, Any]) -> None:
    assert is_wrong({**WELL, **change}, False)


def test_what_is_well_or_can_wait_is_told_each_minute() -> None:
    assert not is_wrong(WELL, False)
    assert not is_wrong({**WELL, "slots": [{"code": "paper_low"}], "undervoltage": {"now": False, "since_boot": True}}, False)
    assert is_wrong(WELL, True)
    assert is_expecting({}, {"orders": [{"id": "o1"}]})
    assert is_expecting({"config": {"version": 1}}, {"config_version": 2})
    assert not is_expecting({"config": {"version": 2}}, {"config_version": 2, "orders": []})


def test_the_pace_follows_the_answers(tmp_path: Path) -> None:
    clock, silences = Time(), []
    now = "2027-01-15T15:00:00+07:00"
    server = FarEnd({"now": now}, Unreachable("cut"), {"now": now, "beat_s": 10}, {"now": now, "orders": [{"id": "1"}]}, {"now": now})
    parts = beating(server, tmp_path, clock, on_silence=lambda: silences.append(1))
    assert [parts.once() for _ in range(5)] == [WELL_S, WRONG_S, 10.0, WRONG_S, WELL_S]
    assert len(silences) == 1


def test_the_clocks_difference_is_told_with_the_next_beat_and_a_leap_is_followed(tmp_path: Path) -> None:
    clock = Time()
    clock.wall = 1_800_000_005_000
    server = FarEnd({"now": "2027-01-15T15:00:00+07:00"}, {"now": "2027-01-15T16:00:00+07:00"}, {"now": "2027-01-15T16:00:00+07:00"})
    parts = beating(server, tmp_path, clock)
    assert "skew_ms" not in parts.beat()["clock"]
    assert parts.once() == WELL_S
    assert 4_000 <= parts.beat()["clock"]["skew_ms"] <= 5_000  # 15:00:00+07:00 is 1 800 000 000 s
    assert parts.once() == WRONG_S  # an hour passed there and no time here
    assert parts.once() == WELL_S


def test_a_server_of_the_version_before_is_told_what_it_knows(tmp_path: Path) -> None:
    refused = Problem(422, "invalid", {"errors": [{"pointer": "/storage", "code": "unknown_field", "detail": ""}]})
    server = FarEnd(refused, {"now": "2027-01-15T15:00:00+07:00"}, Problem(422, "invalid", {"errors": [{"code": "too_long"}]}))
    parts = beating(server, tmp_path, Time())
    assert parts.once() == WELL_S
    assert "storage" in server.beats[0]
    assert not set(NEWER) & set(server.beats[1])
    assert parts.once() == WRONG_S  # another fault is not hidden by saying less
