"""What is known of visits and pauses: log-normal times per service drawn towards the configured one, how fast a counter is, who does
not come, how long a clerk steps away. Each begins as an assumption that counts as a few visits and fades as real ones come in.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import exp, log, sqrt
from typing import Any

from queue_server.estimating.scene import ServiceModel

MEAN_WEIGHT, SD_WEIGHT, COUNTER_WEIGHT, ABSENT_WEIGHT = 4.0, 8.0, 12.0, 30.0  # visits that an assumption counts as
MEMORY, COUNTER_MEMORY = 400.0, 100.0
LOG_SD, ABSENT_P, ABSENT_S = 0.6, 0.03, 60.0
FASTEST, SLOWEST = 0.5, 2.0
SHORTEST_S, LONGEST_S = 5.0, 4 * 3600.0  # outside, somebody forgot to press a key
WAITED_S = (600, 1800, 3600)  # the longer they wait the more have gone
PAUSE_S, PAUSE_WEIGHT, PAUSES_PER_HOUR, HOURS_WEIGHT = 600.0, 4.0, 0.2, 5.0
LONGEST_PAUSE_S = 2700.0  # longer is a break of the plan, or a desk left open
MORE_SHARE, MORE_WEIGHT = 0.8, 20.0
TURNOVER_S, TURNOVER_WEIGHT, LONGEST_TURNOVER_S = 10.0, 10.0, 300.0


@dataclass(slots=True)
class Mean:
    """A mean whose oldest samples fade once there are `memory` of them."""

    count: float = 0.0
    mean: float = 0.0

    def add(self, value: float, memory: float = MEMORY) -> None:
        self.count = min(self.count + 1.0, memory)
        self.mean += (value - self.mean) / self.count

    def shrunk(self, prior: float, weight: float) -> float:
        return (weight * prior + self.count * self.mean) / (weight + self.count)


@dataclass(slots=True)
class Visits:
    """One service: seconds a piece, their logarithm and its square, and calls answered (0) or in vain (1)."""

    seconds: Mean = field(default_factory=Mean)
    logs: Mean = field(default_factory=Mean)
    squares: Mean = field(default_factory=Mean)
    absent: Mean = field(default_factory=Mean)

    def add(self, seconds: float) -> None:
        self.seconds.add(seconds)
        self.logs.add(log(seconds))
        self.squares.add(log(seconds) ** 2)

    def model(self, prior_s: float) -> ServiceModel:
        variance = max(0.0, self.squares.mean - self.logs.mean**2)
        n = self.logs.count
        log_sd = sqrt((SD_WEIGHT * LOG_SD**2 + n * variance) / (SD_WEIGHT + n))
        return ServiceModel(
            self.seconds.shrunk(prior_s, MEAN_WEIGHT), log_sd, self.absent.shrunk(ABSENT_P, ABSENT_WEIGHT), int(self.seconds.count)
        )


@dataclass(slots=True)
class Times:
    """What one site has taught of its visits, counters and pauses."""

    services: dict[str, Visits] = field(default_factory=dict)
    counters: dict[str, Mean] = field(default_factory=dict)
    absent_by_wait: list[Mean] = field(default_factory=lambda: [Mean() for _ in range(len(WAITED_S) + 1)])
    absent_s: Mean = field(default_factory=Mean)
    pause: Mean = field(default_factory=Mean)
    pauses: float = 0.0
    hours: float = 0.0
    turnover: Mean = field(default_factory=Mean)
    more: Mean = field(default_factory=Mean)

    def served(self, service: str, counter: str, took_s: float, quantity: int) -> None:
        """A visit ended. How fast the counter is comes from the logarithm against the service's own mean logarithm."""
        a_piece = took_s / (1 + self.more_share() * (max(1, quantity) - 1))
        if not SHORTEST_S <= a_piece <= LONGEST_S:
            return
        visits = self.services.setdefault(service, Visits())
        if quantity > 1 and visits.seconds.count >= MEAN_WEIGHT:
            self.more.add((took_s / visits.seconds.mean - 1) / (quantity - 1))
        if visits.logs.count >= MEAN_WEIGHT:
            self.counters.setdefault(counter, Mean()).add(log(a_piece) - visits.logs.mean, COUNTER_MEMORY)
        visits.add(a_piece)
        self.hours += took_s / 3600

    def answered(self, service: str, waited_s: float, *, absent: bool) -> None:
        """Whether a call was answered."""
        self.services.setdefault(service, Visits()).absent.add(float(absent))
        self.absent_by_wait[bisect_right(WAITED_S, waited_s)].add(float(absent))

    def paused(self, took_s: float) -> None:
        if took_s <= LONGEST_PAUSE_S:
            self.pause.add(took_s)
            self.pauses += 1

    def factor(self, counter: str) -> float:
        """How many times the usual time a visit takes at this counter."""
        learned = self.counters.get(counter, Mean()).shrunk(0.0, COUNTER_WEIGHT)
        return min(SLOWEST, max(FASTEST, exp(learned)))

    def model(self, service: str, prior_s: float) -> ServiceModel:
        return self.services.get(service, Visits()).model(prior_s)

    def absent_factors(self) -> tuple[float, ...]:
        """By length of the wait so far, how many times as often as usual nobody comes."""
        calls = sum(one.count for one in self.absent_by_wait)
        usual = (ABSENT_WEIGHT * ABSENT_P + sum(one.count * one.mean for one in self.absent_by_wait)) / (ABSENT_WEIGHT + calls)
        return tuple(one.shrunk(usual, ABSENT_WEIGHT) / usual for one in self.absent_by_wait)

    def more_share(self) -> float:
        """What a further piece takes, of the time of the first."""
        return min(1.0, max(0.0, self.more.shrunk(MORE_SHARE, MORE_WEIGHT)))

    def pauses_per_hour(self) -> float:
        """Of an hour spent with people."""
        return (PAUSES_PER_HOUR * HOURS_WEIGHT + self.pauses) / (HOURS_WEIGHT + self.hours)

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Times:
        return cls(
            services={code: Visits(**{name: Mean(**mean) for name, mean in row.items()}) for code, row in data["services"].items()},
            counters={code: Mean(**mean) for code, mean in data["counters"].items()},
            absent_by_wait=[Mean(**mean) for mean in data["absent_by_wait"]],
            absent_s=Mean(**data["absent_s"]),
            pause=Mean(**data["pause"]),
            pauses=data["pauses"],
            hours=data["hours"],
            turnover=Mean(**data["turnover"]),
            more=Mean(**data["more"]),
        )
