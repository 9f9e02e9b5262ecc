"""What the hall will probably be like in two hours' time: who is expected, how long they will wait, and what that rests on.

The hall is the one that `foreseeing` pictured last, with all it has learned; who comes is what came at the same hours of the same weekday
lately, in proportion to what this day has seen so far. Kept for half a minute, because many people may look at one page.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.config import SiteConfig
from queue_server.domain.metrics import Days
from queue_server.estimating import coming
from queue_server.estimating.scene import CLOSED, OPEN, Scene
from queue_server.services import figures_kept, foresight
from queue_server.services.picturing import picture
from queue_server.services.queries import house
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

AHEAD, HALF_HOUR_MS = 4, 30 * 60_000
KEPT_MS = 30_000
WEEKS, DAYS = 4, 7  # the same weekday of so many weeks; where none was open, the last days
ENOUGH = 20  # people that a morning must have seen before it says anything of the whole day
LEAST_SEEN_MS = 600_000  # who came in a minute is no pace yet
LEAST, MOST = 0.5, 2.0  # a day is taken to be at most so far from the days before

Halves = dict[tuple[str, str], float]  # (service, half hour) -> people on an average day


def of_site(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """The next four half hours, the one that has begun being the first."""
    kept: tuple[int, dict[str, Any]] | None = reader.memo.get(("outlook", site))
    if kept is not None and 0 <= now - kept[0] < KEPT_MS:
        return kept[1]
    row, config = house(reader, site)
    hall = foresight.hall(reader, site, now)
    scene = hall or picture(reader, site, config, now)
    day = calendar.business_day(now, config.utc_offset_min)
    today = figures_kept.tell(reader, site, [day])[0].days
    usual, dates = _usual(reader, site, day)
    factor = _factor(usual, today, config, now)
    expected = [(span, _expected(span, usual, factor, today, config, now)) for span in _spans(now)]
    seed = zlib.crc32(f"{site}:{row['seq']}".encode())
    told = {
        "site": site,
        "made_at": moment(now),
        "windows": [_json(each) for each in coming.outlook(scene, _within(expected, scene), seed)],
        "rests_on": _basis(scene, dates, factor, learned=hall is not None),
    }
    reader.memo["outlook", site] = (now, told)
    return told


def _spans(now: int) -> list[tuple[int, int]]:
    """The rest of this half hour, and the three after it."""
    begin = now // HALF_HOUR_MS * HALF_HOUR_MS
    return [(max(now, at), at + HALF_HOUR_MS) for at in range(begin, begin + AHEAD * HALF_HOUR_MS, HALF_HOUR_MS)]


def _within(expected: list[tuple[tuple[int, int], dict[str, float]]], scene: Scene) -> list[tuple[tuple[int, int], dict[str, float]]]:
    """Nobody is expected for a service that is shut for all of a half hour."""

    def is_open(code: str, span: tuple[int, int]) -> bool:
        hours = scene.spans.get(code)
        return hours is None or any(a < span[1] and span[0] < b for a, b in hours)

    return [(span, {code: mean for code, mean in means.items() if mean and is_open(code, span)}) for span, means in expected]


# ---------------------------------------------------------------- who comes
def _usual(reader: Reader, site: str, day: str) -> tuple[Halves, list[str]]:
    """People by service and half hour on an average one of the days before, and which days those were. Kept for the day."""
    kept = reader.memo.get(("outlook-usual", site))
    if kept is not None and kept[0] == day:
        usual, dates = kept[1:]
        return usual, dates
    today = date.fromisoformat(day)
    same = [(today - timedelta(weeks=n)).isoformat() for n in range(WEEKS, 0, -1)]
    last = [(today - timedelta(days=n)).isoformat() for n in range(DAYS, 0, -1)]
    closed = reader.closings(site, min(same), max(last))
    usual, dates = {}, []
    for wanted in (same, last):
        told = [one for one in figures_kept.tell(reader, site, [each for each in wanted if each in closed] or [day]) if one.version]
        told = [one for one in told if sum(_came(one.days).values())]
        if told:
            usual, dates = _mean([_came(one.days) for one in told]), [one.date for one in told]
            break
    reader.memo["outlook-usual", site] = (day, usual, dates)
    return usual, dates


def _came(days: Days) -> Halves:
    return {key: float(found.counts["issued"] + found.counts["arrived"]) for key, found in days.halves.items()}


def _mean(days: list[Halves]) -> Halves:
    keys = {key for one in days for key in one}
    return {key: sum(one.get(key, 0.0) for one in days) / len(days) for key in keys}


def _factor(usual: Halves, today: Days, config: SiteConfig, now: int) -> float:
    """How much fuller this day is than those before, by the half hours that are over."""
    until = _clock(now // HALF_HOUR_MS * HALF_HOUR_MS, config)
    before = sum(n for (_, half), n in usual.items() if half < until)
    so_far = sum(n for (_, half), n in _came(today).items() if half < until)
    return 1.0 if before < ENOUGH else min(MOST, max(LEAST, so_far / before))


def _expected(span: tuple[int, int], usual: Halves, factor: float, today: Days, config: SiteConfig, now: int) -> dict[str, float]:
    """People of each service in a stretch: as usual at this hour; without any day before, at the pace of this day's last hour."""
    share = (span[1] - span[0]) / HALF_HOUR_MS
    if usual:
        half = _clock(span[0] // HALF_HOUR_MS * HALF_HOUR_MS, config)
        return {code: usual.get((code, half), 0.0) * factor * share for code in config.services}
    begun, came = now // HALF_HOUR_MS * HALF_HOUR_MS, _came(today)
    halves = [_clock(begun, config), _clock(begun - HALF_HOUR_MS, config)]
    full = any(came.get((code, halves[1])) for code in config.services)
    passed = now - begun + HALF_HOUR_MS if full else max(now - begun, LEAST_SEEN_MS)
    return {code: sum(came.get((code, half), 0.0) for half in halves) * HALF_HOUR_MS / passed * share for code in config.services}


def _clock(at_ms: int, config: SiteConfig) -> str:
    minutes = (at_ms + config.utc_offset_min * calendar.MINUTE_MS) % calendar.DAY_MS // calendar.MINUTE_MS
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


# ---------------------------------------------------------------- told
def _json(each: coming.Window) -> dict[str, Any]:
    services: Mapping[str, int] = each.services or {}
    worst = max(services, key=lambda code: services[code], default=None)
    return {
        "from_at": moment(each.span[0]),
        "to_at": moment(each.span[1]),
        "people": round(each.people),
        "low_s": each.low_s,
        "mid_s": each.mid_s,
        "high_s": each.high_s,
        "worst": None if worst is None else {"service": worst, "mid_s": services[worst]},
    }


def _basis(scene: Scene, dates: list[str], factor: float, *, learned: bool) -> dict[str, Any]:
    """What a reader must know to believe it or not."""
    return {
        "waiting": len(scene.line),
        "counters": sum(desk.state == OPEN for desk in scene.desks),
        "counters_away": sum(desk.state not in (OPEN, CLOSED) for desk in scene.desks),
        "learned": learned,
        "visits": sum(model.visits for model in scene.services.values()),
        "dates": dates,
        "factor_percent": round(100 * factor),
    }
