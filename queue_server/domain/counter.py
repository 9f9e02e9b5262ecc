"""A counter: its states, one transition table, one `apply()`, and what is lawful there now.

A counter is a desk, not a log-in: it opens with a clerk and a list of services. Who is called is the ticket's affair.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from queue_server.domain.errors import illegal
from queue_server.domain.event import Event

STATES = ("closed", "open", "paused", "wrapping_up")

# event type -> (states it may happen in, state after; None keeps it)
TRANSITIONS: dict[str, tuple[frozenset[str], str | None]] = {
    "counter.opened": (frozenset({"closed"}), "open"),
    "counter.closed": (frozenset({"open", "paused", "wrapping_up"}), "closed"),
    "counter.paused": (frozenset({"open", "paused", "wrapping_up"}), "paused"),  # paused: the reason, told after the key
    "counter.resumed": (frozenset({"paused", "wrapping_up"}), "open"),
    "counter.wrapping_up": (frozenset({"open"}), "wrapping_up"),
    "counter.taken_over": (frozenset({"open", "paused", "wrapping_up"}), None),
    "counter.serves": (frozenset({"open", "paused", "wrapping_up"}), None),  # other services from now on, the same clerk
    "counter.alarmed": (frozenset(STATES), None),
}

OTHER_COUNTER = "other_counter"  # the reason of the pause of a counter whose clerk works at another of theirs

# command as in the path -> event
COMMANDS = {
    "open": "counter.opened",
    "close": "counter.closed",
    "pause": "counter.paused",
    "resume": "counter.resumed",
    "wrap-up": "counter.wrapping_up",
    "alarm": "counter.alarmed",
}


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as it stands. `services` in order of preference; `undo_*` describe the last command that may be undone;
    `freed_at` is when the last person left it."""

    site: str
    code: str
    state: str = "closed"
    clerk: str | None = None
    services: tuple[str, ...] = ()
    opened_at: int | None = None
    since: int | None = None
    reason: str | None = None
    undo_cmd: str | None = None
    undo_until: int | None = None
    freed_at: int | None = None

    @property
    def inactive(self) -> bool:
        """Whether its clerk works at another counter of theirs now: one clerk may hold two, one of them active."""
        return self.state == "paused" and self.reason == OTHER_COUNTER


def apply(counter: Counter, event: Event) -> Counter:
    """The counter after an event; `Refusal(illegal_transition)` where the table has no such arrow."""
    sources, target = TRANSITIONS[event.type]
    if counter.state not in sources:
        raise illegal(event.type.removeprefix("counter."), counter.state, sources)
    data: dict[str, Any] = event.data
    changes: dict[str, Any] = {}
    if target is not None:
        since = counter.since if target == counter.state else event.at
        changes = {"state": target, "since": since, "reason": data.get("reason")}
    if event.type in ("counter.opened", "counter.taken_over"):
        changes |= {"clerk": data["clerk"], "services": tuple(data.get("services") or counter.services)}
    if event.type == "counter.serves":
        changes["services"] = tuple(data["services"])
    if event.type == "counter.opened":
        changes["opened_at"] = event.at
    if event.type == "counter.closed":
        changes |= {"clerk": None, "opened_at": None, "undo_cmd": None, "undo_until": None, "freed_at": None}
    return replace(counter, **changes)


def lawful(counter: Counter, at_desk: str | None) -> tuple[str, ...]:
    """The command names, as in the paths, that would be accepted now; `at_desk` is the state of the person there."""
    names = [name for name, event in COMMANDS.items() if counter.state in TRANSITIONS[event][0]]
    if at_desk is not None:
        names = [name for name in names if name != "close"]
    if counter.state != "closed":
        names.append("hand-over")
    if counter.inactive:
        return (*(name for name in names if name != "pause"), "activate")
    if counter.state in ("open", "wrapping_up"):
        names += ["next", "call"] if at_desk is None else ["next"]
    if counter.state != "closed":
        names += AT_DESK.get(at_desk or "", ())
    if counter.undo_cmd is not None:
        names.append("undo")
    return tuple(names)


# what may be done with the person at the desk, by that ticket's state
AT_DESK = {
    "called": ("recall", "serve", "hold", "release", "transfer", "no-show", "complete", "reclassify", "procedures"),
    "serving": ("hold", "transfer", "complete", "reclassify", "procedures"),
}
