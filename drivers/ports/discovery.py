"""What is plugged in, as udev tells it, and when that changes: the one file that imports pyudev. Opens and probes no device."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pyudev

from drivers.ports import inotify
from drivers.ports.nodes import DeviceInfo, distinct, fits, matching, natural

__all__ = ["DeviceInfo", "UdevWatch", "devices", "distinct", "fits", "matching"]

SUBSYSTEMS = ("usbmisc", "tty", "input", "hidraw", "sound", "usb")
UDEV_DATA = Path("/run/udev/data")
_HUB = "09"
# libudev is not made for several threads, and finding it starts a program (`ldconfig`): once in a process is enough.
_LOCK = threading.Lock()


@cache
def _context() -> Any:
    return pyudev.Context()


def devices() -> list[DeviceInfo]:
    """Nodes that hang on a bus; virtual terminals, hubs and the like are left out."""
    with _LOCK:
        found = [
            _info(device)
            for subsystem in SUBSYSTEMS
            for device in _context().list_devices(subsystem=subsystem)
            if device.device_node and _wanted(device)
        ]
    return sorted(found, key=lambda one: natural(one.node))


def _wanted(device: Any) -> bool:
    properties = device.properties
    if device.subsystem == "input" and not device.sys_name.startswith("event"):
        return False
    if device.subsystem == "usb":
        return device.device_type == "usb_device" and bool(properties.get("ID_VENDOR_ID")) and _class(device) != _HUB
    return bool(properties.get("ID_BUS") or properties.get("ID_PATH")) or (
        device.subsystem == "usbmisc" and _usb_parent(device) is not None
    )


def _usb_parent(device: Any) -> Any:
    return device if device.subsystem == "usb" else device.find_parent("usb", "usb_device")


def _subsystem(device: Any) -> str:
    """Event nodes by what udev found them to be: a touch screen and a headphone socket are no keyboards."""
    properties = device.properties
    if device.subsystem == "input":
        if properties.get("ID_INPUT_TOUCHSCREEN") == "1":
            return "touch"
        if properties.get("ID_INPUT_SWITCH") == "1" and properties.get("ID_INPUT_KEY") != "1":
            return "switch"
    return str(device.subsystem)


def node_properties(node: str) -> dict[str, str]:
    """What udev knows of a node; nothing of one it does not know."""
    try:
        with _LOCK:
            return dict(pyudev.Devices.from_device_file(_context(), os.path.realpath(node)).properties)
    except (pyudev.DeviceNotFoundError, OSError, ValueError):
        return {}


def _class(device: Any) -> str:
    with contextlib.suppress(KeyError, UnicodeDecodeError):
        return str(device.attributes.asstring("bDeviceClass"))
    return ""


def _info(device: Any) -> DeviceInfo:
    parent = _usb_parent(device)
    # Of a USB printer's node (usblp) udev itself says nothing: who made it stands at the USB device above.
    named = device.properties.get("ID_VENDOR_ID") or parent is None
    properties = device.properties if named else {**parent.properties, **device.properties}
    return DeviceInfo(
        _subsystem(device),
        device.device_node,
        properties.get("ID_VENDOR_ID", ""),
        properties.get("ID_MODEL_ID", ""),
        properties.get("ID_SERIAL_SHORT", ""),
        properties.get("ID_PATH", ""),
        properties.get("ID_MODEL", "") or device.sys_name,
        tuple(sorted(device.device_links)),
        device.sys_path,
        parent.sys_path if parent is not None else "",
        properties.get("USEC_INITIALIZED", ""),
        properties.get("ID_USB_DRIVER", "") or properties.get("ID_USB_INTERFACES", ""),
    )


class UdevWatch:
    """Says that something came or went, not what: whoever is woken looks for himself, so that a lost message loses nothing.

    Two sources, either of which may be missing. udev's own messages do not reach a process with a network of its own (as
    the service's unit gives it), but the files udev writes when it has dealt with a device can be watched from there.
    """

    def __init__(self, data: Path = UDEV_DATA) -> None:
        self._monitor: Any = None
        self._files = inotify.watch(data) if data.is_dir() else None
        try:
            with _LOCK:
                monitor = pyudev.Monitor.from_netlink(_context())
                for subsystem in SUBSYSTEMS:
                    monitor.filter_by(subsystem)
                # Only from here on does it hear: started before anybody enumerates, or what comes in between is lost.
                monitor.start()
        except OSError as error:
            if error.errno not in (errno.EAFNOSUPPORT, errno.EPERM, errno.EACCES, errno.EPROTONOSUPPORT, None, 0):
                raise
        else:
            self._monitor = monitor

    def filenos(self) -> list[int]:
        return [*([self._monitor.fileno()] if self._monitor else []), *([self._files] if self._files is not None else [])]

    def drain(self) -> None:
        """What was said is thrown away."""
        with contextlib.suppress(OSError), _LOCK:
            while self._monitor is not None and self._monitor.poll(timeout=0) is not None:
                pass
        if self._files is not None:
            with contextlib.suppress(BlockingIOError):
                while os.read(self._files, 65_536):
                    pass

    def close(self) -> None:
        self._monitor = None
        if self._files is not None:
            os.close(self._files)
            self._files = None
