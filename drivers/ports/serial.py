"""Serial lines and USB-COM devices: the one file that imports pyserial. It opens and sets the line; bytes go through `FdPort`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import serial
from serial.rs485 import RS485Settings

from drivers.ports.base import FdPort, OpenFailed
from drivers.ports.direction import ByRts, TurningPort

if TYPE_CHECKING:
    from drivers.ports.opening import Address

_CODES = {errno.ENOENT: "absent", errno.ENODEV: "absent", errno.ENXIO: "absent", errno.EACCES: "permission", errno.EPERM: "permission"}
_CODES |= {errno.EBUSY: "busy", errno.EAGAIN: "busy", errno.EIO: "absent"}


def open_serial(
    path: str, baud: int = 115200, parity: str = "N", stop_bits: int = 1, flow: str = "none", rs485: str = "auto"
) -> FdPort | TurningPort:
    """Open `path` for us alone. `flow` is none, rtscts or xonxoff; `rs485` one of `direction.DIRECTIONS`."""
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
    port = FdPort(line.fileno(), line.close)
    return port if rs485 == "auto" else _turning(line, port, rs485, path)


def _turning(line: serial.Serial, port: FdPort, rs485: str, path: str) -> FdPort | TurningPort:
    try:
        if rs485 == "rts":
            return TurningPort(port, ByRts(line))
        line.rs485_mode = RS485Settings()
    except (OSError, ValueError) as error:
        port.close()
        raise OpenFailed("error", f"{path}: it cannot turn a two-wire line by rs485={rs485}; try another ({error})") from error
    return port


def open_address(address: Address) -> FdPort | TurningPort:
    given = address.options
    stop = int(given.get("stop", "1"))
    return open_serial(address.target, address.baud, given.get("parity", "N"), stop, given.get("flow", "none"), given.get("rs485", "auto"))


def _short(error: serial.SerialException) -> str:
    return errno.errorcode.get(error.errno or 0, "") or str(error).split(":")[0]
