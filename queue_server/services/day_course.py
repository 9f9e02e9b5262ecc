"""The course of a business day, half hour by half hour: who came, how long they waited, how many counters stood open.

Every figure is a fold of `domain.metrics` over the tickets of one half hour; nothing is averaged twice. Read by the manager's page and
by the day report.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, metrics, presence
from queue_server.domain.config import SiteConfig
from queue_server.domain.visit import Ticket
from queue_server.services.queries import house
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

HALF_HOUR_MS = 30 * 60_000


def of_day(reader: Reader, site: str, day: str, *, now: int) -> dict[str, Any]:
    """Rows from the first half hour with anybody in it or a service open, to the last that has begun."""
    _, config = house(reader, site)
    tickets = reader.tickets_of_day(site, day)
    start = calendar.midnight_ms(day, config.utc_offset_min)
    end = min(now, start + calendar.DAY_MS)
    level = presence.levels(reader.counter_changes(site, day), end)
    first, last = _bounds(config, day, start, tickets, end)
    slots = [(at, at + HALF_HOUR_MS) for at in range(first, last, HALF_HOUR_MS)]
    return {
        "site": site,
        "date": day,
        "half_hours": [_slot(tickets, level, begin, until) for begin, until in slots],
        "counters": [{"at": moment(at), "open": n, "from_slot": (at - first) / HALF_HOUR_MS} for at, n in level],
    }


def _bounds(config: SiteConfig, day: str, start: int, tickets: Iterable[Ticket], end: int) -> tuple[int, int]:
    """From the earlier of the first opening and the first number to the later of the last closing and the last number, within the
    hours that have begun. A house without hours begins with its first number."""
    spans = [span for code in config.services for span in calendar.spans(config.calendar_of(code), day, config.utc_offset_min)]
    hours = [(a, b) for a, b in spans if b - a < calendar.DAY_MS]
    came = [each.issued_at for each in tickets]
    first = min([a for a, _ in hours] + came, default=end)
    last = min(max([b for _, b in hours] + [at + 1 for at in came], default=end), end)
    floor = start + (first - start) // HALF_HOUR_MS * HALF_HOUR_MS
    return floor, max(last, floor)


def _slot(tickets: Iterable[Ticket], level: Iterable[presence.Level], begin: int, until: int) -> dict[str, Any]:
    """One half hour: those who took their number in it, and what became of them."""
    found = metrics.figures(each for each in tickets if begin <= each.issued_at < until).as_data()
    return {
        "from_at": moment(begin),
        "to_at": moment(until),
        "issued": found["counts"]["issued"] + found["counts"]["arrived"],
        "called": found["counts"]["called"],
        "wait": {name: found["wait"][name] for name in ("n", "mean_s", "p50_s", "p90_s")},
        "counters_open": presence.most(level, begin, until),
    }
