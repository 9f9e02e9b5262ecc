"""The plain rule that runs beside the what-if: everybody ahead in the pool × the pool's learned gap between calls.

A gap is learned only while people queue: when whoever is called had already been waiting at the call before. Today's gaps of the last
45 minutes stand beside what the earlier ones said, which count as four, as the configured gap does beside those. Where the counters
on duty are not known, this rule did better than any other on real call logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from queue_server.domain.waiting import HIGH, LONGEST_GAP_MS, LOW
from queue_server.estimating.scene import Raw

RECENT_MS = 45 * 60_000
WEIGHT = 4.0  # gaps that an assumption counts as
MEMORY = 400.0  # gaps after which older ones fade


@dataclass(slots=True)
class Pace:
    """The gaps between the calls of one pool of services: the last call, today's gaps as (instant, seconds), and the long run."""

    last_ms: int = 0
    recent: list[tuple[int, float]] = field(default_factory=list)
    count: float = 0.0
    mean_s: float = 0.0

    def called(self, at_ms: int, available_from_ms: int) -> None:
        """A call in the pool of somebody who could have been called since `available_from_ms`."""
        gap_ms, queued = at_ms - self.last_ms, available_from_ms <= self.last_ms
        self.last_ms = max(self.last_ms, at_ms)
        if not queued or not 0 <= gap_ms <= LONGEST_GAP_MS:
            return
        self.recent = [(at, gap) for at, gap in self.recent if at > at_ms - RECENT_MS] + [(at_ms, gap_ms / 1000)]
        self.count = min(self.count + 1.0, MEMORY)
        self.mean_s += (gap_ms / 1000 - self.mean_s) / self.count

    def gap_s(self, now_ms: int, prior_s: float) -> float:
        """Seconds from one call to the next while people queue."""
        usual = (WEIGHT * prior_s + self.count * self.mean_s) / (WEIGHT + self.count)
        today = [gap for at, gap in self.recent if at > now_ms - RECENT_MS]
        return (WEIGHT * usual + sum(today)) / (WEIGHT + len(today))

    def as_data(self) -> dict[str, Any]:
        return {"last_ms": self.last_ms, "recent": [list(one) for one in self.recent], "count": self.count, "mean_s": self.mean_s}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Pace:
        return cls(data["last_ms"], [(at, gap) for at, gap in data["recent"]], data["count"], data["mean_s"])


def said(ahead: int, gap_s: float) -> Raw:
    """The rule's point and its plain range for somebody with so many people before them."""
    point_s = (ahead + 1) * gap_s
    return Raw(round(point_s * LOW), round(point_s), round(point_s * HIGH))
