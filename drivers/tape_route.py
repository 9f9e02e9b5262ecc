"""`POST /v1/record`, `POST /v1/examine`, `GET /v1/lines`: what a technician's commands ask of a running service.

Holds the checks and who is being recorded. A recording is made anonymous here, before it leaves the process; one that nobody
fetches is thrown away after ten minutes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request

from drivers.assembly import Seats
from drivers.devices.exam import Examine
from drivers.devices.link import Slot
from drivers.health import Health, hint
from drivers.ports.tap import Tape
from drivers.recording import make
from drivers.seats import Seat
from drivers.service import Refused, Service

LONGEST_S = 600.0
EXAMINE_S = 30.0


@dataclass
class _Running:
    tape: Tape
    health: list[tuple[float, str]] = field(default_factory=list)


class Recorder:
    """One recording at a time on each slot."""

    def __init__(self, service: Service, seats: Seats) -> None:
        self._service = service
        self._seats = {seat.place.slot: (slot, seat) for slot, seat in seats.pairs}
        self._running: dict[str, _Running] = {}
        self._lock = threading.Lock()
        service.hub.ears.append(self._hear)

    def _hear(self, event: str, data: dict[str, Any]) -> None:
        if event == "health" and (running := self._running.get(str(data["role"]))) is not None and len(running.health) < 1000:
            running.health.append((time.monotonic(), str(data["code"])))

    def _place(self, name: Any) -> tuple[Slot, Seat]:
        if not isinstance(name, str) or name not in self._seats:
            raise Refused(404, "no_slot", f"slot is one of {', '.join(self._seats)}.")
        return self._seats[name]

    def begin(self, name: Any) -> dict[str, Any]:
        slot, seat = self._place(name)
        with self._lock:
            now = time.monotonic()
            self._running[name] = running = _Running(Tape(now), [(now, slot.status.health.code)])
            seat.tap.tape = running.tape
        forget = threading.Timer(LONGEST_S, self._forget, (name, running))
        forget.daemon = True
        forget.start()
        return {"recording": True, "slot": name, "longest_s": LONGEST_S}

    def end(self, name: Any) -> dict[str, Any]:
        _, seat = self._place(name)
        with self._lock:
            running = self._running.pop(name, None)
            seat.tap.tape = None
        if running is None:
            raise Refused(404, "not_recording", "Nothing is being recorded on this slot.")
        place = seat.place
        return make(name, place.kind, place.driver, running.tape, running.health, seat.held)

    def _forget(self, name: str, running: _Running) -> None:
        with self._lock:
            if self._running.get(name) is running:
                self._running.pop(name)
                self._seats[name][1].tap.tape = None

    def lines(self) -> dict[str, Any]:
        return {"lines": {name: seat.tap.facts() for name, (_, seat) in self._seats.items()}}

    def examine(self, name: Any) -> dict[str, Any]:
        slot, seat = self._place(name)
        if seat.place.kind != "printer":
            return {"slot": name, "found": []}
        try:
            found: list[Health] = slot.submit(Examine()).result(EXAMINE_S)
        except TimeoutError:
            found = [Health("timeout", "busy for too long to be examined")]
        except Exception as error:  # noqa: BLE001 - the slot has told what broke; the caller is told shortly
            found = [Health("error", type(error).__name__)]
        return {"slot": name, "found": [{"code": one.code, "detail": one.detail, "hint": hint(one.code)} for one in found]}


def add(app: Flask, service: Service, seats: Seats) -> None:
    recorder = Recorder(service, seats)

    def body(*known: str) -> dict[str, Any]:
        said = request.get_json(force=True, silent=True)
        if not isinstance(said, dict):
            raise Refused(400, "malformed", "Send one JSON object.")
        if unknown := sorted(set(said) - set(known)):
            raise Refused(422, "invalid", f"Unknown field: {', '.join(map(str, unknown))}.")
        return said

    @app.post("/v1/record")
    def record() -> dict[str, Any]:
        said = body("slot", "on")
        if not isinstance(said.get("on"), bool):
            raise Refused(422, "invalid", "on: true to begin, false to end and fetch.")
        act: Callable[[Any], dict[str, Any]] = recorder.begin if said["on"] else recorder.end
        return act(said.get("slot"))

    @app.post("/v1/examine")
    def examine() -> dict[str, Any]:
        return recorder.examine(body("slot").get("slot"))

    @app.get("/v1/lines")
    def lines() -> dict[str, Any]:
        return recorder.lines()
