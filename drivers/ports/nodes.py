"""A device node with the names that survive a replug, and which nodes a `match` means. Pure: it asks udev nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

_FORM = re.compile(r"usb:([0-9a-fA-F]{4}):([0-9a-fA-F]{4}|\*):([^:?]+)|path:([^\s?]+)|auto")
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class DeviceInfo:
    """One device node. `parent` is the USB device it belongs to, `born` changes when the node is made anew."""

    subsystem: str
    node: str
    vid: str
    pid: str
    serial: str
    path: str
    name: str
    links: tuple[str, ...] = ()
    sys_path: str = ""
    parent: str = ""
    born: str = ""
    driver: str = ""

    @property
    def stable_id(self) -> str:
        """By serial number where there is one, else by the socket it is plugged into."""
        if self.vid and self.serial:
            return f"usb:{self.vid}:{self.pid}:{self.serial}"
        return f"path:{self.path}" if self.path else ""

    @property
    def key(self) -> tuple[str, str, str]:
        """The same as long as nobody pulled the plug in between."""
        return self.sys_path, self.node, self.born

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "id": self.stable_id}


def is_match(text: str) -> bool:
    """Whether `text` is a match at all; what may follow a `?` (`baud=9600`) is the port's."""
    return bool(_FORM.fullmatch(text))


def natural(node: str) -> tuple[str | int, ...]:
    """`event9` before `event10`."""
    return tuple(int(part) if part.isdigit() else part for part in _DIGITS.split(node))


def fits(device: DeviceInfo, match: str) -> bool:
    """`usb:VID:PID:SERIAL` with `*`, or `path:ID_PATH`."""
    kind, _, rest = match.partition(":")
    if kind == "path":
        return device.path == rest
    wanted = rest.lower().split(":", 2)
    seen = (device.vid.lower(), device.pid.lower(), device.serial.lower())
    return len(wanted) == 3 and all(want in ("*", one) for want, one in zip(wanted, seen, strict=True))


def matching(found: Iterable[DeviceInfo], match: str, subsystems: Iterable[str] = ("usbmisc", "tty")) -> list[DeviceInfo]:
    """The devices a match names, among the kinds of node a driver can use."""
    allowed = tuple(subsystems)
    return [device for device in found if device.subsystem in allowed and fits(device, match)]


def distinct(found: Iterable[DeviceInfo], subsystems: Iterable[str]) -> list[DeviceInfo]:
    """One node for each device: of several kinds of node the kind named first, of several event nodes the lowest."""
    order = {subsystem: at for at, subsystem in enumerate(subsystems)}
    kept: dict[str, DeviceInfo] = {}
    for device in sorted(found, key=lambda one: (order.get(one.subsystem, len(order)), natural(one.node))):
        owner = device.parent or device.node
        first = kept.get(owner)
        # Two serial lines of one adaptor are two devices; two event nodes of one scanner are one.
        if first is None or (first.subsystem == device.subsystem == "tty"):
            kept[owner if first is None else device.node] = device
    return list(kept.values())
