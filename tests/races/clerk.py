"""The other half of the notebook: what happens at a counter, and to a ticket away from it, undo included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.races.model import (
    AT_DESK,
    PRIORITY_S,
    READMIT_MS,
    SERVED,
    TRANSFER_S,
    UNDO_MS,
    UNDO_NO_SHOW_MS,
    No,
    Notebook,
    T,
)

FROM = {
    "recall": ("called",), "serve": ("called",), "resume": ("held",), "no-show": ("called",), "hold": AT_DESK,
    "release": ("called", "held"), "transfer": ("called", "serving", "held"), "complete": AT_DESK,
}  # fmt: skip


class Clerk(Notebook):
    """A notebook whose counters work."""

    # ------------------------------------------------------------ the counter itself
    def counter(self, code: str, name: str, services: list[str] | None = None, take_over: bool = False) -> None:
        state = self.desks[code]["state"]
        if name == "open":
            if state != "closed" and not take_over:
                raise No("counter_taken")
            served_now = self.desks[code]["services"] if state != "closed" else ()  # who takes over goes on with it
            self.set_desk(code, state="open" if state == "closed" else state, services=tuple(services or served_now or SERVED[code]))
            return
        allowed, after = {
            "close": (("open", "paused", "wrapping_up"), "closed"),
            "pause": (("open", "paused", "wrapping_up"), "paused"),  # once more: the reason, told after the key
            "resume": (("paused", "wrapping_up"), "open"),
            "wrap-up": (("open",), "wrapping_up"),
        }[name]
        if state not in allowed or (name == "close" and self.there(code)):
            raise No("illegal_transition")
        self.set_desk(code, state=after)
        if name == "close":
            self.desk(code, undo=None)
            for ticket in [t for t in self.tickets.values() if t["state"] == "waiting" and t["for"] == code]:
                self.change(ticket, "amended", **{"for": None})  # who was to come back here may be called by whoever serves them

    def ready(self, code: str) -> None:
        if self.desks[code]["state"] not in ("open", "wrapping_up"):
            raise No("counter_closed")
        if self.desks[code]["state"] == "wrapping_up":
            self.set_desk(code, state="open")
            self.resumed = self.resumed | {self.cmd}

    # ------------------------------------------------------------ calling
    def next(self, code: str, previous: str | None) -> str | None:
        self.ready(code)
        there = self.there(code)
        if there is not None:
            {"no_show": self.no_show, "requeue": self.release}.get(previous or "", self.complete)(code, there)
        found = self.first_for(code)
        if found is not None:
            self.call(code, found)
        if there is not None or found is not None:
            self.desk(code, undo=self.cmd)
        return None if found is None else str(found["id"])

    def choose(self, code: str, ticket_id: str) -> None:
        self.ready(code)
        if self.there(code) or self.tickets[ticket_id]["state"] != "waiting":
            raise No("illegal_transition")
        self.call(code, self.tickets[ticket_id])
        self.desk(code, undo=self.cmd)

    def call(self, code: str, ticket: T) -> None:
        self.change(ticket, "called", code, state="called", counter=code, **{"for": None})

    # ------------------------------------------------------------ the person at the desk
    def act(self, code: str, ticket_id: str, name: str, **fields: Any) -> None:
        if self.desks[code]["state"] == "closed":
            raise No("counter_closed")
        ticket = self.tickets[ticket_id]
        if ticket["counter"] != code:
            raise No("illegal_transition")
        onward = name == "complete" and ticket["state"] == "held" and self.onward(code, ticket) is not None
        if name in FROM and ticket["state"] not in FROM[name] and not onward:
            raise No("illegal_transition")
        acts: dict[str, Callable[..., None]] = {
            "recall": lambda code, ticket: self.mark(ticket, "recalled"),
            "serve": lambda code, ticket: self.mark(ticket, "serving_started", state="serving"),
            "resume": self.resume, "no-show": self.no_show, "release": self.release, "transfer": self.transfer,
            "hold": lambda code, ticket: self.mark(ticket, "held", state="held"),
            "complete": self.complete, "reclassify": self.reclassify,
        }  # fmt: skip
        acts[name](code, ticket, **fields)
        if name != "recall":
            self.desk(code, undo=self.cmd)

    def at(self, code: str, name: str) -> None:
        there = self.there(code)
        if self.desks[code]["state"] == "closed":
            raise No("counter_closed")
        if there is None:
            raise No("illegal_transition")
        self.act(code, there["id"], name)

    def mark(self, ticket: T, kind: str, **fields: Any) -> None:
        self.change(ticket, kind, **fields)

    def resume(self, code: str, ticket: T) -> None:
        if self.there(code):
            raise No("illegal_transition")
        self.change(ticket, "resumed", state="serving")

    def no_show(self, code: str, ticket: T) -> None:
        if ticket["state"] != "called":
            raise No("illegal_transition")
        self.change(ticket, "no_show", state="no_show", ended=self.now)

    def release(self, code: str, ticket: T) -> None:
        if ticket["state"] not in FROM["release"]:
            raise No("illegal_transition")
        self.change(ticket, "released", state="waiting", counter=None)

    def reclassify(self, code: str, ticket: T, service: str) -> None:
        self.change(ticket, "corrected", service=service, served_in=(*ticket["served_in"][:-1], service))

    def onward(self, code: str, ticket: T) -> T | None:
        """Where a visit goes on after this desk: back to whoever sent it, or to a task that this desk does not serve."""
        if ticket["back_to"] and ticket["back_to"] != code:
            before = ticket["served_in"][-2] if len(ticket["served_in"]) > 1 else ticket["service"]
            return {"service": before, "for": ticket["back_to"], "tasks": ticket["tasks"]}
        left = [task for task in ticket["tasks"] if task not in self.desks[code]["services"]]
        return {"service": left[0], "for": None, "tasks": tuple(left[1:])} if left else None

    def complete(self, code: str, ticket: T) -> None:
        onward = self.onward(code, ticket)
        if onward is not None:
            self.send_on(ticket, back_to=None, **onward)
        else:
            self.change(ticket, "completed", state="completed", ended=self.now)

    def transfer(self, code: str, ticket: T, to: dict[str, str], return_to_me: bool) -> None:
        desk = to.get("counter")
        service = to.get("service")
        if service is None:
            service = ticket["service"] if ticket["service"] in SERVED[str(desk)] else SERVED[str(desk)][0]
        more = {"service": service, "for": desk, "tasks": ticket["tasks"]}
        self.send_on(ticket, back_to=code if return_to_me else None, **more)

    def send_on(self, ticket: T, **fields: Any) -> None:
        credits = ticket["credits"] | {"transfer": ticket["credits"].get("transfer", 0) + TRANSFER_S}
        served_in = (*ticket["served_in"], fields["service"])
        self.change(ticket, "transferred", state="waiting", counter=None, credits=credits, served_in=served_in, **fields)

    # ------------------------------------------------------------ away from the counter
    def amend(self, ticket_id: str, service: str | None, counter: str | None, elderly: bool | None) -> None:
        ticket = self.tickets[ticket_id]
        if ticket["state"] not in ("waiting", "held"):
            raise No("illegal_transition")
        to: T = {} if service is None else {"service": service, "served_in": (*ticket["served_in"][:-1], service)}
        to |= {} if counter is None else {"for": counter}
        if elderly is not None:
            others = {rule: credit for rule, credit in ticket["credits"].items() if rule != "priority"}
            to["credits"] = others | ({"priority": PRIORITY_S} if elderly else {})
        self.change(ticket, "amended", **to)

    def cancel(self, ticket_id: str) -> None:
        ticket = self.tickets[ticket_id]
        if ticket["state"] not in ("waiting", "called", "held"):
            raise No("illegal_transition")
        self.change(ticket, "cancelled", state="cancelled", ended=self.now)

    def readmit(self, ticket_id: str) -> None:
        ticket = self.tickets[ticket_id]
        if ticket["state"] != "no_show":
            raise No("illegal_transition")
        if self.now - ticket["ended"] > READMIT_MS:
            raise No("readmit_too_late")
        credits = {rule: credit for rule, credit in ticket["credits"].items() if rule == "priority"}
        self.change(ticket, "readmitted", state="waiting", counter=None, arrived=self.now, credits=credits, came_back=True)

    def print_outcome(self, ticket_id: str, outcome: str) -> None:
        ticket = self.tickets[ticket_id]
        self.change(ticket, "printed", printed=outcome, prints=ticket["prints"] + 1)

    # ------------------------------------------------------------ undo
    def undo(self, code: str, cmd: str | None) -> list[str]:
        if self.desks[code]["state"] == "closed":
            raise No("counter_closed")
        wanted = cmd or self.desks[code]["undo"]
        traces = self.did.get(wanted or "", [])
        if not any(trace["counter"] == code for trace in traces):
            raise No("undo_too_late")
        within = UNDO_NO_SHOW_MS if any(trace["kind"] == "no_show" for trace in traces) else UNDO_MS
        if self.now > traces[-1]["at"] + within:
            raise No("undo_too_late")
        for trace in reversed(traces):
            self.take_back(trace, str(wanted))
        self.did.pop(self.cmd, None)  # an undo is not undone
        if wanted in self.resumed and self.desks[code]["state"] == "open":
            self.set_desk(code, state="wrapping_up")
        self.desk(code, undo=None)
        return [trace["id"] for trace in reversed(traces)]

    def take_back(self, trace: T, wanted: str) -> None:
        now, before = self.tickets[trace["id"]], trace["before"]
        built_on = now["log"][len(before["log"]) :]
        if any(cmd not in (wanted, self.cmd) for cmd in built_on):
            raise No("undo_overtaken")
        if before["state"] in AT_DESK and (other := self.there(before["counter"])) and other["id"] != now["id"]:
            raise No("undo_overtaken")
        told_since = now["prints"] > before["prints"] + (trace["kind"] == "printed")
        kept = {"log", "holder", "prints"} | ({"printed"} if told_since else set())
        self.change(now, "undone", **{name: value for name, value in before.items() if name not in kept})
