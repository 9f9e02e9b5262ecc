"""One order put before one device, and what an order may say: what orders by hand and waves of orders share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from queue_server.contract.orders import OrderKind
from queue_server.domain.errors import Refusal, invalid
from queue_server.services.unit import Unit

HOUR_MS = 3_600_000
WAITS_MS = {
    OrderKind.UPDATE: 24 * HOUR_MS,
    OrderKind.CONFIG: 24 * HOUR_MS,
    OrderKind.WIPE: 7 * 24 * HOUR_MS,
    OrderKind.RESEND: 24 * HOUR_MS,
}  # an hour for all others
MOST_OPEN = 10
ARGS: dict[str, dict[str, str]] = {
    OrderKind.LOGS: {"since": r"yesterday|today|hour"}, OrderKind.UPDATE: {"version": r"[0-9A-Za-z.+~:-]{1,64}"}, OrderKind.CONFIG: {},
    OrderKind.RESEND: {"record": r"[^\s]{1,200}"},
}  # fmt: skip


def checked(kind: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that this kind of order knows."""
    known = ARGS.get(kind, {})
    for name, value in args.items():
        if name not in known:
            raise invalid(f"/args/{name}", "unknown_field", "this order has no such argument")
        if not isinstance(value, str) or not re.fullmatch(known[name], value):
            raise invalid(f"/args/{name}", "bad_format", f"must match {known[name]}")
    return dict(args)


def give(unit: Unit, device: str, kind: str, args: Mapping[str, Any], wave: str | None = None) -> Any:
    """Put an order before a device; the one that is open already, where there is one."""
    waiting = unit.repository.open_orders(unit.site, device)
    for row in waiting:
        if row["kind"] == kind and json.loads(row["args"]) == dict(args) and wave is None:
            return row
    if len(waiting) >= MOST_OPEN and wave is None:
        raise Refusal("conflict", reason="orders_open", most=MOST_OPEN)
    made = unit.new_id()
    until = unit.now_ms + WAITS_MS.get(OrderKind(kind), HOUR_MS)
    data = {"order": made, "device": device, "kind": kind, "args": dict(args), "wave": wave, "until": until}
    unit.event("device.ordered", f"device:{device}", data)
    return unit.repository.order(unit.site, made)
