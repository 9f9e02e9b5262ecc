"""The kernel's notice that a folder's files changed: one descriptor to wait on. Reads no file."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

# From linux/inotify.h: IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE, IN_DELETE.
_CHANGES = 0x008 | 0x080 | 0x100 | 0x200


def watch(folder: Path) -> int | None:
    """A descriptor that becomes readable; None where the kernel refuses (no watches left, no right to look)."""
    libc = ctypes.CDLL(None, use_errno=True)
    fd = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    if fd < 0:
        return None
    if libc.inotify_add_watch(fd, os.fsencode(folder), _CHANGES) < 0:
        os.close(fd)
        return None
    return fd
