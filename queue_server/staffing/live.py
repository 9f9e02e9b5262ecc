"""One counter more or one fewer, now: the same simulated centre played on from the hall as it stands, once as it is and once changed.

Every variant meets the same people with the same times (drawn once per path), so that a difference is the counter's. Looked at is
everybody in line and whoever takes a number within the next hour. Nothing here knows which clerk could come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from queue_server.estimating.scene import CLOSED, OPEN, Desk, Scene, ServiceModel
from queue_server.staffing.centre import Played, Start, play
from queue_server.staffing.draw import Day, Visitor, draw
from queue_server.staffing.model import HALF_HOUR_MS, HALF_HOURS, HOUR_MS, Centre, Credits, Habits, Post, Roster, Span, Work

PATHS = 10
AHEAD_MS = HOUR_MS  # whose waits are compared: in line, or taking a number within so long
DRAWN_MS = 2 * HOUR_MS  # people are drawn for so long: the forecast's length
OPENS_AFTER_MS = 3 * 60_000  # a counter that somebody is sent to open
FOREVER_MS = 1 << 50
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Range:
    """Seconds: the mean over the paths, and between what ends eight of ten lie."""

    low_s: float
    mid_s: float
    high_s: float


@dataclass(frozen=True, slots=True)
class Change:
    """One counter opened or closed: any one of `counters`, which serve the same. `before` and `after`: the wait of the people of its
    services; `saved_min`: minutes of waiting that it takes off everybody together (below zero: adds). `only`: without it some of
    these services have no open counter at all."""

    opened: bool
    counters: tuple[str, ...]
    services: tuple[str, ...]
    before: Range
    after: Range
    saved_min: float
    people: float
    only: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """What comes if nothing is changed: from this instant of the day for half an hour, the wait of who then takes a number, and how
    many stand in line at its end."""

    at_ms: int
    wait: Range
    waiting: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The changes, the most helpful opening first and the least harmful closing first; and the next two hours. `paths` played."""

    opening: tuple[Change, ...]
    closing: tuple[Change, ...]
    ahead: tuple[Ahead, ...]
    paths: int


@dataclass(frozen=True, slots=True)
class _Hall:
    centre: Centre
    roster: Roster
    days: tuple[Day, ...]
    starts: tuple[Start, ...]


def advise(
    scene: Scene, rates: Sequence[Mapping[str, float]], *, midnight_ms: int, close_ms: int, habits: Habits | None = None,
    credits: Credits | None = None, paths: int = PATHS, seed: int = 0, stop: Callable[[], bool] = lambda: False,
) -> Advice:  # fmt: skip
    """What one counter more or fewer would do. `rates[h][service]`: people expected in half hour h of the day; `close_ms`: when the
    house closes. `stop` is asked between variants: what was not reached is not in the answer, the likely best come first."""
    hall = _hall(scene, rates, midnight_ms, close_ms, habits or Habits(), credits or Credits(), paths, seed)
    base = _played(hall, hall.roster)
    found = []
    for desk, opened in _candidates(scene):
        if stop():
            break
        found.append(_change(scene, hall, base, desk, opened))
    opening = sorted((one for one in found if one.opened), key=lambda one: -one.saved_min)
    closing = sorted((one for one in found if not one.opened), key=lambda one: -one.saved_min)
    return Advice(tuple(opening), tuple(closing), _ahead(hall, base), paths)


def _candidates(scene: Scene) -> list[tuple[Desk, bool]]:
    """One desk of each set of services: closed ones to open, by how many people wait for what they serve, then open ones to close."""
    waiting: dict[str, int] = {}
    for one in scene.line:
        waiting[one.service] = waiting.get(one.service, 0) + 1
    seen: set[tuple[bool, frozenset[str]]] = set()
    found: list[tuple[Desk, bool]] = []
    for desk in scene.desks:
        kind = (desk.state == CLOSED, frozenset(desk.services))
        if desk.services and kind not in seen:
            seen.add(kind)
            found.append((desk, desk.state == CLOSED))
    return sorted(found, key=lambda each: (not each[1], -sum(waiting.get(code, 0) for code in each[0].services)))


