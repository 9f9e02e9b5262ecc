"""The figures of the day that is running, for pages that ask again after every event: reckoned anew only when they may have changed, and
in a full hall not more often than is worth its time.

The figures are `figures`' own, whole and as they are published; only how old they may be is decided here. A report, the feed and the
API never read these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.services import queries

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

FREE = 100  # so many visits are reckoned at once, whoever asks
EACH_MS = 3  # each further one makes the figures good for so much longer: 1,500 visits, four seconds


def figures(reader: Reader, site: str, day: str, *, now: int) -> dict[str, Any]:
    """As `queries.day_figures`, at most a few seconds old."""
    place = queries.position(reader, site)
    kept: tuple[str, tuple[int, int], int, dict[str, Any]] | None = reader.memo.get(("today", site))
    if kept is not None and kept[0] == day and (kept[1] == place or 0 <= now - kept[2] < _good_ms(kept[3])):
        return kept[3]
    found = queries.day_figures(reader, site, day, now=now)
    reader.memo["today", site] = (day, place, now, found)
    return found


def _good_ms(found: dict[str, Any]) -> int:
    issued: int = found["counts"]["issued"]
    return max(0, issued - FREE) * EACH_MS
