"""Network printers (TCP, usually port 9100). Connected per piece of work: a connection kept open is reset by many printers."""

from __future__ import annotations

import errno
import os
import socket
import time
from typing import TYPE_CHECKING

from drivers.ports.base import FdPort, Gone, OpenFailed, PortError, Timeout, Waker

if TYPE_CHECKING:
    from drivers.ports.opening import Address

# Small on purpose: what the kernel took is counted as written, so little may wait there unseen.
SEND_BUFFER_BYTES = 8192


class TcpPort:
    """Connects when there is something to say and lets go in `rest`."""

    def __init__(self, host: str, port: int, connect_s: float = 3.0) -> None:
        self._address = (host, port)
        self._connect_s = connect_s
        self._inner: FdPort | None = None

    def connect(self, deadline: float) -> FdPort:
        if self._inner is None:
            left = max(0.05, min(self._connect_s, deadline - time.monotonic()))
            sock = socket.socket(socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET, socket.SOCK_STREAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            sock.settimeout(left)
            try:
                sock.connect(self._address)
            except OSError as error:
                sock.close()
                raise _as_port_error(error) from error
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            fd = sock.detach()
            self._inner = FdPort(fd, lambda: os.close(fd))
        return self._inner

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        return self.connect(deadline).read(size, deadline, waker)

    def write(self, data: bytes, deadline: float) -> int:
        return self.connect(deadline).write(data, deadline)

    def idle(self, deadline: float, waker: Waker) -> str:
        """At rest there is no connection to listen on."""
        self.rest()
        return "woken" if waker.wait(deadline - time.monotonic()) else "time"

    def rest(self) -> None:
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.close()

    close = rest


def _as_port_error(error: OSError) -> PortError:
    if isinstance(error, TimeoutError):
        return Timeout("no answer to the connection")
    return Gone(errno.errorcode.get(error.errno or 0, str(error)))


def open_tcp(host: str, port: int, connect_s: float = 3.0) -> TcpPort:
    opened = TcpPort(host, port, connect_s)
    try:
        opened.connect(time.monotonic() + connect_s)
    except Timeout as error:
        raise OpenFailed("timeout", f"{host}:{port}: {error}") from error
    except Gone as error:
        raise OpenFailed("absent", f"{host}:{port}: {error}") from error
    return opened


def open_kept(address: Address, connect_s: float = 3.0) -> FdPort:
    """A connection that stands: a serial line behind a converter, where bytes may come at any time."""
    return open_tcp(address.target, address.number, connect_s).connect(time.monotonic() + connect_s)


def open_address(address: Address) -> TcpPort:
    return open_tcp(address.target, address.number)
