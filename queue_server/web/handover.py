"""What passes between the server and its process for streams, over a socket pair that nobody else holds.

Holds the messages and their bytes. A connection travels as its file descriptor beside the words (SCM_RIGHTS), so there
is one address, one port and no proxy between.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

from queue_server.web.channel import Listener

MOST = 64 * 1024
WAKE = b"wake"  # a commit; any other message is looked at as one too
READY = b"ready"


def pair() -> tuple[socket.socket, socket.socket]:
    """Both ends: messages stay whole and in order, and the end of either process is the end of the line."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs


def stream(who: Listener, after: int | None, cursor: int | None) -> bytes:
    """A stream to carry on with: what it hears, from where, and (`cursor`) up to where it has been sent already."""
    return json.dumps({"who": who.wire(), "after": after, "cursor": cursor}).encode()


def read_stream(message: bytes) -> tuple[Listener, int | None, int | None]:
    said = json.loads(message)
    return Listener(**said["who"]), said["after"], said["cursor"]


def left(count: int) -> bytes:
    """How many streams have ended so far; also the sign of life."""
    return str(count).encode()


def settings(line: socket.socket) -> dict[str, Any]:
    """The first message of all, waited for: what to open and how."""
    said: dict[str, Any] = json.loads(line.recv(MOST))
    line.setblocking(False)
    return said


def received(line: socket.socket) -> Iterator[tuple[bytes, socket.socket | None]]:
    """What has come, each with the connection that came with it. An empty message is the end of the line."""
    while True:
        try:
            message, files, _, _ = socket.recv_fds(line, MOST, 1)
        except (BlockingIOError, InterruptedError):
            return
        except ConnectionError:
            message, files = b"", []
        yield message, _socket(files)
        if not message:
            return


def _socket(files: list[int]) -> socket.socket | None:
    for spare in files[1:]:
        os.close(spare)
    return socket.socket(fileno=files[0]) if files else None
