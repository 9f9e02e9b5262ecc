"""Devices: what each last reported. A report replaces the one before; only a changed health is an event."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from queue_server.services import ordering
from queue_server.services.unit import Unit
from queue_server.services.views import moment, seconds

if TYPE_CHECKING:
    from queue_server.storage.reader import Reader

QUIET_AFTER_S = 100  # a device that is well reports once a minute; one lost report is asked for again after ten seconds
# Health codes by how much they hinder: what a technician should look at first.
WEIGHT = {"ok": 0, "paper_low": 1, "timeout": 2, "permission": 3, "overheat": 3, "error": 3, "scan_charset": 1, "scan_unknown": 1}
HINDERS = 4


def heartbeat(unit: Unit, *, device: str, role: str, **report: Any) -> dict[str, Any]:
    """Take a device's report. Answers with the server's time, for devices without a clock of their own."""
    report.pop("request_id", None)
    known = unit.repository.device(unit.site, device)
    before = _health(json.loads(known["report"])) if known else None
    now = _health(report)
    unit.repository.put_device(unit.site, device, role=role, version=report.get("version"), last_seen_at=unit.now_ms, report=report)
    if before is None:
        unit.event("device.seen", f"device:{device}", {"role": role, "health": now})
    elif before != now:
        unit.event("device.health_changed", f"device:{device}", {"role": role, "health": now, "was": before})
    return {"ok": True, "now": moment(unit.now_ms)} | ordering.at_beat(unit, device)


def _health(report: dict[str, Any]) -> dict[str, str]:
    return {slot["role"]: slot["code"] for slot in report.get("slots") or ()}


def devices(reader: Reader, site: str, *, now: int) -> dict[str, Any]:
    """Every device, those in trouble first."""
    found = [_device(row, now) for row in reader.devices(site)]
    return {"devices": sorted(found, key=lambda each: (-each["trouble"], each["device"]))}


def device(reader: Reader, site: str, name: str, *, now: int) -> dict[str, Any] | None:
    """What one device told; None where it never did."""
    row = reader.device(site, name)
    return None if row is None else _device(row, now)


def _device(row: Any, now: int) -> dict[str, Any]:
    report = json.loads(row["report"])
    age_s = seconds(now - (row["last_seen_at"] or 0))
    return {
        **report,
        "device": row["device"],
        "role": row["role"],
        "state": row["state"],
        "version": row["version"],
        "last_seen_at": moment(row["last_seen_at"]),
        "age_s": age_s,
        "trouble": _trouble(report.get("slots") or (), age_s, report),
    }


def _trouble(slots: Sequence[dict[str, Any]], age_s: int, report: dict[str, Any]) -> int:
    """How badly a person is needed: 0 is well."""
    silent = 10 if age_s > QUIET_AFTER_S else 0
    stuck = 2 if ((report.get("spool") or {}).get("waiting") or 0) > 0 else 0
    return max([silent, stuck, *(WEIGHT.get(slot.get("code", "ok"), HINDERS) for slot in slots)])
