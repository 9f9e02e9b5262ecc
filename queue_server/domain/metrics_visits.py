"""What one visit as a whole adds to the figures: its counts, and its times from the first step to the last.

A visit is in the times once it is over. Left out of them, and counted so: a visit that was voided, of which something was
told afterwards, or which waited again on another day. Single steps are `metrics_steps`'.
"""

from __future__ import annotations

from collections.abc import Iterator

from queue_server.domain.metrics_steps import elapsed_ms, estimated, service_ms
from queue_server.domain.visit import LIVE, Ticket

COUNTS = (
    "issued",
    "arrived",
    "called",
    "served",
    "no_show",
    "cancelled",
    "expired",
    "moved",
    "abandoned",
    "recalls",
    "transfers",
    "machine_closed",
    "entered_late",
    "voided",
    "carried",
    "priority",
    "priority_confirmed",
    "priority_refused",
)
ENDED = {"completed": "served", "no_show": "no_show", "cancelled": "cancelled", "expired": "expired", "moved": "moved"}
SPREADS = ("wait", "wait_estimated", "first_wait", "unserved", "unserved_estimated", "service_time", "door_to_door")
TALLIES = ("over", "several_steps", "left_out")


def counts(ticket: Ticket) -> Iterator[tuple[str, int]]:
    """What a visit is counted under, and how often."""
    steps = ticket.steps
    called = any(step.first_called_at is not None for step in steps)
    yield "issued" if ticket.moved_from is None else "arrived", 1
    if called:
        yield "called", 1
    if ticket.state in ENDED:
        yield ENDED[ticket.state], 1
    if not called and ticket.state in ("cancelled", "expired"):
        yield "abandoned", 1
    yield "recalls", sum(step.recalls for step in steps)
    yield "transfers", sum(step.outcome == "transferred" for step in steps)
    yield "machine_closed", ticket.machine_closed
    yield "entered_late", any(step.entered_late for step in steps)
    yield "voided", ticket.voided
    yield "carried", ticket.carried_to is not None
    yield "priority", ticket.priority_class is not None
    if ticket.priority_check is not None:
        yield f"priority_{ticket.priority_check}", 1


def left_out(ticket: Ticket) -> bool:
    """Whether a visit is in no time of visits although it is over."""
    return ticket.voided or ticket.carried_to is not None or any(step.entered_late for step in ticket.steps)


def tallies(ticket: Ticket) -> Iterator[str]:
    """Under what a visit that is over is counted among visits."""
    if ticket.state in LIVE:
        return
    yield "over"
    if len(ticket.steps) > 1:
        yield "several_steps"
    if left_out(ticket):
        yield "left_out"


def intervals(ticket: Ticket) -> Iterator[tuple[str, int]]:
    """Name and length of the times of a visit that is over."""
    if ticket.state in LIVE or left_out(ticket):
        return
    waits = [step.wait_ms for step in ticket.steps]
    waited = sum(wait for wait in waits if wait is not None)
    kind = "wait" if None not in waits else "unserved"
    spent = waited + sum(elapsed_ms(step) or 0 for step in ticket.steps)
    yield kind, spent
    if estimated(ticket):
        yield f"{kind}_estimated", spent
    if waits[0] is not None:
        yield "first_wait", waits[0]
    if ticket.state != "completed" or ticket.ended_at is None or any(step.machine_closed for step in ticket.steps):
        return
    yield "door_to_door", max(0, ticket.ended_at - ticket.issued_at)
    served = [each for each in map(service_ms, ticket.steps) if each is not None]
    if len(served) == len(ticket.steps):
        yield "service_time", sum(served)
