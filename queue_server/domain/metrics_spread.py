"""Durations that can be added up in any order: integer sums and a histogram of whole seconds, so that merging is exact.

What is a wait and what is not stands in `metrics_steps` and `metrics_visits`.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SHOWN = (50, 90, 95)  # the percentiles that every answer has


@dataclass(slots=True)
class Spread:
    """How many durations, their sum, and how often each whole second came."""

    n: int = 0
    sum_ms: int = 0
    histogram: Tally[int] = field(default_factory=Tally)

    def add(self, duration_ms: int) -> None:
        """One more duration."""
        self.n += 1
        self.sum_ms += duration_ms
        self.histogram[duration_ms // 1000] += 1

    def merge(self, other: Spread) -> None:
        """All of another's durations; exact, and the order does not matter."""
        self.n += other.n
        self.sum_ms += other.sum_ms
        for second, count in other.histogram.items():
            self.histogram[second] += count

    def percentile(self, p: int) -> int | None:
        """Nearest rank in whole seconds; None of nothing."""
        return self.percentiles((p,))[0]

    def percentiles(self, wanted: tuple[int, ...]) -> list[int | None]:
        """Several, in rising order, of one walk over the histogram."""
        ranks = [-(-p * self.n // 100) for p in wanted]
        found: list[int | None] = []
        seen = 0
        for second in sorted(self.histogram):
            seen += self.histogram[second]
            while len(found) < len(ranks) and seen >= ranks[len(found)]:
                found.append(second)
        return found + [None] * (len(ranks) - len(found))

    def up_to(self, limit_s: int) -> int:
        """How many lasted at most so many whole seconds."""
        return sum(count for second, count in self.histogram.items() if second <= limit_s)

    def brief(self) -> dict[str, Any]:
        """Plain JSON values without the histogram; the mean is rounded once, here."""
        shown = zip(SHOWN, self.percentiles(SHOWN), strict=True)
        return {
            "n": self.n,
            "sum_ms": self.sum_ms,
            "mean_s": (self.sum_ms + 500 * self.n) // (1000 * self.n) if self.n else None,
            **{f"p{p}_s": second for p, second in shown},
            "max_s": max(self.histogram, default=None),
        }

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.brief() | {"histogram": {str(second): count for second, count in sorted(self.histogram.items())}}

    def stored(self) -> list[Any]:
        """All that it holds, in a form whose text is always the same: the sum, then second and count in turn."""
        return [self.sum_ms, *(each for pair in sorted(self.histogram.items()) for each in pair)]

    @classmethod
    def restored(cls, values: list[int]) -> Spread:
        """What `stored` was made from."""
        histogram = Tally(dict(zip(values[1::2], values[2::2], strict=True)))
        return cls(histogram.total(), values[0], histogram)


def merged(into: dict[str, Spread], other: Mapping[str, Spread]) -> None:
    """Every spread of one table into another's of the same name."""
    for name, spread in other.items():
        own = into.get(name)
        if own is None:
            own = into[name] = Spread()
        own.merge(spread)
