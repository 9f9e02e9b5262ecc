"""What stands in the hall while the server dies: kiosks that issue, keypads that call, and their memory of every answer.

They do what the real ones do: a command without an answer is sent again under its request id until there is one. They
judge nothing; verdict.py does.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from queue_server.client import Client, Json, Problem, Unreachable

PATIENCE_S = 60
AT_ONCE = 20  # tries without a pause
SERVICE = "ho-tich"
# What a clerk may be told on an honest day. At midnight the house closes counters.
LAWFUL = {"undo_too_late", "undo_overtaken", "illegal_transition", "counter_closed"}
Send = Callable[[Client, str], Json]


@dataclass
class Sent:
    """One command: what it was, how to send it again, what came back, and when tries for it came to nothing."""

    what: str
    again: Send
    answer: Json | None = None
    refused: str = ""
    failed_at_s: list[float] = field(default_factory=list)


class Persistent:
    """One client with a key; its commands in the order in which it sent them."""

    def __init__(
        self, base: str, key: str, name: str, stop: threading.Event, abandoned: threading.Event, patience_s: float = PATIENCE_S
    ) -> None:
        self.client, self.name, self.patience_s = Client(base, key, timeout=patience_s), name, patience_s
        self.stop, self.abandoned = stop, abandoned
        self.sent: dict[str, Sent] = {}
        self.answers = 0

    def send(self, what: str, again: Send) -> Sent:
        """Send a command until it is answered or refused."""
        request_id = f"{self.name}-{len(self.sent) + 1}"
        order = self.sent[request_id] = Sent(what, again)
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline and not self.abandoned.is_set():
            try:
                order.answer = again(self.client, request_id)
                self.answers += 1
                return order
            except Unreachable:
                order.failed_at_s.append(time.monotonic())
                if len(order.failed_at_s) > AT_ONCE:  # nobody listens: a machine takes longer to start than a process
                    self.abandoned.wait(0.1)
            except Problem as no:
                if no.status == 503:
                    order.failed_at_s.append(time.monotonic())
                    continue
                if no.code not in LAWFUL:
                    raise
                order.refused = no.code
                return order
        raise TimeoutError(f"{request_id} was not answered within {self.patience_s} s")

    def answered(self) -> dict[str, Sent]:
        """What was acknowledged so far. The copy is taken at once: the client's thread goes on."""
        return {request_id: order for request_id, order in self.sent.copy().items() if order.answer is not None}


def issue_for_ever(kiosk: Persistent) -> None:
    """A kiosk on a busy morning."""
    while not kiosk.stop.is_set():
        kiosk.send("issue", lambda client, rid: client.issue(rid, service=SERVICE, source="kiosk"))


def call_for_ever(keypad: Persistent, counter: str, seed: int) -> None:
    """A clerk who calls, now and then calls again, and now and then takes the call back."""
    chance = random.Random(seed)
    keypad.send("open", lambda client, rid: client.counter_command(rid, counter, "open"))
    while not keypad.stop.is_set():
        what = chance.choices(("next", "recall", "undo"), (6, 2, 2))[0]
        if what == "next":
            keypad.send(what, lambda client, rid: client.next(rid, counter))
        elif what == "recall":
            keypad.send(what, lambda client, rid: client.at_counter(rid, counter, "recall"))
        else:
            keypad.send(what, lambda client, rid: client.undo(rid, counter))
