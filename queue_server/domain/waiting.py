"""The expected wait, as a range with its basis. Holds the port's types and the first, plain rule; no queue is read here.

Rule: (people ahead + 1) × learned gap between calls of the same service, blended with a configured prior; the range is
0.6 to 1.5 times that, rounded outward to whole minutes, to whole 5 minutes above 10. With a free counter: no wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

PRIOR_WEIGHT = 4  # calls that the configured gap counts as
LOW, HIGH = 0.6, 1.5  # cold-start stretch about the point; replaced by measured quantiles later
LONGEST_GAP_MS = 30 * 60_000  # a longer pause between two calls says nothing about pace


@dataclass(frozen=True, slots=True)
class View:
    """What the rule looks at: people to be called before this one, whether a counter that serves it stands free,
    instants of recent calls of the service (newest first), and the configured gap between calls in seconds."""

    ahead: int
    free_counter: bool
    recent_calls: Sequence[int]
    prior_gap_s: int
    opens_in_s: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A range of seconds and what it rests on: `no_wait`, `prior` or `call_gap`."""

    low_s: int
    high_s: int
    basis: str

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"low_s": self.low_s, "high_s": self.high_s, "basis": self.basis}


def learned_gap_ms(recent_calls: Sequence[int], prior_gap_s: int) -> tuple[int, bool]:
    """Mean gap between calls in milliseconds, and whether any measured gap is in it."""
    gaps = [a - b for a, b in pairwise(recent_calls) if 0 <= a - b <= LONGEST_GAP_MS]
    return (PRIOR_WEIGHT * prior_gap_s * 1000 + sum(gaps)) // (PRIOR_WEIGHT + len(gaps)), bool(gaps)


def estimate(view: View) -> Estimate:
    """The wait of someone who takes a number now."""
    if view.free_counter and view.ahead == 0:
        return Estimate(view.opens_in_s, view.opens_in_s, "no_wait")
    gap_ms, learned = learned_gap_ms(view.recent_calls, view.prior_gap_s)
    point_s = (view.ahead + 1) * gap_ms / 1000
    low, high = round_outward(point_s * LOW, point_s * HIGH)
    return Estimate(view.opens_in_s + low, view.opens_in_s + high, "call_gap" if learned else "prior")


def round_outward(low_s: float, high_s: float) -> tuple[int, int]:
    """The range widened to whole minutes, and beyond 10 minutes to whole 5 minutes; each end by its own size, so that
    one person more never makes either end smaller."""
    low_grain, high_grain = (300 if end > 600 else 60 for end in (low_s, high_s))
    return int(low_s // low_grain) * low_grain, int(-(-high_s // high_grain)) * high_grain
