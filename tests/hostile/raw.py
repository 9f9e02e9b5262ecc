"""Bare connections: bytes out, bytes in, on TCP and on a Unix socket."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path


def connect(where: str | Path, timeout_s: float = 30) -> socket.socket:
    """`http://HOST:PORT` or the path of a Unix socket."""
    if isinstance(where, Path):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        sock.connect(str(where))
        return sock
    host, _, port = where.removeprefix("http://").rstrip("/").rpartition(":")
    return socket.create_connection((host, int(port)), timeout=timeout_s)


def exchange(where: str | Path, sent: bytes, *, end: bool = False) -> bytes:
    """What comes back until the far end closes; `end` tells it that no more will come."""
    with connect(where) as sock:
        # A refusal may come, and the connection end, before all is sent.
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            sock.sendall(sent)
        with contextlib.suppress(OSError):
            if end:
                sock.shutdown(socket.SHUT_WR)
        got = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := sock.recv(65536):
                got += piece
        return bytes(got)


def status(answer: bytes) -> int:
    """The status of the first answer, 0 where the connection was simply ended."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0


def is_open(sock: socket.socket) -> bool:
    """Whether the far end still holds this connection. Reads what has come."""
    sock.setblocking(False)
    try:
        while piece := sock.recv(65536):
            del piece
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
