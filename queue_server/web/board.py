"""What a board and a kiosk show now, the waiting list, and the services: reading calls, most of them with an ETag."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from queue_server.contract import times
from queue_server.services import foresight, queries
from queue_server.web.call import Call


def board(call: Call) -> dict[str, Any]:
    """A board credential sees its own zone, whatever it asks for."""
    with call.reader() as reader:
        return queries.board(reader, call.site, zone=call.zone or call.query.get("zone"), now=call.now_ms)


def board_etag(call: Call) -> str:
    """Position (a new configuration is an event too), zone, day, and the waits that are foreseen now: the rest follows from these."""
    with call.reader() as reader:
        epoch, seq = queries.position(reader, call.site)
        found = foresight.newest(reader, call.site, call.now_ms)
    zone = quote(call.zone or call.query.get("zone") or "", safe="")  # a header is ASCII, a zone's code need not be
    return f"{epoch}-{seq}.{zone}.{times.encode(call.now_ms)[:10]}.{found.shown if found else 0}"


def queue(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.queue(reader, call.site, now=call.now_ms)


def services(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.services(reader, call.site, now=call.now_ms)


def kiosk_home(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.kiosk_home(reader, call.site, now=call.now_ms) | {"dossiers": call.house.dossiers is not None}
