"""The range that is shown, for everybody in a hall at once: "no wait" where a desk stands free, else the model that was better at this
site, as wide as this site has taught, rounded outward, and as a clock time where a break lies before its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import ceil, isfinite

import numpy as np

from queue_server.estimating.call_gap import said
from queue_server.estimating.hours import Gaps, gaps, opening_seconds, shown, wall_seconds
from queue_server.estimating.learned import Learned
from queue_server.estimating.scene import CALL_GAP, CLOSED, NO_WAIT, PRIOR, WHAT_IF, Foreseen, Foresight, Raw, Scene, Waits
from queue_server.estimating.what_if import paths_for, what_if

VERSION = 3  # of the models together; rises when the same hall would be told something else
PRIOR_GAP_S = 300
Ends = tuple[float, float, float]


def foresee(learned: Learned, scene: Scene, *, seed: int = 0, tickets_per_s: float = 0.0, paths: int | None = None) -> Foresight:
    """Everybody's range now. The scene's service models are the assumptions (seconds that a visit is configured to take); they,
    and everything else that can be learned, are replaced by what the site has taught."""
    full = learned.completed(scene)
    calls = what_if(full, paths or paths_for(len(full.line), tickets_per_s), seed)
    house = _House(learned, full, calls.paths)
    line = {}
    for one, ahead, ends in zip(full.line, house.places(), ends_of([calls.line[one.ticket] for one in full.line]), strict=True):
        from_s = max(0.0, (one.available_from_ms - full.now_ms) / 1000)
        line[one.ticket] = house.told(one.service, ends, ahead, from_s)
    newcomers = {}
    for (code, privileged), ends in zip(calls.newcomers, ends_of(list(calls.newcomers.values())), strict=True):
        free = code in calls.free
        newcomers[code, privileged] = house.no_wait(code) if free else house.told(code, ends, house.before(code, privileged=privileged))
    return Foresight(scene.now_ms, line, newcomers)


def ends_of(waits: Sequence[Waits]) -> list[Ends]:
    """Of each row of paths the ends of the 80 % and the middle."""
    if not waits:
        return []
    ordered = np.sort(np.stack(waits), axis=1)
    last = ordered.shape[1] - 1
    middle = (ordered[:, last // 2] + ordered[:, (last + 1) // 2]) / 2
    return list(zip(ordered[:, int(0.1 * last)].tolist(), middle.tolist(), ordered[:, ceil(0.9 * last)].tolist(), strict=True))


class _House:
    """One moment of one site: what it has taught and who competes with whom."""

    def __init__(self, learned: Learned, scene: Scene, paths: int) -> None:
        self.learned, self.scene = learned, scene
        self.what_if_name, self.gap_name = f"what-if-{paths}/{VERSION}", f"call-gap/{VERSION}"
        self.pools: dict[str, frozenset[str]] = {}
        self.shut: dict[str, Gaps] = {}
        self.gap_s: dict[str, float] = {}

    # ------------------------------------------------------------ the plain rule's view
    def pool(self, code: str) -> frozenset[str]:
        """The services that compete for the same desks: the open ones, or all where none is open."""
        if code not in self.pools:
            able = [desk for desk in self.scene.desks if code in desk.services]
            open_now = [desk for desk in able if desk.state != CLOSED] or able
            self.pools[code] = frozenset({code}.union(*(desk.services for desk in open_now)))
        return self.pools[code]

    def places(self) -> Iterator[int]:
        """How many are before each person in line, of those who compete with them."""
        seen: Counter[str] = Counter()
        for one in self.scene.line:
            yield sum(seen[code] for code in self.pool(one.service))
            seen[one.service] += 1

    @cached_property
    def _by_service(self) -> tuple[Counter[str], Counter[str]]:
        overtaken = self.scene.now_ms - self.scene.credit_ms
        ahead = [one for one in self.scene.line if one.effective_at_ms <= overtaken]
        return Counter(one.service for one in self.scene.line), Counter(one.service for one in ahead)

    def before(self, code: str, *, privileged: bool) -> int:
        """How many would be called before a newcomer."""
        counts = self._by_service[privileged]
        return sum(counts[other] for other in self.pool(code))

    # ------------------------------------------------------------ the answer
    def gaps(self, code: str) -> Gaps:
        if code not in self.shut:
            self.shut[code] = gaps(self.scene.spans.get(code, ()), self.scene.now_ms)
        return self.shut[code]

    def no_wait(self, code: str) -> Foreseen:
        """A desk stands free: at once, or when the doors open."""
        low, high, clock = shown(0.0, 0.0, self.gaps(code), self.scene.now_ms)
        return Foreseen(low, low, high, NO_WAIT, self.what_if_name, clock)

    def played(self, code: str, ends: Ends) -> Raw | None:
        """The what-if's word in seconds of opening hours; None where too many paths never come to a call: no desk is open for it."""
        if not isfinite(ends[2]):
            return None
        shut = self.gaps(code)
        low, middle, high = (opening_seconds(end, shut) if shut else end for end in ends)
        return Raw(round(low), round(middle), round(high))

    def told(self, code: str, ends: Ends, ahead: int, from_s: float = 0.0) -> Foreseen:
        """The range of somebody who has to queue."""
        scene, shut = self.scene, self.gaps(code)
        if code not in self.gap_s:
            self.gap_s[code] = self.learned.gap_s(code, scene.now_ms, scene.priors_s.get(code, PRIOR_GAP_S))
        plain = said(ahead, self.gap_s[code])
        raw = {CALL_GAP: plain if plain.mid_s >= from_s else Raw(round(from_s), round(from_s), round(from_s) + plain.high_s)}
        played = self.played(code, ends)
        if played is not None:
            raw[WHAT_IF] = played
        basis = self.learned.ahead if played is not None else CALL_GAP
        low, middle, high = self.learned.range(basis, raw[basis])
        low_s, high_s, clock = shown(low, high, shut, scene.now_ms)
        mid_s = min(max(round(wall_seconds(middle, shut)), low_s), high_s)
        name = self.what_if_name if basis == WHAT_IF else self.gap_name
        if basis == CALL_GAP and not self.learned.learned_pace(code):
            basis = PRIOR
        return Foreseen(low_s, mid_s, high_s, basis, name, clock, raw)


def raw_from(data: Mapping[str, object]) -> dict[str, Raw]:
    """What the models said, out of an estimate kept with a ticket; empty where it holds none."""
    kept = data.get("raw")
    return {basis: Raw(*numbers) for basis, numbers in kept.items()} if isinstance(kept, Mapping) else {}
