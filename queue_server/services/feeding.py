"""How the feed to the dossier system stands, and what a person may ask of it: refused records are sent again.

The lag is worked out here from the log itself, so that it is right also while the feed is dead: what stands behind the last place
that it reported, and how old the first of that is. The feed's own report says the rest. Nothing here knows the dossier system.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from queue_server.contract import position
from queue_server.contract.orders import OrderKind
from queue_server.domain.errors import Refusal
from queue_server.services import fleet, giving, queries
from queue_server.services.ordering import order_json
from queue_server.services.unit import Unit
from queue_server.services.views import seconds

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

ROLE = "dossier"
LATE_S = 15 * 60  # the feed waits for a partner that is away for ever; a quarter of an hour is no hiccup any more


def feeds(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Every feed of the site: its place, its lag, what waits, what was refused, and the last orders to send again."""
    row, _ = queries.house(reader, site)
    head = int(row["seq"])
    return {
        "site": site,
        "position": position.encode(row["epoch"], head),
        "feeds": [_feed(reader, site, each, head, now) for each in fleet.devices(reader, site, now=now)["devices"] if each["role"] == ROLE],
    }


def _feed(reader: Reader, site: str, device: dict[str, Any], head: int, now: int) -> dict[str, Any]:
    told = device.get("feed") or {}
    place = str(told.get("position") or _place_of(device))
    behind, lag_s = _lag(reader, site, place, head, now)
    orders = [order_json(each) for each in reader.orders_of(site, device["device"], 20) if each["kind"] == OrderKind.RESEND]
    return {
        "device": device["device"],
        "partner": told.get("partner", ""),
        "age_s": device["age_s"],
        "silent": device["age_s"] > fleet.QUIET_AFTER_S,
        "position": place,
        "behind": behind,
        "lag_s": lag_s,
        "late": lag_s > LATE_S,
        "waiting": told.get("waiting", 0),
        "days": told.get("days", 0),
        "refused": told.get("refused", 0),
        "newest_refused": told.get("newest_refused", []),
        "trouble": told.get("trouble"),
        "answered_at": told.get("answered_at"),
        "orders": orders[:5],
    }


def _place_of(device: dict[str, Any]) -> str:
    """An older feed says its place in its slot's name alone."""
    said = next((str(slot.get("device", "")) for slot in device.get("slots") or ()), "")
    return said.removeprefix("position ") or "0"


def _lag(reader: Reader, site: str, place: str, head: int, now: int) -> tuple[int, int]:
    """How many rows of the log stand behind a place, and the age of the first of them."""
    try:
        at = position.decode(place).seq
    except ValueError:
        return 0, 0
    first = next(iter(reader.events_after(site, at, 1)), None) if at < head else None
    return (0, 0) if first is None else (head - at, max(0, seconds(now - first.at)))


def resend(unit: Unit, *, device: str | None = None, record: str | None = None) -> dict[str, Any]:
    """Order the feed to send one refused record again, or all of them. Pressed twice, it is one order: the one that is open."""
    chosen = list(_chosen(unit, device))
    if not chosen:
        raise Refusal("not_found", what="feed")
    args = {} if record is None else {"record": record}
    return {"orders": [order_json(giving.give(unit, each, OrderKind.RESEND, giving.checked(OrderKind.RESEND, args))) for each in chosen]}


def _chosen(unit: Unit, device: str | None) -> Iterator[str]:
    """The feed that is named, or every feed that has set something aside."""
    for row in unit.repository.devices(unit.site):
        told = json.loads(row["report"]).get("feed") or {}
        if row["role"] == ROLE and (row["device"] == device or (device is None and told.get("refused"))):
            yield str(row["device"])
