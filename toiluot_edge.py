"""What every Tới Lượt process does at its edge: tell the time, keep a log, serve HTTP beside streams, stop in order.

Holds the `Clock` port and its two clocks, masked structured logs, the systemd notification, and one way to serve a
Flask application on a bounded pool of threads with long streams beside it on the event loop (they never share the
pool: a stream per thread hangs the server once the pool is full). Knows nothing of queues, devices or pages; every
room may import it and it imports none of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
import stat
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

import structlog

Asgi = Callable[[dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


# ---------------------------------------------------------------- time
class Clock(Protocol):
    """The only source of time in a process. `wall_ms` is Unix milliseconds, `monotonic` is seconds and never falls."""

    def wall_ms(self) -> int: ...
    def monotonic(self) -> float: ...
    def sleep_until(self, monotonic: float) -> None: ...


def boot_s() -> float:
    """Seconds since the machine was started, its sleep included; never falls."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class SystemClock:
    """The machine's own clock."""

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep_until(self, monotonic: float) -> None:
        time.sleep(max(0.0, monotonic - time.monotonic()))


class ScaledClock:
    """A clock that starts at `start_ms` and runs `speed` times as fast: for demonstrations and rehearsals only. `moved` is a
    file with the seconds by which the rehearsal was moved on since, so that nobody waits for half past four."""

    def __init__(self, start_ms: int, speed: float, origin: float | None = None, moved: str = "") -> None:
        self._start_ms, self._speed, self._file = start_ms, speed, moved
        self.speed = speed
        self._origin = time.monotonic() if origin is None else origin
        self._moved = os.open(moved, os.O_RDONLY | os.O_CLOEXEC) if moved else -1

    def words(self) -> str:
        """What `TOILUOT_CLOCK` says in another process of this machine that shares this time."""
        words = f"{datetime.fromtimestamp(self._start_ms / 1000, UTC).isoformat()}@{self._speed}@{self._origin}"
        return f"{words}@{self._file}" if self._file else words

    def wall_ms(self) -> int:
        return self._start_ms + int(1000 * self.monotonic())

    def monotonic(self) -> float:
        moved = float(os.pread(self._moved, 32, 0) or 0) if self._file else 0.0
        return (time.monotonic() - self._origin) * self._speed + moved

    def sleep_until(self, monotonic: float) -> None:
        time.sleep(max(0.0, (monotonic - self.monotonic()) / self._speed))


def clock_from_environment(kind: str) -> Clock:
    """The process's clock. `TOILUOT_CLOCK=START@SPEED` (RFC 3339 @ factor, optional `@ORIGIN` shared by several processes, in
    seconds of this machine's monotonic clock, and `@FILE` with the seconds by which the rehearsal was moved on; a writer
    writes all of the number at once and never a smaller one) counts only where the site's kind is training or demo."""
    wanted = os.environ.get("TOILUOT_CLOCK", "")
    if not wanted or kind not in ("training", "demo"):
        return SystemClock()
    start, _, rest = wanted.partition("@")
    speed, _, rest = rest.partition("@")
    origin, _, moved = rest.partition("@")
    begin = datetime.fromisoformat(start)
    if begin.tzinfo is None:
        raise ValueError("TOILUOT_CLOCK needs an offset, e.g. 2026-11-23T06:50:00+07:00@60")
    return ScaledClock(int(begin.astimezone(UTC).timestamp() * 1000), float(speed or "1"), float(origin) if origin else None, moved)


# ---------------------------------------------------------------- log
_LONG_DIGITS = re.compile(r"(?<!\d)(\d{4})\d{3,}(\d{2})(?!\d)")


def mask(text: str) -> str:
    """Hide the middle of every run of 9 to 12 digits: it may be an identity number (kept: 4 first, 2 last)."""
    return _LONG_DIGITS.sub(lambda m: m[0] if not 9 <= len(m[0]) <= 12 else f"{m[1]}{'*' * (len(m[0]) - 6)}{m[2]}", text)


def _mask_event(_: Any, __: str, event: Any) -> Any:
    return {key: mask(value) if isinstance(value, str) else value for key, value in event.items()}


def setup_log(program: str) -> Any:
    """Structured lines on stderr, one JSON object each (readable text on a terminal), with numbers masked."""
    end = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, structlog.processors.format_exc_info, _mask_event, end],
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Heedless(sys.stderr))),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    log = structlog.get_logger(program=program)
    for name in ("uvicorn.error", "asyncio"):
        strangers = logging.getLogger(name)
        strangers.handlers, strangers.propagate = [_IntoOurs(log)], False
        strangers.setLevel(logging.ERROR)  # a line per piece of garbage would let anyone fill the disk
    return log


class _Heedless:
    """Where log lines go. A line that cannot be written (the disk that takes them is full) is lost, and nobody who is being
    answered at that moment loses the answer over it."""

    def __init__(self, out: Any) -> None:
        self._out = out

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._out.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._out.flush()


class _IntoOurs(logging.Handler):
    """What the HTTP server itself has to say goes through the same form and the same mask."""

    def __init__(self, log: Any) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.error(record.getMessage().strip(), exc_info=record.exc_info, logger=record.name)


