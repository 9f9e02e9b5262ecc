"""The umockdev testbed by ctypes: plug emulated kernel devices in and out. Works only under `umockdev-wrapper`.

Holds the calls. What a device looks like to the kernel is `hardware`; who is started under the wrapper is
tests/drivers/test_umockdev.py. Make the `Bed` before the first udev context of the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
import tty
from functools import cache

from tests.drivers.umockdev.hardware import Hardware

_P, _S = ctypes.c_void_p, ctypes.c_char_p


@cache
def the_bed() -> Bed:
    return Bed()


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL("libumockdev.so.0")
    library.umockdev_testbed_new.restype = _P
    # Without argument types the 64-bit pointer is cut in half.
    for name, types in (
        ("add_from_string", [_P, _S, _P]),
        ("uevent", [_P, _S, _S]),
        ("remove_device", [_P, _S]),
        ("load_ioctl", [_P, _S, _S, _P]),
        ("get_dev_fd", [_P, _S]),
        ("set_attribute", [_P, _S, _S, _S]),
        ("get_root_dir", [_P]),
    ):
        getattr(library, f"umockdev_testbed_{name}").argtypes = types
    return library


class Bed:
    """One per process. The testbed uses a node's name once: give what is plugged in again another number."""

    def __init__(self) -> None:
        assert "umockdev-preload" in os.environ.get("LD_PRELOAD", ""), "start it under umockdev-wrapper"
        self._library = _library()
        self._pseudo: dict[str, list[tuple[int, str]]] = {}
        self._bed = self._library.umockdev_testbed_new()
        self._library.umockdev_testbed_get_root_dir.restype = _S
        self.root: str = self._library.umockdev_testbed_get_root_dir(self._bed).decode()

    def plug(self, device: Hardware) -> int:
        """Make its nodes, tell udev of each; the far end's descriptor of its (first) node."""
        for record in device.records:  # parents first
            assert self._library.umockdev_testbed_add_from_string(self._bed, record.encode(), None), record
        for node, text in device.ioctls.items():
            with tempfile.NamedTemporaryFile("w", suffix=".ioctl") as file:
                file.write(text)
                file.flush()
                assert self._library.umockdev_testbed_load_ioctl(self._bed, node.encode(), file.name.encode(), None)
        if not device.node:
            return -1
        far = self.far_end(device.node)
        if device.raw:
            tty.setraw(far)
        return far

    def far_end(self, node: str) -> int:
        """What is written there is read from the node, and the other way round."""
        return int(self._library.umockdev_testbed_get_dev_fd(self._bed, node.encode()))

    def unplug(self, device: Hardware) -> None:
        """As the kernel does it, to the last: open files see the end."""
        self.vanish(device)
        self.hang_up(device)

    def vanish(self, device: Hardware) -> None:
        """udev's `remove`, then the nodes, then their parents. Whoever has a node open notices nothing by himself."""
        self._pseudo[device.node] = [(self.far_end(node), os.readlink(self.root + node)) for node in device.nodes]
        self.say(device, "remove")
        for path in device.paths[::-1]:  # each by itself: links to a child outlive its parent
            self._library.umockdev_testbed_remove_device(self._bed, path.encode())

    def hang_up(self, device: Hardware) -> None:
        """The far ends let go: what is still open reads the end."""
        for fd, name in self._pseudo.pop(device.node):
            with contextlib.suppress(OSError):
                os.close(fd)
            # The testbed forgets to strike this out, and stumbles when the pseudo-terminal's number comes round again.
            with contextlib.suppress(OSError):
                os.unlink(f"{self.root}/dev/.ptymap/{name.replace('/', '_')}")

    def say(self, device: Hardware, action: str) -> None:
        """A uevent by itself."""
        for path in device.event_paths:
            self._library.umockdev_testbed_uevent(self._bed, path.encode(), action.encode())
