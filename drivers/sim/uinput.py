"""A keyboard made in the kernel through /dev/uinput, so that a simulated wedge scanner types on this machine for real.

Holds the ioctls that make it; what is typed is written to its descriptor as records of `hid_keymap`, and closing that
descriptor unmakes it.
"""

from __future__ import annotations

import fcntl
import os
import struct

from drivers.codecs import hid_keymap as keys

NODE = "/dev/uinput"
NAME = b"Toi Luot simulated scanner"
_SET_EVBIT, _SET_KEYBIT, _DEV_SETUP, _DEV_CREATE = 0x40045564, 0x40045565, 0x405C5503, 0x5501
_BUS_USB = 3


def create(node: str = NODE) -> int:
    """The descriptor to type into. OSError where the kernel has no uinput or does not let us."""
    fd = os.open(node, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _SET_EVBIT, keys.EV_KEY)
        for code in (*keys.KEYS, *keys.KEYPAD, *keys.MODIFIERS, keys.ENTER, keys.TAB, keys.CAPS_LOCK):
            fcntl.ioctl(fd, _SET_KEYBIT, code)
        fcntl.ioctl(fd, _DEV_SETUP, struct.pack("HHHH80sI", _BUS_USB, 0x1EAB, 0x0022, 1, NAME, 0))
        fcntl.ioctl(fd, _DEV_CREATE)
    except OSError:
        os.close(fd)
        raise
    return fd
