"""Counters: opened by a clerk with services in order, paused, wrapped up, closed, taken over, handed over, and the silent alarm.

A clerk may hold several counters and works at one: the others are paused with the reason `other_counter` and refuse all
work with `counter_inactive` until they are made the active one. Programs (bots, a keypad's key) are no clerks: theirs stay as
they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from queue_server.domain.counter import COMMANDS, OTHER_COUNTER, Counter
from queue_server.domain.errors import Refusal, illegal, invalid
from queue_server.domain.principal import ROLES
from queue_server.services import queries
from queue_server.services.unit import Unit

WORKING = ("open", "wrapping_up")


def command(unit: Unit, counter: str, name: str, **fields: Any) -> dict[str, Any]:
    """`open close pause resume wrap-up alarm activate hand-over`. Answers with the counter."""
    desk = unit.counter(counter)
    if name in _OWN_WAY:
        _OWN_WAY[name](unit, desk, **fields)
    else:
        if name == "pause":
            must_be_active(unit, desk)
        desk = unit.counter_event(desk, COMMANDS[name], {"reason": fields.get("reason")})
        if name == "resume":
            _only_one(unit, desk)
    return queries.counter(unit.repository, unit.site, counter, now=unit.now_ms)


def must_be_active(unit: Unit, desk: Counter) -> Counter:
    """The counter, or `counter_inactive` with the one its clerk works at."""
    if desk.inactive:
        active = [each.code for each in unit.repository.counters(unit.site) if each.clerk == desk.clerk and each.state in WORKING]
        raise Refusal("counter_inactive", counter=desk.code, active=active[0] if active else None)
    return desk


def _only_one(unit: Unit, desk: Counter) -> None:
    """The clerk's other counters wait, with whoever may be there, while this one is worked at."""
    if desk.state not in WORKING or not (desk.clerk or "").startswith("person:"):
        return
    for other in unit.repository.counters(unit.site):
        if other.code != desk.code and other.clerk == desk.clerk and other.state in WORKING:
            unit.counter_event(other, "counter.paused", {"reason": OTHER_COUNTER, "active": desk.code})


def _close(unit: Unit, desk: Counter, *, reason: str | None = None) -> None:
    """Close; who was to come back to this very counter may be called by whoever serves them."""
    if unit.repository.at_counter(unit.site, desk.code) is not None:
        raise illegal("close", "busy", ("free",))
    unit.counter_event(desk, "counter.closed", {"reason": reason})
    for ticket in unit.repository.waiting_for(unit.site, desk.code):
        change = {"to": {"for_counter": None}, "from": {"for_counter": desk.code}, "reason": "counter_closed"}
        unit.ticket_event(ticket, "amended", change)


def _activate(unit: Unit, desk: Counter) -> None:
    """Work here from now on: this counter is resumed and the clerk's other one paused, in one command."""
    if desk.state == "closed":
        raise illegal("activate", "closed", ("open", "paused", "wrapping_up"))
    if desk.clerk != unit.who.actor and unit.who.kind == "person":
        raise Refusal("counter_taken", counter=desk.code, state=desk.state, yours=False)
    if desk.state == "paused":
        desk = unit.counter_event(desk, "counter.resumed", {"by": "activate"})
    _only_one(unit, desk)


def _hand_over(unit: Unit, desk: Counter, *, to: str) -> None:
    """Give the counter to a colleague, with the person at the desk. Where the colleague works at another counter just now,
    this one waits until they make it the active one."""
    if desk.state == "closed":
        raise illegal("hand-over", "closed", ("open", "paused", "wrapping_up"))
    if unit.who.kind == "person" and desk.clerk != unit.who.actor:
        raise Refusal("counter_taken", counter=desk.code, state=desk.state, yours=False)
    person = unit.repository.person_by_login(to.casefold())
    if person is None or person["disabled_at"] is not None or unit.site not in json.loads(person["sites"]):
        raise invalid("/to", "unknown_person", "the log-in name of a colleague at this site")
    if "call" not in ROLES[person["role"]]:
        raise invalid("/to", "may_not_call", "the role of this account may not work at a counter")
    colleague = f"person:{person['id']}"
    busy = any(each.clerk == colleague and each.state in WORKING and each.code != desk.code for each in unit.repository.counters(unit.site))
    data = {"clerk": colleague, "services": list(desk.services), "from": desk.clerk, "by": "hand_over"}
    desk = unit.counter_event(desk, "counter.taken_over", data)
    if busy and desk.state in WORKING:
        unit.counter_event(desk, "counter.paused", {"reason": OTHER_COUNTER})


def _open(unit: Unit, desk: Counter, *, services: Sequence[str] | None = None, take_over: bool = False) -> None:
    """Open; or, with `take_over`, move a counter that is in use to whoever asks: a colleague, or the same clerk's other
    screen. Without it the answer is `counter_taken`, and says whether it is the asker's own."""
    for n, code in enumerate(services or ()):
        unit.config.known_service(code, f"/services/{n}")
    kept = desk.services if desk.state != "closed" else ()  # whoever takes over goes on with what is served there now
    served = list(services or kept or unit.config.served_by(desk.code))
    data = {"clerk": unit.who.actor, "services": served}
    if desk.state == "closed":
        desk = unit.counter_event(desk, "counter.opened", data)
    elif take_over:
        desk = unit.counter_event(desk, "counter.taken_over", data | {"from": desk.clerk})
        if desk.inactive:
            desk = unit.counter_event(desk, "counter.resumed", {"by": "take_over"})
    else:
        raise Refusal("counter_taken", counter=desk.code, state=desk.state, yours=desk.clerk == unit.who.actor)
    _only_one(unit, desk)


_OWN_WAY: dict[str, Callable[..., None]] = {"open": _open, "close": _close, "activate": _activate, "hand-over": _hand_over}
