"""Ranges that hold: how far off a model has been at this site, kept as scores and read back as quantiles.

A score is (real − said) / √(18 + 48·said) in seconds, which is √(0.3 + 0.8·said) in minutes. The last 2,000 are kept per size of what
was said (edges 1, 4, 10, 20, 40 minutes); a size with fewer than 25 borrows from all.
On the first day, whose scores come late and all from one day, and until three days with a queue or 500 people are in, a model's own
range is stretched instead: on simulated first days the quantiles of the paths covered about two thirds, stretched by a half about four
fifths. Rounding outward makes what is printed wider than the quantiles, so the tails that are cut off grow while more than four fifths
of the printed ranges held. People who had no wait are never fed: they are always right and would narrow everybody else's range.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any

from queue_server.domain.waiting import round_outward
from queue_server.estimating.scene import Raw
from queue_server.estimating.service_times import Mean

EDGES_S = (60, 240, 600, 1200, 2400)
WINDOW = 2000
PROMISED = 0.8
TAIL = 0.1  # on each side
TAILS = (0.1, 0.12, 0.14, 0.16)  # what may be cut off so that ranges still hold as promised once rounded
HELD_MEMORY, HELD_WEIGHT = 500.0, 100.0
FEW = 25
COLD_DAYS, COLD_LEAST, COLD_SCORES = 3, 50, 500
STRETCH, PADDING_S = 1.5, 18.0


def spread_s(said_s: float) -> float:
    """How far off one expects to be, as a scale: the error of a wait grows with its square root."""
    return sqrt(18.0 + 48.0 * said_s)


@dataclass(slots=True)
class Bucket:
    """The newest scores, in order of arrival and in order of size."""

    arrived: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)

    def add(self, score: float) -> None:
        if len(self.arrived) == WINDOW:
            self.ordered.pop(bisect_right(self.ordered, self.arrived.popleft()) - 1)
        self.arrived.append(score)
        insort(self.ordered, score)


def quantiles(ordered: list[float], tail: float = TAIL) -> tuple[float, float, float]:
    """Lower end, middle and upper end: ranks of n + 1, so that the next score lies between the ends as often as promised."""
    n = len(ordered)
    low = max(0, int((n + 1) * tail) - 1)
    high = min(n - 1, ceil((n + 1) * (1 - tail)) - 1)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return ordered[low], middle, ordered[high]


@dataclass(slots=True)
class Calibrator:
    """The scores of one model at one site, and on how many days they were made."""

    buckets: list[Bucket] = field(default_factory=lambda: [Bucket() for _ in range(len(EDGES_S) + 1)])
    days: int = 0
    last_day: str = ""
    fed: int = 0
    held: list[Mean] = field(default_factory=lambda: [Mean() for _ in TAILS])
    # Bucket number → its quantiles, until the next score. Derived, never kept.
    known: dict[tuple[int, float], tuple[float, float, float]] = field(default_factory=dict, compare=False, repr=False)

    def feed(self, said_s: float, real_s: float, day: str) -> None:
        """One person who queued was called after `real_s`, having been told `said_s`."""
        if not self.cold:
            for tail, held in zip(TAILS, self.held, strict=True):
                low, _, high = self._around(said_s, tail)
                first, last = round_outward(low, high)
                held.add(float(first <= real_s <= last), HELD_MEMORY)
        self.buckets[bisect_right(EDGES_S, said_s)].add(round((real_s - said_s) / spread_s(said_s), 3))
        self.days += day != self.last_day
        self.last_day = day
        self.fed += 1
        self.known.clear()

    @property
    def cold(self) -> bool:
        """Whether too little is known to trust the scores."""
        return self.days <= 1 or (self.fed < COLD_SCORES and (self.days <= COLD_DAYS or self.fed < COLD_LEAST))

    def range(self, raw: Raw) -> tuple[float, float, float]:
        """Lower end, point and upper end in seconds for what a model said."""
        if self.cold:
            low = raw.mid_s - STRETCH * (raw.mid_s - raw.low_s) - PADDING_S
            return max(0.0, low), float(raw.mid_s), raw.mid_s + STRETCH * (raw.high_s - raw.mid_s) + PADDING_S
        return self._around(raw.mid_s, self.tail)

    @property
    def tail(self) -> float:
        """What is cut off on each side now: the most with which the printed ranges still held as often as promised."""
        kept = [tail for tail, held in zip(TAILS, self.held, strict=True) if held.shrunk(PROMISED - 0.01, HELD_WEIGHT) >= PROMISED]
        return max(kept, default=TAIL)

    def _around(self, said_s: float, tail: float) -> tuple[float, float, float]:
        low, middle, high = (max(0.0, said_s + spread_s(said_s) * score) for score in self._scores(said_s, tail))
        return low, middle, high

    def _scores(self, said_s: float, tail: float) -> tuple[float, float, float]:
        n = bisect_right(EDGES_S, said_s)
        if (n, tail) not in self.known:
            own = self.buckets[n].ordered
            scores = own if len(own) >= FEW else sorted(score for bucket in self.buckets for score in bucket.ordered)
            self.known[n, tail] = quantiles(scores, tail)
        return self.known[n, tail]

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "buckets": [list(bucket.arrived) for bucket in self.buckets],
            "days": self.days,
            "last_day": self.last_day,
            "fed": self.fed,
            "held": [[one.count, one.mean] for one in self.held],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Calibrator:
        """What `as_data` gave."""
        held = [Mean(*row) for row in data["held"]]
        made = cls(days=int(data["days"]), last_day=str(data["last_day"]), fed=int(data["fed"]), held=held)
        for bucket, scores in zip(made.buckets, data["buckets"], strict=True):
            bucket.arrived.extend(scores[-WINDOW:])
            bucket.ordered.extend(sorted(bucket.arrived))
        return made