def _hall(
    scene: Scene, rates: Sequence[Mapping[str, float]], midnight_ms: int, close_ms: int, habits: Habits, credits: Credits,
    paths: int, seed: int,
) -> _Hall:  # fmt: skip
    codes = sorted(scene.services)
    place = {code: k for k, code in enumerate(codes)}
    works = tuple(Work(code, scene.services[code].mean_s, scene.services[code].log_sd) for code in codes)
    posts = tuple(Post(desk.counter, tuple(place[c] for c in desk.services if c in place), desk.factor) for desk in scene.desks)
    now_ms = scene.now_ms - midnight_ms
    until = max(now_ms + 2 * HOUR_MS, close_ms)
    table = tuple(tuple(_rest(rates, h, code, now_ms, close_ms) for code in codes) for h in range(HALF_HOURS))
    no_show = float(np.mean([model.no_show_p for model in scene.services.values()])) if codes else 0.0
    habits = replace(
        habits, day_sd=0.0, absent_p=0.0, pauses_per_hour=scene.pauses_per_hour, pause_s=scene.pause_s, lunch=None,
        no_show_p=no_show, no_show_s=scene.no_show_s, patience_s=None,
    )  # fmt: skip
    centre = Centre(works, posts, table, ((now_ms, until),), habits, credits)
    roster = tuple(((now_ms, until),) if desk.state != CLOSED else () for desk in scene.desks)
    days, starts = zip(*(_path(scene, centre, place, midnight_ms, seed * 1009 + n) for n in range(paths)), strict=True)
    return _Hall(centre, roster, days, starts)


def _rest(rates: Sequence[Mapping[str, float]], h: int, code: str, now_ms: int, close_ms: int) -> float:
    """People of this half hour who are still to come, and within the time that is drawn."""
    begin, end = max(h * HALF_HOUR_MS, now_ms), min((h + 1) * HALF_HOUR_MS, now_ms + DRAWN_MS, close_ms)
    return rates[h].get(code, 0.0) * max(0, end - begin) / HALF_HOUR_MS


def _path(scene: Scene, centre: Centre, place: Mapping[str, int], midnight_ms: int, seed: int) -> tuple[Day, Start]:
    """One possible course from now on: who waits with their times, who comes, and when each busy counter is free."""
    rng = np.random.default_rng([seed, 3])
    now_ms = scene.now_ms - midnight_ms
    day = draw(centre, seed)
    line = []
    for one in scene.line:
        model = scene.services.get(one.service)
        if model is None:
            continue
        takes_ms = _time_ms(model, rng) * (1 + centre.habits.more_share * (one.quantity - 1))
        comes = rng.random() < one.presence_p * (1 - model.no_show_p)
        available, effective = one.available_from_ms - midnight_ms, one.effective_at_ms - midnight_ms
        line.append(
            Visitor(
                now_ms, place[one.service], available, effective, one.privileged, one.quantity, int(takes_ms), not comes, FOREVER_MS, False
            )
        )
    coming = tuple(one for one in day.visitors if one.at_ms > now_ms)
    busy = {n: now_ms + _left_ms(scene, desk, rng) for n, desk in enumerate(scene.desks) if desk.state != CLOSED}
    return replace(day, visitors=(*line, *coming)), Start(now_ms, busy)


def _time_ms(model: ServiceModel, rng: np.random.Generator) -> float:
    return float(1000 * model.mean_s * np.exp(model.log_sd * rng.standard_normal() - model.log_sd**2 / 2))


