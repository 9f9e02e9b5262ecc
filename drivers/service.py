"""The drivers' service: devices in, HTTP with a stream over a Unix socket out.

Holds the routes, their checks and the fan-out to streams. Devices live in `registry`'s slots; this file opens none.
What a card says passes through memory to the streams open at that moment and is kept nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeGuard

from flask import Flask, Response, request

from drivers.devices.journal import Journal
from drivers.devices.link import Slot
from drivers.model import JobResult, NewRoll, Outcome, PrintJob, SlotStatus
from toiluot_edge import Asgi, send_stream

MAX_BODY_BYTES = 1_500_000
MAX_HEIGHT = 8_000
BEAT_S = 5.0
STREAM_BACKLOG = 64
JOB_WAIT_S = 180.0
CHIP_WAIT_S = 60.0
_JOB_KEYS = {"job_id", "width_dots", "height", "raster", "cut"}

Frame = tuple[str, dict[str, Any]]


class Refused(Exception):
    """A request that cannot be served. `code` is for programs, the text for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class Hub:
    """Hands events from the slots' threads to the streams on the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: dict[asyncio.Queue[Frame | None], asyncio.AbstractEventLoop] = {}
        self.closed = False
        self.ears: list[Callable[[str, dict[str, Any]], None]] = []  # inside this process, called on the slots' threads

    def publish(self, event: str, data: dict[str, Any]) -> None:
        for ear in self.ears:
            ear(event, data)
        with self._lock:
            readers = list(self._readers.items())
        for reader, loop in readers:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody listens any more
                loop.call_soon_threadsafe(self._put, reader, (event, data))

    @staticmethod
    def _put(reader: asyncio.Queue[Frame | None], frame: Frame | None) -> None:
        if reader.qsize() >= STREAM_BACKLOG:
            while not reader.empty():
                reader.get_nowait()
            frame = None  # a reader that does not read is cut off; it comes back and gets a snapshot
        reader.put_nowait(frame)

    def join(self) -> asyncio.Queue[Frame | None]:
        reader: asyncio.Queue[Frame | None] = asyncio.Queue()
        with self._lock:
            self._readers[reader] = asyncio.get_running_loop()
            if self.closed:
                reader.put_nowait(None)
        return reader

    def leave(self, reader: asyncio.Queue[Frame | None]) -> None:
        with self._lock:
            self._readers.pop(reader, None)

    def close(self) -> None:
        self.closed = True
        with self._lock:
            readers = list(self._readers.items())
        for reader, loop in readers:
            loop.call_soon_threadsafe(self._put, reader, None)


class Service:
    """What the routes do. One object per process."""

    def __init__(self, journal: Journal, hub: Hub, log: Callable[..., object]) -> None:
        self._journal, self.hub, self._log = journal, hub, log
        self.slots: dict[str, Slot] = {}
        self._open_jobs: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    # ------------------------------------------------------------ from the slots
    def on_health(self, status: SlotStatus) -> None:
        self._log("slot", role=status.role, state=str(status.state), code=status.health.code, detail=status.health.detail)
        self.hub.publish("health", status.as_json(time.monotonic()))

    def on_event(self, event: str, data: dict[str, Any]) -> None:
        if event == "card":
            self._log("card", kind=data["kind"])  # the kind alone: never what stood on it
        self.hub.publish(event, data)

    def slot_of(self, kind: str, name: str | None = None) -> Slot:
        """The slot a request means: the one it names, or the first of its kind."""
        for role, slot in self.slots.items():
            if (name is None or role == name) and (role == kind or re.fullmatch(rf"{re.escape(kind)}-\d+", role)):
                return slot
        wanted = name or kind
        raise Refused(404, f"no_{kind}", f"No such slot is configured: add [slot.{wanted}] to the configuration.")

    # ------------------------------------------------------------ from the routes
    def status(self) -> dict[str, Any]:
        now = time.monotonic()
        return {"slots": [slot.status.as_json(now) for slot in self.slots.values()]}

    def chip(self, body: Any) -> dict[str, Any]:
        """Read the chip of the card on the reader. The card itself leaves by the stream, as every card does."""
        slot = next((slot for slot in self.slots.values() if slot.status.driver == "mrtd"), None)
        if slot is None:
            raise Refused(404, "no_chip", "No chip reader is configured: add a [slot.reader-2] with driver mrtd.")
        from drivers.devices.chip_request import parse

        try:
            request_ = parse(body)
        except ValueError as error:
            raise Refused(422, "invalid", f"{error}.") from None
        try:
            told: dict[str, Any] = slot.submit(request_).result(CHIP_WAIT_S).as_json()
        except TimeoutError:
            raise Refused(503, "timeout", "The chip reader does not answer.") from None
        self._log("chip", code=told["code"], trust=told["trust"])
        return told

    def job(self, job_id: str) -> JobResult:
        result = self._journal.find(job_id)
        if result is None:
            raise Refused(404, "not_found", "No finished job of this id.")
        return result

    def print(self, body: Any) -> JobResult:
        job = parse_job(body)
        slot = self.slot_of("printer")
        with self._lock:
            known = self._journal.accept(job.job_id)
            if known is not None:
                return known
            other = self._open_jobs.get(job.job_id)
            if other is None:
                self._open_jobs[job.job_id] = threading.Event()
        if other is not None:
            other.wait(JOB_WAIT_S)
            return self._journal.find(job.job_id) or JobResult(job.job_id, Outcome.UNKNOWN, "timeout", "still being printed")
        return self._print_now(slot, job)

    def roll(self, body: Any) -> dict[str, Any]:
        """A person has put new paper in: what is left is counted from here."""
        length_m, name = _roll(body)
        slot = self.slot_of("printer", name)
        counted: dict[str, Any] = slot.submit(NewRoll(length_m)).result(JOB_WAIT_S)
        self._log("new_roll", role=slot.status.role, slips_left=counted.get("slips_left"))
        return {"slot": slot.status.role, **counted}

    def _print_now(self, slot: Slot, job: PrintJob) -> JobResult:
        try:
            future = slot.submit(job)
            try:
                result: JobResult = future.result(JOB_WAIT_S)
            except TimeoutError:
                return JobResult(job.job_id, Outcome.UNKNOWN, "timeout", "still being printed")
            except Exception as error:  # noqa: BLE001 - whatever broke in the driver, bytes may have gone out
                self._log("job_fault", job_id=job.job_id, error=type(error).__name__)
                result = JobResult(job.job_id, Outcome.UNKNOWN, "error", type(error).__name__)
                self._journal.done(result)
            self._log("job", job_id=job.job_id, outcome=str(result.outcome), code=result.code)
            return result
        finally:
            with self._lock:
                self._open_jobs.pop(job.job_id).set()


def parse_job(body: Any) -> PrintJob:
    """The job in a request, or `Refused` with what is wrong with it."""
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "Send one JSON object.")
    if unknown := sorted(set(body) - _JOB_KEYS):
        raise Refused(422, "invalid", f"Unknown field: {', '.join(map(str, unknown))}.")
    job_id, width, height, cut = body.get("job_id"), body.get("width_dots"), body.get("height"), body.get("cut", True)
    if not isinstance(job_id, str) or not 1 <= len(job_id) <= 64 or not job_id.isascii() or not job_id.isprintable():
        raise Refused(422, "invalid", "job_id: 1 to 64 printable ASCII characters.")
    if not _whole(width, 576) or width % 8:
        raise Refused(422, "invalid", "width_dots: a multiple of 8 up to 576.")
    if not _whole(height, MAX_HEIGHT):
        raise Refused(422, "invalid", f"height: 1 to {MAX_HEIGHT} rows.")
    if not isinstance(cut, bool):
        raise Refused(422, "invalid", "cut: true or false.")
    try:
        raster = base64.b64decode(body.get("raster", ""), validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused(422, "invalid", "raster: base64 of packed rows.") from None
    if len(raster) != width // 8 * height:
        raise Refused(422, "invalid", f"raster: {width // 8 * height} bytes expected, {len(raster)} came.")
    return PrintJob(job_id, width, height, raster, cut)


def _roll(body: Any) -> tuple[float | None, str | None]:
    """`{"length_m": 80, "slot": "printer"}`; both may be left out."""
    given = {} if body is None else body
    if not isinstance(given, dict) or set(given) - {"length_m", "slot"}:
        raise Refused(422, "invalid", "Send length_m (metres of a new roll) and slot, or nothing.")
    length_m, name = given.get("length_m"), given.get("slot")
    number = isinstance(length_m, (int, float)) and not isinstance(length_m, bool) and 1 <= length_m <= 1000
    if not (length_m is None or number) or not (name is None or isinstance(name, str)):
        raise Refused(422, "invalid", "length_m: 1 to 1000 metres. slot: the name of a slot.")
    return length_m, name


def _whole(value: Any, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def make_app(service: Service) -> Flask:
    """The routes that answer at once. The stream is beside them, on the event loop."""
    app = Flask("drivers", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES

    @app.get("/v1/status")
    def status() -> dict[str, Any]:
        return service.status()

    @app.post("/v1/print")
    def print_slip() -> dict[str, Any]:
        return service.print(_json()).as_json()

    @app.post("/v1/chip")
    def chip() -> dict[str, Any]:
        return service.chip(_json())

    @app.post("/v1/printer/roll")
    def new_roll() -> dict[str, Any]:
        return service.roll(_json())

    @app.get("/v1/jobs/<path:job_id>")
    def job(job_id: str) -> dict[str, Any]:
        return service.job(job_id).as_json()

    _refusals(app)
    return app


def _refusals(app: Flask) -> None:
    """Every refusal is one problem document."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _problem(error.status, error.code, error.detail)

    @app.errorhandler(404)
    def missing(_: Any) -> Response:
        return _problem(404, "not_found", "No such address.")

    @app.errorhandler(405)
    def wrong_method(_: Any) -> Response:
        return _problem(405, "method_not_allowed", "This address takes another method.")

    @app.errorhandler(413)
    def too_large(_: Any) -> Response:
        return _problem(413, "too_large", f"At most {MAX_BODY_BYTES} bytes.")

    @app.errorhandler(500)
    def fault(_: Any) -> Response:
        return _problem(500, "internal", "The service failed; look into its log.")


def _json() -> Any:
    """The body; None where it is no JSON, or nested beyond what the parser can follow."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _problem(status: int, code: str, detail: str) -> Response:
    body = json.dumps({"type": "about:blank", "status": status, "code": code, "detail": detail})
    return Response(body, status, content_type="application/problem+json")


def make_stream(service: Service, beat_s: float = BEAT_S) -> Asgi:
    """`/v1/stream`: a snapshot first, then what happens, and a beat every five seconds."""

    async def frames(reader: asyncio.Queue[Frame | None]) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n" + _sse("snapshot", service.status())
        while True:
            try:
                frame = await asyncio.wait_for(reader.get(), beat_s)
            except TimeoutError:
                frame = ("hb", {})
            if frame is None:
                return
            yield _sse(*frame)

    async def stream(_: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        reader = service.hub.join()
        try:
            await send_stream(receive, send, frames(reader))
        finally:
            service.hub.leave(reader)

    return stream


def _sse(event: str, data: dict[str, Any]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