# ---------------------------------------------------------------- systemd
def notify(state: str) -> None:
    """Tell systemd `READY=1`, `WATCHDOG=1`, `STOPPING=1`; nothing where no one listens (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
        out.sendto(state.encode(), "\0" + path[1:] if path[0] == "@" else path)


# ---------------------------------------------------------------- HTTP
SEND_DEADLINE_S = 10.0  # a silent reader is cut off; it comes back with its last event id


async def send_stream(receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]], frames: AsyncIterator[bytes]) -> None:
    """Answer with server-sent events until `frames` ends, the reader goes away or stops reading."""
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def pump() -> None:
        async for frame in frames:
            try:
                await asyncio.wait_for(send({"type": "http.response.body", "body": frame, "more_body": True}), SEND_DEADLINE_S)
            except TimeoutError:
                _cut(send)
                await asyncio.sleep(SEND_DEADLINE_S)  # ended by gone(), as soon as the server has noticed
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    tasks = {asyncio.create_task(pump()), asyncio.create_task(gone())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _cut(send: Callable[[Any], Awaitable[None]]) -> None:
    """Drop the connection of a reader that takes nothing: a polite close would wait for it to read the rest, for ever.
    ASGI has no word for this, so the server's own transport is taken where there is one (uvicorn keeps it beside `send`)."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


def mount(flask_app: Any, streams: Mapping[str, Asgi], threads: int, *, most_bytes: int | None = 256 * 1024) -> Asgi:
    """One ASGI application: exact paths in `streams` run on the event loop, all else in Flask on `threads` threads, with
    its body read before (None: whoever calls this application has read it)."""
    from toiluot_bridge import Bridge
    from toiluot_guard import bounded

    flask = Bridge(flask_app, threads)
    commands: Asgi = flask if most_bytes is None else bounded(flask, most_bytes)

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        stream = streams.get(scope["path"])
        await (stream or commands)(scope, receive, send)

    return application


def listen(address: str) -> socket.socket:
    """A listening socket for `HOST:PORT` or for a Unix path (mode 0660, an old file replaced)."""
    if "/" in address:
        path = Path(address)
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(address)
        path.chmod(0o660)
    else:
        host, _, port = address.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host.strip("[]") or "127.0.0.1", int(port)))
    sock.listen(1024)
    sock.set_inheritable(True)
    return sock


def serve(
    application: Asgi,
    sock: socket.socket,
    *,
    on_ready: Callable[[], None] = lambda: None,
    on_stop: Callable[[], None] = lambda: None,
    tls: tuple[str, str] | None = None,
    watchdog: Callable[[], bool] = lambda: True,
    own_date: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT. `on_stop` runs first of all and must end the streams: otherwise they are waited
    for until the graceful time-out. `watchdog` says whether the work still goes on; systemd is told so every 5 s.
    `own_date` leaves the `Date` header to the application, whose clock may not be the machine's."""
    import uvicorn

    from toiluot_guard import Guarded, raise_file_limit, sweep

    Guarded.most = raise_file_limit()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets=sockets)
            on_ready()
            notify("READY=1")
            self._beat = asyncio.create_task(_heartbeat(watchdog))
            self._sweep = asyncio.create_task(sweep(self.server_state.connections))

        def handle_exit(self, sig: int, frame: Any) -> None:
            notify("STOPPING=1")
            on_stop()
            super().handle_exit(sig, frame)
            # uvicorn raises the signal once more after it has stopped: the process would die before its caller tidies up.
            self._captured_signals.clear()

    config = uvicorn.Config(
        application,
        interface="asgi3",
        http=Guarded,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=not own_date,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=30,
        backlog=1024,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    Server(config).run(sockets=[sock])


async def _heartbeat(watchdog: Callable[[], bool]) -> None:
    while True:
        if watchdog():
            notify("WATCHDOG=1")
        await asyncio.sleep(5)


# ---------------------------------------------------------------- several processes
RESTART_S = 1.0  # a child that dies at once must not spin


def prefork(workers: int, child: Callable[[int], None]) -> None:
    """Run `child(n)` in this many processes that share what was opened before (the listening socket), replace one that
    dies, and end them all at SIGTERM or SIGINT. With one worker there is no other process: `child(0)` runs right here."""
    if workers == 1:
        child(0)
        return
    alive: dict[int, int] = {}
    ending = False

    def end(signum: int, frame: Any) -> None:
        nonlocal ending
        ending = True
        for pid in alive:
            os.kill(pid, signal.SIGTERM)

    def start(n: int) -> None:
        pid = os.fork()
        if pid == 0:
            for signum in (signal.SIGTERM, signal.SIGINT):
                signal.signal(signum, signal.SIG_DFL)
            status = 1
            try:
                child(n)
                status = 0
            finally:
                os._exit(status)  # never into the parent's own loop
        alive[pid] = n

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    for n in range(workers):
        start(n)
    while alive:
        pid, _ = os.wait()
        n = alive.pop(pid)
        if not ending:
            time.sleep(RESTART_S)
            start(n)
