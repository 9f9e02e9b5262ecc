"""Counters: opened by a clerk with services in order, paused, wrapped up, closed, taken over, and the silent alarm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from queue_server.domain.counter import COMMANDS, Counter
from queue_server.domain.errors import Refusal, illegal
from queue_server.services import queries
from queue_server.services.unit import Unit


def command(unit: Unit, counter: str, name: str, **fields: Any) -> dict[str, Any]:
    """`open close pause resume wrap-up alarm`. Answers with the counter."""
    desk = unit.counter(counter)
    if name == "open":
        _open(unit, desk, **fields)
    else:
        if name == "close" and unit.repository.at_counter(unit.site, counter) is not None:
            raise illegal("close", "busy", ("free",))
        unit.counter_event(desk, COMMANDS[name], {"reason": fields.get("reason")})
    return queries.counter(unit.repository, unit.site, counter, now=unit.now_ms)


def _open(unit: Unit, desk: Counter, *, services: Sequence[str] | None = None, take_over: bool = False) -> None:
    """Open; or, with `take_over`, move a counter that is in use to whoever asks: a colleague, or the same clerk's other
    screen. Without it the answer is `counter_taken`, and says whether it is the asker's own."""
    for n, code in enumerate(services or ()):
        unit.config.known_service(code, f"/services/{n}")
    served = list(services or unit.config.served_by(desk.code))
    data = {"clerk": unit.who.actor, "services": served}
    if desk.state == "closed":
        unit.counter_event(desk, "counter.opened", data)
    elif take_over:
        unit.counter_event(desk, "counter.taken_over", data | {"from": desk.clerk})
    else:
        raise Refusal("counter_taken", counter=desk.code, state=desk.state, yours=desk.clerk == unit.who.actor)
