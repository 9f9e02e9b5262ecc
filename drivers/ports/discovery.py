"""What is plugged in, as udev tells it: the one file that imports pyudev. Lists and matches; opens and probes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pyudev

SUBSYSTEMS = ("usbmisc", "tty", "input", "hidraw")


@dataclass(frozen=True)
class DeviceInfo:
    """One device node, with the names that survive a replug."""

    subsystem: str
    node: str
    vid: str
    pid: str
    serial: str
    path: str
    name: str
    links: tuple[str, ...] = ()

    @property
    def stable_id(self) -> str:
        """By serial number where there is one, else by the socket it is plugged into."""
        if self.vid and self.serial:
            return f"usb:{self.vid}:{self.pid}:{self.serial}"
        return f"path:{self.path}" if self.path else ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "id": self.stable_id}


def devices() -> list[DeviceInfo]:
    """Nodes that hang on a bus; virtual terminals and the like are left out."""
    context = pyudev.Context()
    found = []
    for subsystem in SUBSYSTEMS:
        for device in context.list_devices(subsystem=subsystem):
            properties = device.properties
            if not device.device_node or not (properties.get("ID_BUS") or properties.get("ID_PATH")):
                continue
            found.append(
                DeviceInfo(
                    subsystem,
                    device.device_node,
                    properties.get("ID_VENDOR_ID", ""),
                    properties.get("ID_MODEL_ID", ""),
                    properties.get("ID_SERIAL_SHORT", ""),
                    properties.get("ID_PATH", ""),
                    properties.get("ID_MODEL", "") or device.sys_name,
                    tuple(sorted(device.device_links)),
                )
            )
    return sorted(found, key=lambda one: one.node)


def matching(found: list[DeviceInfo], match: str) -> list[DeviceInfo]:
    """The devices a `match` of the configuration names: `usb:VID:PID:SERIAL` with `*`, or `path:ID_PATH`."""
    kind, _, rest = match.partition(":")
    if kind == "path":
        return [device for device in found if device.path == rest and device.subsystem in ("usbmisc", "tty")]
    wanted = rest.lower().split(":", 2)
    return [
        device
        for device in found
        if device.subsystem in ("usbmisc", "tty")
        and all(want in ("*", seen.lower()) for want, seen in zip(wanted, (device.vid, device.pid, device.serial), strict=True))
    ]
