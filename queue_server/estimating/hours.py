"""Seconds of opening hours and seconds on the wall: a wait over a break is foreseen and scored without the break, and told as a clock
time. Also the rounding of what is shown. Spans are given; which calendar they come from is not known here.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from queue_server.domain.waiting import round_outward
from queue_server.estimating.scene import Span

GRAIN_MS = 300_000  # a clock time is told to five minutes
Gaps = tuple[tuple[float, float], ...]  # seconds from now, [closed, open again)


def gaps(spans: Sequence[Span], now_ms: int) -> Gaps:
    """When the doors are shut from now on, up to the last opening of the day; after the last closing whoever is in is still served,
    so nothing follows it."""
    found, shut_from = [], None
    for begin, end in sorted(spans):
        if shut_from is None and now_ms < begin:
            found.append((0.0, (begin - now_ms) / 1000))
        elif shut_from is not None and begin > max(shut_from, now_ms):
            found.append((max(0.0, (shut_from - now_ms) / 1000), (begin - now_ms) / 1000))
        shut_from = end if shut_from is None else max(shut_from, end)
    return tuple(found)


def into_opening(at_s: NDArray[np.float64], shut: Gaps) -> NDArray[np.float64]:
    """The instants, those within a gap moved to its end."""
    for begin, end in shut:
        at_s = np.where((at_s >= begin) & (at_s < end), end, at_s)
    return at_s


def opening_seconds(wall_s: float, shut: Gaps) -> float:
    """Seconds of opening hours from now until an instant."""
    return wall_s - sum(min(max(wall_s - begin, 0.0), end - begin) for begin, end in shut)


def wall_seconds(opening_s: float, shut: Gaps) -> float:
    """The instant that lies so many seconds of opening hours from now; at a closing, the opening after it."""
    wall = opening_s
    for begin, end in shut:
        if wall >= begin:
            wall += end - begin
    return wall


def shown(low_s: float, high_s: float, shut: Gaps, now_ms: int) -> tuple[int, int, Span | None]:
    """Both ends rounded outward, in seconds from now, and as a clock span where a gap lies before the later one."""
    low, high = round_outward(low_s, high_s)
    low_wall, high_wall = wall_seconds(low_s, shut), wall_seconds(high_s, shut)
    if high_wall == high_s:
        return low, high, None
    first = max(now_ms, int(now_ms + low_wall * 1000) // GRAIN_MS * GRAIN_MS)
    last = -(-int(now_ms + high_wall * 1000) // GRAIN_MS) * GRAIN_MS
    return (first - now_ms) // 1000, (last - now_ms) // 1000, (first, last)
