"""The one shape of every wire: bytes with deadlines, two errors, and a way to be woken.

Holds the port protocol, its errors, `Waker`, and `FdPort`, the select loop all real ports share. Opening a particular
kind of device is `serial`, `usblp`, `tcp` and `memory`; choosing among them is `opening`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import time
from collections.abc import Callable
from typing import Protocol

# What the kernel says when the device behind an open file has left.
_LEFT = {errno.ENODEV, errno.EIO, errno.EPIPE, errno.ECONNRESET, errno.EBADF, errno.ENXIO}
_LEFT |= {errno.ESHUTDOWN, errno.ENOTCONN, errno.ECONNABORTED}
CHUNK_BYTES = 4096
STALE_READS = 64


class PortError(Exception):
    """Something the wire did. `written` says how many bytes of the write in hand had been taken before."""

    def __init__(self, text: str, written: int = 0) -> None:
        super().__init__(text)
        self.written = written


class Gone(PortError):
    """The device has left: ENODEV, EIO, a broken pipe, or readable with nothing to read."""


class Timeout(PortError):
    """The deadline passed."""


class OpenFailed(Exception):
    """No port could be opened. `code` is a health code: absent, permission, busy, timeout or error."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


class Waker:
    """Ends a blocking read from another thread."""

    def __init__(self) -> None:
        self._read_fd, self._write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._read_fd

    def wake(self) -> None:
        # A full pipe wakes as well as an empty one; a closed one belongs to a slot that has ended.
        with contextlib.suppress(BlockingIOError, OSError):
            os.write(self._write_fd, b"!")

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read_fd, 512):
                pass

    def wait(self, seconds: float) -> bool:
        """Sleep until woken or `seconds` have passed."""
        woken = bool(select.select([self], [], [], max(0.0, seconds))[0])
        if woken:
            self.clear()
        return woken

    def close(self) -> None:
        os.close(self._read_fd)
        os.close(self._write_fd)


class Port(Protocol):
    """Bytes with deadlines. A deadline is an instant of `time.monotonic()`, never a duration."""

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        """At least one byte. `b""` only where the waker spoke first. `Timeout` at the deadline, `Gone` at the end."""

    def write(self, data: bytes, deadline: float) -> int:
        """All of `data`, or `Timeout`/`Gone` with the number of bytes taken."""

    def idle(self, deadline: float, waker: Waker) -> str:
        """Sleep until something: "woken", "bytes" (thrown away, they answer nothing) or "time". `Gone` at the end."""

    def rest(self) -> None:
        """The work in hand is done: a port that should not be kept open between jobs may let go."""

    def close(self) -> None:
        """Let go for good. Never raises."""


class FdPort:
    """A port over one non-blocking file descriptor."""

    def __init__(self, fd: int, closer: Callable[[], object]) -> None:
        self._fd: int | None = fd
        self._closer = closer

    def _open_fd(self) -> int:
        if self._fd is None:
            raise Gone("port is closed")
        return self._fd

    def read(self, size: int, deadline: float, waker: Waker | None = None) -> bytes:
        fd = self._open_fd()
        watched = [fd] if waker is None else [fd, waker.fileno()]
        while True:
            ready = select.select(watched, [], [], max(0.0, deadline - time.monotonic()))[0]
            if fd in ready:
                data = self._read_now(fd, size)
                if data is not None:
                    return data
            elif waker is not None and ready:
                waker.clear()
                return b""
            elif time.monotonic() >= deadline:
                raise Timeout("nothing came before the deadline")

    def _read_now(self, fd: int, size: int) -> bytes | None:
        try:
            data = os.read(fd, size)
        except BlockingIOError:
            return None
        except OSError as error:
            raise _as_gone(error) from error
        if not data:
            raise Gone("readable with nothing to read")
        return data

    def write(self, data: bytes, deadline: float) -> int:
        fd = self._open_fd()
        written = 0
        while written < len(data):
            left = deadline - time.monotonic()
            if not select.select([], [fd], [], max(0.0, left))[1]:
                if time.monotonic() >= deadline:
                    raise Timeout(f"{written} of {len(data)} bytes taken before the deadline", written)
                continue
            written += self._write_now(fd, data[written : written + CHUNK_BYTES], written)
        return written

    def _write_now(self, fd: int, piece: bytes, written: int) -> int:
        try:
            return os.write(fd, piece)
        except BlockingIOError:
            return 0
        except OSError as error:
            gone = _as_gone(error)
            gone.written = written
            raise gone from error

    def idle(self, deadline: float, waker: Waker) -> str:
        try:
            return "bytes" if self.read(CHUNK_BYTES, deadline, waker) else "woken"
        except Timeout:
            return "time"

    def rest(self) -> None:
        """Most devices stay open."""

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            # Closing may itself fail once the far side has left (termios error 5): there is nothing more to do then.
            with contextlib.suppress(Exception):
                self._closer()


def _as_gone(error: OSError) -> Gone:
    known = error.errno in _LEFT
    return Gone(f"{errno.errorcode.get(error.errno or 0, 'error')}{'' if known else ' (unexpected)'}")


def drop_stale(port: Port) -> None:
    """Throw away what lies in the buffer: it was said to nobody who is here now. A line that never falls silent is left alone
    after a while."""
    for _ in range(STALE_READS):
        try:
            port.read(CHUNK_BYTES, 0.0)
        except Timeout:
            return
