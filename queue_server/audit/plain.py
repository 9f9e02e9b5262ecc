"""A second, plain reading of the log: what each ticket, counter and day must be, worked out with dictionaries alone.

Shares no code with `queue_server.domain`, on purpose: a mistake there must not be repeated here. Done differently from the first
implementation: an undone event is struck out and the rest is read again from the start, instead of restoring carried values.
What the day's figures must be then is `plain_figures`'.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
Plain = dict[str, Any]
ENDS = {"completed": "completed", "no_show": "no_show", "cancelled": "cancelled", "expired": "expired", "moved": "moved"}
HASHED = (
    "site", "epoch", "seq", "at", "type", "subject", "business_day", "cmd", "actor", "config_version", "data", "ticket", "label",
    "service", "counter",
)  # fmt: skip


def row_hash(previous: str, row: Row) -> str:
    """SHA-256 over the row before and this one, as the documentation of the log says it."""
    body = json.dumps({name: row[name] for name in HASHED}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((previous + body).encode()).hexdigest()


def still_true(events: Iterable[Row]) -> list[Row]:
    """The events without the undone ones; a recall goes with what it followed."""
    kept: list[Row] = []
    for event in events:
        if event["type"] == "undone":
            struck = event["data"]["undoes_seq"]
            kept = [old for old in kept if old["seq"] < struck or (old["seq"] > struck and old["type"] != "recalled")]
        else:
            kept.append(event)
    return kept


def read_ticket(events: Iterable[Row]) -> Plain:
    """What a ticket must be after these events, undone ones struck out."""
    kept = still_true(events)
    ticket: Plain = {}
    if kept and kept[0]["type"] in ("issued", "arrived"):  # a log that lost a ticket's beginning cannot tell its end
        for event in kept:
            _happen(ticket, event)
    return ticket


def _happen(ticket: Plain, event: Row) -> None:
    kind, data, at = event["type"], event["data"], event["at"]
    if kind in ("issued", "arrived"):
        ticket.update(
            state="waiting", service=event["service"], label=event["label"], counter=None, called_at=None,
            serving_at=None, ended_at=None, outcome=None, recalls=0, print=data["print"], doubt=False, rating=None, steps=[],
            number=data["number"], series=data["series"], business_day=data["business_day"], issued_at=data["issued_at"],
            available_from=data["available_from"], effective_at=data["effective_at"], priority_class=data.get("priority_class"),
            let_pass=0, moved_from=data.get("moved_from"), for_counter=data.get("for_counter"), priority_check=None,
            taken_for=event["service"] if kind == "issued" else "", carried_to=None, id=event["ticket"],
            channel=data.get("channel") or "in_person", lease=data.get("lease"), synced=data.get("clock_synced"),
            device_at=data.get("issued_device_at"), void=False, by_system=False,
        )  # fmt: skip
        _open_step(ticket, event["service"], data["available_from"])
        ticket["steps"][0]["before_opening_ms"] = data.get("before_opening_ms", 0)
        ticket["steps"][0]["late"] = "entered_late" in data
    elif kind in _KINDS:
        ticket["steps"][-1]["late"] = ticket["steps"][-1]["late"] or "entered_late" in data
        _KINDS[kind](ticket, event, data, at)


def _open_step(ticket: Plain, service: str, at: int) -> None:
    ticket["steps"].append({
        "service": service, "counter": None, "available_from": at, "first_called_at": None, "started_at": None, "ended_at": None,
        "recalls": 0, "outcome": None, "away_since": None, "away_ms": 0, "inferred": False, "machine": False, "over_breaks_ms": 0,
        "before_opening_ms": 0, "last_called_at": None, "late": False, "away_before_ms": 0, "turns": 0, "elapsed_ms": None,
    })  # fmt: skip


def _amended(t: Plain, e: Row, d: Any, at: int) -> None:
    for name in ("service", "for_counter", "effective_at", "priority_class", "priority_check"):
        if name in d["to"]:
            t[name] = d["to"][name]
    t["steps"][-1]["service"] = t["service"]


def _called(t: Plain, e: Row, d: Any, at: int) -> None:
    step = t["steps"][-1]
    if step["first_called_at"] is None:
        step["first_called_at"], step["over_breaks_ms"] = at, d["over_breaks_ms"]
    step["counter"], step["last_called_at"], step["turns"] = e["counter"], at, d.get("turn", step["turns"])
    t.update(state="called", counter=e["counter"], for_counter=None, called_at=step["first_called_at"])


def _recalled(t: Plain, e: Row, d: Any, at: int) -> None:
    t["recalls"] += 1
    t["steps"][-1]["recalls"] += 1
    t["steps"][-1]["last_called_at"] = at


def _serving(t: Plain, e: Row, d: Any, at: int) -> None:
    step = t["steps"][-1]
    step["started_at"], step["away_ms"], step["away_before_ms"] = at, 0, step["away_before_ms"] + step["away_ms"]
    t.update(state="serving", serving_at=at, doubt=False)


def _held(t: Plain, e: Row, d: Any, at: int) -> None:
    t["steps"][-1]["away_since"] = at
    t["state"] = "held"


def _back(step: Plain, at: int) -> None:
    if step["away_since"] is not None:
        during = step["started_at"] is not None  # time away before service began takes nothing from it
        step["away_ms" if during else "away_before_ms"] += at - step["away_since"]
        step["away_since"] = None


def _resumed(t: Plain, e: Row, d: Any, at: int) -> None:
    step = t["steps"][-1]
    _back(step, at)
    step["started_at"] = step["started_at"] if step["started_at"] is not None else at
    t.update(state="serving", serving_at=step["started_at"])


def _released(t: Plain, e: Row, d: Any, at: int) -> None:
    _back(t["steps"][-1], at)
    t.update(state="waiting", counter=None)


def _end(t: Plain, at: int, outcome: str, d: Any) -> None:
    step = t["steps"][-1]
    _back(step, at)
    if d.get("start_inferred") and step["started_at"] is None:
        step["started_at"], step["inferred"] = step["last_called_at"], True
    step["ended_at"], step["outcome"], step["machine"] = at, outcome, step["machine"] or bool(d.get("machine_closed"))
    step["elapsed_ms"] = d.get("elapsed_ms", step["elapsed_ms"])
    t.update(ended_at=at, outcome=outcome)


def _transferred(t: Plain, e: Row, d: Any, at: int) -> None:
    _end(t, at, "transferred", d)
    _open_step(t, d["service"], at)
    t.update(
        state="waiting", service=d["service"], counter=None, for_counter=d.get("for_counter"), effective_at=d["effective_at"],
        available_from=at, called_at=None, serving_at=None, ended_at=None, outcome=None, recalls=0,
    )  # fmt: skip


def _carried(t: Plain, e: Row, d: Any, at: int) -> None:
    _end(t, at, "carried", d)
    _open_step(t, t["service"], d["available_from"])
    t.update(
        state="waiting", counter=None, effective_at=d["effective_at"], available_from=d["available_from"], called_at=None,
        carried_to=d["to_day"],
        serving_at=None, ended_at=None, outcome=None, recalls=0,
    )  # fmt: skip


def _completed(t: Plain, e: Row, d: Any, at: int) -> None:
    _end(t, at, d["outcome"], d)
    t["state"] = "completed"


def _ended(t: Plain, e: Row, d: Any, at: int) -> None:
    _end(t, at, ENDS[e["type"]], d)
    t["state"] = ENDS[e["type"]]


def _closed_by_system(t: Plain, e: Row, d: Any, at: int) -> None:
    absent = t["state"] == "called"
    _end(t, at, "no_show" if absent else "done", d)
    t.update(state="no_show" if absent else "completed", by_system=True)


def _readmitted(t: Plain, e: Row, d: Any, at: int) -> None:
    t["steps"][-1].update(counter=None, started_at=None, inferred=False, ended_at=None, outcome=None)
    t.update(state="waiting", counter=None, serving_at=None, ended_at=None, outcome=None, effective_at=d["effective_at"], doubt=False)


def _corrected(t: Plain, e: Row, d: Any, at: int) -> None:
    if d.get("service"):
        t["service"] = t["steps"][-1]["service"] = d["service"]


_KINDS: dict[str, Any] = {
    "amended": _amended,
    "let_passed": lambda t, e, d, at: t.update(effective_at=d["effective_at"], let_pass=t["let_pass"] + d["count"]),
    "called": _called,
    "recalled": _recalled,
    "serving_started": _serving,
    "held": _held,
    "resumed": _resumed,
    "released": _released,
    "transferred": _transferred,
    "carried": _carried,
    "completed": _completed,
    "no_show": _ended,
    "cancelled": _ended,
    "expired": _ended,
    "moved": _ended,
    "closed_by_system": _closed_by_system,
    "readmitted": _readmitted,
    "corrected": _corrected,
    "print_outcome": lambda t, e, d, at: t.update(print=d["outcome"], doubt=bool(d.get("doubt"))),
    "reprinted": lambda t, e, d, at: t.update(doubt=False),
    "print_wanted": lambda t, e, d, at: t.update(doubt=False, print=t["print"] if d["reprint"] else "pending"),
    "priority_confirmed": lambda t, e, d, at: t.update(priority_check="confirmed"),
    "priority_refused": lambda t, e, d, at: t.update(priority_check="refused", priority_class=None, effective_at=d["effective_at"]),
    "rated": lambda t, e, d, at: t.update(rating=d["stars"]),
    "voided": lambda t, e, d, at: t.update(void=True),
}


# ---------------------------------------------------------------- counters and days
COUNTER_STATE = {
    "counter.opened": "open",
    "counter.closed": "closed",
    "counter.paused": "paused",
    "counter.resumed": "open",
    "counter.wrapping_up": "wrapping_up",
}


def read_counters(events: Iterable[Row]) -> dict[str, str]:
    """The state that each counter's events leave it in."""
    return {event["counter"]: COUNTER_STATE[event["type"]] for event in events if event["type"] in COUNTER_STATE}


def read_appointments(events: Iterable[Row]) -> dict[str, tuple[str, str | None]]:
    """State and ticket of each appointment."""
    found: dict[str, tuple[str, str | None]] = {}
    for event in events:
        family, _, kind = event["type"].partition(".")
        if family == "appointment" and not kind.startswith("key_"):
            found[event["subject"].removeprefix("appointment:")] = (kind, event["data"].get("ticket"))
    return found
