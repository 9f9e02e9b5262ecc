"""Which leased numbers a kiosk may give out alone, and what becomes of what it gave.

Pure: the instant is an argument and is never this machine's wall clock, which a flat battery or a hand may set to any year. It is
what the server last told plus the time since then on the clock that counts from the machine's start. So a number of yesterday
stays in the drawer whatever the wall says, and after a restart of the machine nothing is given before the server was heard:
then nobody knows the time, nor whether this disk is the one that gave the last numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kiosk.values import Home

DAY_MS = 24 * 3_600_000
RESTATED = 50  # what is told again to a server that took over


@dataclass(frozen=True)
class Anchor:
    """The server's time (Unix ms) at a moment of this start of the machine (seconds since then)."""

    server_ms: int
    boot_s: float
    boot_id: str


@dataclass(frozen=True)
class Lease:
    """`boot_id` and `epoch`: in which start of this machine and from which epoch of the server it was taken."""

    id: str
    series: str
    expires_ms: int
    epoch: int
    boot_id: str


@dataclass(frozen=True)
class Number:
    """One leased number, with the id and the page's token that the server made for it."""

    lease: str
    number: int
    label: str
    ticket_id: str
    token: str


def now_ms(anchor: Anchor | None, boot_id: str, boot_s: float) -> int | None:
    """The site's time, or None where nobody knows it: the server was not heard since the machine started."""
    if anchor is None or anchor.boot_id != boot_id or boot_s < anchor.boot_s:
        return None
    return anchor.server_ms + int((boot_s - anchor.boot_s) * 1000)


def usable(lease: Lease, now: int | None, epoch: int, boot_id: str) -> bool:
    """Of today, of this start of the machine, of the server's newest epoch."""
    if now is None or lease.boot_id != boot_id or lease.epoch < epoch:
        return False
    return lease.expires_ms - DAY_MS <= now < lease.expires_ms


def wanted(free: int, count: int) -> int:
    """How many numbers to ask for: none while half of a full lease is left."""
    return count - free if free < (count + 1) // 2 else 0


def offered(home: Home, left: Collection[str], now: str) -> Home:
    """What can be had from leases: services of a series with numbers left, open when the line broke or since. How many wait is
    not known."""
    services = tuple(
        replace(one, open=one.series in left and (one.open or _opened(one.next_open_at, now)), waiting=0, next_open_at="")
        for one in home.services
    )
    return replace(home, services=services)


def _opened(at: str, now: str) -> bool:
    try:
        return datetime.fromisoformat(at) <= datetime.fromisoformat(now)
    except (ValueError, TypeError):
        return False


def strange(results: Sequence[dict[str, Any]]) -> list[str]:
    """What a technician must hear of a settling: `already` to something told for the first time (this disk is older than what
    the server knows), `conflict` (this number is somebody else's)."""
    return [f"lease_{one.get('result')}" for one in results if one.get("result") != "settled"]
