"""The chances of the paths: how long each visit takes, who does not come, what is left of the visits and pauses under way.

Every person in line has a row of draws of their own, in calling order, from streams of their own: one more at the end of the line
changes nobody else's, so that a longer line never shortens a newcomer's wait by a different throw of the dice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from statistics import NormalDist

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence  # loaded now: at its first use it would take from the machine's randomness
from numpy.typing import NDArray

from queue_server.estimating.scene import CLOSED, PAUSED, Busy, Desk, InLine, Scene, ServiceModel

Floats = NDArray[np.float64]
NORMAL = NormalDist()
GRID = np.linspace(0.0005, 0.9995, 2000)
DEVIATES = np.array([NORMAL.inv_cdf(float(p)) for p in GRID])
PRIOR_SD, PRIOR_VISITS = 0.3, 4.0  # configured durations were wrong by about a quarter where they could be checked
STALLED_S = 120.0  # a desk that leaves people waiting so long has nobody at it, whatever its state says
LONGEST_KNOWN = 0.999  # of the distribution; a visit that has lasted longer tells no more
UNKNOWN = ServiceModel(300.0)


class Draws:
    """All chances of one question. `take[n]`: seconds that the n-th person occupies a desk of ordinary speed, per path;
    `absent[n]`: uniform numbers that decide who does not come; `present[n]`: who is there at all."""

    def __init__(self, scene: Scene, paths: int, seed: int) -> None:
        streams = [Generator(SFC64(one)) for one in SeedSequence(seed).spawn(7)]
        self.scene, self.paths = scene, paths
        self.models = {**{one.service: UNKNOWN for one in scene.line}, **scene.services}
        self.means = _means(self.models, paths, streams[0])
        self.desk_stream = streams[4]
        self.late = streams[5].gamma(2.0, 0.5, paths)  # how many times the usual number of privileged people is still to come
        line = scene.line
        count = len(line)
        models = [self.models[one.service] for one in line]
        sd = np.array([model.log_sd for model in models])[:, None]
        pieces = np.array([self._pieces(one.quantity) for one in line])[:, None]
        means = np.array([self.means[one.service] for one in line]).reshape(count, paths)
        self.take: Floats = pieces * means * np.exp(sd * streams[1].standard_normal((count, paths)) - sd**2 / 2)
        self.absent: Floats = streams[2].random((count, paths))
        self.present = _present(line, paths, streams[3])
        self._add_pauses(count, streams[6])

    def _pieces(self, quantity: int) -> float:
        return 1 + self.scene.more_share * (max(1, quantity) - 1)

    def _add_pauses(self, count: int, stream: Generator) -> None:
        """After some visits the clerk steps away for a while."""
        if not self.scene.pauses_per_hour:
            return
        chance = self.scene.pauses_per_hour * self.take / 3600
        both = stream.random((count, 2, self.paths))
        self.take += np.where(both[:, 0] < chance, -self.scene.pause_s * np.log1p(-both[:, 1]), 0.0)

    def desks(self, desks: Sequence[Desk]) -> Floats:
        """When each desk becomes free, in seconds from now: a row per desk."""
        chances = self.desk_stream.random((len(desks), self.paths))
        return np.array([self._free(desk, chances[n]) for n, desk in enumerate(desks)]).reshape(len(desks), self.paths)

    def _free(self, desk: Desk, chance: Floats) -> Floats:
        scene = self.scene
        if desk.state == CLOSED:
            # It comes into play at the end of an absence that the plan names, or not at all today.
            back = [end for begin, end in desk.away if begin <= scene.now_ms < end]
            return np.full(self.paths, (max(back) - scene.now_ms) / 1000 if back else np.inf)
        if desk.busy is not None:
            return self._rest(desk.busy, desk.factor, chance) + scene.turnover_s
        if desk.state == PAUSED:
            away_s = (scene.now_ms - (desk.paused_since_ms or scene.now_ms)) / 1000
            # Who has been away for long will be away for longer than one who has just left.
            return -max(scene.pause_s, away_s / 2) * np.log1p(-chance)
        if self._stalled(desk):
            return -scene.pause_s / 2 * np.log1p(-chance)
        return np.zeros(self.paths)

    def _rest(self, busy: Busy, factor: float, chance: Floats) -> Floats:
        """What is left of a visit, given how long it has lasted: the log-normal beyond that point."""
        model = self.models.get(busy.service, UNKNOWN)
        sd = model.log_sd
        total = self.means.get(busy.service, np.full(self.paths, model.mean_s)) * self._pieces(busy.quantity) * factor
        elapsed = max(1.0, (self.scene.now_ms - busy.since_ms) / 1000)
        past = min(LONGEST_KNOWN, NORMAL.cdf((log(elapsed) - log(float(total.mean())) + sd**2 / 2) / sd))
        deviate = np.interp(past + (1 - past) * chance, GRID, DEVIATES)
        rest: Floats = np.maximum(total * np.exp(sd * deviate - sd**2 / 2) - elapsed, 0.05 * sd * elapsed * chance)
        return rest

    def _stalled(self, desk: Desk) -> bool:
        now = self.scene.now_ms
        since = [
            max(one.available_from_ms, desk.freed_at_ms or now)
            for one in self.scene.line
            if (one.counter == desk.counter if one.counter else one.service in desk.services) and one.presence_p == 1.0
        ]
        return bool(since) and (now - min(since)) / 1000 > STALLED_S


def _means(services: Mapping[str, ServiceModel], paths: int, stream: Generator) -> dict[str, Floats]:
    """The mean of each service, once per path: wide where few visits were seen. Services in order of their codes, so that the
    order of a mapping does not matter."""
    found = {}
    for code in sorted(services):
        model = services[code]
        weight = PRIOR_VISITS + model.visits
        sd = sqrt((PRIOR_SD**2 * PRIOR_VISITS + model.log_sd**2 * min(model.visits, 1)) / weight)
        found[code] = model.mean_s * np.exp(sd * stream.standard_normal(paths) - sd**2 / 2)
    return found


def _present(line: Sequence[InLine], paths: int, stream: Generator) -> NDArray[np.bool_]:
    chance = np.array([one.presence_p for one in line])[:, None]
    return stream.random((len(line), paths)) < chance if len(line) else np.ones((0, paths), bool)
