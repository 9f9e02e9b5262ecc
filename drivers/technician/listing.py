"""`drivers list`: what is plugged in, what would serve it and how surely, which slot has it, and how that slot is.

Opens and probes nothing; asks the service, where it runs, for the health of its slots.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from drivers.client import DriversClient, DriversError
from drivers.config import Config, SlotConfig
from drivers.holders import holders
from drivers.ports.discovery import devices
from drivers.ports.nodes import DeviceInfo
from drivers.ports.nodes import fits as matches
from drivers.quirks import Quirks, load_quirks
from drivers.registry import driver
from drivers.seats import node_of


def listing(config: Config | None, socket_path: Path | None = None) -> dict[str, Any]:
    quirks = config.quirks if config else load_quirks()
    slots = config.slots if config else ()
    health = _health(socket_path)
    found = devices()
    rows = [_row(device, found, slots, quirks, health) for device in found]
    return {"devices": rows, "slots": [_slot(slot, health) for slot in slots], "service": health is not None}


def _row(
    device: DeviceInfo, found: list[DeviceInfo], slots: tuple[SlotConfig, ...], quirks: Quirks, health: dict[str, Any] | None
) -> dict[str, Any]:
    scored = quirks.candidates(device)
    advice, tied = quirks.advise(device)
    row = {**device.as_json(), "role": "", "driver": "", "profile": "", "about": "", "score": 0, "tied": tied}
    if advice is not None:
        row |= {"role": advice.role, "driver": advice.driver, "profile": advice.profile, "about": advice.about, "score": scored[0][0]}
    slot = next((slot.role for slot in slots if owns(slot, device, found, quirks)), "")
    row |= {"slot": slot, "code": (health or {}).get(slot, {}).get("code", "") if slot else ""}
    row["held_by"] = [{"pid": one.pid, "name": one.name} for one in holders(device.node)]
    return row


def owns(slot: SlotConfig, device: DeviceInfo, found: list[DeviceInfo], quirks: Quirks) -> bool:
    """Whether the configuration means this device by this slot."""
    if slot.address is not None:
        return node_of([device], slot.address.target) is not None
    if device.subsystem not in driver(slot.driver).ports:
        return False
    if slot.match == "auto":
        advice, tied = quirks.advise(device)
        return advice is not None and not tied and not advice.bridge and (advice.role, advice.driver) == (slot.kind, slot.driver)
    return matches(device, slot.match)


def _health(socket_path: Path | None) -> dict[str, Any] | None:
    """Status by slot; None where the service does not answer."""
    if socket_path is None:
        return None
    try:
        with DriversClient(socket_path) as client:
            return {slot["role"]: slot for slot in client.status()["slots"]}
    except DriversError:
        return None


def _slot(slot: SlotConfig, health: dict[str, Any] | None) -> dict[str, Any]:
    seen = (health or {}).get(slot.role, {})
    said = {"role": slot.role, "driver": slot.driver, "port": slot.place, "profile": slot.profile.name if slot.profile else ""}
    return said | {"state": seen.get("state", ""), "code": seen.get("code", "")}


def lines(found: dict[str, Any]) -> list[str]:
    said = []
    for slot in found["slots"]:
        said.append(f"[{slot['role']}] {slot['port']}  {slot['driver']} {slot['profile']} {slot['state']} {slot['code']}".rstrip())
    for row in found["devices"]:
        owner = f"→ [{row['slot']}] {row['code']}".rstrip() if row["slot"] else ""
        if not owner and row["driver"]:
            owner = f"→ {row['driver']} {row['profile']} ({row['score']})"
        doubt = "(nhiều kết quả ngang nhau, cần chọn)" if row["tied"] else ""
        held = ", ".join(f"{one['name']} ({one['pid']})" for one in row["held_by"])
        parts = (row["node"], row["id"], row["name"], row["about"], owner, doubt, f"đang mở: {held}" if held else "")
        said.append("  ".join(filter(None, parts)))
    if not found["devices"]:
        said.append("Không thấy thiết bị nào cắm vào máy.")
    return said
