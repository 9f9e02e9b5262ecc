"""One order to many devices, a few at a time: the next few are asked when these have answered, and none any more after failures.

The list is the one that a person saw and confirmed: it is told device by device and kept as told. A device that does not answer
in time counts as a failure.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from queue_server.contract.orders import OrderKind
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import giving
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

ALONE = frozenset({OrderKind.WIPE, OrderKind.ROTATE, OrderKind.SCREENSHOT})  # one device at a time, with somebody who looks
FAILED = ("failed", "expired", "withdrawn")
SHOWN = 20


def start(
    unit: Unit, *, kind: str, devices: Sequence[str], size: int = 5, stop_after: int = 1, args: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Begin with the first few of exactly these devices."""
    if kind in ALONE:
        raise invalid("/kind", "unknown_value", "this order is given to one device at a time")
    given = giving.checked(kind, args or {})
    for n, device in enumerate(devices):
        if unit.repository.device(unit.site, device) is None:
            raise invalid(f"/devices/{n}", "unknown_value", "no such device")
        if device in devices[:n]:
            raise invalid(f"/devices/{n}", "duplicate", "named twice")
    made = unit.new_id()
    data = {"wave": made, "kind": kind, "args": given, "devices": list(devices), "size": size, "stop_after": stop_after}
    unit.event("device.wave_started", f"wave:{made}", data)
    went_on(unit, made)
    return _json(unit, made)


def stop(unit: Unit, wave: str) -> dict[str, Any]:
    """A person stops it: who has not fetched the order yet will not get it."""
    row = unit.repository.wave(unit.site, wave)
    if row is None:
        raise Refusal("not_found", what="wave")
    if row["state"] == "running":
        _end(unit, wave, "stopped", "person")
    return _json(unit, wave)


def went_on(unit: Unit, wave: str | None) -> None:
    """Something became of an order of a wave: is it over, stopped, or are the next few asked?"""
    row = unit.repository.wave(unit.site, wave) if wave else None
    if row is None or row["state"] != "running":
        return
    orders = unit.repository.orders_of_wave(unit.site, row["id"])
    states = Counter(each["state"] for each in orders)
    if sum(states[name] for name in FAILED) >= row["stop_after"]:
        _end(unit, row["id"], "stopped", "failures")
        return
    if states["open"]:
        return
    devices = json.loads(row["devices"])
    following = devices[len(orders) : len(orders) + row["size"]]
    if not following:
        _end(unit, row["id"], "done", None)
    for device in following:
        giving.give(unit, device, row["kind"], json.loads(row["args"]), row["id"])


def _end(unit: Unit, wave: str, state: str, reason: str | None) -> None:
    """Over: first the wave, so that the orders that are taken back do not ask for the next ones."""
    unit.event("device.wave_ended", f"wave:{wave}", {"wave": wave, "state": state, "reason": reason})
    for each in unit.repository.orders_of_wave(unit.site, wave):
        if each["state"] == "open":
            unit.event("device.order_ended", f"device:{each['device']}", {"order": each["id"], "as": "withdrawn"})


# ---------------------------------------------------------------- looking
def all_of(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """The last waves, newest first, each with how it stands."""
    return {"waves": [wave_json(row, reader.orders_of_wave(site, row["id"])) for row in reader.waves(site, SHOWN)]}


def _json(unit: Unit, wave: str) -> dict[str, Any]:
    return wave_json(unit.repository.wave(unit.site, wave), unit.repository.orders_of_wave(unit.site, wave))


def wave_json(row: Any, orders: Sequence[Any]) -> dict[str, Any]:
    """A wave as the contract has it: each device with the state of its order, `waiting` where its turn has not come."""
    state = {each["device"]: each["state"] for each in orders}
    return {
        "id": row["id"],
        "kind": row["kind"],
        "args": json.loads(row["args"]),
        "size": row["size"],
        "stop_after": row["stop_after"],
        "state": row["state"],
        "reason": row["reason"],
        "started_at": moment(row["started_at"]),
        "started_by": row["started_by"],
        "ended_at": moment(row["ended_at"]),
        "devices": [{"device": name, "state": state.get(name, "waiting")} for name in json.loads(row["devices"])],
    }
