"""Which call is the big one, and for how long.

Holds the queue of calls that want the big place: each stays at least `HOLD_S` seconds, calls never overlap, and one
that was answered or called anew while it waited is passed over. PURE: seconds are an argument. What is drawn or played
when a call starts is not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from display.board import Call

HOLD_S = 8.0
MAX_QUEUE = 20
RECENT = 5


@dataclass(frozen=True, slots=True)
class Spotlight:
    """The big call, when it began, and who is next. `since_s` is None for a call that was put there silently."""

    shown: Call | None = None
    since_s: float | None = None
    queue: tuple[Call, ...] = ()


def push(spot: Spotlight, rings: Iterable[Call]) -> Spotlight:
    """Queue calls; a label that already waits keeps its place and takes the newer call."""
    queue = list(spot.queue)
    for call in rings:
        at = next((n for n, waiting in enumerate(queue) if waiting.label == call.label), None)
        if at is None:
            queue.append(call)
        else:
            queue[at] = call
    return replace(spot, queue=tuple(queue[-MAX_QUEUE:]))


def tick(spot: Spotlight, calls: Sequence[Call], now_s: float) -> tuple[Spotlight, Call | None]:
    """The spotlight at `now_s`, and the call that begins now (to be rung), if one does."""
    listed = {call.label: call for call in calls}
    queue = tuple(call for call in spot.queue if call.label in listed and listed[call.label].last_called_at_ms == call.last_called_at_ms)
    spot = replace(spot, queue=queue)
    if spot.shown is not None and spot.since_s is not None and now_s - spot.since_s < HOLD_S:
        return spot, None
    if queue:
        return Spotlight(queue[0], now_s, queue[1:]), queue[0]
    if spot.shown is None or spot.shown.label not in listed:
        return Spotlight(calls[0] if calls else None, None, ()), None
    return replace(spot, shown=listed[spot.shown.label]), None


def recent(spot: Spotlight, calls: Sequence[Call]) -> tuple[Call, ...]:
    """The short list beside the big call, newest first."""
    big = spot.shown.label if spot.shown else None
    return tuple(call for call in calls if call.label != big)[:RECENT]
