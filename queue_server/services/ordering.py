"""Orders to devices: given by a technician, fetched with a heartbeat, answered by the device. Every one is in the log with who and when.

An order waits for its device until its time is up. The same order that is still open is not given twice: a button pressed again
asks for nothing more. Orders to many devices are `services.waves`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from queue_server.contract import scrub
from queue_server.contract.orders import ANSWERS, BEAT_S, BEAT_SOON_S, MAGIC, OrderKind
from queue_server.domain.errors import Refusal, invalid
from queue_server.services import device_settings, giving, waves
from queue_server.services.unit import Unit
from queue_server.services.views import moment

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

SHOWN = 50


def order(unit: Unit, device: str, *, kind: str, args: Mapping[str, Any] | None = None, confirm: str | None = None) -> dict[str, Any]:
    """Give one order. Wiping wants the device's name repeated: it cannot be taken back."""
    if unit.repository.device(unit.site, device) is None:
        raise Refusal("not_found", what="device")
    given = giving.checked(kind, args or {})
    if kind == OrderKind.WIPE and confirm != device:
        raise invalid("/confirm", "required", "repeat the device's name")
    return order_json(giving.give(unit, device, kind, given))


def withdraw(unit: Unit, order_id: str) -> dict[str, Any]:
    """No longer wanted: the device will not be told of it, if it has not been already."""
    row = _known(unit, order_id)
    if row["state"] == "open":
        unit.event("device.order_ended", f"device:{row['device']}", {"order": row["id"], "as": "withdrawn"})
        waves.went_on(unit, row["wave"])
    return order_json(_known(unit, order_id))


# ---------------------------------------------------------------- the device's side
def owns(who: Any, device: str) -> bool:
    """Whether this is the device itself. A key of the house stands for the programs that were given it."""
    return bool(who.kind == "key" or (who.kind == "device" and who.id == device))


def at_beat(unit: Unit, device: str) -> dict[str, Any]:
    """What a heartbeat is answered with: what is to be done, what is to be run on, and when to come again."""
    overdue(unit)
    rows = unit.repository.open_orders(unit.site, device) if owns(unit.who, device) else []
    return {
        "orders": [{"id": row["id"], "kind": row["kind"], "args": json.loads(row["args"])} for row in rows],
        "config_version": device_settings.version(unit.repository, unit.site, device),
        "beat_s": BEAT_SOON_S if rows else BEAT_S,
    }


def overdue(unit: Unit) -> None:
    """Orders whose time is up end; a few at each look, so that no heartbeat carries them all."""
    for row in unit.repository.overdue_orders(unit.site, unit.now_ms, 20):
        unit.event("device.order_ended", f"device:{row['device']}", {"order": row["id"], "as": "expired"})
        waves.went_on(unit, row["wave"])


def done(
    unit: Unit, order_id: str, *, ok: bool, code: str | None = None, detail: str | None = None, file: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A device says how it went; also of an order that was given up meanwhile, because what happened counts."""
    row = _known(unit, order_id)
    if not owns(unit.who, row["device"]):
        raise Refusal("not_found", what="order")
    if row["state"] not in ("done", "failed"):
        said = scrub.scrub(detail) if detail else None
        data = {"order": row["id"], "kind": row["kind"], "ok": ok, "code": code, "detail": said, "file": dict(file) if file else None}
        unit.event("device.order_done", f"device:{row['device']}", data)
        waves.went_on(unit, row["wave"])
    return order_json(_known(unit, order_id))


def may_bring(reader: Reader, site: str, who: Any, order_id: str, kind: str, content: bytes) -> None:
    """Refuses what is not from this device, not for an order that is open, or not the type of file that this order has."""
    row = reader.order(site, order_id)
    if row is None or not owns(who, row["device"]) or row["state"] in ("done", "failed"):
        raise Refusal("not_found", what="order")
    if kind not in ANSWERS.get(row["kind"], ()):
        raise Refusal("unsupported_type")
    begins = MAGIC[kind]
    if begins and not content.startswith(begins):
        raise invalid("", "bad_format", f"this is no {kind}")


# ---------------------------------------------------------------- looking
def of_device(reader: Reader, site: str, device: str, *, now: int) -> dict[str, Any]:
    """The last orders of a device, newest first."""
    if reader.device(site, device) is None:
        raise Refusal("not_found", what="device")
    return {"orders": [order_json(row) for row in reader.orders_of(site, device, SHOWN)]}


def recent(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """The last orders of the site, newest first."""
    return {"orders": [order_json(row) for row in reader.recent_orders(site, SHOWN)]}


def one(reader: Reader, site: str, order_id: str, *, now: int) -> dict[str, Any]:
    """One order."""
    row = reader.order(site, order_id)
    if row is None:
        raise Refusal("not_found", what="order")
    return order_json(row)


def order_json(row: Any) -> dict[str, Any]:
    """An order as the contract has it."""
    return {
        "id": row["id"],
        "device": row["device"],
        "kind": row["kind"],
        "args": json.loads(row["args"]),
        "wave": row["wave"],
        "state": row["state"],
        "ordered_at": moment(row["ordered_at"]),
        "ordered_by": row["ordered_by"],
        "until": moment(row["until"]),
        "ended_at": moment(row["ended_at"]),
        "code": row["code"],
        "detail": row["detail"],
        "file": {"type": row["file_type"], "bytes": row["file_bytes"]} if row["file_type"] else None,
    }


def _known(unit: Unit, order_id: str) -> Any:
    row = unit.repository.order(unit.site, order_id)
    if row is None:
        raise Refusal("not_found", what="order")
    return row
