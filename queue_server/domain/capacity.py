"""What can still be served before closing, and how many of the calls a priority may take. Two plain rules; no queue is read here.

Capacity: (people ahead + 1) × the pace of the last calls, slower or faster as fewer or more counters stand open now than made
those calls, against the opening hours that are left. Before anything is learned nobody is refused: an assumption only warns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from queue_server.domain.waiting import HIGH, learned_gap_ms

FITS, MAY_NOT, FULL = "fits", "may_not_be_served", "capacity_full"
SHARE_WINDOW_MS = 60 * 60_000  # a share is one of the calls of the last hour
LEAST_CALLS = 10  # of fewer calls no share is reckoned: the first person of a morning would be all of them


@dataclass(frozen=True, slots=True)
class Room:
    """What the rule looks at: people to be called before this one, calls of the last while (newest first) and how many
    counters made them, how many stand open now, the configured gap in seconds, and the opening hours left."""

    ahead: int
    recent_calls: Sequence[int]
    callers: int
    open_counters: int
    prior_gap_s: int
    left_ms: int


def verdict(room: Room) -> str:
    """Whether who takes a number now is served before closing: `fits`, `may_not_be_served` or `capacity_full`."""
    gap_ms, learned = learned_gap_ms(room.recent_calls, room.prior_gap_s)
    needed_ms = (room.ahead + 1) * gap_ms
    if learned:
        needed_ms = needed_ms * max(1, room.callers) // max(1, room.open_counters)
        if needed_ms > room.left_ms:
            return FULL
    return MAY_NOT if needed_ms * HIGH > room.left_ms else FITS


def over_cap(calls: Mapping[str | None, int], named: str, cap_share: int | None) -> int | None:
    """The share in percent, rounded down, that people of a class had of these calls, where it has reached the class's cap;
    None where there is room for more."""
    total = sum(calls.values())
    if cap_share is None or total < LEAST_CALLS:
        return None
    share = 100 * calls.get(named, 0) // total
    return share if share >= cap_share else None
