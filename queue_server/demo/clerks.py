"""Simulated clerks: each works at one counter through the server's API, as a console would.

Calls the next, waits for the person to come, serves, ends; now and then the person is absent, is recalled, is sent on
or takes longer. What happens follows from the seed; when it happens, from the pace.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from queue_server.client import Client, Problem, Unreachable

from .pace import Pace, Stopped

REPEAT_S = 0.5
IDLE_S = 1.0
OUTCOMES = {"done": 88, "incomplete": 7, "referred": 3, "not_needed": 2}


@dataclass(frozen=True)
class Habits:
    """How a clerk works. Minutes of simulated time; shares of 1."""

    minutes: Mapping[str, float]
    procedures: Mapping[str, Sequence[str]]
    absent: float = 0.05
    recalled: float = 0.08
    sent_on: float = 0.04
    rated: float = 0.25
    walk_s: tuple[float, float] = (6.0, 25.0)


class Clerk:
    """One counter's clerk."""

    def __init__(self, client: Client, counter: str, habits: Habits, pace: Pace, seed: int, log: Any) -> None:
        self._client, self._counter, self._habits, self._pace, self._log = client, counter, habits, pace, log
        self._dice = random.Random(f"{seed}:{counter}")  # noqa: S311 - a reproducible clerk, no secret
        self._seed, self._orders = seed, 0

    def thread(self) -> threading.Thread:
        return threading.Thread(target=self.work, name=f"clerk-{self._counter}", daemon=True)

    def work(self) -> None:
        """Until the centre stops. A refusal (somebody else acted on this ticket) ends that visit, never the clerk."""
        try:
            self._open()
            while True:
                try:
                    self._one()
                except Problem as refused:
                    self._log.warning("clerk refused", counter=self._counter, code=refused.code)
                    self._pace.real_pause(IDLE_S)
                    if refused.code == "counter_closed":
                        self._open()
        except Stopped:
            return

    # ------------------------------------------------------------ orders
    def _order(self, call: Callable[[str], Any]) -> Any:
        """One command under one request id, repeated until it is answered."""
        self._orders += 1
        request_id = f"clerk-{self._seed}-{self._counter}-{self._orders}"
        while True:
            try:
                return call(request_id)
            except Unreachable:
                self._pace.real_pause(REPEAT_S)
            except Problem as refused:
                if refused.status not in (429, 503):
                    raise
                self._pace.real_pause(refused.retry_after_s or REPEAT_S)

    def _open(self) -> None:
        try:
            self._order(lambda r: self._client.counter_command(r, self._counter, "open"))
        except Problem as refused:
            if refused.code != "counter_taken":
                raise

    def _on(self, ticket: str, command: str, **fields: Any) -> Any:
        return self._order(lambda r: self._client.on_ticket(r, ticket, command, self._counter, **fields))

    # ------------------------------------------------------------ one person
    def _one(self) -> None:
        ticket = self._order(lambda r: self._client.next(r, self._counter))["ticket"]
        if ticket is None:
            self._pace.real_pause(self._dice.uniform(0.5, 1.5) * IDLE_S)
            return
        chance = self._dice.random()
        if chance < self._habits.absent:
            self._absent(ticket["id"])
            return
        if chance < self._habits.absent + self._habits.recalled:
            self._pace.pause(self._dice.uniform(25, 45))
            self._on(ticket["id"], "recall")
        self._pace.pause(self._dice.uniform(*self._habits.walk_s))
        self._on(ticket["id"], "serve")
        self._serve(ticket)

    def _absent(self, ticket: str) -> None:
        for _ in range(2):
            self._pace.pause(self._dice.uniform(30, 50))
            self._on(ticket, "recall")
        self._pace.pause(self._dice.uniform(30, 50))
        self._on(ticket, "no-show")

    def _serve(self, ticket: Mapping[str, Any]) -> None:
        service = ticket["service"]
        mean_s = 60 * self._habits.minutes.get(service, 5.0)
        self._pace.pause(self._dice.lognormvariate(0, 0.5) * mean_s * 0.88)
        others = [code for code in self._habits.minutes if code != service]
        if others and len(ticket["steps"]) == 1 and self._dice.random() < self._habits.sent_on:
            self._on(ticket["id"], "transfer", to={"service": self._dice.choice(others)})
            return
        known = self._habits.procedures.get(service)
        if known:
            self._on(ticket["id"], "procedures", procedures=[{"code": self._dice.choice(known)}])
        self._on(ticket["id"], "complete", outcome=self._dice.choices(list(OUTCOMES), list(OUTCOMES.values()))[0])
        if self._dice.random() < self._habits.rated:
            stars = self._dice.choices((5, 4, 3, 2, 1), (60, 25, 9, 4, 2))[0]
            self._order(lambda r: self._client.rate(r, ticket["id"], stars))
