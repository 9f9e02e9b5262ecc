"""`POST /v1/say`: what the headphones shall say. Checks the request and waits until it has begun, not until it is said."""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from drivers.devices.speech import VOICES, Said, Say
from drivers.service import Refused, Service

WAIT_S = 15.0
MAX_PARTS, MAX_LETTERS = 32, 400
_KEYS = {"slot", "parts", "volume", "append"}


def say(service: Service, body: Any) -> Said:
    """`{"slot"?, "parts": [{"voice": "vi", "text": "…"}], "volume"?: 1..5, "append"?: false}`. No parts: silence."""
    name, wanted = parse(body)
    slot = service.slot_of("speech", name)
    try:
        result: Said = slot.submit(wanted).result(WAIT_S)
    except TimeoutError:
        return Said(slot.status.role, "not_spoken", "timeout", "the voice did not begin")
    except Exception as error:  # noqa: BLE001 - whatever broke in the driver: the slot has told it, the caller is told shortly
        return Said(slot.status.role, "not_spoken", "error", type(error).__name__)
    return result


def parse(body: Any) -> tuple[str | None, Say]:
    if not isinstance(body, dict):
        raise Refused(400, "malformed", "Send one JSON object.")
    if unknown := sorted(set(body) - _KEYS):
        raise Refused(422, "invalid", f"Unknown field: {', '.join(map(str, unknown))}.")
    name, parts, volume, append = body.get("slot"), body.get("parts"), body.get("volume", 3), body.get("append", False)
    if name is not None and not isinstance(name, str):
        raise Refused(422, "invalid", "slot: the name of a [slot.…].")
    if not isinstance(parts, list) or len(parts) > MAX_PARTS or not all(_part(part) for part in parts):
        known = ", ".join(VOICES)
        raise Refused(422, "invalid", f"parts: up to {MAX_PARTS} of voice ({known}) and text (1 to {MAX_LETTERS} letters).")
    if not isinstance(volume, int) or isinstance(volume, bool) or not 1 <= volume <= 5:
        raise Refused(422, "invalid", "volume: 1 to 5.")
    if not isinstance(append, bool):
        raise Refused(422, "invalid", "append: true or false.")
    return name, Say(tuple((part["voice"], part["text"]) for part in parts), volume, append)


def _part(part: Any) -> bool:
    fits = isinstance(part, dict) and set(part) == {"voice", "text"} and part["voice"] in VOICES
    return fits and isinstance(part["text"], str) and 1 <= len(part["text"]) <= MAX_LETTERS and "\0" not in part["text"]


def add(app: Flask, service: Service) -> None:
    @app.post("/v1/say")
    def words() -> dict[str, Any]:
        try:
            body = request.get_json(force=True, silent=True)
        except RecursionError:  # nested beyond what the parser can follow
            body = None
        return say(service, body).as_json()
