"""Between the server's messages and the board's values, both ways.

Holds the cut to the public fields: whatever a message carries beyond them (a device's key sees whole events) ends here
and reaches no screen. Judges nothing and keeps nothing. `BadMessage` names the field that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from display.board import Board, Call, Row, Settings, Snapshot, Wait
from queue_server.contract import position, times

Json = dict[str, Any]
MAX_TEXT = 200


class BadMessage(ValueError):
    """A message that is not what the contract says."""


def _text(body: Mapping[str, Any], name: str, *, needed: bool = False) -> str:
    value = body.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or len(value) > MAX_TEXT or (needed and not value):
        raise BadMessage(f"{name}: text of at most {MAX_TEXT} characters expected")
    return value


def _whole(body: Mapping[str, Any], name: str, default: int | None = None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadMessage(f"{name}: whole number expected")
    return value


def _instant(body: Mapping[str, Any], name: str) -> int:
    try:
        return times.decode(_text(body, name, needed=True))
    except ValueError as bad:
        raise BadMessage(f"{name}: RFC 3339 time expected") from bad


def _seconds(body: Mapping[str, Any], name: str, default: float) -> float:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 86_400:
        raise BadMessage(f"{name}: seconds expected")
    return float(value)


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadMessage(f"{name}: object expected")
    return value


def read_snapshot(message: Any) -> tuple[Snapshot, int | None]:
    """The board the server tells, and the server's time where the message says it."""
    body = _object(message, "snapshot")
    listed = body.get("calls", [])
    if not isinstance(listed, list):
        raise BadMessage("calls: list expected")
    told = _object(body.get("settings") or {}, "settings")
    plain = Settings()
    settings = Settings(
        _seconds(told, "stale_after_s", plain.stale_after_s),
        _seconds(told, "dead_after_s", plain.dead_after_s),
    )
    try:
        at = position.decode(_text(body, "position", needed=True))
    except ValueError as bad:
        raise BadMessage("position: EPOCH-SEQ expected") from bad
    calls = tuple(_read_call(_object(call, "calls")) for call in listed)
    snapshot = Snapshot(
        _text(body, "site"),
        _text(body, "name"),
        _text(body, "zone"),
        (at.epoch or 0, at.seq),
        _whole(body, "waiting", 0),
        calls,
        settings,
        _read_wait(body.get("wait")),
    )
    return snapshot, _instant(body, "now") if "now" in body else None


def _read_wait(value: Any) -> Wait | None:
    if value is None:
        return None
    body = _object(value, "wait")
    clock = (_instant(body, "from_at"), _instant(body, "to_at")) if body.get("from_at") and body.get("to_at") else (None, None)
    return Wait(_whole(body, "low_s"), _whole(body, "high_s"), *clock)


def _write_wait(wait: Wait | None) -> Json | None:
    if wait is None:
        return None
    body: Json = {"low_s": wait.low_s, "high_s": wait.high_s}
    if wait.from_ms is None or wait.to_ms is None:
        return body
    return {**body, "from_at": times.encode(wait.from_ms), "to_at": times.encode(wait.to_ms)}


def _read_call(body: Mapping[str, Any]) -> Call:
    called_at_ms = _instant(body, "called_at")
    return Call(
        label=_text(body, "label", needed=True),
        counter=_text(body, "counter", needed=True),
        called_at_ms=called_at_ms,
        last_called_at_ms=_instant(body, "last_called_at") if body.get("last_called_at") else called_at_ms,
        counter_name=_text(body, "counter_name"),
        zone=_text(body, "zone"),
        recalls=_whole(body, "recalls", 0),
        state="serving" if body.get("state") == "serving" else "called",
    )


def read_row(message: Any) -> Row:
    body = _object(message, "log")
    return Row(
        type=_text(body, "type", needed=True),
        position=(_whole(body, "epoch"), _whole(body, "seq")),
        at_ms=_instant(body, "at"),
        label=_text(body, "label"),
        counter=_text(body, "counter"),
        zone=_text(body, "zone"),
    )


def read_beat(message: Any) -> int:
    """The server's time, in Unix milliseconds."""
    return _instant(_object(message, "hb"), "now")


def write_snapshot(board: Board, *, now_ms: int | None, silence_s: float, numbers: bool) -> Json:
    """The snapshot for a page. `silence_s` says how old the last true beat is: a page that connects to a display
    which itself lost the server must not take this for a sign of life. `numbers` off leaves the calls out."""
    body: Json = {
        "site": board.site,
        "name": board.name,
        "zone": board.zone,
        "position": position.encode(*board.position),
        "waiting": board.waiting,
        "wait": _write_wait(board.wait) if numbers else None,
        "calls": [_write_call(call) for call in board.calls] if numbers else [],
        "settings": {"stale_after_s": board.settings.stale_after_s, "dead_after_s": board.settings.dead_after_s},
        "silence_s": round(silence_s, 3),
    }
    return body if now_ms is None else {**body, "now": times.encode(now_ms)}


def _write_call(call: Call) -> Json:
    return {
        "label": call.label,
        "counter": call.counter,
        "counter_name": call.counter_name,
        "zone": call.zone,
        "called_at": times.encode(call.called_at_ms),
        "last_called_at": times.encode(call.last_called_at_ms),
        "recalls": call.recalls,
        "state": call.state,
    }


def write_row(row: Row) -> Json:
    epoch, seq = row.position
    return {
        "type": row.type,
        "epoch": epoch,
        "seq": seq,
        "at": times.encode(row.at_ms),
        "label": row.label,
        "counter": row.counter,
        "zone": row.zone,
    }


def write_beat(board: Board, now_ms: int) -> Json:
    epoch, seq = board.position
    return {"epoch": epoch, "seq": seq, "now": times.encode(now_ms)}
