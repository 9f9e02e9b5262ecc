"""Who is next: the oldest effective time first, over everything a counter serves.

`effective_at` is `arrived_from` less the credits (priority class, appointment, transfers), so privileged people overtake
only those who came within the credit before them and nobody starves. A number that was neither printed nor read on a screen is
behind everyone else until somebody shows it. The order changes by logged events alone. Storage keeps
an index in this very order; the tests hold the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from queue_server.domain.counter import Counter
from queue_server.domain.visit import Ticket


def effective(arrived_from: int, credits: Mapping[str, int]) -> int:
    """Effective time in Unix milliseconds from an arrival and credits in seconds by rule."""
    return arrived_from - 1000 * sum(credits.values())


def key(ticket: Ticket) -> tuple[bool, int, int]:
    """What the order sorts by: who holds a number before numbers that nobody seems to hold, then effective time, then the order
    of issue."""
    return ticket.doubt, ticket.effective_at, ticket.issued_seq


def eligible(ticket: Ticket, counter: Counter) -> bool:
    """Whether this counter may call this ticket next."""
    if ticket.state != "waiting":
        return False
    return ticket.for_counter == counter.code if ticket.for_counter else ticket.service in counter.services


def choose(waiting: Iterable[Ticket], counter: Counter) -> Ticket | None:
    """The person whom this counter calls next."""
    return min((ticket for ticket in waiting if eligible(ticket, counter)), key=key, default=None)


def reason(ticket: Ticket) -> dict[str, object]:
    """Why a ticket stands where it stands: the rules that moved it and what each was worth in seconds."""
    rules = {rule: credit for rule, credit in (ticket.credits or {}).items() if credit}
    return {
        "rule": "+".join(["arrival", *sorted(rules)]),
        "arrived_from": ticket.arrived_from,
        "credits": rules,
        "effective_at": ticket.effective_at,
        "for_counter": ticket.for_counter,
        "let_pass": ticket.let_pass,
    }
