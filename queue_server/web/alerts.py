"""Alerts that stand, and availability by day: reading calls."""

from __future__ import annotations

from typing import Any

from queue_server.services import alerting, slo
from queue_server.web.call import Call

DAYS = 30


def alerts(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return alerting.standing(reader, call.site, now=call.now_ms)


def availability(call: Call) -> dict[str, Any]:
    with call.reader() as reader:
        return slo.availability(reader, call.site, days=int(call.query.get("days") or DAYS), now=call.now_ms)
