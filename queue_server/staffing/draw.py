"""The chance of one day, drawn before it is played: who comes when and for what, how long it takes, which clerks are away.

Everything random is drawn here from the day's seed and nothing later, so that two plans for the same day meet the very same
people: their difference is the plans' and not luck's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from queue_server.domain import routing
from queue_server.staffing.model import HALF_HOUR_MS, HOUR_MS, Centre, Span

APPOINTMENT_EARLY_S = 900  # how early at most somebody with an appointment comes
MORE = (2, 3, 4)
LONGEST_SD = 3.0  # a piece of work takes at most so many spreads more than usual: nobody stays at a counter for a day


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person. `service_s` is the time at a counter of usual speed; `second`, where they are sent on, the next service and its
    time; `leaves_ms` how long they wait at most, `tells` whether they say that they leave."""

    at_ms: int
    service: int
    available_from_ms: int
    effective_at_ms: int
    privileged: bool
    quantity: int
    service_ms: int
    absent: bool
    leaves_ms: int
    tells: bool
    second: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One day's people in order of arrival, and by counter whether its clerk came, their short pauses and their lunch (begin and
    length; either begins once the person at the desk has gone)."""

    seed: int
    factor: float
    visitors: tuple[Visitor, ...]
    present: tuple[bool, ...]
    pauses: tuple[tuple[Span, ...], ...]
    lunches: tuple[Span | None, ...]


def draw(centre: Centre, seed: int, *, factor: float = 1.0, extra: tuple[float, ...] | None = None) -> Day:
    """A day of this seed. `factor` multiplies the usual volume (1.16: sixteen per cent more than usual), `extra` adds so many
    people per half hour, spread over the services as usual."""
    rng = np.random.default_rng(seed)
    habits = centre.habits
    volume = float(rng.lognormal(-(habits.day_sd**2) / 2, habits.day_sd)) if habits.day_sd else 1.0
    visitors = _visitors(centre, rng, volume * factor, extra)
    clerks = np.random.default_rng([seed, 1])  # of their own: more visitors must not change who is absent
    present = tuple(bool(x) for x in clerks.random(len(centre.posts)) >= habits.absent_p)
    if not any(present):
        present = (True, *present[1:])
    pauses = tuple(_pauses(centre, clerks) for _ in centre.posts)
    return Day(seed, volume, visitors, present, pauses, tuple(_lunch(centre, clerks) for _ in centre.posts))


def _visitors(centre: Centre, rng: np.random.Generator, volume: float, extra: tuple[float, ...] | None) -> tuple[Visitor, ...]:
    rates = np.asarray(centre.rates, dtype=float)
    wanted = rates * volume
    if extra is not None:
        usual = rates.sum(axis=0) / max(1e-9, float(rates.sum()))
        wanted = wanted + np.outer(np.asarray(extra, dtype=float), usual)
    counts = rng.poisson(wanted)
    half_hours, kinds = np.nonzero(counts)
    each = counts[half_hours, kinds]
    half_hours, kinds = np.repeat(half_hours, each), np.repeat(kinds, each)
    at_ms = (half_hours * HALF_HOUR_MS + rng.random(len(kinds)) * HALF_HOUR_MS).astype(np.int64)
    order = np.argsort(at_ms, kind="stable")
    return _people(centre, rng, at_ms[order], kinds[order])


def _people(centre: Centre, rng: np.random.Generator, at_ms: np.ndarray, kinds: np.ndarray) -> tuple[Visitor, ...]:
    habits, n = centre.habits, len(kinds)
    first_ms = _times_ms(centre, rng, kinds)
    onward = np.array([work.transfer_to if work.transfer_to is not None else -1 for work in centre.services])[kinds]
    sent = (rng.random(n) < np.array([work.transfer_p for work in centre.services])[kinds]) & (onward >= 0)
    second_ms = _times_ms(centre, rng, np.where(onward >= 0, onward, 0))
    quantity = np.where(rng.random(n) < habits.more_p, rng.choice(MORE, n), 1)
    first_ms = first_ms * (1 + habits.more_share * (quantity - 1))
    draws = rng.random((n, 4))
    leaves = rng.exponential(habits.patience_s * 1000, n) if habits.patience_s else np.full(n, 1e12)
    early = rng.random(n) * APPOINTMENT_EARLY_S * 1000
    columns = (at_ms, kinds, first_ms, onward, sent, second_ms, quantity, draws, leaves, early)
    return tuple(_visitor(centre, row) for row in zip(*(column.tolist() for column in columns), strict=True))


def _visitor(centre: Centre, row: tuple[Any, ...]) -> Visitor:
    at, kind, takes, to, goes_on, more, pieces, (class_u, booked_u, absent_u, tells_u), patience, before = row
    habits = centre.habits
    booked = booked_u < habits.appointment_p
    available = max(int(at + before) if booked else at, _opening(centre, at))
    credits = {"priority": centre.credits.priority_s} if class_u < habits.priority_p else {}
    if booked:
        credits["appointment"] = centre.credits.appointment_s
    second = (to, int(more)) if goes_on else None
    who = (at, kind, available, routing.effective(available, credits), bool(credits), pieces)
    return Visitor(*who, int(takes), absent_u < habits.no_show_p, int(patience), tells_u < habits.tells_p, second)


def _times_ms(centre: Centre, rng: np.random.Generator, kinds: np.ndarray) -> np.ndarray:
    mean_s = np.array([work.mean_s for work in centre.services])[kinds]
    spread = np.array([work.log_sd for work in centre.services])[kinds]
    normal = np.minimum(rng.standard_normal(len(kinds)), LONGEST_SD)
    return np.asarray(1000 * mean_s * np.exp(spread * normal - spread**2 / 2))


def _opening(centre: Centre, at_ms: int) -> int:
    """From when somebody who comes at this instant can be served."""
    return next((max(at_ms, begin) for begin, end in centre.opening if at_ms < end), at_ms)


def _pauses(centre: Centre, rng: np.random.Generator) -> tuple[Span, ...]:
    habits, found = centre.habits, []
    for begin, end in centre.opening:
        n = int(rng.poisson(habits.pauses_per_hour * (end - begin) / HOUR_MS))
        starts = begin + rng.random(n) * (end - begin)
        lengths = rng.exponential(habits.pause_s * 1000, n)
        found += [(int(a), int(length)) for a, length in zip(starts, lengths, strict=True)]
    return tuple(sorted(found))


def _lunch(centre: Centre, rng: np.random.Generator) -> Span | None:
    """Lunches begin on half hours, by turns."""
    if centre.habits.lunch is None:
        return None
    begin, end = centre.habits.lunch
    turns = max(1, math.ceil((end - begin) / HALF_HOUR_MS))
    return begin + int(rng.integers(turns)) * HALF_HOUR_MS, int(centre.habits.lunch_s * 1000)
