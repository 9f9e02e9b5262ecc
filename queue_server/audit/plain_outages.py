"""A second, plain reckoning of outages: the marks as the log leaves them, and what of a day stood under them.

Shares no code with `queue_server.domain`, on purpose. Done differently: time under marks is swept from edge to edge, and each
wait is laid beside each mark. Opening hours are not reckoned a second time, so `out_open_s` is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

Plain = dict[str, Any]
DAY_MS = 86_400_000


def marks(log: Iterable[Mapping[str, Any]]) -> dict[str, Plain]:
    """Each outage of the log by its id, as said last."""
    found: dict[str, Plain] = {}
    for event in log:
        data = event["data"]
        if event["type"] == "outage.started":
            found[data["outage"]] = {
                "system": data["system"], "services": data["services"], "withdrawn": False,
                "started_at": data["started_at"], "ended_at": None,
            }  # fmt: skip
        elif event["type"] == "outage.ended":
            found[data["outage"]]["ended_at"] = data["ended_at"]
        elif event["type"] == "outage.corrected":
            found[data["outage"]].update({name: data[name] for name in ("started_at", "ended_at", "withdrawn")})
    return found


def day(
    log: Iterable[Mapping[str, Any]], tickets: Iterable[Plain], settings: Mapping[str, Any], midnight: int, date: str, now: int
) -> Plain:
    """What a day's figures say of outages, but for the opening hours. `midnight` is when the date began."""
    until = midnight + DAY_MS
    known = [mark for mark in marks(log).values() if not mark["withdrawn"]]
    known = [{**mark, "until": now if mark["ended_at"] is None else mark["ended_at"]} for mark in known]
    known = [mark for mark in known if mark["started_at"] < until and (mark["ended_at"] is None or mark["ended_at"] > midnight)]
    needs = {service["code"]: service.get("depends_on", []) for service in settings["services"]}
    waits = [wait for ticket in tickets if ticket.get("business_day") == date for wait in _waits(ticket, now)]
    if not known:
        return {}
    systems = sorted({mark["system"] for mark in known})
    of_system = {system: [mark for mark in known if mark["system"] == system] for system in systems} | {"*": known}
    return {system: _cost(own, waits, needs, midnight, min(until, now)) for system, own in of_system.items()}


def _waits(ticket: Plain, now: int) -> list[Plain]:
    found = []
    for step in ticket["steps"]:
        ended = next((at for at in (step["first_called_at"], step["ended_at"], ticket["ended_at"]) if at), now)
        called = step["first_called_at"] is not None
        found.append({
            "ticket": ticket["id"], "service": step["service"], "from": step["available_from"], "to": max(step["available_from"], ended),
            "counted": called and not step["late"] and not ticket["void"],
        })  # fmt: skip
    return found


def _cost(own: list[Plain], waits: list[Plain], needs: Mapping[str, list[str]], begin: int, end: int) -> Plain:
    stood = [wait for wait in waits if any(_stood(wait, mark, needs) for mark in own)]
    lengths = [wait["to"] - wait["from"] for wait in stood if wait["counted"]]
    return {
        "out_s": _swept(own, begin, end) // 1000,
        "visits": len({wait["ticket"] for wait in stood}),
        "waits": len(stood),
        "wait": {
            "n": len(lengths),
            "sum_ms": sum(lengths),
            "mean_s": floor(Fraction(sum(lengths), 1000 * len(lengths)) + Fraction(1, 2)) if lengths else None,
        },
    }


def _stood(wait: Plain, mark: Plain, needs: Mapping[str, list[str]]) -> bool:
    wanted = wait["service"] in mark["services"] if mark["services"] else mark["system"] in needs.get(wait["service"], [])
    if not wanted:
        return False
    if wait["from"] == wait["to"]:
        return bool(mark["started_at"] <= wait["from"] < mark["until"])
    return bool(min(wait["to"], mark["until"]) > max(wait["from"], mark["started_at"]))


def _swept(own: list[Plain], begin: int, end: int) -> int:
    """The time during which at least one mark stood."""
    edges = sorted(
        edge
        for mark in own
        if max(begin, mark["started_at"]) < min(end, mark["until"])
        for edge in ((max(begin, mark["started_at"]), 1), (min(end, mark["until"]), -1))
    )
    total, depth, since = 0, 0, 0
    for at, step in edges:
        total += at - since if depth else 0
        depth, since = depth + step, at
    return total
