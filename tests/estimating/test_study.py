"""The estimate on simulated days and real offices: how often what is printed holds, and that it is closer than what others print. Seeds
that no tuning has seen. One small centre in every run; the rest in the full one."""

from __future__ import annotations

from statistics import fmean

import pytest

from queue_server.staffing.invent import invent
from tests.bench import estimate_warsaw
from tests.bench.estimate_centres import Study
from tests.bench.estimates import KINDS, coverage_lines, error_line, errors, printed, share


def check(study: Study, *, first: float, after: tuple[float, float]) -> None:
    queued = [row for row in study.rows if row.queued]
    assert share([row for row in queued if row.day == 1], printed) >= first
    low, high = after
    assert low <= share([row for row in queued if row.day > 3], printed) <= high
    own = errors(queued, lambda row: row.told.mid_s - row.wall_s)[0]
    for rule in queued[0].said:
        assert own < errors(queued, lambda row, rule=rule: row.said[rule] - row.wall_s)[0], rule  # type: ignore[misc]
    assert all(row.wall_s <= 60 for row in study.rows if not row.queued), "who was told no wait did not wait"


def test_ranges_hold_at_a_small_centre() -> None:
    """Few people, so the bounds are wide: a day has some forty that queue."""
    study = Study(invent(31, posts=3, visits=70, services=4, load=0.85), 31, paths=16).run(5)
    check(study, first=0.7, after=(0.7, 0.95))
    assert error_line(KINDS[0], study).count("|") == 10
    assert coverage_lines(KINDS[0], study)


@pytest.mark.full
@pytest.mark.slow("five days of a thousand people, a hall played on at each")
@pytest.mark.timeout(900)
def test_ranges_hold_at_a_large_centre() -> None:
    check(Study(invent(21), 21, paths=32).run(5), first=0.75, after=(0.76, 0.86))


@pytest.mark.full
@pytest.mark.slow("fifty thousand looks at real offices")
def test_the_plain_rule_holds_at_real_offices() -> None:
    rows = estimate_warsaw.rows()
    assert len(rows) > 50_000
    assert 0.76 <= fmean(row.shown_s[0] <= row.real_s <= row.shown_s[1] for row in rows) <= 0.86
    off = {rule: fmean(abs(row.points[rule] - row.real_s) for row in rows) for rule in rows[0].points}
    assert off["the plain rule"] < 0.75 * off["last to enter"]
    assert off["the plain rule"] < off["the same before calibration"]


def test_waits_at_real_offices_are_reckoned_between_looks() -> None:
    one = estimate_warsaw.Series("office", "1", "day", (0, 5, 10, 15), (10, 12, 16, 16), (4, 5, 1, 9), (10,) * 4, (2,) * 4)
    assert one.real_s(0) == 60 * 7.5  # number 14, halfway from 12 to 16
    assert one.real_s(2) is None  # 17 is not reached
    assert one.last_to_enter_s(2) == 60 * 5  # 16 was first out at the second look
