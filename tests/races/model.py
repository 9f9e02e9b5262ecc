"""The hall as a person with a notebook would keep it: who waits, in which order, who is at which counter, which numbers
are out. Dictionaries and the rules of the design alone; nothing of the product is imported, so that no mistake is shared.

A ticket is a dictionary that is never changed but replaced, so a copy of the tables is a copy of the whole notebook.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DAY_MS, LOCAL_MS = 86_400_000, 7 * 3_600_000
LIVE, AT_DESK = ("waiting", "called", "serving", "held"), ("called", "serving")
UNDO_MS, UNDO_NO_SHOW_MS, READMIT_MS = 10_000, 600_000, 1_800_000
PRIORITY_S, TRANSFER_S, HOLDER_LIMIT = 1800, 600, 2
KEPT_MS = 30 * DAY_MS
SERIES = {"a": "A", "b": "A", "c": "C"}
SERVED = {"1": ("a", "b"), "2": ("a", "b", "c"), "3": ("c", "a")}
QUOTA = {"c": 6}

T = dict[str, Any]


class No(Exception):
    """The notebook says no; the text is the contract's code."""


def day_of(at_ms: int) -> int:
    return (at_ms + LOCAL_MS) // DAY_MS


class Notebook:
    """One centre. Commands take the present instant and the request id, and raise `No` where the rules refuse."""

    def __init__(self, now: int) -> None:
        self.tickets: dict[str, T] = {}
        self.desks: dict[str, T] = {code: {"state": "closed", "services": (), "undo": None} for code in SERVED}
        self.numbers: dict[tuple[int, str], int] = {}
        self.reserved: dict[tuple[int, str], int] = {}
        self.leases: dict[str, T] = {}
        self.did: dict[str, list[T]] = {}  # what each command did to tickets: the ticket before, the desk, when
        self.resumed: set[str] = set()
        self.answers: dict[str, int] = {}
        self.last_at, self.day = now, day_of(now)
        self.now, self.cmd, self.happened = now, "", False

    # ------------------------------------------------------------ one command, whole or not at all
    @contextmanager
    def command(self, clock_ms: int, cmd: str) -> Iterator[None]:
        kept = {name: value.copy() if isinstance(value, dict | set) else value for name, value in vars(self).items()}
        self.now, self.cmd, self.happened = max(clock_ms, self.last_at), cmd, False
        try:
            self.close_days()
            yield
            self.answers.setdefault(cmd, self.now)
        except No:
            vars(self).update(kept)
            raise
        if self.happened:
            self.last_at, self.day = self.now, day_of(self.now)

    def change(self, ticket: T, kind: str, called_to: str | None = None, **fields: Any) -> T:
        """Replace a ticket, and remember what it was for an undo."""
        self.happened = True
        trace = {"id": ticket["id"], "before": ticket, "kind": kind, "counter": called_to or ticket["counter"], "at": self.now}
        self.did[self.cmd] = [*self.did.get(self.cmd, ()), trace]
        built_on = ticket["log"] if kind in ("recalled", "printed") else (*ticket["log"], self.cmd)
        after = self.tickets[ticket["id"]] = ticket | fields | {"log": built_on}
        return after

    def desk(self, code: str, **fields: Any) -> None:
        self.desks[code] = self.desks[code] | fields

    def set_desk(self, code: str, **fields: Any) -> None:
        self.happened = True
        self.desk(code, **fields)

    # ------------------------------------------------------------ looking
    def there(self, code: str) -> T | None:
        return next((t for t in self.tickets.values() if t["state"] in AT_DESK and t["counter"] == code), None)

    def queue(self) -> list[T]:
        return sorted((t for t in self.tickets.values() if t["state"] == "waiting"), key=lambda t: (place(t), t["n"]))

    def first_for(self, code: str) -> T | None:
        mine = self.desks[code]["services"]
        return next((t for t in self.queue() if (t["for"] == code if t["for"] else t["service"] in mine)), None)

    # ------------------------------------------------------------ midnight
    def close_days(self) -> None:
        if self.day >= day_of(self.now):
            return
        cmd, self.cmd = self.cmd, f"job:{self.day}"
        for ticket in [t for t in self.tickets.values() if t["state"] in LIVE]:
            ends = {"called": "no_show", "serving": "completed"}.get(ticket["state"], "expired")
            self.change(ticket, "day", state=ends, ended=self.now)
        self.did.pop(self.cmd, None)  # nobody takes a closed day back
        for ticket in list(self.tickets.values()):
            self.tickets[ticket["id"]] = ticket | {"holder": None}
        for code, desk in self.desks.items():
            self.desks[code] = desk | ({"state": "closed", "undo": None} if desk["state"] != "closed" else {})
        self.answers = {known: at for known, at in self.answers.items() if at >= self.now - KEPT_MS}
        self.cmd, self.happened = cmd, True
        self.last_at, self.day = self.now, day_of(self.now)

    # ------------------------------------------------------------ issuing
    def issue(self, ticket_id: str, tasks: list[str], elderly: bool, holder: str | None) -> str:
        service, today = tasks[0], day_of(self.now)
        of_today = [t for t in self.tickets.values() if t["day"] == today and t["taken_for"] == service]
        if service in QUOTA and len(of_today) >= QUOTA[service]:
            raise No("quota_full")
        mine = [t for t in self.tickets.values() if holder and t["holder"] == holder and t["state"] in LIVE]
        if any(t["service"] == service for t in mine):
            raise No("already_waiting")
        if len(mine) >= HOLDER_LIMIT:
            raise No("holder_limit")
        series = SERIES[service]
        number = self.numbers[today, series] = self.numbers.get((today, series), 0) + 1
        self.write_down(ticket_id, service, number, self.now, elderly, today, holder=holder, tasks=tuple(tasks[1:]))
        return f"{series}{number:03d}"

    def write_down(self, ticket_id: str, service: str, number: int, arrived: int, elderly: bool, day: int, **more: Any) -> None:
        self.happened = True
        credits = {"priority": PRIORITY_S} if elderly else {}
        self.tickets[ticket_id] = {
            "id": ticket_id, "n": len(self.tickets), "service": service, "number": number, "day": day, "arrived": arrived,
            "state": "waiting", "credits": credits, "counter": None, "for": None, "back_to": None, "tasks": (), "holder": None,
            "ended": None, "taken_for": service, "served_in": (service,), "log": (self.cmd,), "printed": "none", "prints": 0,
            "came_back": False,
        } | more  # fmt: skip

    def lease(self, lease_id: str, series: str, count: int, ids: list[str]) -> list[int]:
        key = (day_of(self.now), series)
        first = max(self.reserved.get(key, 0) + 1, 700)
        last = min(first + count - 1, 899)
        if first > last:
            raise No("quota_full")
        self.reserved[key], self.happened = last, True
        entries = dict(zip(range(first, last + 1), ids, strict=False))
        self.leases[lease_id] = {"at": self.now, "day": key[0], "series": series, "entries": entries, "settled": ()}
        return list(range(first, last + 1))

    def settle(self, lease_id: str, told: list[T]) -> list[str]:
        results = []
        for one in told:
            lease = self.leases[lease_id]
            if lease["entries"].get(one["number"]) != one["ticket_id"]:
                results.append("conflict")
            elif one["number"] in lease["settled"]:
                results.append("already")
            else:
                self.leases[lease_id] = lease | {"settled": (*lease["settled"], one["number"])}
                arrived = min(max(one["issued_at"], lease["at"]), self.now)
                late = lease["day"] < day_of(self.now)
                more = {"state": "expired", "ended": self.now} if late else {}
                self.write_down(
                    one["ticket_id"], one["service"], one["number"], arrived, one["elderly"], lease["day"], printed="unknown", **more
                )
                results.append("settled")
        return results


def place(ticket: T) -> int:
    """Where a ticket stands: arrival less every second that a rule gave."""
    return int(ticket["arrived"] - 1000 * sum(ticket["credits"].values()))
