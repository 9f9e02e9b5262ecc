"""USB printers through the kernel's usblp driver (`/dev/usb/lp*`): read, write and poll on one node."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from drivers.ports.base import FdPort, OpenFailed

if TYPE_CHECKING:
    from drivers.ports.opening import Address

_CODES = {errno.ENOENT: "absent", errno.ENODEV: "absent", errno.ENXIO: "absent", errno.EACCES: "permission"}
_CODES |= {errno.EPERM: "permission", errno.EBUSY: "busy"}


def open_usblp(path: str) -> FdPort:
    try:
        fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise OpenFailed(_CODES.get(error.errno or 0, "error"), f"{path}: {errno.errorcode.get(error.errno or 0, 'error')}") from error
    return FdPort(fd, lambda: os.close(fd))


def open_address(address: Address) -> FdPort:
    return open_usblp(address.target)
