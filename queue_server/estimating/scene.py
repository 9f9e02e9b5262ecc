"""The picture of the hall that an estimate is made from, and the answer's shape. Types only: no rule stands here.

Instants are Unix milliseconds, durations seconds unless the name says otherwise. A scene holds codes and times, nothing of a
person: tickets are named by whatever string the caller likes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Waits = NDArray[np.float64]  # one wait in seconds per path
Newcomer = tuple[str, bool]  # service, and whether the person is privileged
Span = tuple[int, int]  # [from_ms, to_ms)

OPEN, PAUSED, CLOSED = "open", "paused", "closed"
NO_WAIT, WHAT_IF, CALL_GAP, PRIOR = "no_wait", "what_if", "call_gap", "prior"


@dataclass(frozen=True, slots=True)
class ServiceModel:
    """How long one piece of a service takes: log-normal of this mean and spread of the logarithm; how often somebody does not
    come when called; and how many visits it was learned from (0: an assumption alone, which the paths spread widely)."""

    mean_s: float
    log_sd: float = 0.6
    no_show_p: float = 0.03
    visits: int = 0


@dataclass(frozen=True, slots=True)
class Busy:
    """Who is at a desk: their service, since when they were called there, and how many pieces they brought."""

    service: str
    since_ms: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Desk:
    """A counter. `services` it serves; free since `freed_at_ms` or `busy`; `paused_since_ms` when its clerk has stepped away.
    `factor`: how many times the usual time its visits take. `away`: when the plan says that it is not staffed (lunch, end of a
    shift); empty without a plan. A closed desk takes part only from the end of an `away` span that contains now."""

    counter: str
    state: str
    services: tuple[str, ...]
    freed_at_ms: int | None = None
    busy: Busy | None = None
    paused_since_ms: int | None = None
    factor: float = 1.0
    away: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class InLine:
    """Who waits. `effective_at_ms` decides the order; before `available_from_ms` nobody calls them (an appointment, an opening to
    come). `counter`: waits for that one only. `presence_p`: the chance that they come at all (below 1 for a booked appointment
    that has not checked in, a number that nobody seems to hold)."""

    ticket: str
    service: str
    effective_at_ms: int
    available_from_ms: int
    quantity: int = 1
    privileged: bool = False
    counter: str | None = None
    presence_p: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A hall at `now_ms`. `line` in calling order. `spans`: today's opening hours by service (a service without an entry is always
    open). `overtaking`: privileged people to come per hour, by service. `credit_ms`: how far ahead a privileged person moves.
    `priors_s`: the configured gap between calls by service. `no_show_s`: what a call in vain costs a desk; `pause_s`: how long a
    short pause lasts in the mean; `pauses_per_hour`: how many of them a desk takes per hour spent with people; `turnover_s`: from one
    person leaving to the next call. `absent_factors`: how many times as often as usual nobody comes after a wait of under 10, 30, 60
    minutes and beyond. `more_share`: what a further piece takes, of the time of the first."""

    now_ms: int
    services: Mapping[str, ServiceModel]
    desks: Sequence[Desk]
    line: Sequence[InLine]
    spans: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)
    overtaking: Mapping[str, float] = field(default_factory=dict)
    credit_ms: int = 1_800_000
    priors_s: Mapping[str, int] = field(default_factory=dict)
    no_show_s: float = 60.0
    pause_s: float = 600.0
    pauses_per_hour: float = 0.0
    turnover_s: float = 0.0
    absent_factors: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    more_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Calls:
    """What the paths say: seconds from now to the call, for everybody in line by ticket and for a newcomer of each kind. `free`:
    services for which a desk stands idle and nobody is before a newcomer: no wait."""

    paths: int
    line: Mapping[str, Waits]
    newcomers: Mapping[Newcomer, Waits]
    free: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Raw:
    """What one model said before calibration, in seconds of opening hours. It is kept with the ticket, so that the call can score
    both models."""

    low_s: int
    mid_s: int
    high_s: int

    def as_data(self) -> list[int]:
        return [self.low_s, self.mid_s, self.high_s]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The range to show, 80 %: seconds from the moment of the estimate, and what it rests on (`no_wait what_if call_gap prior`).
    `clock`: the same range as instants, set where a break or an opening to come lies before its end (`after_break`): then the
    clock time is what a person can use. `raw`: by basis, what each model said."""

    low_s: int
    mid_s: int
    high_s: int
    basis: str
    model: str
    clock: Span | None = None
    raw: Mapping[str, Raw] = field(default_factory=dict)

    @property
    def after_break(self) -> bool:
        return self.clock is not None

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values, as kept with the ticket; the instants of `clock` in milliseconds stand under `clock_ms`."""
        data: dict[str, Any] = {"low_s": self.low_s, "mid_s": self.mid_s, "high_s": self.high_s, "basis": self.basis, "model": self.model}
        if self.clock is not None:
            data["clock_ms"] = list(self.clock)
        if self.raw:
            data["raw"] = {basis: said.as_data() for basis, said in sorted(self.raw.items())}
        return data


@dataclass(frozen=True, slots=True)
class Foresight:
    """Everybody's range at one moment: who waits, by ticket, and a newcomer of each kind. What `foreseeing.foresee` gives."""

    made_at_ms: int
    line: Mapping[str, Foreseen]
    newcomers: Mapping[Newcomer, Foreseen]
