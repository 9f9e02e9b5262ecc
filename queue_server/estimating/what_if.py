"""The queue played on from now, many times over: each person in calling order goes to the desk that is free first among those that
may serve them. The wait of a newcomer is the first moment at which such a desk is free after everybody who would be called before.

Pure: a scene and a seed in, seconds per path out. What ranges are made of them is `foreseeing`'s.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from queue_server.estimating.drawing import Draws, Floats
from queue_server.estimating.hours import Gaps, gaps, into_opening
from queue_server.estimating.scene import Calls, InLine, Newcomer, Scene, Waits
from queue_server.estimating.service_times import WAITED_S

PATHS = 64
BUSY_TICKETS_S = 5.0  # numbers per second beyond which fewer paths must do
LONG_LINE = 200
FEWEST_PATHS = 8


def paths_for(in_line: int, tickets_per_s: float = 0.0) -> int:
    """How many paths to spend: 64, fewer for a very long line or a rush of numbers, never below 8."""
    load = max(in_line / LONG_LINE, tickets_per_s / BUSY_TICKETS_S, 1.0)
    return max(FEWEST_PATHS, int(PATHS / load))


def what_if(scene: Scene, paths: int = PATHS, seed: int = 0) -> Calls:
    """Seconds from now to the call, in every path."""
    return _Play(scene, paths, seed).calls()


class _Play:
    """One question. `free[d]` is when desk d becomes free, per path."""

    def __init__(self, scene: Scene, paths: int, seed: int) -> None:
        self.scene, self.paths = scene, paths
        self.draws = Draws(scene, paths, seed)
        self.each = np.arange(paths)
        self.desks = list(scene.desks)
        self.factors = np.array([desk.factor for desk in self.desks])
        self.serving = {
            code: np.array([n for n, desk in enumerate(self.desks) if code in desk.services], np.intp) for code in self.draws.models
        }
        self.counters = {desk.counter: np.array([n], np.intp) for n, desk in enumerate(self.desks)}
        self.shut: dict[str, Gaps] = {code: gaps(scene.spans.get(code, ()), scene.now_ms) for code in self.draws.models}
        self.away = self._away()
        self.free = self._back(self.draws.desks(self.desks), np.arange(len(self.desks))[:, None])
        self.line: dict[str, Waits] = {}
        self.lost: dict[str, Floats] = {}

    def _away(self) -> Floats | None:
        """The plan's absences in seconds from now: a row per desk, a pair per absence."""
        most = max((len(desk.away) for desk in self.desks), default=0)
        if not most:
            return None
        table = np.full((len(self.desks), most, 2), np.inf)
        for n, desk in enumerate(self.desks):
            for k, span in enumerate(sorted(desk.away)):
                table[n, k] = [(edge - self.scene.now_ms) / 1000 for edge in span]
        return table

    def _back(self, at_s: Floats, desk: NDArray[np.intp]) -> Floats:
        """An instant within an absence of its desk becomes the end of the absence."""
        if self.away is None:
            return at_s
        for k in range(self.away.shape[1]):
            begin, end = self.away[desk, k, 0], self.away[desk, k, 1]
            at_s = np.where((at_s >= begin) & (at_s < end), end, at_s)
        return at_s

    def calls(self) -> Calls:
        line = self.scene.line
        later = [n for n, one in enumerate(line) if self._from_s(one) > 0]
        ahead = self.scene.now_ms - self.scene.credit_ms
        privileged: dict[Newcomer, Waits] | None = None
        for n, one in enumerate(line):
            if privileged is None and one.effective_at_ms > ahead:
                privileged = self._newcomers(privileged=True)
            if self._from_s(one) > 0:
                continue
            start = self._start(one)
            while (first := self._due(later, n, start)) is not None:
                later.remove(first)
                self._place(first, self._start(line[first]))
                start = self._start(one)
            self._place(n, start)
        if privileged is None:
            privileged = self._newcomers(privileged=True)
        for n in [n for n in later if line[n].effective_at_ms <= self.scene.now_ms]:
            start = self._start(line[n])
            if self._from_s(line[n]) < float(np.median(start)):  # their desk is taken until then: they go before a newcomer
                later.remove(n)
                self._place(n, start)
        newcomers = privileged | self._newcomers(privileged=False)
        free = frozenset(code for code in self.scene.services if self._is_free(newcomers, code))
        for n in later:
            self._place(n, self._start(line[n]))
        return Calls(self.paths, self._overtaken(), newcomers, free)

    def _from_s(self, one: InLine) -> float:
        return (one.available_from_ms - self.scene.now_ms) / 1000

    def _due(self, later: Sequence[int], n: int, start: Floats) -> int | None:
        """The first of those still to come who stands before the n-th in the order and will be there by the time that one is called."""
        if not later:
            return None
        when = float(np.median(start))
        return next((one for one in later if one < n and self._from_s(self.scene.line[one]) <= when), None)

    def _eligible(self, one: InLine) -> NDArray[np.intp]:
        return self.counters.get(one.counter, np.zeros(0, np.intp)) if one.counter else self.serving[one.service]

    def _start(self, one: InLine) -> Floats:
        """When a desk could take this person, in each path."""
        return self._begin(self._eligible(one), one.service, max(0.0, self._from_s(one)))

    def _begin(self, eligible: NDArray[np.intp], service: str, from_s: float) -> Floats:
        if not len(eligible):
            return np.full(self.paths, np.inf)
        earliest = np.maximum(self.free[eligible].min(axis=0), from_s)
        shut = self.shut[service]
        return into_opening(earliest, shut) if shut else earliest

    def _place(self, n: int, start: Floats) -> None:
        """The person occupies the desk that is free first."""
        one, draws = self.scene.line[n], self.draws
        self.line[one.ticket] = start
        eligible = self._eligible(one)
        if not len(eligible) or not np.isfinite(start).any():
            return
        desk = eligible[self.free[eligible].argmin(axis=0)]
        waited = max(0.0, -self._from_s(one)) + float(start[0])
        chance = draws.models[one.service].no_show_p * self.scene.absent_factors[bisect_right(WAITED_S, waited)]
        took = np.where(draws.absent[n] < chance, self.scene.no_show_s, draws.take[n] * self.factors[desk])
        until = self._back(start + took + self.scene.turnover_s, desk)
        self.free[desk, self.each] = until if one.presence_p >= 1 else np.where(draws.present[n], until, self.free[desk, self.each])

    def _newcomers(self, *, privileged: bool) -> dict[Newcomer, Waits]:
        found: dict[Newcomer, Waits] = {}
        for code, eligible in self.serving.items():
            start = self._begin(eligible, code, 0.0)
            found[code, privileged] = start if privileged else start + self._delay(code, start, self.scene.credit_ms / 1000)
        return found

    def _is_free(self, newcomers: dict[Newcomer, Waits], code: str) -> bool:
        """A desk stands idle in every path, with nobody before a newcomer; the doors are open or open by themselves later."""
        eligible = self.serving[code]
        return bool(len(eligible)) and bool((self.free[eligible].min(axis=0) <= 0).all())

    def _overtaken(self) -> dict[str, Waits]:
        """Everybody's call, later by the privileged people still to come who will pass them."""
        if not any(self.scene.overtaking.values()):
            return self.line
        found = {}
        for one in self.scene.line:
            start = self.line[one.ticket]
            window = (one.effective_at_ms + self.scene.credit_ms - self.scene.now_ms) / 1000
            passed = not one.privileged and one.counter is None and window > 0
            found[one.ticket] = start + self._delay(one.service, start, window) if passed else start
        return found

    def _delay(self, code: str, start: Floats, window_s: float) -> Floats:
        """Seconds lost to privileged people who come within the window."""
        return self._lost(code) * np.minimum(np.where(np.isfinite(start), start, 0.0), max(0.0, window_s))

    def _lost(self, code: str) -> Floats:
        """Seconds lost to privileged people per second of waiting: those of every service that shares desks, each by the share of
        its desks that is shared, spread over the desks of this one."""
        if code not in self.lost:
            self.lost[code] = np.zeros(self.paths)
            own = set(self.serving[code].tolist())
            for other, per_hour in sorted(self.scene.overtaking.items()):
                theirs = self.serving[other].tolist() if other in self.serving else []
                shared = len(own.intersection(theirs)) / max(1, len(theirs))
                self.lost[code] += per_hour / 3600 * shared * self.draws.late * self.draws.means[other] / max(1, len(own))
        return self.lost[code]
