"""What happened without the server, told afterwards: people called by voice from a console's last list, and slips of the
paper book.

The log's own time stays the time of telling; `stated_at` beside it is when it is said to have happened, and `entered_late`
keeps the step out of every mean. Nothing told here takes anything back: where the log knows better, the teller is refused
and told so. The printed book is `recovery.paper_book`'s.
"""

from __future__ import annotations

from typing import Any

from queue_server.domain import calendar, numbering
from queue_server.domain.config import Service
from queue_server.domain.errors import Refusal, invalid
from queue_server.domain.visit import AT_COUNTER, Ticket
from queue_server.services import calling, transferring
from queue_server.services.issuing import place, record
from queue_server.services.unit import Unit
from queue_server.services.views import ticket_json

TICKS = ("called", "completed", "no_show")
OUTCOMES = ("waiting", "completed", "no_show")
BOOK = "paper-book"  # where a visit was that no counter of the house can be named for
OLDEST_DAYS = 7  # slips of a day before that are no longer entered


# ---------------------------------------------------------------- called by voice
def tick(unit: Unit, counter: str, *, ticket: str, stated_at: int, what: str) -> dict[str, Any]:
    """One thing a clerk ticked off. Whoever was never called is called first; what the log has already is left as it is."""
    desk, subject = unit.counter(counter), unit.ticket(ticket)
    told = {"entered_late": True, "stated_at": min(max(stated_at, subject.issued_at), unit.now_ms)}
    if subject.state == "waiting":
        _free(unit, counter, what)
        if what == "called" and desk.state == "closed":
            raise Refusal("counter_closed", counter=counter, state=desk.state)
        subject = calling.call_to(unit, desk, subject, {"rule": "by_voice"} | told)
    elif subject.counter != counter or (subject.state not in AT_COUNTER and subject.state != what):
        raise _known_better(what, subject)
    if what != "called" and subject.state in AT_COUNTER:
        if what == "no_show" and subject.state != "called":
            raise _known_better(what, subject)
        subject = (
            transferring.complete(unit, desk, subject, told=told) if what == "completed" else unit.ticket_event(subject, "no_show", told)
        )
    return ticket_json(subject, unit.row, unit.config)


def _free(unit: Unit, counter: str, what: str) -> None:
    """Nobody else stands at the counter as far as the log knows."""
    there = unit.repository.at_counter(unit.site, counter)
    if there is not None:
        raise Refusal("illegal_transition", command=what, state="another", counter=counter, label=there.label)


def _known_better(what: str, subject: Ticket) -> Refusal:
    return Refusal("illegal_transition", command=what, state=subject.state, counter=subject.counter, label=subject.label)


# ---------------------------------------------------------------- the paper book
def paper(
    unit: Unit, *, series: str, number: int, service: str, issued_at: int, outcome: str = "waiting", ended_at: int | None = None,
    counter: str | None = None, priority_class: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Enter one slip of the paper book: taken at `issued_at`, and, unless the person still waits, how it ended and when."""
    offered = unit.config.known_service(service)
    if offered.series != series:
        raise invalid("/service", "other_series", f"slips of {series} are for other services")
    if not numbering.PAPER_FIRST <= number <= numbering.RESERVE_LAST:
        raise invalid("/number", "not_of_the_book", f"the book holds {numbering.PAPER_FIRST} to {numbering.RESERVE_LAST}")
    if counter is not None:
        unit.config.known_counter(counter)
    day = _day(unit, issued_at)
    label = numbering.label(series, number)
    if unit.repository.tickets_by_label(unit.site, day, label):
        raise Refusal("conflict", why="entered already", label=label, business_day=day)
    data = _slip(unit, offered, number, day, issued_at, priority_class)
    made = unit.ticket(record(unit, offered, data, unit.new_id(), None, None)["id"])
    if outcome != "waiting":
        made = _ended(unit, made, outcome, min(max(ended_at or issued_at, issued_at), unit.now_ms), counter)
    elif day < unit.business_day:  # whoever got a slip yesterday does not wait today
        made = unit.ticket_event(made, "expired", {"machine_closed": True, "reason": "day_close"})
    return ticket_json(made, unit.row, unit.config)


def _day(unit: Unit, issued_at: int) -> str:
    if not unit.now_ms - OLDEST_DAYS * calendar.DAY_MS <= issued_at <= unit.now_ms:
        raise invalid("/issued_at", "out_of_range", f"not in the future and at most {OLDEST_DAYS} days ago")
    return calendar.business_day(issued_at, unit.config.utc_offset_min)


def _slip(unit: Unit, offered: Service, number: int, day: str, issued_at: int, priority_class: str | None) -> dict[str, Any]:
    hours = unit.config.calendar_of(offered.code)
    available_from = calendar.available_from(hours, issued_at, unit.config.utc_offset_min) or issued_at
    data = {
        "series": offered.series, "number": number, "business_day": day, "issued_at": issued_at, "available_from": available_from,
        "before_opening_ms": available_from - issued_at, "priority_class": priority_class, "source": "desk", "channel": "in_person",
        "lang": "vi", "zone": offered.zone, "print": "none", "device": BOOK, "entered_late": True, "stated_at": issued_at,
    }  # fmt: skip
    return data | place(unit, offered.code, priority_class, None, available_from)


def _ended(unit: Unit, made: Ticket, outcome: str, at: int, counter: str | None) -> Ticket:
    """Called and ended in one go: at the counter named, or at none of the house's where somebody stands there now."""
    told = {"entered_late": True, "stated_at": at, "stated_counter": counter}
    where = counter if counter is not None and unit.repository.at_counter(unit.site, counter) is None else BOOK
    waited = {"wait_ms": max(0, unit.now_ms - made.available_from), "over_breaks_ms": 0}
    data = {"rule": "paper_book", "effective_at": made.effective_at} | waited | told
    called = unit.ticket_event(made, "called", data, at_counter=where)
    end = {"outcome": "done", "start_inferred": True} if outcome == "completed" else {}
    return unit.ticket_event(called, outcome, end | told)
