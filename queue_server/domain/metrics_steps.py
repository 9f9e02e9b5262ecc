"""What one step of a visit adds to the figures: its intervals in milliseconds, and the marks of what nobody observed.

An interval that was told afterwards, inferred or ended by the machine is counted under its mark and is in no mean. What the
visit as a whole adds is `metrics_visits`', how it is added up `metrics_figures`'.
"""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.domain.visit import OUTCOMES, Step, Ticket

CLOCK_MS = 2000  # a device's clock that is further off than this is not believed
BY_CLERK = frozenset({*OUTCOMES, "transferred", "moved"})  # endings by which somebody said that the service is over
SPREADS = (
    "wait",
    "wait_estimated",
    "before_opening",
    "over_breaks",
    "unserved",
    "unserved_estimated",
    "call_to_arrival",
    "service_time",
    "on_hold",
    "sojourn",
)
MARKS = (
    "machine_closed",
    "entered_late",
    "start_inferred",
    "called_anew",
    "wait_negative",
    "wait_estimated",
    "clock_moved",
)


def clock_moved(ticket: Ticket) -> bool:
    """Whether a kiosk that was alone told a time that cannot have been, so that ours was put in its place."""
    told = ticket.issued_device_at
    return ticket.lease is not None and told is not None and abs(told - ticket.issued_at) > CLOCK_MS


def estimated(ticket: Ticket) -> bool:
    """Whether nobody knows when the person came: the number was given out by a kiosk alone whose clock was not known to be right."""
    return ticket.lease is not None and (ticket.clock_synced is not True or clock_moved(ticket))


def elapsed_ms(step: Step) -> int | None:
    """How long somebody waited at least who was never called, once the step is over; None of anybody else."""
    if step.first_called_at is not None or step.ended_at is None:
        return None
    return step.elapsed_ms if step.elapsed_ms is not None else max(0, step.ended_at - step.available_from)


def fresh(step: Step) -> bool:
    """Whether the start of service belongs to the last call; after a release an older one may still stand there."""
    return step.started_at is not None and (step.last_called_at is None or step.started_at >= step.last_called_at)


def service_ms(step: Step) -> int | None:
    """The observed service time of a step that a clerk ended, or None where nobody observed it."""
    if step.started_at is None or step.ended_at is None or step.outcome not in BY_CLERK or not fresh(step):
        return None
    if step.start_inferred or step.machine_closed or step.entered_late:
        return None
    return max(0, step.ended_at - step.started_at - step.held_ms)


def intervals(step: Step, unknown_clock: bool) -> Iterator[tuple[str, int]]:
    """Name and length of everything observed of a step. `unknown_clock`: nobody knows when it began to wait."""
    if step.entered_late:
        return
    if step.wait_ms is not None:
        yield "wait", step.wait_ms
        yield "over_breaks", step.over_breaks_ms
        yield "before_opening", step.before_opening_ms
        if unknown_clock:
            yield "wait_estimated", step.wait_ms
    gone = elapsed_ms(step)
    if gone is not None:
        yield "unserved", gone
        if unknown_clock:
            yield "unserved_estimated", gone
    yield from _at_the_counter(step)


def _at_the_counter(step: Step) -> Iterator[tuple[str, int]]:
    if step.started_at is not None and step.first_called_at is not None and not step.start_inferred and step.turns <= 1 and fresh(step):
        yield "call_to_arrival", max(0, step.started_at - step.first_called_at - step.held_before_ms)
    served = service_ms(step)
    if served is not None:
        yield "service_time", served
    away = step.held_ms + step.held_before_ms
    if away and step.held_at is None and not step.machine_closed:
        yield "on_hold", away
    if step.ended_at is not None and step.outcome in BY_CLERK and not step.machine_closed:
        yield "sojourn", max(0, step.ended_at - step.available_from)


def marks(step: Step, ticket: Ticket) -> Iterator[str]:
    """Under which marks a step is counted."""
    for name in ("machine_closed", "entered_late", "start_inferred"):
        if getattr(step, name):
            yield name
    if step.turns > 1:
        yield "called_anew"
    if step.first_called_at is not None and step.first_called_at < step.available_from and not step.entered_late:
        yield "wait_negative"
    if step.n == 1 and not step.entered_late:
        if estimated(ticket):
            yield "wait_estimated"
        if clock_moved(ticket):
            yield "clock_moved"
