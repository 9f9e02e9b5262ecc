"""From the event loop to a WSGI application and back: one hand-over to a thread, one hand-over home.

Holds the bridge that carries whole requests and whole answers; streams never come this way, they stay on the loop. It
knows no address and no message; bodies have been read, and bounded, before they get here (`toiluot_guard`).
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_NAMES: dict[bytes, str] = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
_MOST_NAMES = 256  # header names are the stranger's to choose: only so many are remembered


@dataclass(slots=True)
class Answer:
    """What the application said, as ASGI wants it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


class Bridge:
    """An ASGI application that runs a WSGI one on a bounded pool of threads. Each message between the loop and a thread
    wakes a sleeper and costs a turn of the interpreter, so there are exactly two: the request there, the answer back."""

    def __init__(self, application: Wsgi, threads: int) -> None:
        self._application = application
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="request")

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        body = await _body(receive)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Answer] = loop.create_future()
        self._pool.submit(self._serve, scope, body, loop, done)
        answer = await done
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _serve(self, scope: dict[str, Any], body: bytes, loop: asyncio.AbstractEventLoop, done: asyncio.Future[Answer]) -> None:
        try:
            outcome: Answer | BaseException = answered(self._application, environ_of(scope, body))
        except BaseException as broken:  # noqa: BLE001 - it belongs to whoever waits on the loop, and is raised there
            outcome = broken
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
            loop.call_soon_threadsafe(_settle, done, outcome)


def answered(application: Wsgi, environ: dict[str, Any]) -> Answer:
    """Run one request through a WSGI application."""
    answer = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        answer.status = int(status[:3])
        answer.headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return written.append

    written: list[bytes] = []  # by the old imperative way, before the application returned
    parts = application(environ, start_response)
    try:
        answer.body = b"".join([*written, *parts])
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return answer


def environ_of(scope: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The WSGI environment (PEP 3333) of an ASGI request: text is bytes read as Latin-1 there."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "RAW_URI": target(scope),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        name = _NAMES.get(raw) or _name(raw)
        text = value.decode("latin-1")
        if name in environ:
            text = f"{environ[name]}{'; ' if name == 'HTTP_COOKIE' else ','}{text}"
        environ[name] = text
    return environ


def target(scope: dict[str, Any]) -> str:
    """Path and query as they were sent: what a signature covers."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _name(raw: bytes) -> str:
    name = "HTTP_" + raw.decode("latin-1").upper().replace("-", "_")
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[raw] = name
    return name


async def _body(receive: Callable[[], Awaitable[Any]]) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _settle(done: asyncio.Future[Answer], outcome: Answer | BaseException) -> None:
    if done.done():  # whoever asked was cancelled
        return
    if isinstance(outcome, Answer):
        done.set_result(outcome)
    else:
        done.set_exception(outcome)
