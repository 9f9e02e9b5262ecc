"""Availability of a centre by day: of taking numbers, of calling, of the boards. From the alerts in the log and the opening hours.

What each figure means, and what it cannot know, stands in docs/slo.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar
from queue_server.domain.availability import Share, Span, all_of, share, union
from queue_server.domain.config import SiteConfig
from queue_server.services.alerting import AWAY_STATES, centre_calendars
from queue_server.services.queries import house

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

MOST_DAYS = 62
MOST_ALERTS = 20_000
DAY_MS = 86_400_000
# The goals are the project's own; a site that agreed on others compares with those.
GOALS = {"issuing": 99.9, "calling": 99.9, "boards": 99.5}


def availability(reader: Reader, site: str, *, days: int, now: int) -> dict[str, Any]:
    """The last days, newest first, and all of them together."""
    row, config = house(reader, site)
    today = calendar.business_day(now, config.utc_offset_min)
    first = date.fromisoformat(today) - timedelta(days=days - 1)
    since = calendar.midnight_ms(first.isoformat(), config.utc_offset_min)
    spells = _spells(reader.alerts_since(site, since - 7 * DAY_MS, MOST_ALERTS), now)
    gone = {each["device"] for each in reader.all_enrolled(site) if each["state"] in AWAY_STATES}
    devices = [row for row in reader.devices(site) if row["device"] not in gone]
    names = {role: [row["device"] for row in devices if row["role"] == role] for role in ("kiosk", "board")}
    rows, totals = [], {name: [0, 0] for name in GOALS}
    for n in range(days):
        day = (date.fromisoformat(today) - timedelta(days=n)).isoformat()
        shares = _day(_opened(config, day, row["created_at"], now), spells, names)
        for name, each in shares.items():
            totals[name][0] += each.open_ms
            totals[name][1] += each.away_ms
        rows.append({"day": day, **{name: _told(each) for name, each in shares.items()}})
    total = {name: _told(Share(*sums)) | {"goal_percent": GOALS[name]} for name, sums in totals.items()}
    return {"days": rows, "total": total, "kiosks": len(names["kiosk"]), "boards": len(names["board"])}


def _opened(config: SiteConfig, day: str, since: int, now: int) -> list[Span]:
    """Opening hours of a day, as far as they have passed since the site was made."""
    spans = [span for each in centre_calendars(config) for span in calendar.spans(each, day, config.utc_offset_min)]
    return union((max(begin, since), min(end, now)) for begin, end in spans)


def _spells(alerts: Sequence[Mapping[str, Any]], now: int) -> dict[tuple[str, str], list[Span]]:
    """When each thing was away: from when it was last there until it was there again."""
    found: dict[tuple[str, str], list[Span]] = {}
    for row in alerts:
        found.setdefault((row["rule"], row["subject"]), []).append((row["since"], row["cleared_at"] or now))
    return found


def _day(opened: list[Span], spells: Mapping[tuple[str, str], list[Span]], names: Mapping[str, list[str]]) -> dict[str, Share]:
    server = spells.get(("server_down", "server"), [])
    site = spells.get(("site_offline", "site"), [])

    def without(role: str, *rules: str) -> list[Span]:
        """When no machine of a role could be used: each of them away, each for its own reason."""
        away = [[span for rule in rules for span in spells.get((rule, name), [])] + site for name in names[role]]
        return all_of(away)

    # A kiosk goes on from its leased numbers while the server is away, and people are called by voice from its slips; what is
    # counted here is the whole: server and at least one machine.
    return {
        "issuing": share(opened, server + without("kiosk", "kiosk_offline", "paper_out", "page_dead")),
        "calling": share(opened, server),
        "boards": Share(0, 0) if not names["board"] else share(opened, server + without("board", "board_offline", "page_dead")),
    }


def _told(each: Share) -> dict[str, Any]:
    return {"percent": each.percent, "open_s": each.open_ms // 1000, "away_s": each.away_ms // 1000}
