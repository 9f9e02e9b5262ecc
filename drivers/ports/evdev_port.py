"""Keyboards, wedge scanners, number pads and touch screens as the kernel's event nodes: the one file that imports evdev.

Opens every event node of the same USB device and takes them for us alone, so that no key of it reaches the browser.
Bytes are the kernel's own records (`codecs.hid_keymap`), never cut in the middle. Decides nothing about keys.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import time
from pathlib import Path

import evdev

from drivers.codecs.hid_keymap import RECORD
from drivers.ports.base import FdPort, Gone, OpenFailed, Timeout, Waker
from drivers.ports.opening import Address

SYS_INPUT = Path("/sys/class/input")
READ_RECORDS = 64
_NODE = re.compile(r"event[0-9]+")
_CODES = {errno.ENOENT: "absent", errno.ENODEV: "absent", errno.ENXIO: "absent", errno.EIO: "absent"}
_CODES |= {errno.EACCES: "permission", errno.EPERM: "permission", errno.EBUSY: "busy"}


class EvdevPort:
    """Several nodes of one device as one port. Reads whole records; writes (lamps) go to the node that was named."""

    def __init__(self, inputs: list[evdev.InputDevice[str]]) -> None:
        self._inputs = inputs
        self._nodes = {one.fd: FdPort(one.fd, one.close) for one in inputs}
        self._rests = dict.fromkeys(self._nodes, b"")
        self._closed = False

    @property
    def paths(self) -> list[str]:
        return [str(one.path) for one in self._inputs]

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        """At least one record; `size` counts bytes and is rounded up to one."""
        if self._closed:
            raise Gone("port is closed")
        watched = [*self._nodes, *([] if waker is None else [waker.fileno()])]
        while True:
            ready = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]
            data = b"".join(self._records(fd, size) for fd in ready if fd in self._nodes)
            if data:
                return data
            if waker is not None and waker.fileno() in ready:
                waker.clear()
                return b""
            if time.monotonic() >= deadline:
                raise Timeout("nothing came before the deadline")

    def _records(self, fd: int, size: int) -> bytes:
        wanted = max(size // RECORD.size, 1) * RECORD.size
        try:
            data = self._rests[fd] + self._nodes[fd].read(wanted - len(self._rests[fd]), time.monotonic())
        except Timeout:  # another reader was faster, or nothing was there after all
            return b""
        whole = len(data) - len(data) % RECORD.size
        self._rests[fd] = data[whole:]
        return data[:whole]

    def write(self, data: bytes, deadline: float) -> int:
        if self._closed:
            raise Gone("port is closed")
        return next(iter(self._nodes.values())).write(data, deadline)

    def idle(self, deadline: float, waker: Waker) -> str:
        try:
            return "bytes" if self.read(READ_RECORDS * RECORD.size, deadline, waker) else "woken"
        except Timeout:
            return "time"

    def rest(self) -> None:
        """A device that types stays ours between two scans."""

    def close(self) -> None:
        self._closed = True
        for one, port in zip(self._inputs, self._nodes.values(), strict=True):
            # Of a device that has left nothing can be given back: the kernel has forgotten the grab already.
            with contextlib.suppress(OSError):
                one.ungrab()
            port.close()


def open_address(address: Address) -> EvdevPort:
    """`evdev:/dev/input/…`; `watch:/dev/input/…` (or `?grab=none`) for a device that others must go on seeing: a touch screen."""
    return open_evdev(address.target, grab=address.kind == "evdev" and address.options.get("grab", "all") == "all")


def open_evdev(path: str, *, grab: bool = True, sys_input: Path = SYS_INPUT) -> EvdevPort:
    """`path` first, then its siblings. All of them or none: an ungrabbed node would type into the browser."""
    opened: list[evdev.InputDevice[str]] = []
    try:
        for node in [path, *(siblings(path, sys_input) if grab else [])]:
            opened.append(_open(node))
            if grab:
                _grab(opened[-1], node)
    except OpenFailed:
        for one in opened:
            with contextlib.suppress(OSError):
                one.close()
        raise
    return EvdevPort(opened)


def _open(node: str) -> evdev.InputDevice[str]:
    try:
        return evdev.InputDevice(node)
    except OSError as error:
        raise OpenFailed(_code(error), f"{node}: {_name(error)}") from error


def _grab(device: evdev.InputDevice[str], node: str) -> None:
    try:
        device.grab()
    except OSError as error:
        raise OpenFailed(_code(error), f"{node}: {'taken by another program' if error.errno == errno.EBUSY else _name(error)}") from error


def _code(error: OSError) -> str:
    return _CODES.get(error.errno or 0, "error")


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "error")


def siblings(path: str, sys_input: Path = SYS_INPUT) -> list[str]:
    """The other event nodes of the same USB device: a scanner often shows itself as two keyboards and a remote control."""
    name = os.path.basename(os.path.realpath(path) if not _NODE.fullmatch(os.path.basename(path)) else path)
    home = _usb_device(sys_input / name)
    if home is None:
        return []
    found = []
    for entry in sorted(sys_input.iterdir()):
        if _NODE.fullmatch(entry.name) and entry.name != name and home in Path(os.path.realpath(entry)).parents:
            found.append(f"/dev/input/{entry.name}")
    return found


def _usb_device(entry: Path) -> Path | None:
    """The nearest folder above that is a USB device (it has a vendor's number); None for what hangs on no USB."""
    if not entry.exists():
        return None
    return next((folder for folder in Path(os.path.realpath(entry)).parents if (folder / "idVendor").exists()), None)
