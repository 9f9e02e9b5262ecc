"""About the server itself: alive, ready, and its contract."""

from __future__ import annotations

from typing import Any

from flask import current_app

from queue_server.domain.errors import Refusal
from queue_server.web.call import Call


def alive(call: Call) -> dict[str, Any]:
    return {"status": "ok", "version": call.house.version}


def ready(call: Call) -> dict[str, Any]:
    """Ready means that the database answers and holds a site."""
    try:
        with call.reader() as reader:
            sites = reader.sites()
    except call.house.unavailable as broken:
        call.house.report("not ready", broken)
        raise Refusal("busy") from broken
    if not sites:
        raise Refusal("busy")
    return {"status": "ok", "sites": len(sites)}


def contract(call: Call) -> dict[str, Any]:
    document: dict[str, Any] = current_app.extensions["openapi"]
    return document
