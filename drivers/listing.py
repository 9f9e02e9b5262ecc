"""`drivers list`: what is plugged in, what would serve it, and which slot has it. Opens and probes nothing."""

from __future__ import annotations

from typing import Any

from drivers.config import Config, SlotConfig
from drivers.ports.discovery import DeviceInfo, devices, matching
from drivers.quirks import load_quirks


def listing(config: Config | None) -> dict[str, Any]:
    quirks = config.quirks if config else load_quirks()
    found = devices()
    rows = []
    for device in found:
        advice, tied = quirks.advise(device)
        row = {**device.as_json(), "role": "", "driver": "", "profile": "", "about": "", "tied": tied, "slot": ""}
        if advice is not None:
            row |= {"role": advice.role, "driver": advice.driver, "profile": advice.profile, "about": advice.about}
        row["slot"] = next((slot.role for slot in (config.slots if config else ()) if _owns(slot, device, found)), "")
        rows.append(row)
    return {"devices": rows, "slots": [_slot(slot) for slot in (config.slots if config else ())]}


def _owns(slot: SlotConfig, device: DeviceInfo, found: list[DeviceInfo]) -> bool:
    if slot.address is not None:
        return slot.address.target == device.node or slot.address.target in device.links
    return device in matching(found, slot.match)


def _slot(slot: SlotConfig) -> dict[str, Any]:
    profile = slot.profile.name if slot.profile else ""
    return {"role": slot.role, "driver": slot.driver, "port": slot.place, "profile": profile}


def lines(found: dict[str, Any]) -> list[str]:
    said = [f"[{slot['role']}] {slot['port']}  {slot['driver']} {slot['profile']}".rstrip() for slot in found["slots"]]
    for row in found["devices"]:
        owner = f"→ [{row['slot']}]" if row["slot"] else f"→ {row['driver']} {row['profile']}".rstrip() if row["driver"] else ""
        doubt = "  (nhiều kết quả ngang nhau, cần chọn)" if row["tied"] else ""
        said.append("  ".join(filter(None, (row["node"], row["id"], row["name"], row["about"], owner))) + doubt)
    if not found["devices"]:
        said.append("Không thấy thiết bị nào cắm vào máy.")
    return said
