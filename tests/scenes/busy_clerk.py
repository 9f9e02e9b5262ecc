"""A clerk with everything that a day brings: absences and returns, people held and sent on, mistakes taken back, paperwork.

Works like the demonstration's clerk, through the server's API. Everything follows from the seed; every deed is counted, so
that a day can show that it had all of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from queue_server.client import Client, Problem
from queue_server.demo.clerks import Habits
from queue_server.demo.pace import Stopped

# In a hundred people: what happens instead of the plain course. The rest is called, served, done.
CHANCES = {
    "absent": 6, "absent_and_back": 3, "recalled": 8, "held": 8, "held_and_released": 3, "sent_to_service": 6, "sent_and_back": 4,
    "sent_to_counter": 3, "wrong_call": 3, "wrong_end": 4, "wrong_absence": 2, "many_dossiers": 7, "reclassified": 3, "chosen": 2,
}  # fmt: skip
AFTER = {"wrap_up": 12, "break": 3, "swap": 2}
EXPECTED = frozenset((
    "illegal_transition", "undo_too_late", "undo_overtaken", "readmit_too_late", "counter_closed", "counter_taken",
))  # fmt: skip


class BusyClerk:
    """One counter's clerk for one day."""

    def __init__(self, client: Client, counter: str, others: list[str], habits: Habits, pace: Any, seed: int, done: Counter[str]) -> None:
        self._client, self._counter, self._others, self._habits, self._pace = client, counter, others, habits, pace
        self._dice = random.Random(f"{seed}:{counter}")
        self._seed, self._orders, self.done = seed, 0, done

    def work(self) -> None:
        try:
            self._counter_command("open")
            while True:
                try:
                    self._one()
                except Problem as refused:
                    if refused.code not in EXPECTED:
                        raise
                    self.done[f"refused:{refused.code}"] += 1
                    self._pace.real_pause(1.0)
        except Stopped:
            return

    # ------------------------------------------------------------ orders
    def _rid(self) -> str:
        self._orders += 1
        return f"busy-{self._seed}-{self._counter}-{self._orders}"

    def _counter_command(self, name: str, **fields: Any) -> Any:
        return self._client.counter_command(self._rid(), self._counter, name, **fields)

    def _on(self, ticket: Mapping[str, Any], command: str, **fields: Any) -> Any:
        return self._client.on_ticket(self._rid(), ticket["id"], command, self._counter, **fields)

    def _undo(self, reason: str) -> None:
        self._client.undo(self._rid(), self._counter, reason=reason)

    # ------------------------------------------------------------ one person
    def _one(self) -> None:
        deed = self._draw(CHANCES)
        ticket = self._choose() if deed == "chosen" else None
        ticket = ticket or self._client.next(self._rid(), self._counter)["ticket"]
        if ticket is None:
            self._idle()
            return
        act: Callable[[Mapping[str, Any]], None] = getattr(self, f"_{deed}", self._plain)
        act(ticket)
        self.done[deed] += 1
        self._afterwards()

    def _idle(self) -> None:
        """Nobody waits: whoever was left held here after a refusal comes first, then a while of nothing."""
        for ticket in self._client.counter(self._counter)["held"]:
            self._on(ticket, "resume")
            self._ends(ticket)
        self._pace.real_pause(self._dice.uniform(0.5, 1.5))

    def _draw(self, chances: Mapping[str, int]) -> str:
        point = self._dice.random() * 100
        for name, share in chances.items():
            point -= share
            if point < 0:
                return name
        return "plain"

    def _choose(self) -> Any:
        """Somebody with a reason goes first: any of those who wait for this counter."""
        waiting = [one for one in self._client.queue()["tickets"] if one["state"] == "waiting" and not one["for_counter"]]
        if not waiting:
            return None
        return self._client.call(self._rid(), self._counter, self._dice.choice(waiting)["id"], "không chờ được nữa")["ticket"]

    def _plain(self, ticket: Mapping[str, Any]) -> None:
        self._serves(ticket)
        self._ends(ticket)

    def _walks(self) -> None:
        self._pace.pause(self._dice.uniform(6, 25))

    def _serves(self, ticket: Mapping[str, Any]) -> None:
        self._walks()
        self._on(ticket, "serve")
        self._works(ticket)

    def _works(self, ticket: Mapping[str, Any]) -> None:
        mean_s = 60 * self._habits.minutes.get(ticket["service"], 5.0)
        self._pace.pause(self._dice.lognormvariate(0, 0.5) * mean_s * 0.6)

    def _ends(self, ticket: Mapping[str, Any]) -> None:
        self._on(ticket, "complete", outcome=self._dice.choice(["done", "done", "done", "incomplete", "referred"]))

    # ------------------------------------------------------------ not there
    def _absent(self, ticket: Mapping[str, Any]) -> None:
        for _ in range(2):
            self._pace.pause(self._dice.uniform(20, 40))
            self._on(ticket, "recall")
        self._pace.pause(20)
        self._on(ticket, "no-show")

    def _absent_and_back(self, ticket: Mapping[str, Any]) -> None:
        self._absent(ticket)
        self._pace.pause(self._dice.uniform(30, 400))
        self._client.readmit(self._rid(), ticket["id"], "vừa quay lại")

    def _wrong_absence(self, ticket: Mapping[str, Any]) -> None:
        """Told absent while standing at another desk: within ten minutes this is taken back."""
        self._absent(ticket)
        self._pace.pause(self._dice.uniform(5, 300))
        self._undo("đang đứng ở quầy bên")
        self._plain(ticket)

    def _recalled(self, ticket: Mapping[str, Any]) -> None:
        self._pace.pause(self._dice.uniform(25, 45))
        self._on(ticket, "recall")
        self._plain(ticket)

    # ------------------------------------------------------------ for a while, or elsewhere
    def _held(self, ticket: Mapping[str, Any]) -> None:
        """Fetches a copy; meanwhile the next one; then it goes on where it stopped."""
        self._serves(ticket)
        self._on(ticket, "hold", reason="đi phô tô")
        between = self._client.next(self._rid(), self._counter)["ticket"]
        if between is not None:
            self._plain(between)
        self._pace.pause(self._dice.uniform(30, 200))
        self._on(ticket, "resume")
        self._works(ticket)
        self._ends(ticket)

    def _held_and_released(self, ticket: Mapping[str, Any]) -> None:
        self._walks()
        self._on(ticket, "hold")
        self._pace.pause(self._dice.uniform(30, 200))
        self._on(ticket, "release")

    def _service(self, ticket: Mapping[str, Any]) -> str:
        return self._dice.choice([code for code in self._habits.minutes if code != ticket["service"]])

    def _sent_to_service(self, ticket: Mapping[str, Any]) -> None:
        self._serves(ticket)
        self._on(ticket, "transfer", to={"service": self._service(ticket)})

    def _sent_and_back(self, ticket: Mapping[str, Any]) -> None:
        self._serves(ticket)
        self._on(ticket, "transfer", to={"service": self._service(ticket)}, return_to_me=True)

    def _sent_to_counter(self, ticket: Mapping[str, Any]) -> None:
        self._walks()
        self._on(ticket, "transfer", to={"counter": self._dice.choice(self._others)})

    # ------------------------------------------------------------ mistakes
    def _wrong_call(self, ticket: Mapping[str, Any]) -> None:
        self._pace.pause(self._dice.uniform(1, 5))
        self._undo("bấm nhầm")

    def _wrong_end(self, ticket: Mapping[str, Any]) -> None:
        self._plain(ticket)
        self._pace.pause(self._dice.uniform(1, 6))
        self._undo("chưa xong")
        self._works(ticket)
        self._ends(ticket)

    def _reclassified(self, ticket: Mapping[str, Any]) -> None:
        self._serves(ticket)
        self._on(ticket, "reclassify", service=self._service(ticket))
        self._works(ticket)
        self._ends(ticket)

    def _many_dossiers(self, ticket: Mapping[str, Any]) -> None:
        """Several procedures with their dossiers in one turn."""
        self._serves(ticket)
        known = self._habits.procedures.get(ticket["service"]) or ["1.001193"]
        pieces = [{"code": self._dice.choice(known), "dossier_code": self._dossier()} for _ in range(self._dice.randint(1, 3))]
        self._on(ticket, "procedures", procedures=pieces)
        self._ends(ticket)

    def _dossier(self) -> str:
        return f"000.00.53.H48-220921-{self._dice.randrange(10_000):04d}"

    # ------------------------------------------------------------ between two people
    def _afterwards(self) -> None:
        what = self._draw(AFTER)
        if what == "wrap_up":
            self._counter_command("wrap-up")
            self._pace.pause(self._dice.uniform(30, 180))
            self._counter_command("resume")
        elif what == "break":
            self._counter_command("pause", reason="nghỉ giữa giờ")
            self._pace.pause(self._dice.uniform(120, 600))
            self._counter_command("resume")
        elif what == "swap":
            self._counter_command("open", take_over=True)
        self.done[what] += what in AFTER
