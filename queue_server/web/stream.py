"""One open stream: a connection, a cursor, and nothing else; no task, no queue, no thread.

Holds what is written to a connection and when it is cut off: a reader that takes nothing for ten seconds, one that talks
instead of listening. What is sent comes from the channel; the hub says when. The same in the server's own process and
in the one for streams alone.
"""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from queue_server.web.channel import Channel, Listener
from queue_server.web.dressing import HEAD

if TYPE_CHECKING:
    from queue_server.web.hub import Hub

TALK_BYTES = 64 * 1024  # a reader has nothing to say after its request
SEND_BUFFER = 64 * 1024  # in the kernel, per stream: ten thousand silent readers must not hold its memory
SILENT_MS = 30_000  # a peer that acknowledges nothing (its cable is out) is given up


def head(wall_ms: int) -> bytes:
    """The answer's first lines. It ends with the connection, so that a frame is the same bytes for everyone."""
    return (
        f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n{HEAD}x-accel-buffering: no\r\n"
        f"connection: close\r\ndate: {formatdate(wall_ms / 1000, usegmt=True)}\r\n\r\n"
    ).encode()


def _tune(fd: int) -> None:
    end = socket.socket(fileno=fd)  # the loop's own object has no options
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        if end.family != socket.AF_UNIX:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENT_MS)
    finally:
        end.detach()


class Stream(asyncio.Protocol):
    """Lives on the loop. `after` is where the reader wants to begin (None: after the snapshot), `cursor` the last row it was
    sent, None until its snapshot was; a stream that another process began has a cursor from the start."""

    __slots__ = ("after", "channel", "connections", "cursor", "drained", "heard", "hub", "n", "replaying", "stuck_s", "transport", "who")

    def __init__(
        self, hub: Hub, who: Listener, after: int | None, *, cursor: int | None = None, connections: set[Any] | None = None
    ) -> None:
        self.hub, self.who, self.after, self.cursor, self.connections = hub, who, after, cursor, connections
        self.transport: asyncio.Transport | None = None
        self.channel: Channel | None = None
        self.n = 0
        self.heard = 0
        self.stuck_s: float | None = None  # since when it has taken nothing
        self.replaying = False
        self.drained: asyncio.Future[None] | None = None

    # ------------------------------------------------------------ from the connection
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        # The high-water mark of zero sends at once and says at once when the kernel takes no more.
        transport.set_write_buffer_limits(high=0)  # type: ignore[attr-defined]
        _tune(transport.get_extra_info("socket").fileno())
        if self.connections is not None:
            self.connections.add(self)
        self.hub.joined(self)

    def data_received(self, data: bytes) -> None:
        self.heard += len(data)
        if self.heard > TALK_BYTES:
            self.cut()

    def pause_writing(self) -> None:
        self.stuck_s = self.hub.now_s()
        self.hub.stuck.add(self)

    def resume_writing(self) -> None:
        self.stuck_s = None
        self.hub.stuck.discard(self)
        self._go_on()
        self.deliver()

    def connection_lost(self, exc: Exception | None) -> None:
        self.leave()

    # ------------------------------------------------------------ from the hub
    def deliver(self) -> None:
        """Send what came since, as far as the connection takes it."""
        channel = self.channel
        if channel is None or self.cursor is None or self.transport is None:
            return
        while self.cursor < channel.seq and self.stuck_s is None and not self.replaying:
            if self.cursor + 1 < channel.first:
                self.hub.replay(self, channel)
                return
            chunk, self.cursor = channel.since(self.cursor, self.who.public, self.who.zone)
            if chunk:
                self.transport.write(chunk)

    def begin(self, seq: int, first: bytes) -> None:
        """The snapshot and what stands around it; rows follow from where the reader was, else from where the snapshot is."""
        if self.transport is not None:
            self.transport.write(first)
            self.cursor = seq if self.after is None else self.after

    def beat(self, seq: int, frame: bytes) -> None:
        """A beat says where the log is: only to whoever has been told all of it."""
        if self.transport is not None and self.stuck_s is None and self.cursor is not None and self.cursor >= seq:
            self.transport.write(frame)

    def end(self) -> None:
        """Close. What the kernel did not take is not waited for: the reader comes back with its last id."""
        if self.transport is None or self.stuck_s is not None:
            self.cut()
        else:
            self.transport.close()

    shutdown = end  # what uvicorn asks of every connection when it stops

    def cut(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def send(self, chunk: bytes) -> None:
        """Send, and come back when the connection has taken it or is gone."""
        if self.transport is not None:
            self.transport.write(chunk)
        if self.transport is not None and self.stuck_s is not None:
            self.drained = asyncio.get_running_loop().create_future()
            await self.drained

    def _go_on(self) -> None:
        if self.drained is not None and not self.drained.done():
            self.drained.set_result(None)
        self.drained = None

    # ------------------------------------------------------------ leaving
    def leave(self) -> None:
        """Give the place back, once."""
        if self.transport is not None:
            self.transport = None
            if self.connections is not None:
                self.connections.discard(self)
            self._go_on()
            self.hub.left(self)

    @property
    def movable(self) -> bool:
        """Whether every byte is with the kernel and the next one is known: another process may go on from here."""
        idle = self.cursor is not None and self.channel is not None and self.stuck_s is None and not self.replaying
        return idle and self.transport is not None and not self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def part(self) -> asyncio.Transport | None:
        """Leave the connection open and take no more notice of it."""
        transport = self.transport
        if transport is not None:
            self.leave()
            transport.set_protocol(asyncio.Protocol())
        return transport
