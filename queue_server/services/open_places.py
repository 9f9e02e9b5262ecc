"""Where it is quiet now: every site of this server with how many wait and how long who comes now would wait. For anybody, so no names,
no counters' people, no numbers of tickets; and no figure at all of a site that has not been heard of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from queue_server.domain import calendar, waiting
from queue_server.domain.config import Service, SiteConfig
from queue_server.services import foresight, outages
from queue_server.services.issuing import pace
from queue_server.services.offering import Look
from queue_server.services.queries import house
from queue_server.services.unit import pool
from queue_server.services.views import moment, names

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader
    from queue_server.storage.sql import Row

SILENT_MS = 15 * 60_000  # an open site of which no number, call, press or machine was heard for so long
KEPT_MS = 10_000  # a page that everybody may ask for is made once in this time
LISTED = ("live", "pilot", "demo")  # a training site serves nobody
OPEN, UNSTAFFED, SILENT, CLOSED = "open", "unstaffed", "silent", "closed"
ORDER = (OPEN, UNSTAFFED, SILENT, CLOSED)
Found = dict[str, Any]


def of_server(reader: Reader, *, now: int) -> Found:
    """All sites, the shortest wait first; made anew every few seconds, whoever asks."""
    kept: tuple[int, Found] = reader.memo.get("open-places", (0, {}))
    if kept[1] and 0 <= now - kept[0] < KEPT_MS:
        return kept[1]
    rows = [_site(reader, row, now) for row in reader.sites() if row["kind"] in LISTED]
    rows.sort(key=lambda each: (ORDER.index(each["state"]), (each["wait"] or {}).get("high_s", 0), each["waiting"] or 0, each["name"]))
    found: Found = {"made_at": moment(now), "sites": rows}
    reader.memo["open-places"] = (now, found)
    return found


def _site(reader: Reader, row: Row, now: int) -> Found:
    site = row["code"]
    _, config = house(reader, site)
    look = Look.now(reader, site, config, now)
    offered = [(each, look.offer(each)) for each in config.services.values() if each.on_kiosk]
    heard_at = max(row["last_at"], *(each["last_seen_at"] or 0 for each in reader.devices(site)), 0)
    is_open = any(_open_now(config, service, now) for service, _ in offered)
    staffed = {code for _, served in _working(reader, site) for code in served}
    state = CLOSED if not is_open else SILENT if now - heard_at > SILENT_MS else OPEN if staffed else UNSTAFFED
    about: Found = {
        "code": site, "name": config.name, "kind": row["kind"], "state": state, "heard_at": moment(heard_at), "waiting": None,
        "wait": None, "services": [], "outages": [each["name"] for each in outages.standing(reader, site, config)],
        "opens_at": moment(_opens_at(config, now)) if state == CLOSED else None, "url": config.public_url,
    }  # fmt: skip
    if state not in (OPEN, UNSTAFFED):
        return about
    counts = _waiting(reader, site)
    waits = _waits(reader, site, config, [each for each, offer in offered if offer.open and each.code in staffed], now)
    services = [
        {
            "name": each.name, "names": names(each), "waiting": counts.get(each.code, 0), "open": offer.open and each.code in staffed,
            "wait": waits.get(each.code),
        }
        for each, offer in offered
    ]  # fmt: skip
    return about | {"waiting": sum(counts.values()), "wait": _over(list(waits.values())), "services": services}


def _open_now(config: SiteConfig, service: Service, now: int) -> bool:
    return service.open and calendar.is_open(config.calendar_of(service.code), now, config.utc_offset_min)


def _opens_at(config: SiteConfig, now: int) -> int | None:
    found = [
        calendar.next_opening(config.calendar_of(each.code), now, config.utc_offset_min) for each in config.services.values() if each.open
    ]
    return min((at for at in found if at is not None), default=None)


def _working(reader: Reader, site: str) -> list[tuple[str, tuple[str, ...]]]:
    """The counters at which somebody works, each with what it serves."""
    return [(desk.code, tuple(desk.services)) for desk in reader.counters(site) if desk.state in ("open", "wrapping_up", "paused")]


def _waiting(reader: Reader, site: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in reader.waiting_summary(site):
        found[part["service"]] = found.get(part["service"], 0) + part["n"]
    return found


def _waits(reader: Reader, site: str, config: SiteConfig, services: list[Service], now: int) -> dict[str, Found]:
    """The wait of who would come now: as foreseen, else by the plain rule."""
    foreseen = foresight.of_newcomers(reader, site, now)
    told: dict[str, Found] = {}
    for each in services:
        found = foresight.estimate_json(foreseen[each.code].as_data()) if each.code in foreseen else None
        told[each.code] = found or _plain(reader, site, config, each, now)
    return told


def _plain(reader: Reader, site: str, config: SiteConfig, service: Service, now: int) -> Found:
    seen = pace(reader, site, config, service.code, now)
    ahead = reader.count_ahead(site, pool(config, service.code), now, 2**53)
    return waiting.estimate(waiting.View(ahead, seen.free_counter, seen.recent_calls, service.prior_gap_s)).as_data()


def _over(waits: list[Found]) -> Found | None:
    """One range over the services: from the shortest to the longest."""
    if not waits:
        return None
    return {"low_s": min(each["low_s"] for each in waits), "high_s": max(each["high_s"] for each in waits)}
