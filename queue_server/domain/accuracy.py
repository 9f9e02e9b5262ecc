"""How true the waits were that people were told: of each range whether the call fell into it, and how far off its middle was. PURE.

A told wait is judged by the time from being told to the first call of the visit's first step, breaks included, because that is what
the person waited by their own watch. "No wait" is no range: it is counted apart, and kept where the call came within two minutes.
All sums are whole seconds, so figures of days and services add up exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

NO_WAIT = "no_wait"
KEPT_S = 120  # a free counter that called within this kept the word "no wait"
AIM_PERCENT = 80  # the share of calls that are meant to fall into their range
BEFORE_MS = 15 * 60_000  # who looks on the page leaves home, and comes about so much later
ABOUT_MS = BEFORE_MS // 2


@dataclass(frozen=True, slots=True)
class Told:
    """What one person was told at an instant and when they were called. `mid_s` None: only the two ends were told."""

    service: str
    at_ms: int
    called_at_ms: int
    low_s: int
    high_s: int
    basis: str
    mid_s: int | None = None

    @property
    def waited_s(self) -> int:
        """Whole seconds, rounded down."""
        return max(0, self.called_at_ms - self.at_ms) // 1000

    @property
    def middle_s(self) -> int:
        """The one figure the range stands for."""
        return self.mid_s if self.mid_s is not None else (self.low_s + self.high_s) // 2


@dataclass(slots=True)
class Truth:
    """What became of any set of told waits. Sums of seconds: of the error without its sign, of the error with it (told minus waited:
    above 0 people waited less than they were told), and of the widths of the ranges."""

    ranges: int = 0
    covered: int = 0
    early: int = 0
    late: int = 0
    error_s: int = 0
    off_s: int = 0
    width_s: int = 0
    no_wait: int = 0
    no_wait_kept: int = 0
    by_basis: dict[str, int] = field(default_factory=dict)

    def add(self, told: Told) -> None:
        """One more."""
        self.by_basis[told.basis] = self.by_basis.get(told.basis, 0) + 1
        waited = told.waited_s
        if told.basis == NO_WAIT:
            self.no_wait += 1
            self.no_wait_kept += waited <= told.high_s + KEPT_S
            return
        self.ranges += 1
        self.early += waited < told.low_s
        self.late += waited > told.high_s
        self.covered += told.low_s <= waited <= told.high_s
        self.error_s += abs(told.middle_s - waited)
        self.off_s += told.middle_s - waited
        self.width_s += told.high_s - told.low_s

    def as_data(self) -> dict[str, Any]:
        """Plain JSON values; shares in tenths of a percent and means are rounded once, here."""
        n = self.ranges
        return {
            "n": n, "covered": self.covered, "early": self.early, "late": self.late,
            "covered_percent": (2000 * self.covered + n) // (2 * n) / 10 if n else None,
            "error_s": (2 * self.error_s + n) // (2 * n) if n else None,
            "bias_s": (2 * self.off_s + n) // (2 * n) if n else None,
            "width_s": (2 * self.width_s + n) // (2 * n) if n else None,
            "no_wait": self.no_wait, "no_wait_kept": self.no_wait_kept, "by_basis": dict(sorted(self.by_basis.items())),
        }  # fmt: skip


def judge(told: Iterable[Told], services: Iterable[str] = ()) -> dict[str, Any]:
    """The whole and each service: `{"all": …, "by_service": {code: …}}`."""
    whole, parts = Truth(), {code: Truth() for code in services}
    for each in told:
        whole.add(each)
        parts.setdefault(each.service, Truth()).add(each)
    return {"all": whole.as_data(), "by_service": {code: part.as_data() for code, part in parts.items()}}


@dataclass(frozen=True, slots=True)
class Sample:
    """What pages showed to whoever would come at an instant: low and high in seconds by service."""

    at_ms: int
    services: dict[str, tuple[int, int]]


def shown(samples: Iterable[Sample], came: Iterable[Told]) -> list[Told]:
    """Of everybody who came a quarter of an hour after a sample, give or take half of one, what the page had told them then."""
    listed = sorted(samples, key=lambda sample: sample.at_ms)
    found = []
    for person in came:
        before = [one for one in listed if abs(person.at_ms - one.at_ms - BEFORE_MS) <= ABOUT_MS and person.service in one.services]
        if before:
            nearest = min(before, key=lambda one: abs(person.at_ms - one.at_ms - BEFORE_MS))
            low_s, high_s = nearest.services[person.service]
            basis = NO_WAIT if high_s == 0 else "shown"
            found.append(Told(person.service, person.at_ms, person.called_at_ms, low_s, high_s, basis))
    return found
