"""The values that pass between devices, service and client: slot states, outcomes, jobs. No behaviour beyond shape."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from drivers.health import Health, hint


class State(StrEnum):
    """Where a slot is in its life. The moves between them are one table in `drivers.devices.link`."""

    ABSENT = "absent"
    OPENING = "opening"
    READY = "ready"
    DEGRADED = "degraded"
    LOST = "lost"
    BACKOFF = "backoff"


class Outcome(StrEnum):
    """What became of a slip. `UNKNOWN` is never tried again: a person looks, and decides about a reprint."""

    PRINTED = "printed"
    SENT_UNCONFIRMED = "sent_unconfirmed"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PrintJob:
    """One slip: packed 1-bit rows, most significant bit first, 1 = black."""

    job_id: str
    width_dots: int
    height: int
    raster: bytes = field(repr=False)
    cut: bool = True


@dataclass(frozen=True)
class NewRoll:
    """A person has put a new roll of paper in. `length_m` None: as long as the configuration says."""

    length_m: float | None = None


@dataclass(frozen=True)
class JobResult:
    job_id: str
    outcome: Outcome
    code: str = "ok"
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"job_id": self.job_id, "outcome": str(self.outcome), "code": self.code, "detail": self.detail}


@dataclass(frozen=True)
class SlotStatus:
    """What is known of one slot. `since` is an instant of the monotonic clock."""

    role: str
    driver: str
    state: State
    health: Health
    device: str
    since: float
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self, now: float) -> dict[str, Any]:
        return {
            "role": self.role,
            "driver": self.driver,
            "state": str(self.state),
            "code": self.health.code,
            "detail": self.health.detail,
            "hint": hint(self.health.code),
            "device": self.device,
            "since_s": max(0, int(now - self.since)),
            **self.facts,
        }
