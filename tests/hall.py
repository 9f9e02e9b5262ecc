"""A small centre for tests: a real store on a file, a clock that only moves when told, and commands by name."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from queue_server.domain.principal import SCOPES, Principal
from queue_server.services import attending, calling, command, configuring, counters, issuing, queries, undoing
from queue_server.services.unit import Unit
from queue_server.storage.store import Store, migrate, open_store

MORNING = 1_795_392_000_000  # Monday 2026-11-23 07:00:00 +07:00, which is midnight UTC
SITE = "W1"
CLERK = Principal("key", "clerk-1", (SITE,), frozenset(SCOPES))


class HandClock:
    """Site time that moves by hand; also the monotonic clock."""

    def __init__(self, at_ms: int = MORNING) -> None:
        self.at_ms = at_ms

    def wall_ms(self) -> int:
        return self.at_ms

    def monotonic(self) -> float:
        return self.at_ms / 1000

    def sleep_until(self, monotonic: float) -> None:
        self.at_ms = max(self.at_ms, int(monotonic * 1000))

    def forward(self, seconds: float) -> None:
        self.at_ms += int(seconds * 1000)


@dataclass
class Hall:
    """The centre: `do` runs a use-case as one command, the rest are short names for what tests say often."""

    store: Store
    clock: HandClock
    n: int = 0

    def run(
        self, use_case: Callable[[Unit], dict[str, Any]], request_id: str | None = None, who: Principal = CLERK, call: str = ""
    ) -> command.Answer:
        self.n += 1
        order = command.Command(request_id or f"r{self.n}", SITE, who, call or "test", request_id or str(self.n))
        return command.run(self.store, order, use_case)

    def do(self, use_case: Callable[[Unit], dict[str, Any]], request_id: str | None = None, who: Principal = CLERK) -> dict[str, Any]:
        return self.run(use_case, request_id, who).body

    def issue(self, service: str = "ho-tich", request_id: str | None = None, **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: issuing.issue(unit, service=service, **fields), request_id)

    def open(self, counter: str = "1", **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: counters.command(unit, counter, "open", **fields))

    def counter(self, counter: str, name: str, **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: counters.command(unit, counter, name, **fields))

    def next(self, counter: str = "1", request_id: str | None = None, **fields: Any) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.do(lambda unit: calling.next_ticket(unit, counter, **fields), request_id)["ticket"]
        return found

    def at(self, counter: str, name: str, request_id: str | None = None, **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: calling.on_counter(unit, counter, name, **fields), request_id)

    def on(self, ticket: dict[str, Any], name: str, counter: str = "1", **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: calling.on_ticket(unit, ticket["id"], name, counter=counter, **fields))

    def attend(self, ticket: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: getattr(attending, name)(unit, ticket["id"], **fields))

    def undo(self, counter: str = "1", **fields: Any) -> dict[str, Any]:
        return self.do(lambda unit: undoing.undo(unit, counter, **fields))

    def ticket(self, ticket: dict[str, Any]) -> dict[str, Any]:
        with self.store.read() as reader:
            return queries.ticket(reader, SITE, ticket["id"], now=self.clock.at_ms)

    def look(self, query: Callable[..., dict[str, Any]], *args: Any, **fields: Any) -> dict[str, Any]:
        with self.store.read() as reader:
            return query(reader, SITE, *args, now=self.clock.at_ms, **fields)

    def log(self) -> list[Any]:
        with self.store.read() as reader:
            return reader.events_after(SITE, 0, 100_000)

    def configure(self, **changes: Any) -> None:
        document = configuring.current(self.store, SITE)["document"] | changes
        self.do(lambda unit: configuring.apply(unit, document=document))


def make_hall(url: str, seed: int = 1) -> Hall:
    """A ward's centre in a fresh database, with ids from a seed."""
    migrate(url)
    clock = HandClock()
    store = open_store(url, clock, random.Random(seed).randbytes)
    configuring.init_site(store, site=SITE, kind="demo")
    return Hall(store, clock)
