"""A plan per half hour: the fewest counters by the square-root rule whose simulated days meet the target, and what they give.

One number, beta, is searched by bisection on days drawn once (every beta meets the same people); what the plan promises is
then measured on days that the search never saw. The answer is a spread over days, never one number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from queue_server.staffing import load as loads
from queue_server.staffing.centre import play
from queue_server.staffing.draw import Day, draw
from queue_server.staffing.model import HALF_HOURS, Centre, Roster
from queue_server.staffing.waits import Target, Waits, waits

SEARCH_PEOPLE, SEARCH_LEAST, SEARCH_MOST = 25_000, 24, 60  # a small house has few people a day, so it is searched on more days
SHOWN_DAYS = 20
LEAST_BETA, MOST_BETA, BETA_STEPS = -1.0, 4.0, 6
TARGET = Target()


@dataclass(frozen=True, slots=True)
class Case:
    """A centre with what is asked of it: more people than usual by a factor or by so many per half hour, and the target."""

    centre: Centre
    target: Target = TARGET
    factor: float = 1.0
    extra: tuple[float, ...] | None = None
    seed: int = 0

    def days(self, n: int, stream: int) -> list[Day]:
        """Days of this case; another stream never has a day of the first."""
        return [
            draw(self.centre, 1_000_003 * (self.seed + 1) + 10_007 * stream + i, factor=self.factor, extra=self.extra) for i in range(n)
        ]

    def load(self) -> np.ndarray:
        return loads.lagged(self.centre, self.factor, self.extra)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What days of a roster give. `met` of `days` meet the target taken alone; `low_s`, `high_s`: mean wait of a light and of a heavy
    day (10 and 90 of 100 days); `end_ms`: when the last visit ends on a usual and on a heavy day."""

    days: int
    met: int
    mean_s: float
    tail_s: float
    low_s: float
    high_s: float
    end_ms: tuple[int, int]


@dataclass(frozen=True, slots=True)
class HalfHour:
    """One line of the plan: work offered in counters, counters to staff and which, the waits of who comes then."""

    slot: int
    load: float
    people: float
    counters: int
    codes: tuple[str, ...]
    mean_s: float | None
    tail_s: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer. `reached` is false where not even every counter all day meets the target: then the plan is just that."""

    reached: bool
    beta: float | None
    outlook: Outlook
    half_hours: tuple[HalfHour, ...]
    roster: Roster = field(repr=False, default=())

    @property
    def counter_hours(self) -> float:
        return sum(end - begin for spans in self.roster for begin, end in spans) / 3_600_000


def play_all(centre: Centre, days: Sequence[Day], roster: Roster) -> Waits:
    """Every day with this roster."""
    return waits(centre, [play(centre, day, roster=roster) for day in days])


def outlook(found: Waits, target: Target) -> Outlook:
    """The figures of played days."""
    means = [float(day.mean()) if day.size else 0.0 for day in found.days] or [0.0]
    ends = found.ended_ms or (0,)
    usual, heavy = (int(np.quantile(ends, q)) for q in (0.5, 0.9))
    low_s, high_s = (float(np.quantile(means, q)) for q in (0.1, 0.9))
    return Outlook(len(found.days), found.met(target), found.mean_s, found.tail_s, low_s, high_s, (usual, heavy))


def roster_for(case: Case, beta: float, load: np.ndarray | None = None) -> Roster:
    """The roster of the square-root rule."""
    load = case.load() if load is None else load
    return loads.roster_of(case.centre, _chosen(case.centre, load, loads.wanted(case.centre, load, beta)))


def constant(case: Case, counters: int) -> Roster:
    """So many counters all day, those that cover the day's work best."""
    load = case.load()
    posts = loads.choose(case.centre, load.sum(axis=0), counters)
    return tuple(case.centre.opening if n in posts else () for n in range(len(case.centre.posts)))


def with_counters(case: Case, counters: int, days: int = SHOWN_DAYS) -> Outlook:
    """What so many counters all day give."""
    return outlook(play_all(case.centre, case.days(days, 2), constant(case, counters)), case.target)


def plan(case: Case, *, stop: Callable[[], bool] = lambda: False) -> Plan:
    """The plan of a case. `stop` is asked between rounds: true ends the search with the best plan so far."""
    load = case.load()
    days = case.days(int(min(SEARCH_MOST, max(SEARCH_LEAST, SEARCH_PEOPLE / max(1.0, case.centre.visits)))), 1)
    low, high, best = LEAST_BETA, MOST_BETA, None
    for step in range(BETA_STEPS + 1):
        beta = high if step == 0 else (low + high) / 2
        roster = roster_for(case, beta, load)
        if play_all(case.centre, days, roster).meets_surely(case.target):
            high = beta
            best = (beta, roster)
        elif step == 0:
            break
        else:
            low = beta
        if best is not None and stop():
            break
    if best is None:
        roster = constant(case, len(case.centre.posts))
        best = (MOST_BETA, roster)
        reached = play_all(case.centre, days, roster).meets(case.target)
        return _described(case, None, roster, load, reached)
    return _described(case, best[0], best[1], load, True)


def _chosen(centre: Centre, load: np.ndarray, counts: Sequence[int]) -> list[frozenset[int]]:
    chosen: list[frozenset[int]] = []
    for h in range(HALF_HOURS):
        need = load[h] if load[h].sum() > 0 else load.sum(axis=0)
        chosen.append(loads.choose(centre, need, counts[h], chosen[-1] if chosen else frozenset()) if counts[h] else frozenset())
    return chosen


def _described(case: Case, beta: float | None, roster: Roster, load: np.ndarray, reached: bool) -> Plan:
    found = play_all(case.centre, case.days(SHOWN_DAYS, 2), roster)
    lines = []
    people = np.asarray(case.centre.rates).sum(axis=1) * case.factor + (np.asarray(case.extra) if case.extra else 0.0)
    for h in range(HALF_HOURS):
        if not loads.open_share(case.centre.opening, h):
            continue
        middle = (h + 0.5) * 1_800_000
        codes = tuple(post.code for post, spans in zip(case.centre.posts, roster, strict=True) if any(a <= middle < b for a, b in spans))
        mean_s, tail_s = found.by_slot(h) or (None, None)
        lines.append(HalfHour(h, float(load[h].sum()), float(people[h]), len(codes), codes, mean_s, tail_s))
    return Plan(reached, beta, outlook(found, case.target), tuple(lines), roster)
