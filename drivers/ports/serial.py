"""Serial lines and USB-COM devices: the one file that imports pyserial. It opens and sets the line; bytes go through `FdPort`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import serial

from drivers.ports.base import FdPort, OpenFailed

if TYPE_CHECKING:
    from drivers.ports.opening import Address

_CODES = {errno.ENOENT: "absent", errno.ENODEV: "absent", errno.ENXIO: "absent", errno.EACCES: "permission", errno.EPERM: "permission"}
_CODES |= {errno.EBUSY: "busy", errno.EAGAIN: "busy", errno.EIO: "absent"}


def open_serial(path: str, baud: int = 115200, parity: str = "N", stop_bits: int = 1, flow: str = "none") -> FdPort:
    """Open `path` for us alone. `flow` is none, rtscts or xonxoff."""
    try:
        line = serial.Serial(
            path,
            baud,
            parity=parity,
            stopbits=stop_bits,
            timeout=0,
            write_timeout=0,
            rtscts=flow == "rtscts",
            xonxoff=flow == "xonxoff",
            exclusive=True,
        )
    except serial.SerialException as error:
        code = _CODES.get(error.errno or 0) or ("busy" if "exclusively lock" in str(error) else "error")
        raise OpenFailed(code, f"{path}: {_short(error)}") from error
    except (OSError, ValueError) as error:
        raise OpenFailed(_CODES.get(getattr(error, "errno", 0) or 0, "error"), f"{path}: {error}") from error
    return FdPort(line.fileno(), line.close)


def open_address(address: Address) -> FdPort:
    options = address.options
    return open_serial(address.target, address.baud, options.get("parity", "N"), int(options.get("stop", "1")), options.get("flow", "none"))


def _short(error: serial.SerialException) -> str:
    return errno.errorcode.get(error.errno or 0, "") or str(error).split(":")[0]
