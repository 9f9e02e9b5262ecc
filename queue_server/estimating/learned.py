"""What one site has taught the estimate: times, paces, how far off each model was and which of the two is ahead.

A fold over facts: the same facts in the same order give the same state, which is plain data and can be thrown away and made again from
the log. It completes a scene with what it knows, and scores both models whenever somebody is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from queue_server.estimating.calibrator import TAIL, Calibrator
from queue_server.estimating.call_gap import Pace
from queue_server.estimating.facts import Absent, Called, Fact, Paused, Served, Taken
from queue_server.estimating.scene import CALL_GAP, WHAT_IF, Raw, Scene
from queue_server.estimating.service_times import (
    ABSENT_S,
    LONGEST_TURNOVER_S,
    PAUSE_S,
    PAUSE_WEIGHT,
    TURNOVER_S,
    TURNOVER_WEIGHT,
    Mean,
    Times,
)

VERSION = 1
MODELS = (WHAT_IF, CALL_GAP)
HOUR_MS = 3_600_000
SCORED = 300.0  # people over whom the loss of a model is averaged
ENOUGH, BETTER = 50.0, 0.95  # the plain rule takes over when it was better by a twentieth over at least so many


def pinball(range_s: tuple[float, float, float], real_s: float) -> float:
    """The loss of a range against what happened, over its ends and its middle; in seconds, smaller is better."""
    levels = (TAIL, 0.5, 1 - TAIL)
    return sum(max(level * (real_s - said), (level - 1) * (real_s - said)) for level, said in zip(levels, range_s, strict=True)) / 3


@dataclass(slots=True)
class Learned:
    """The state of one site. `tell` is the only thing that changes it."""

    times: Times = field(default_factory=Times)
    paces: dict[str, Pace] = field(default_factory=dict)
    calibrators: dict[str, Calibrator] = field(default_factory=lambda: {basis: Calibrator() for basis in MODELS})
    losses: dict[str, Mean] = field(default_factory=lambda: {basis: Mean() for basis in MODELS})
    privileged: dict[str, list[int]] = field(default_factory=dict)
    freed: dict[str, int] = field(default_factory=dict)

    def tell(self, fact: Fact) -> None:
        """One fact more."""
        _LEARN[type(fact)](self, fact)

    def _taken(self, fact: Taken) -> None:
        if fact.privileged:
            kept = [at for at in self.privileged.get(fact.service, ()) if at > fact.at_ms - HOUR_MS]
            self.privileged[fact.service] = [*kept, fact.at_ms]

    def _called(self, fact: Called) -> None:
        for code in fact.pool or (fact.service,):
            self.paces.setdefault(code, Pace()).called(fact.at_ms, fact.available_from_ms)
        self._turned_over(fact)
        if all(basis in fact.raw for basis in MODELS):
            # Both or neither: losses are compared over the same people.
            for basis in MODELS:
                self.losses[basis].add(pinball(self.calibrators[basis].range(fact.raw[basis]), fact.waited_s), SCORED)
        for basis in MODELS:
            if basis in fact.raw:
                self.calibrators[basis].feed(fact.raw[basis].mid_s, fact.waited_s, fact.day)

    def _turned_over(self, fact: Called) -> None:
        """Seconds from one person leaving to the next call, where the next one was waiting already."""
        freed = self.freed.pop(fact.counter, None)
        if freed is not None and fact.available_from_ms <= freed and 0 <= fact.at_ms - freed <= LONGEST_TURNOVER_S * 1000:
            self.times.turnover.add((fact.at_ms - freed) / 1000)

    def _served(self, fact: Served) -> None:
        self.times.served(fact.service, fact.counter, fact.took_s, fact.quantity)
        self.times.answered(fact.service, fact.waited_s, absent=False)
        self.freed[fact.counter] = fact.at_ms

    def _absent(self, fact: Absent) -> None:
        self.times.answered(fact.service, fact.waited_s, absent=True)
        self.times.absent_s.add(min(fact.took_s, LONGEST_TURNOVER_S))
        self.freed[fact.counter] = fact.at_ms

    def _paused(self, fact: Paused) -> None:
        self.freed.pop(fact.counter, None)
        if not fact.day_over:
            self.times.paused(fact.took_s)

    # ------------------------------------------------------------ what it knows
    @property
    def ahead(self) -> str:
        """The model whose ranges were better here: the what-if, unless the plain rule has shown itself better."""
        mine, plain = self.losses[WHAT_IF], self.losses[CALL_GAP]
        return CALL_GAP if plain.count >= ENOUGH and plain.mean < BETTER * mine.mean else WHAT_IF

    def completed(self, scene: Scene) -> Scene:
        """The scene with everything learned in it: service models drawn from those it comes with, counters' speeds, pauses,
        turnover, privileged people to come."""
        since = scene.now_ms - HOUR_MS
        rates = {code: float(sum(at > since for at in taken)) for code, taken in self.privileged.items()}
        times = self.times
        return replace(
            scene,
            services={code: times.model(code, assumed.mean_s) for code, assumed in scene.services.items()},
            desks=tuple(replace(desk, factor=times.factor(desk.counter)) for desk in scene.desks),
            overtaking={code: rate for code, rate in rates.items() if rate},
            no_show_s=times.absent_s.shrunk(ABSENT_S, PAUSE_WEIGHT),
            pause_s=times.pause.shrunk(PAUSE_S, PAUSE_WEIGHT),
            pauses_per_hour=times.pauses_per_hour(),
            turnover_s=times.turnover.shrunk(TURNOVER_S, TURNOVER_WEIGHT),
            absent_factors=times.absent_factors(),
            more_share=times.more_share(),
        )

    def gap_s(self, service: str, now_ms: int, prior_s: float) -> float:
        """Seconds between two calls of the service's pool."""
        return self.paces.get(service, Pace()).gap_s(now_ms, prior_s)

    def learned_pace(self, service: str) -> bool:
        return service in self.paces and self.paces[service].count > 0

    def range(self, basis: str, raw: Raw) -> tuple[float, float, float]:
        """Lower end, point and upper end of a model's word, as this site has taught."""
        return self.calibrators[basis].range(raw)

    # ------------------------------------------------------------ plain data
    def as_data(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "version": VERSION,
            "times": self.times.as_data(),
            "paces": {code: pace.as_data() for code, pace in self.paces.items()},
            "calibrators": {basis: one.as_data() for basis, one in self.calibrators.items()},
            "losses": {basis: [one.count, one.mean] for basis, one in self.losses.items()},
            "privileged": {code: list(taken) for code, taken in self.privileged.items()},
            "freed": dict(self.freed),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Learned | None:
        """What `as_data` gave; None where it is of another version, and has to be made again from the log."""
        if data.get("version") != VERSION:
            return None
        return cls(
            times=Times.from_data(data["times"]),
            paces={code: Pace.from_data(row) for code, row in data["paces"].items()},
            calibrators={basis: Calibrator.from_data(data["calibrators"][basis]) for basis in MODELS},
            losses={basis: Mean(*data["losses"][basis]) for basis in MODELS},
            privileged={code: list(taken) for code, taken in data["privileged"].items()},
            freed=dict(data["freed"]),
        )


_LEARN: dict[type, Callable[[Learned, Any], None]] = {
    Taken: Learned._taken,
    Called: Learned._called,
    Served: Learned._served,
    Absent: Learned._absent,
    Paused: Learned._paused,
}


def fold(facts: Sequence[Fact]) -> Learned:
    """The state after these facts."""
    learned = Learned()
    for fact in facts:
        learned.tell(fact)
    return learned