def _left_ms(scene: Scene, desk: Desk, rng: np.random.Generator) -> int:
    """How long until this counter can call: the rest of a pause, or of a service of which some time has passed already."""
    if desk.state != OPEN:
        return int(rng.exponential(scene.pause_s * 1000))
    if desk.busy is None:
        return 0
    model = scene.services.get(desk.busy.service) or ServiceModel(scene.pause_s)
    spread = max(0.05, model.log_sd)
    middle = np.log(max(1.0, 1000 * model.mean_s * desk.factor * max(1, desk.busy.quantity))) - spread**2 / 2
    spent_ms = max(1.0, float(scene.now_ms - desk.busy.since_ms))
    gone = NORMAL.cdf((np.log(spent_ms) - middle) / spread)
    share = min(0.999, gone + (1 - gone) * float(rng.random()))
    return int(max(5_000.0, float(np.exp(middle + spread * NORMAL.inv_cdf(max(1e-6, share)))) - spent_ms))


# ---------------------------------------------------------------- playing and comparing
def _played(hall: _Hall, roster: Roster) -> list[Played]:
    return [play(hall.centre, day, roster=roster, start=start) for day, start in zip(hall.days, hall.starts, strict=True)]


def _change(scene: Scene, hall: _Hall, base: Sequence[Played], desk: Desk, opened: bool) -> Change:
    n = next(i for i, each in enumerate(scene.desks) if each.counter == desk.counter)
    begin, end = hall.centre.opening[0]
    spans: tuple[Span, ...] = ((begin + OPENS_AFTER_MS, end),) if opened else ()
    changed = _played(hall, (*hall.roster[:n], spans, *hall.roster[n + 1 :]))
    own = frozenset(hall.centre.posts[n].skills)
    before, after = [_waits_s(one, hall, own) for one in base], [_waits_s(one, hall, own) for one in changed]
    everybody = frozenset(range(len(hall.centre.services)))
    saved_s = np.mean([_waits_s(a, hall, everybody).sum() - _waits_s(b, hall, everybody).sum() for a, b in zip(base, changed, strict=True)])
    same = tuple(each.counter for each in scene.desks if (each.state == CLOSED) == opened and set(each.services) == set(desk.services))
    without = {k for i, post in enumerate(hall.centre.posts) if i != n and hall.roster[i] for k in post.skills}
    people = float(np.mean([waits.size for waits in before]))
    return Change(opened, same, desk.services, _range(before), _range(after), float(saved_s) / 60, people, not own <= without)


def _waits_s(played: Played, hall: _Hall, services: frozenset[int]) -> np.ndarray:
    """Waits in seconds of everybody of these services who waits now or comes within the hour; whoever nobody called waits to the end."""
    until, visitors = hall.starts[0].now_ms + AHEAD_MS, played.day.visitors
    end_ms = max(hall.centre.close_ms, played.ended_ms)
    found = [call.wait_ms for call in played.calls if call.step == 1 and call.service in services and call.joined_ms <= until]
    left = [max(0, end_ms - since) for v, since in played.unserved if visitors[v].service in services and visitors[v].at_ms <= until]
    return np.array([*found, *left], dtype=float) / 1000


def _range(waits: Sequence[np.ndarray]) -> Range:
    means = [float(each.mean()) for each in waits if each.size] or [0.0]
    low, high = np.quantile(means, (0.1, 0.9))
    return Range(float(low), float(np.mean(means)), float(high))


def _ahead(hall: _Hall, base: Sequence[Played]) -> tuple[Ahead, ...]:
    now_ms = hall.starts[0].now_ms
    found = []
    for n in range(DRAWN_MS // HALF_HOUR_MS):
        begin, end = now_ms + n * HALF_HOUR_MS, now_ms + (n + 1) * HALF_HOUR_MS
        waits = [np.array([call.wait_ms / 1000 for call in one.calls if begin < call.joined_ms <= end]) for one in base]
        waiting = [sum(call.joined_ms <= end < call.called_ms for call in one.calls) + len(one.unserved) for one in base]
        if any(each.size for each in waits):
            found.append(Ahead(begin, _range(waits), float(np.mean(waiting))))
    return tuple(found)
