"""The plain rule on real public offices: queues of Warsaw, one look about every five minutes, sixteen working days of one winter.

There are no tickets in the data. Whoever takes a number at a look is taken to hold (called + waiting), and has waited when that number
is first reached, between two looks in proportion. The data and its licence stand in `data/`.
"""

from __future__ import annotations

import lzma
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import accumulate, groupby
from pathlib import Path

from queue_server.domain.waiting import round_outward
from queue_server.estimating.calibrator import Calibrator
from queue_server.estimating.call_gap import Pace, said

DATA = Path(__file__).parent / "data" / "warsaw_queues.txt.xz"
TEACHING_DAYS = 5  # the first days teach and are not counted
LONGEST_S = 4 * 3600
CONFIGURED_S = 300
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Series:
    """One group of services on one day: looks in order."""

    office: str
    group: str
    day: str
    minutes: Sequence[int]
    called: Sequence[int]
    waiting: Sequence[int]
    office_min: Sequence[int]
    desks: Sequence[int]

    def real_s(self, look: int) -> float | None:
        """How long the number taken at a look took to be called; None where that is not known."""
        number = self.called[look] + self.waiting[look]
        for later in range(look + 1, len(self.called)):
            if self.called[later] >= number:
                before, after = self.called[later - 1], self.called[later]
                part = (number - before) / (after - before) if after > before else 1.0
                step = self.minutes[later] - self.minutes[later - 1]
                wait_s = 60 * (self.minutes[later - 1] + part * step - self.minutes[look])
                return wait_s if wait_s <= LONGEST_S else None
        return None

    def last_to_enter_s(self, look: int) -> float | None:
        """How long the number now being called had waited."""
        issued = [a + b for a, b in zip(self.called[: look + 1], self.waiting, strict=False)]
        first = bisect_left(list(accumulate(issued, max)), self.called[look])
        return 60.0 * (self.minutes[look] - self.minutes[first]) if first < look else None


@dataclass(frozen=True)
class Row:
    """One imaginary person: what each rule said and how long it took, in seconds."""

    real_s: float
    points: dict[str, float]
    range_s: tuple[float, float]
    shown_s: tuple[int, int]


def series() -> list[Series]:
    """All of the data, by day."""
    found = []
    for line in lzma.decompress(DATA.read_bytes()).decode().splitlines()[1:]:
        head, *lists = line.split("|")
        office, group, day = head.split(";")
        found.append(Series(office, group, day, *(list(accumulate(map(int, one.split()))) for one in lists)))
    return sorted(found, key=lambda one: (one.day, one.office, one.group))


class Offices:
    """What the rule has learned: a pace per group, a calibrator per office, fed when a number is reached and not before."""

    def __init__(self) -> None:
        self.paces: dict[tuple[str, str], Pace] = defaultdict(Pace)
        self.calibrators: dict[str, Calibrator] = defaultdict(Calibrator)

    def day(self, number: int, rows: Sequence[Series]) -> Iterator[Row]:
        """Every look of one day in order of time."""
        looks = sorted((one.minutes[k], n, k) for n, one in enumerate(rows) for k in range(len(one.minutes)))
        due: list[tuple[float, int, str, int, float]] = []
        for order, (minute, n, k) in enumerate(looks):
            one = rows[n]
            while due and due[0][0] <= minute:
                _, _, office, told_s, real_s = heappop(due)
                self.calibrators[office].feed(told_s, real_s, one.day)
            now_ms = number * DAY_MS + minute * 60_000
            if k:
                self._calls(one, k, now_ms)
            real_s = one.real_s(k) if one.waiting[k] >= 1 else None
            if real_s is not None:
                row, told_s = self._row(one, k, now_ms, real_s)
                heappush(due, (minute + real_s / 60, order, one.office, told_s, real_s))
                yield row

    def _calls(self, one: Series, k: int, now_ms: int) -> None:
        """The numbers called since the look before, evenly over that time."""
        calls, pace = one.called[k] - one.called[k - 1], self.paces[one.office, one.group]
        since_ms = now_ms - 60_000 * (one.minutes[k] - one.minutes[k - 1])
        queued = one.waiting[k - 1] >= 1
        for n in range(1, calls + 1):
            at_ms = since_ms + (now_ms - since_ms) * n // calls
            pace.called(at_ms, pace.last_ms if queued else at_ms)

    def _row(self, one: Series, k: int, now_ms: int, real_s: float) -> tuple[Row, int]:
        gap_s = self.paces[one.office, one.group].gap_s(now_ms, CONFIGURED_S)
        raw = said(one.waiting[k] - 1, gap_s)
        low, middle, high = self.calibrators[one.office].range(raw)
        last = one.last_to_enter_s(k)
        points = {
            "the plain rule": middle,
            "the same before calibration": float(raw.mid_s),
            "last to enter": 0.0 if last is None else last,
            "the office's minutes as the wait": 60.0 * one.office_min[k],
            "the office's minutes × waiting ÷ desks": 60.0 * one.office_min[k] * one.waiting[k] / max(1, one.desks[k]),
        }
        return Row(real_s, points, (low, high), round_outward(low, high)), raw.mid_s


def rows() -> list[Row]:
    """Every imaginary person after the teaching days."""
    offices, found = Offices(), []
    for number, (_, group) in enumerate(groupby(series(), key=lambda one: one.day), start=1):
        seen = list(offices.day(number, list(group)))
        if number > TEACHING_DAYS:
            found += seen
    return found
