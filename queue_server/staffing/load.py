"""How much work there is at each half hour, and how many counters of which skills it wants. Closed formulas; nothing is played.

Lagged offered load: people of the past, each weighted with the chance that their service is still going on (the modified
offered load of Jennings, Mandelbaum, Massey and Whitt); a peak of work comes after the peak of arrivals and is flatter. On it the
square-root rule: load + beta · sqrt(load), with room added for clerks who are absent, on a pause or at lunch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from queue_server.staffing.model import HALF_HOUR_MS, HALF_HOURS, Centre, Roster, Span

FINE = 6  # steps of five minutes in a half hour
STEP_S = HALF_HOUR_MS / 1000 / FINE


def lagged(centre: Centre, factor: float = 1.0, extra: Sequence[float] | None = None) -> np.ndarray:
    """Counters' worth of work by half hour and service, at the half hour's highest."""
    rates = np.asarray(centre.rates, dtype=float) * factor
    if extra is not None:
        rates = rates + np.outer(np.asarray(extra, dtype=float), rates.sum(axis=0) / max(1e-9, float(rates.sum())))
    for k, work in enumerate(centre.services):
        if work.transfer_to is not None:
            rates[:, work.transfer_to] += np.asarray(centre.rates)[:, k] * factor * work.transfer_p
    fine = np.repeat(_served(centre, rates) / FINE, FINE, axis=0)
    found = np.zeros_like(fine)
    for k, work in enumerate(centre.services):
        stays = _still_there(work_s(centre, k), work.log_sd)
        found[:, k] = np.convolve(fine[:, k], stays)[: len(fine)]
    return np.asarray(found.reshape(HALF_HOURS, FINE, -1).max(axis=1))


def work_s(centre: Centre, k: int) -> float:
    """What one person of a service takes of a counter on average, several pieces, the way and calls in vain included."""
    habits, mean_s = centre.habits, centre.services[k].mean_s
    speed = [post.factor for post in centre.posts if k in post.skills] or [1.0]
    pieces = 1 + habits.more_p * habits.more_share * 2  # two to four pieces: two more than one in the mean
    came = habits.walk_s + mean_s * pieces * float(np.mean(speed))
    return (1 - habits.no_show_p) * came + habits.no_show_p * habits.no_show_s


def _served(centre: Centre, rates: np.ndarray) -> np.ndarray:
    """Who comes while the house is closed is served from the next opening on."""
    found, waiting = np.zeros_like(rates), np.zeros(rates.shape[1])
    for h in range(HALF_HOURS):
        waiting = waiting + rates[h]
        if open_share(centre.opening, h) > 0:
            found[h], waiting = waiting, np.zeros(rates.shape[1])
    return found


def _still_there(mean_s: float, log_sd: float) -> np.ndarray:
    """Chance that a service begun u ago still goes on, by step of five minutes (the mean over the step)."""
    middle = math.log(max(1.0, mean_s)) - log_sd**2 / 2
    steps = max(2, math.ceil(mean_s * math.exp(3 * log_sd) / STEP_S))
    edges = (np.arange(steps * 4) + 0.5) * STEP_S / 4
    chance = np.array([0.5 * math.erfc((math.log(u) - middle) / (max(0.05, log_sd) * math.sqrt(2))) for u in edges])
    return np.asarray(chance.reshape(steps, 4).mean(axis=1))


def open_share(opening: Sequence[Span], slot: int) -> float:
    """The part of a half hour in which the house is open."""
    begin = slot * HALF_HOUR_MS
    return sum(max(0, min(begin + HALF_HOUR_MS, b) - max(begin, a)) for a, b in opening) / HALF_HOUR_MS


def present_share(centre: Centre, slot: int) -> float:
    """The part of the rostered clerks that can be expected at their counters in a half hour."""
    habits = centre.habits
    share = (1 - habits.absent_p) * (1 - habits.pauses_per_hour * habits.pause_s / 3600)
    if habits.lunch is not None:
        begin, end = habits.lunch
        turns = max(1, math.ceil((end - begin) / HALF_HOUR_MS))
        middle = slot * HALF_HOUR_MS + HALF_HOUR_MS // 2
        starts = [begin + n * HALF_HOUR_MS for n in range(turns)]
        share *= 1 - sum(start <= middle < start + habits.lunch_s * 1000 for start in starts) / turns
    return max(0.2, share)


def wanted(centre: Centre, load: np.ndarray, beta: float) -> list[int]:
    """Counters to roster by half hour: the square-root rule, room for who is away, never more than there are. Work that they cannot
    do in a half hour is still there in the next."""
    found, over = [], 0.0
    for h in range(HALF_HOURS):
        m = float(load[h].sum()) + over
        if open_share(centre.opening, h) == 0:
            found.append(0)
            continue
        present = present_share(centre, h)
        c = math.ceil((m + beta * math.sqrt(m)) / present - 1e-9) if m > 0 else 0
        found.append(min(len(centre.posts), max(1, c)))
        over = max(0.0, m - found[-1] * present)
    return found


def choose(centre: Centre, need: np.ndarray, count: int, before: frozenset[int] = frozenset()) -> frozenset[int]:
    """Which `count` counters: first so that every service that is wanted has one, then where most work is left uncovered; of
    equals those that stood open before, so that nobody moves without need."""
    total = float(need.sum()) or 1.0
    left = need / total * max(1, count)
    chosen: set[int] = set()
    uncovered = {k for k in range(len(need)) if need[k] > 0}
    while len(chosen) < min(count, len(centre.posts)):
        worth = {
            n: (sum(need[k] for k in post.skills if k in uncovered), _gain(left, post.skills), n in before, -n)
            for n, post in enumerate(centre.posts)
            if n not in chosen
        }
        best = max(worth, key=worth.__getitem__)
        chosen.add(best)
        uncovered -= set(centre.posts[best].skills)
        _pour(left, centre.posts[best].skills)
    return frozenset(chosen)


def _gain(left: np.ndarray, skills: tuple[int, ...]) -> float:
    """How much of one counter's time the uncovered work of these services would fill."""
    return min(1.0, float(sum(max(0.0, left[k]) for k in skills)))


def _pour(left: np.ndarray, skills: tuple[int, ...]) -> None:
    """One counter's time spread over its services by what is left of each."""
    open_work = [max(0.0, float(left[k])) for k in skills]
    total = sum(open_work)
    for k, part in zip(skills, open_work, strict=True):
        left[k] -= part / total if total > 1 else part


def roster_of(centre: Centre, chosen: Sequence[frozenset[int]]) -> Roster:
    """From counters by half hour to when each is staffed, within opening hours."""
    found: list[tuple[Span, ...]] = []
    for n in range(len(centre.posts)):
        spans: list[Span] = []
        for h, posts in enumerate(chosen):
            for begin, end in centre.opening if n in posts else ():
                a, b = max(begin, h * HALF_HOUR_MS), min(end, (h + 1) * HALF_HOUR_MS)
                if a < b:
                    spans = [*spans[:-1], (spans[-1][0], b)] if spans and spans[-1][1] == a else [*spans, (a, b)]
        found.append(tuple(spans))
    return tuple(found)
