"""A ticket as a value: one visit with its steps, and its form as plain JSON. What may happen to it is `ticket`'s affair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

STATES = ("waiting", "called", "serving", "held", "completed", "no_show", "cancelled", "expired", "moved")
LIVE = frozenset({"waiting", "called", "serving", "held"})
AT_COUNTER = frozenset({"called", "serving"})
OUTCOMES = ("done", "incomplete", "referred", "left", "refused_service", "not_needed")
PRINTS = ("pending", "printed", "sent_unconfirmed", "not_sent", "unknown", "none")


@dataclass(frozen=True, slots=True)
class Step:
    """One service of the visit. Instants in Unix milliseconds; `held_ms` is time sent away
    during service, `held_before_ms` before it began: in neither wait nor service."""

    n: int
    service: str
    available_from: int
    counter: str | None = None
    first_called_at: int | None = None
    last_called_at: int | None = None
    started_at: int | None = None
    start_inferred: bool = False
    ended_at: int | None = None
    recalls: int = 0
    outcome: str | None = None
    wait_ms: int | None = None
    before_opening_ms: int = 0
    over_breaks_ms: int = 0
    held_at: int | None = None
    held_ms: int = 0
    held_before_ms: int = 0
    machine_closed: bool = False
    entered_late: bool = False
    procedures: tuple[dict[str, Any], ...] = ()
    turns: int = 0  # how often the person was called from the line; above 1 after a release or an absence
    elapsed_ms: int | None = None  # how long somebody waited whom the end of a day found uncalled


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it stands. `effective_at` decides the order; `issued_seq` breaks ties; `for_counter` waits for one
    counter only; `return_to` sends the person back there after this step; `tasks` are services still to come. `doubt`: by
    what is known, nobody holds this number."""

    id: str
    site: str
    business_day: str
    series: str
    number: int
    label: str
    service: str
    state: str
    issued_at: int
    issued_seq: int
    available_from: int
    arrived_from: int
    effective_at: int
    steps: tuple[Step, ...]
    priority_class: str | None = None
    source: str = "api"
    channel: str = "in_person"
    zone: str | None = None
    lang: str = "vi"
    needs: tuple[str, ...] = ()
    quantity: int = 1
    party: int = 1
    on_behalf: bool = False
    dossier_code: str | None = None
    appointment: str | None = None
    tasks: tuple[str, ...] = ()
    counter: str | None = None
    for_counter: str | None = None
    return_to: str | None = None
    held_until: int | None = None
    called_at: int | None = None
    last_called_at: int | None = None
    serving_at: int | None = None
    ended_at: int | None = None
    recalls: int = 0
    readmissions: int = 0
    outcome: str | None = None
    print: str = "pending"
    doubt: bool = False
    reprints: int = 0
    rating: int | None = None
    machine_closed: bool = False
    voided: bool = False
    ahead: int = 0
    estimate: dict[str, Any] | None = None
    credits: dict[str, int] | None = None
    token_hash: str | None = None
    lease: str | None = None
    device: str | None = None
    issued_device_at: int | None = None
    boot_id: str | None = None
    boot_ms: int | None = None
    clock_synced: bool | None = None
    revision: int = 1
    taken_for: str = ""  # the service that the number was taken for; a transfer or an amendment does not change it
    half: str | None = None  # and the half-day it was taken for: am or pm
    carried_to: str | None = None  # the business day on which a number of the day before is still good
    priority_check: str | None = None  # confirmed or refused by somebody who saw the papers
    let_pass: int = 0  # how many others this person let go first
    moved_from: str | None = None  # the site from which this person came with the ticket


FIELDS = tuple(f.name for f in fields(Ticket))
STEP_FIELDS = tuple(f.name for f in fields(Step))


def current(ticket: Ticket) -> Step:
    """The step that the flat fields describe."""
    return ticket.steps[-1]


def as_data(ticket: Ticket) -> dict[str, Any]:
    """The ticket as plain JSON values, one member per field."""
    data = {f.name: getattr(ticket, f.name) for f in fields(Ticket)}
    data["needs"], data["tasks"] = list(ticket.needs), list(ticket.tasks)
    data["steps"] = [{f.name: getattr(step, f.name) for f in fields(Step)} | {"procedures": list(step.procedures)} for step in ticket.steps]
    return data


def steps_from(rows: Iterable[dict[str, Any]]) -> tuple[Step, ...]:
    """Steps from plain JSON values; members that we do not know are left out."""
    return tuple(_step_from(row) for row in rows)


def _step_from(row: dict[str, Any]) -> Step:
    values: dict[str, Any] = {name: row[name] for name in STEP_FIELDS if name in row}
    return Step(**values | {"procedures": tuple(values.get("procedures", ()))})
