"""What a site teaches the estimate, one fact at a time, in the order in which it happened. A fold over the log makes them; nothing in
them names a person or a clerk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from queue_server.estimating.scene import Raw


@dataclass(frozen=True, slots=True)
class Taken:
    """A number was taken (or its holder checked in)."""

    at_ms: int
    service: str
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody was called for the first time. `waited_s`: seconds of opening hours since the estimate; `raw`: what each model said
    then, empty for who was told "no wait" or nothing. `pool`: the services that compete for the same counters, its own included."""

    at_ms: int
    day: str
    service: str
    counter: str
    available_from_ms: int
    waited_s: float
    pool: tuple[str, ...] = ()
    raw: Mapping[str, Raw] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """A visit to a desk ended: from the call to the desk being free again. Leave out what a machine closed or was entered late."""

    at_ms: int
    service: str
    counter: str
    took_s: float
    quantity: int = 1
    waited_s: float = 0.0  # before the call; long waits teach how many are gone by then


@dataclass(frozen=True, slots=True)
class Absent:
    """Nobody came to a call. `waited_s`: how long they had waited; `took_s`: how long the desk stood by for them."""

    at_ms: int
    service: str
    counter: str
    waited_s: float
    took_s: float


@dataclass(frozen=True, slots=True)
class Paused:
    """A pause at a counter ended. `day_over`: it ended by closing; then its length says nothing."""

    at_ms: int
    counter: str
    took_s: float
    day_over: bool = False


Fact = Taken | Called | Served | Absent | Paused
