"""The log for readers with a cursor, a day's figures and the seals."""

from __future__ import annotations

from typing import Any

from queue_server.contract import position
from queue_server.contract.vocabulary import MAX_EVENTS
from queue_server.domain.errors import Refusal
from queue_server.services import accuracy, figures, queries
from queue_server.web.call import Call


def place(text: str, pointer: str) -> position.Position:
    """The position a reader names, or `invalid` that points at it."""
    try:
        return position.decode(text)
    except ValueError as bad:
        raise Refusal("invalid", errors=[{"pointer": pointer, "code": "bad_format", "detail": str(bad)}]) from bad


def events(call: Call) -> dict[str, Any]:
    after = place(call.query.get("after") or "0", "?after")
    limit = min(call.query.get("limit") or MAX_EVENTS, MAX_EVENTS)
    with call.reader() as reader:
        return queries.events(reader, call.site, after=after, limit=limit)


def metrics_day(call: Call) -> dict[str, Any]:
    day, service = call.query["date"], call.query.get("service")
    with call.reader() as reader:
        shown = queries.day_figures(reader, call.site, day, service=service, now=call.now_ms)
        told = accuracy.day(reader, call.site, day)
        return shown | {"accuracy": told if service is None else accuracy.of_service(told, service)}


def metrics_range(call: Call) -> dict[str, Any]:
    asked, sites = call.query, tuple(filter(None, (call.query.get("sites") or "").split(",")))
    for site in sites:
        if site not in call.who.sites:
            raise Refusal("not_found", what="site")
    with call.reader() as reader:
        return figures.span(reader, call.site, asked["from"], asked["to"], service=asked.get("service"), sites=sites, now=call.now_ms)


def seals(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return queries.seals(reader, call.site)
