"""What stands between the open network and the HTTP server: deadlines and bounds that uvicorn does not have.

Holds uvicorn's protocol with a deadline for every request, bounds on its headers and on pipelining, a bound on
connections below that of file descriptors, and the reading of whole bodies before a thread is given to them. Imported
where something is served; it knows no address and no message.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_DEADLINE_S = 10.0  # for the request line and the headers, from the first byte or from the connection on
WHOLE_DEADLINE_S = 30.0  # for the body too
HEAD_BYTES, HEAD_LINES, PIPELINED = 64 * 1024, 100, 32
BODY_DEADLINE_S = 10.0
SWEEP_S = 1.0
MOST_FILES, SPARE_FILES = 65_536, 256


Receive = Callable[[], Awaitable[Any]]


class Refused(Exception):
    """Raised in the parser's callback, it ends the parser's work on what was received."""


class Guarded(HttpToolsProtocol):
    """One connection. A timer for each would cost every request; instead all are looked through once a second."""

    most: ClassVar[int] = MOST_FILES
    begun: float | None = None
    in_body = False
    unread = 0  # bytes since the parser last got anywhere: endless lines, chunk extensions, trailers
    answering: Any = None  # the request under way; `cycle` is the newest, which waits where requests were sent ahead

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
        if any(name.endswith((b" ", b"\t")) for name, _ in self.headers):
            # RFC 9112 section 5.1 wants it refused; the parser that Debian 13 has lets it through.
            self.end(b"400 Bad Request")
        elif len(self.headers) > HEAD_LINES:
            self.end(b"431 Request Header Fields Too Large")
        elif len(self.pipeline) >= PIPELINED:
            self.drop()
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

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.answering = cycle
        cycle.scope["extensions"] = {"toiluot": self}
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self.nobody_listens()
        super().connection_lost(exc)

    def nobody_listens(self) -> None:
        """uvicorn tells this to the newest request only; the one under way would write into a closed connection."""
        if self.answering is not None and not self.answering.response_complete:
            self.answering.disconnected = True
            self.answering.message_event.set()

    def release(self) -> asyncio.Transport:
        """The connection is somebody else's from here on: nothing more is parsed, answered or waited for here."""
        self._unset_keepalive_if_required()
        self.connections.discard(self)
        self.pipeline.clear()
        self.nobody_listens()
        self.flow.resume_reading()
        self.transport.set_protocol(asyncio.Protocol())
        return self.transport

    def drop(self) -> None:
        self.nobody_listens()
        self.transport.abort()

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
            self.drop()


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


# ---------------------------------------------------------------- bodies
class TooSlow(Exception):
    """The body did not come in time."""


class TooMuch(Exception):
    """The body is longer than it may be."""


async def whole(scope: dict[str, Any], receive: Receive, most: int, within_s: float = BODY_DEADLINE_S) -> bytes:
    """The body of a request: a slow sender holds a connection and never a thread. The scope is told the length instead of
    how the body travelled."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length[:20]) > most:
        raise TooMuch
    try:
        async with asyncio.timeout(within_s):
            body = await _read(receive, most)
    except TimeoutError as slow:
        raise TooSlow from slow
    if b"transfer-encoding" in headers:
        kept = [(name, value) for name, value in scope["headers"] if name not in (b"transfer-encoding", b"content-length")]
        scope["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
    return body


def given(body: bytes, receive: Receive) -> Receive:
    """The `receive` of a request whose body has been read."""
    told = False

    async def again() -> Any:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _read(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise TooMuch
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return bytes(body)


def bounded(application: Any, most: int) -> Any:
    """An application that gets whole bodies of at most so many bytes. For programs of this machine: one language."""

    async def guarded(scope: dict[str, Any], receive: Receive, send: Callable[[Any], Awaitable[None]]) -> None:
        try:
            body = await whole(scope, receive, most)
        except TooSlow:
            await _refuse(send, 408, "too_slow", "Send the whole request at once.")
        except TooMuch:
            await _refuse(send, 413, "too_large", f"At most {most} bytes.")
        else:
            await application(scope, given(body, receive), send)

    return guarded


async def _refuse(send: Callable[[Any], Awaitable[None]], status: int, code: str, detail: str) -> None:
    text = json.dumps({"type": "about:blank", "status": status, "code": code, "detail": detail}).encode()
    # What was not read of the body would be taken for the next request.
    lines = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(text)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": text})
