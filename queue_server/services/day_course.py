"""The course of a business day, half hour by half hour: who came, how long they waited, how many counters stood open.

Who came and how long they waited are the day's figures by half hour; here are only the rows in order, without a gap, and the
counters beside them. Read by the manager's page and by the day report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, presence
from queue_server.domain.config import SiteConfig
from queue_server.services.queries import house
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

HALF_HOUR_MS = 30 * 60_000
NOTHING: dict[str, Any] = {"n": 0, "mean_s": None, "p50_s": None, "p90_s": None}


def of_day(reader: Reader, site: str, day: str, figures: Mapping[str, Any], *, now: int) -> dict[str, Any]:
    """Rows from the first half hour with anybody in it or a service open, to the last that has begun."""
    _, config = house(reader, site)
    start = calendar.midnight_ms(day, config.utc_offset_min)
    end = min(now, start + calendar.DAY_MS)
    level = presence.levels(reader.counter_changes(site, day), end)
    halves: Mapping[str, Any] = figures["by_half_hour"]
    first, last = _bounds(config, day, start, [start + _minute(half) * calendar.MINUTE_MS for half in halves], end)
    return {
        "half_hours": [_slot(at, halves.get(_clock(at - start), {}), level) for at in range(first, last, HALF_HOUR_MS)],
        "counters": [{"at": moment(at), "open": n, "from_slot": (at - first) / HALF_HOUR_MS} for at, n in level],
    }


def _minute(half: str) -> int:
    return int(half[:2]) * 60 + int(half[3:])


def _clock(since_midnight_ms: int) -> str:
    minutes = since_midnight_ms // calendar.MINUTE_MS
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _bounds(config: SiteConfig, day: str, start: int, busy: list[int], end: int) -> tuple[int, int]:
    """From the earlier of the first opening and the first number to the later of the last closing and the last number, within the
    hours that have begun. A house without hours begins with its first number."""
    spans = [span for code in config.services for span in calendar.spans(config.calendar_of(code), day, config.utc_offset_min)]
    hours = [(a, b) for a, b in spans if b - a < calendar.DAY_MS]
    first = min([a for a, _ in hours] + busy, default=end)
    last = min(max([b for _, b in hours] + [at + HALF_HOUR_MS for at in busy], default=end), end)
    floor = start + (first - start) // HALF_HOUR_MS * HALF_HOUR_MS
    return floor, max(last, floor)


def _slot(begin: int, found: Mapping[str, Any], level: list[presence.Level]) -> dict[str, Any]:
    """One half hour: those who took their number in it, and what became of them."""
    wait = found.get("wait", NOTHING)
    return {
        "from_at": moment(begin),
        "issued": found.get("issued", 0) + found.get("arrived", 0),
        "called": found.get("called", 0),
        "wait": {name: wait[name] for name in ("n", "mean_s", "p50_s", "p90_s")},
        "counters_open": presence.most(level, begin, begin + HALF_HOUR_MS),
    }
