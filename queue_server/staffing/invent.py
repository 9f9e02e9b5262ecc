"""Invented centres, by seed: services, overlapping skills, a morning peak and a smaller one after noon. They resemble a provincial
centre in size and shape only; no figure in them was measured anywhere."""

from __future__ import annotations

import math

import numpy as np

from queue_server.staffing.model import HALF_HOUR_MS, HALF_HOURS, HOUR_MS, Centre, Habits, Post, Span, Work

NOON_OPEN = ((7 * HOUR_MS + HALF_HOUR_MS, 17 * HOUR_MS),)  # open over noon, clerks lunch by turns
NOON_CLOSED = ((7 * HOUR_MS + HALF_HOUR_MS, 11 * HOUR_MS + HALF_HOUR_MS), (13 * HOUR_MS + HALF_HOUR_MS, 17 * HOUR_MS))
NO_ISSUE_BEFORE_CLOSE_MS = HALF_HOUR_MS


def invent(seed: int, *, visits: float = 1050, posts: int = 24, services: int = 12, load: float = 0.86, over_noon: bool = True) -> Centre:
    """A centre of this seed. `load`: the part of all counters' time that people take on a usual day; the mean service times
    follow from it."""
    rng = np.random.default_rng([seed, 7])
    opening = NOON_OPEN if over_noon else NOON_CLOSED
    shares = rng.dirichlet(np.full(services, 2.5))
    rates = np.outer(_shape(opening, rng), shares) * visits
    relative = rng.lognormal(0, 0.35, services)
    hours = sum(end - begin for begin, end in opening) / HOUR_MS
    habits = Habits(day_sd=float(rng.uniform(0.08, 0.16)), lunch=(11 * HOUR_MS, 13 * HOUR_MS) if over_noon else None)
    staffed = posts * hours * 3600 * (1 - habits.absent_p) * (1 - habits.pauses_per_hour * habits.pause_s / 3600)
    staffed -= posts * habits.lunch_s * over_noon
    each = visits * float(shares @ relative) * 1.25  # several pieces, second steps and the way to the counter
    means = relative * (load * staffed - visits * habits.walk_s) / each
    works = tuple(
        Work(f"S{k + 1:02d}", float(means[k]), float(rng.uniform(0.45, 0.85)), *_onward(k, services, rng)) for k in range(services)
    )
    return Centre(works, _posts(shares * means, posts, rng), tuple(map(tuple, rates.tolist())), opening, habits)


def _shape(opening: tuple[Span, ...], rng: np.random.Generator) -> np.ndarray:
    """Which part of the day's people comes in each half hour."""
    morning, afternoon = rng.uniform(9.0, 9.8), rng.uniform(14.2, 15.0)
    weights = np.zeros(HALF_HOURS)
    for h in range(HALF_HOURS):
        at_ms = h * HALF_HOUR_MS
        if any(a <= at_ms < b for a, b in opening) and at_ms < opening[-1][1] - NO_ISSUE_BEFORE_CLOSE_MS:
            hour = h / 2 + 0.25
            weights[h] = 0.35 + 1.2 * math.exp(-(((hour - morning) / 1.2) ** 2)) + 0.7 * math.exp(-(((hour - afternoon) / 1.1) ** 2))
    return np.asarray(weights / weights.sum())


def _onward(k: int, services: int, rng: np.random.Generator) -> tuple[float, int | None]:
    if services > 1 and rng.random() < 0.35:
        return float(rng.uniform(0.03, 0.12)), int((k + 1 + rng.integers(services - 1)) % services)
    return 0.0, None


def _posts(work: np.ndarray, n: int, rng: np.random.Generator) -> tuple[Post, ...]:
    """Every service at a counter, busy ones at many; two to five services each, each clerk with a speed of their own."""
    services = len(work)
    chances = work / work.sum()
    skills: list[set[int]] = [set() for _ in range(n)]
    for k in range(services):
        skills[k % n].add(k)
    for own in skills:
        wanted = min(services, int(rng.integers(2, 6)))
        while len(own) < wanted:
            own.add(int(rng.choice(services, p=chances)))
    return tuple(Post(f"{i + 1}", tuple(sorted(own)), float(rng.lognormal(0, 0.12))) for i, own in enumerate(skills))
