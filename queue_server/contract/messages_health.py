"""What a device tells of its own board: heat, power, storage, clock, page, services, settings. Parts of `messages.Heartbeat`.

Every field may be missing: a device tells what it can measure, and an older one tells less. What a value means for people is
judged by `domain.alerting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .strict import Flag, Listing, Tally, Text, When, Whole, optional, required


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


TEMPERATURE = Whole(-60, 200)
UNITS = Tally(Text(64, pattern=r"[0-9A-Za-z_.@-]+"), Whole(0, 10**9), 32)
Units = Mapping[str, int]
