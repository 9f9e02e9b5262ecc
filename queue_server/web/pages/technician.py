"""The technician's page: how this server stands, and every device of the site, the ones in trouble first."""

from __future__ import annotations

from typing import Any

from flask import render_template

from queue_server.services import queries
from queue_server.web.pages import alerts, standing
from queue_server.web.pages.health import fleet_view
from queue_server.web.pages.visit import Answer, Visit, show


def page(visit: Visit) -> Answer:
    return show("technician.html", visit, version=visit.house.version, **_fleet(visit))


def devices(visit: Visit) -> Answer:
    """The list alone, asked for again and again."""
    return render_template("technician_devices.html", **_fleet(visit))


def _fleet(visit: Visit) -> dict[str, Any]:
    with visit.reader() as reader:
        found = queries.devices(reader, visit.site, now=visit.now_ms)
        lines = alerts.standing(reader, visit)
    return fleet_view(found["devices"]) | {"s": standing.look(visit), "alerts": lines}
