"""A business day made of events alone, without a database: what the rules let in, as tickets, as stretches of counters' time and as the
rows of a log. For tests that hold two ways of reckoning against each other."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from queue_server.domain import calendar, counter, ticket
from queue_server.domain.calendar import Calendar
from queue_server.domain.counter import Counter
from queue_server.domain.errors import Refusal
from queue_server.domain.event import Event
from queue_server.domain.visit import Ticket

DAY = "2026-11-23"
OFFSET_MIN = 420
MIDNIGHT = calendar.midnight_ms(DAY, OFFSET_MIN)
SERVICES = ("ho-tich", "dat-dai")
CLOSERS = ("expired", "closed_by_system", "carried")


def at(text: str) -> int:
    """`HH:MM` or `HH:MM:SS` of the day."""
    hours, minutes, seconds = (*map(int, text.split(":")), 0)[:3]
    return MIDNIGHT + (hours * 3600 + minutes * 60 + seconds) * 1000


class MadeDay:
    """Tickets by label, in order of issue. Each method answers whether the rules let the event in."""

    def __init__(self, hours: Calendar | None = None) -> None:
        self.hours = hours or Calendar()
        self.tickets: dict[str, Ticket] = {}
        self.desks: dict[str, Counter] = {}
        self.events: list[Event] = []
        self.spells: list[dict[str, Any]] = []

    # ------------------------------------------------------------ events
    def issue(self, label: str, service: str, at_ms: int, **data: Any) -> bool:
        """A number is taken; `issued_at` is the moment itself unless told otherwise."""
        taken = {"issued_at": at_ms} | data
        available = calendar.available_from(self.hours, taken["issued_at"], OFFSET_MIN) or taken["issued_at"]
        place = {"available_from": available, "before_opening_ms": max(0, available - taken["issued_at"]), "effective_at": available}
        known = {"series": "A", "number": int(label[1:]), "business_day": DAY, "credits": {}, "print": "printed"}
        self.tickets[label] = ticket.apply(None, self._event("issued", at_ms, known | place | taken, label=label, service=service))
        return True

    def happen(self, label: str, kind: str, at_ms: int, counter_code: str | None = None, **data: Any) -> bool:
        """Something happens to a visit; what the rules refuse leaves no trace."""
        subject = self.tickets[label]
        service = data["service"] if kind == "corrected" else subject.service
        told = self._told(subject, kind, at_ms) | data
        event = self._event(kind, at_ms, told, label=label, service=service, counter=counter_code or subject.counter)
        try:
            self.tickets[label] = ticket.apply(subject, event)
        except Refusal:
            self.events.pop()
            return False
        return True

    def _told(self, subject: Ticket, kind: str, at_ms: int) -> dict[str, Any]:
        """What the use-cases put beside an event of this kind."""
        step = subject.steps[-1]
        if kind == "called":
            over = calendar.closed_ms(self.hours, step.available_from, at_ms, OFFSET_MIN)
            return {"wait_ms": max(0, at_ms - step.available_from), "over_breaks_ms": over, "turn": step.turns + 1}
        data: dict[str, Any] = {"start_inferred": subject.state == "called"} if kind in ("completed", "transferred") else {}
        if kind == "completed":
            data["outcome"] = "done"
        if kind == "transferred":
            data |= {"effective_at": step.available_from, "credits": {}}
        if kind == "readmitted":
            data |= {"effective_at": at_ms, "credits": {}}
        if kind == "carried":
            opens = MIDNIGHT + calendar.DAY_MS + 7 * 3_600_000
            data |= {"available_from": opens, "effective_at": opens, "credits": {}, "to_day": "2026-11-24"}
        if kind in CLOSERS:
            data["machine_closed"] = True
            if step.first_called_at is None:
                closes = calendar.closing(self.hours, step.available_from, OFFSET_MIN) or at_ms
                data["elapsed_ms"] = max(0, min(at_ms, closes) - step.available_from)
        return data

    def undo(self, label: str, at_ms: int) -> bool:
        """The last thing that happened to a visit is taken back."""
        own = [event for event in self.events if event.label == label]
        if len(own) < 2 or own[-1].type in ("undone", "recalled", *CLOSERS) or any(each.type == "undone" for each in own):
            return False
        before = ticket.fold(own[:-1])
        assert before is not None
        restore = ticket.difference(self.tickets[label], before)
        return self.happen(label, "undone", at_ms, undoes=own[-1].type, undoes_seq=own[-1].seq, restore=restore)

    def desk(self, code: str, kind: str, at_ms: int, **data: Any) -> bool:
        """A counter opens, pauses, wraps up, goes on or closes."""
        was = self.desks.get(code, Counter("S", code))
        event = self._event(f"counter.{kind}", at_ms, {"clerk": "c"} | data, counter=code)
        try:
            self.desks[code] = counter.apply(was, event)
        except Refusal:
            self.events.pop()
            return False
        if was.state in ("paused", "wrapping_up") and self.desks[code].state != was.state and data.get("reason") != "day_close":
            self.spells.append({"counter": code, "state": was.state, "began_at": was.since, "ended_at": at_ms})
        return True

    def _event(self, kind: str, at_ms: int, data: dict[str, Any], **about: Any) -> Event:
        label = about.get("label")
        subject = f"ticket:{label}" if label else f"counter:{about['counter']}"
        made = Event("S", 1, len(self.events) + 1, at_ms, kind, subject, DAY, "cmd", "who", 1, data, ticket=label, **about)
        self.events.append(made)
        return made

    # ------------------------------------------------------------ what others read
    def rows(self) -> list[dict[str, Any]]:
        """The log as plain values."""
        return [{each.name: getattr(event, each.name) for each in fields(Event)} for event in self.events]


# ---------------------------------------------------------------- days that nobody thought of
DESK_ACTS = ("opened", "paused", "resumed", "wrapping_up", "closed")
ACTS = (
    "called", "called", "called", "recalled", "serving_started", "serving_started", "held", "resumed", "released", "transferred",
    "completed", "completed", "no_show", "readmitted", "cancelled",
)  # fmt: skip
TOLD_LATE = ("called", "completed", "no_show")
gaps = st.one_of(st.integers(0, 3), st.integers(0, 5_000_000), st.sampled_from((0, 60_000, 900_000, 1_800_999)))
moments = st.tuples(gaps, st.integers(0, 99), st.integers(0, 99), st.booleans())


def _act(day: MadeDay, now: int, who: int, what: int, rare: bool, calm: bool) -> None:
    labels = list(day.tickets)
    if not labels or what < 20:
        fields_: dict[str, Any] = {"channel": ("in_person", "post", "online_help")[who % 3]}
        if rare and not calm:
            clock = {"lease": "l", "clock_synced": (True, False, None)[who % 3], "issued_device_at": now + (who - 50) * 100}
            fields_ |= clock if who % 2 else {"entered_late": True}
        day.issue(f"A{len(labels) + 1:03d}", SERVICES[who % 2], now, **fields_)
        return
    label, desk = labels[who % len(labels)], "12"[who % 2]
    if what < 28:
        day.desk(desk, DESK_ACTS[what % len(DESK_ACTS)], now)
    elif what < 32 and not calm:
        day.undo(label, now)
    elif what == 32 and not calm:
        day.happen(label, ("voided", "corrected", "priority_confirmed")[who % 3], now, service=SERVICES[0])
    else:
        kind = ACTS[what % len(ACTS)]
        more: dict[str, Any] = {"service": SERVICES[who % 2]} if kind == "transferred" else {}
        if rare and not calm and kind in TOLD_LATE:
            more["entered_late"] = True
        day.happen(label, kind, now, desk if kind == "called" else None, **more)


def _close(day: MadeDay, now: int) -> None:
    """What a day left open is closed by the machine."""
    for n, (label, left) in enumerate(list(day.tickets.items())):
        if left.state in ("called", "serving"):
            day.happen(label, "closed_by_system", now)
        elif left.state in ("waiting", "held"):
            day.happen(label, "carried" if n % 5 == 4 else "expired", now)


@st.composite
def made_days(draw: st.DrawFn, calm: bool = False) -> MadeDay:
    """A day of lawful things in any order; `calm`: without anything told late, taken back, void or by a doubtful clock."""
    hours = draw(st.sampled_from((Calendar(), Calendar({1: ((420, 690), (810, 1020))}))))
    day, now = MadeDay(hours), MIDNIGHT + 6 * 3_600_000
    for gap, who, what, rare in draw(st.lists(moments, min_size=3, max_size=45)):
        now = min(now + gap, MIDNIGHT + 23 * 3_600_000)
        _act(day, now, who, what, rare, calm)
    if draw(st.booleans()):
        _close(day, MIDNIGHT + calendar.DAY_MS + 5)
    return day
