"""What a device tells of its own board: heat, power, storage, clock, page, services, settings; of a feed. Part of `messages.Heartbeat`.

Every field may be missing: a device tells what it can measure, and an older one tells less. What a value means for people is
judged by `domain.alerting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .strict import Flag, Listing, Nested, Tally, Text, When, Whole, optional, required


@dataclass(frozen=True, kw_only=True)
class DeviceClock:
    """`skew_ms`: this machine's clock minus the server's, as the device saw it at its last answer."""

    wall: int = required(When())
    synced: bool = optional(Flag(), False)
    skew_ms: int | None = optional(Whole(-(2**43), 2**43))


@dataclass(frozen=True, kw_only=True)
class Undervoltage:
    """`since_boot` stays true until the machine is started again, however short the drop was."""

    now: bool = required(Flag())
    since_boot: bool = required(Flag())


@dataclass(frozen=True, kw_only=True)
class Storage:
    """The medium under the state folder. `life_pct`: share of its life that is used up, in steps of ten (eMMC)."""

    free_mb: int | None = optional(Whole())
    errors: int | None = optional(Whole())
    life_pct: int | None = optional(Whole(0, 110))
    read_only: bool | None = optional(Flag())
    writable: bool | None = optional(Flag())


@dataclass(frozen=True, kw_only=True)
class PageLife:
    """`age_s`: seconds since the page on the screen last answered; missing where none was ever open."""

    age_s: int | None = optional(Whole())
    restarts: int = optional(Whole(), 0)


@dataclass(frozen=True, kw_only=True)
class AppliedConfig:
    """Which version of its settings the device runs on, and where it differs from it all the same."""

    version: int = required(Whole())
    drift: tuple[str, ...] = optional(Listing(Text(64), 50), ())


@dataclass(frozen=True, kw_only=True)
class DeviceNet:
    address: str | None = optional(Text(64, shortest=0, pattern=r"[0-9A-Fa-f:.%a-z]*"))


@dataclass(frozen=True, kw_only=True)
class RefusedRecord:
    """What a dossier system would not take: which record and version, when, and its words. Never what the record says."""

    key: str = required(Text(200))
    at: int = required(When())
    status: int = optional(Whole(0, 999), 0)
    code: str = optional(Text(64, shortest=0), "")
    detail: str = optional(Text(600, shortest=0), "")


@dataclass(frozen=True, kw_only=True)
class FeedReport:
    """How the feed to the dossier system stands. `waiting`, `days`: records and days on their way; `newest_refused`: the last few
    of `refused`; `trouble`: why nothing can be sent now."""

    position: str = required(Text(40, pattern=r"[0-9]+(-[0-9]+)?"))
    partner: str = optional(Text(120, shortest=0), "")
    waiting: int = optional(Whole(), 0)
    days: int = optional(Whole(), 0)
    sent: int = optional(Whole(), 0)
    refused: int = optional(Whole(), 0)
    newest_refused: tuple[RefusedRecord, ...] = optional(Listing(Nested(RefusedRecord), 20), ())
    trouble: str | None = optional(Text(300, shortest=0))
    answered_at: int | None = optional(When())


TEMPERATURE = Whole(-60, 200)
UNITS = Tally(Text(64, pattern=r"[0-9A-Za-z_.@-]+"), Whole(0, 10**9), 32)
Units = Mapping[str, int]
