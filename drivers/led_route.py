"""`POST /v1/led`: what a panel (or a keypad with digits of its own) shall show. Checks the request and waits for its turn."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from drivers.devices.showing import Show, Shown
from drivers.service import Refused, Service

WAIT_S = 10.0
MAX_ROWS, MAX_LETTERS, MAX_HOLD_S = 8, 64, 86_400.0
_KEYS = {"slot", "rows", "blink", "hold_s"}


def show(service: Service, body: Any) -> Shown:
    """`{"slot"?, "rows": ["A045"], "blink"?: false, "hold_s"?: 90}`. `hold_s`: after that the panel shows its idle face."""
    name, wanted = parse(body)
    slot = service.slot_of("keypad" if name is not None and name.startswith("keypad") else "led", name)
    future = slot.submit(wanted)
    try:
        result: Shown = future.result(WAIT_S)
    except TimeoutError:
        return Shown(slot.status.role, "not_shown", "busy", "other panels come first")
    except Exception as error:  # noqa: BLE001 - whatever broke in the driver: the slot has told it, the caller is told shortly
        return Shown(slot.status.role, "not_shown", "error", type(error).__name__)
    return result


def parse(body: Any) -> tuple[str | None, Show]:
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "Send one JSON object.")
    if unknown := sorted(set(body) - _KEYS):
        raise Refused(422, "invalid", f"Unknown field: {', '.join(map(str, unknown))}.")
    name, rows, blink, hold_s = body.get("slot"), body.get("rows"), body.get("blink", False), body.get("hold_s")
    if name is not None and not isinstance(name, str):
        raise Refused(422, "invalid", "slot: the name of a [slot.…].")
    fits = isinstance(rows, list) and len(rows) <= MAX_ROWS and all(isinstance(row, str) and len(row) <= MAX_LETTERS for row in rows)
    if not fits or not isinstance(rows, list):
        raise Refused(422, "invalid", f"rows: up to {MAX_ROWS} texts of up to {MAX_LETTERS} letters.")
    if not isinstance(blink, bool):
        raise Refused(422, "invalid", "blink: true or false.")
    number = isinstance(hold_s, (int, float)) and not isinstance(hold_s, bool)
    if hold_s is not None and not (number and 0 < hold_s <= MAX_HOLD_S):
        raise Refused(422, "invalid", f"hold_s: seconds, more than 0 and up to {MAX_HOLD_S:.0f}.")
    return name, Show(tuple(rows), blink, None if hold_s is None else float(hold_s))


def add(app: Flask, service: Service) -> None:
    @app.post("/v1/led")
    def led() -> dict[str, Any]:
        try:
            body = request.get_json(force=True, silent=True)
        except RecursionError:  # nested beyond what the parser can follow
            body = None
        return show(service, body).as_json()
