"""What many played days say of the waits: mean, tail, on how many days a target was met. Adds up, draws nothing.

A wait counts in opening time (the house's break over noon is nobody's fault at the counter and is told apart in the figures).
Whoever was never called counts as waiting until the last visit ended: leaving them out would flatter too few counters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from queue_server.staffing.centre import Played
from queue_server.staffing.model import Centre, Span, slot_of

TAIL = 0.95
RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a day: the mean wait, and the wait that 95 of 100 people stay within."""

    mean_s: int = 900
    tail_s: int = 1800


def open_between(opening: Sequence[Span], from_ms: int, to_ms: int) -> int:
    """How much of an interval lies in opening hours; the time after closing counts too, for who is still there waits."""
    found = sum(max(0, min(to_ms, end) - max(from_ms, begin)) for begin, end in opening)
    return found + max(0, to_ms - max(from_ms, opening[-1][1]))


@dataclass(frozen=True)
class Waits:
    """The waits of one or many days, by day: seconds, and the half hour in which each began."""

    days: tuple[np.ndarray, ...]
    slots: tuple[np.ndarray, ...]
    ended_ms: tuple[int, ...]

    @cached_property
    def pooled(self) -> np.ndarray:
        return np.sort(np.concatenate(self.days)) if self.days else np.zeros(0)

    @property
    def mean_s(self) -> float:
        return float(self.pooled.mean()) if self.pooled.size else 0.0

    @property
    def tail_s(self) -> float:
        return nearest_rank(self.pooled)

    def met(self, target: Target) -> int:
        """On how many of the days taken alone the target was met."""
        return sum(bool(not day.size or (day.mean() <= target.mean_s and nearest_rank(np.sort(day)) <= target.tail_s)) for day in self.days)

    def meets(self, target: Target) -> bool:
        """Whether all days together meet it."""
        return self.mean_s <= target.mean_s and self.tail_s <= target.tail_s

    def meets_surely(self, target: Target, seed: int = 0) -> bool:
        """Whether they still meet it in four of five redrawings of the days. The tail hangs on a few heavy days, so a plan that
        just meets the target on the days it was found on misses it on the next ones."""
        if not self.meets(target):
            return False
        rng = np.random.default_rng(seed)
        n = len(self.days)
        means, tails = [], []
        for chosen in rng.integers(n, size=(RESAMPLES, n)):
            drawn = np.concatenate([self.days[i] for i in chosen])
            rank = max(0, math.ceil(TAIL * drawn.size) - 1)
            means.append(drawn.mean())
            tails.append(np.partition(drawn, rank)[rank] if drawn.size else 0.0)
        return bool(np.quantile(means, 0.8) <= target.mean_s and np.quantile(tails, 0.8) <= target.tail_s)

    def by_slot(self, slot: int) -> tuple[float, float] | None:
        """Mean and tail of the waits that began in a half hour; None of nobody's."""
        own = np.concatenate([day[slots == slot] for day, slots in zip(self.days, self.slots, strict=True)]) if self.days else np.zeros(0)
        return (float(own.mean()), nearest_rank(np.sort(own))) if own.size else None


def nearest_rank(ordered: np.ndarray, share: float = TAIL) -> float:
    """The smallest value that so many stay within."""
    return float(ordered[max(0, math.ceil(share * ordered.size) - 1)]) if ordered.size else 0.0


def waits(centre: Centre, played: Sequence[Played]) -> Waits:
    """The waits of these days."""
    days, slots = [], []
    for one in played:
        end_ms = max(one.ended_ms, centre.close_ms)
        rows = [(call.available_from_ms, call.called_ms) for call in one.calls] + [(since, end_ms) for _, since in one.unserved]
        days.append(np.array([open_between(centre.opening, a, b) / 1000 if b > a else 0.0 for a, b in rows]))
        slots.append(np.array([slot_of(a) for a, _ in rows]))
    return Waits(tuple(days), tuple(slots), tuple(one.ended_ms for one in played))
