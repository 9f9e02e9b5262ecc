"""How many counters stood open at each moment of a day, from the rows of the log in which counters change.

Pure. A counter that is paused or does paperwork is not open to people; one that was never closed is open until `until_ms`.
"""

from __future__ import annotations

from collections.abc import Iterable

from queue_server.domain.counter import TRANSITIONS
from queue_server.domain.event import Event

Level = tuple[int, int]  # instant, counters open from it on


def levels(changes: Iterable[Event], until_ms: int) -> list[Level]:
    """The changes of the level in order, one per instant; the last one closes the day where counters still stand open."""
    states: dict[str, str] = {}
    found: list[Level] = []
    for event in changes:
        _, after = TRANSITIONS[event.type]
        if after is None or event.counter is None:
            continue
        states[event.counter] = after
        level = sum(state == "open" for state in states.values())
        if found and found[-1][0] == event.at:
            found.pop()
        if (found[-1][1] if found else 0) != level:
            found.append((event.at, level))
    if found and found[-1][1] and found[-1][0] < until_ms:
        found.append((until_ms, 0))
    return found


def most(found: Iterable[Level], from_ms: int, to_ms: int) -> int:
    """The most counters that stood open at any moment of `[from_ms, to_ms)`."""
    top = level = 0
    for at_ms, after in found:
        if at_ms >= to_ms:
            break
        if at_ms <= from_ms:
            level = top = after
        else:
            level = after
            top = max(top, level)
    return top
