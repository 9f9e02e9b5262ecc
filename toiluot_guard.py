"""What stands between the open network and the HTTP server: deadlines and bounds that uvicorn does not have.

Holds uvicorn's protocol with a deadline for every request, bounds on its headers and on pipelining, and a bound on
connections below that of file descriptors. Imported by `toiluot_edge.serve` alone; it knows no address and no message.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterable
from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_DEADLINE_S = 10.0  # for the request line and the headers, from the first byte or from the connection on
WHOLE_DEADLINE_S = 30.0  # for the body too
HEAD_BYTES, HEAD_LINES, PIPELINED = 64 * 1024, 100, 32
SWEEP_S = 1.0
MOST_FILES, SPARE_FILES = 65_536, 256


class Refused(Exception):
    """Raised in the parser's callback, it ends the parser's work on what was received."""


class Guarded(HttpToolsProtocol):
    """One connection. A timer for each would cost every request; instead all are looked through once a second."""

    most: ClassVar[int] = MOST_FILES
    begun: float | None = None
    in_body = False
    unread = 0  # bytes since the parser last got anywhere: endless lines, chunk extensions, trailers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.begun = self.loop.time()
        if len(self.connections) > self.most:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.begun is None:
            self.begun = self.loop.time()
        self.unread += len(data)
        super().data_received(data)
        if self.unread > HEAD_BYTES:
            self.end(b"431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        self.begun = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.unread, self.in_body = 0, True
        if len(self.headers) > HEAD_LINES:
            self.end(b"431 Request Header Fields Too Large")
        elif len(self.pipeline) >= PIPELINED:
            self.transport.abort()
        if self.transport.is_closing():
            raise Refused
        super().on_headers_complete()
        self.headers = []  # lines after a chunked body are no headers: whoever put a proxy in front relies on it

    def on_body(self, body: bytes) -> None:
        self.unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.begun, self.unread, self.in_body = None, 0, False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self.end(b"400 Bad Request")

    def check(self, now: float) -> None:
        """Cut whoever has not finished asking in time."""
        if self.begun is not None and now - self.begun > (WHOLE_DEADLINE_S if self.in_body else HEAD_DEADLINE_S):
            self.end(b"408 Request Timeout")

    def end(self, status: bytes) -> None:
        """A short answer where nothing else is under way, and the end of the connection."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()
        else:
            self.transport.abort()


async def sweep(connections: Iterable[object]) -> None:
    """Once a second, every connection of this process."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_S)
        now = loop.time()
        for one in list(connections):
            if isinstance(one, Guarded):
                one.check(now)


def raise_file_limit() -> int:
    """Ask for as many files as the hard limit allows, and say how many of them may be connections: the database must
    always be able to open its own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return files - min(SPARE_FILES, files // 2)
