"""The little that must be remembered of each ticket to write its records: a fold over the server's public events.

Pure: standard library only, no clock, no I/O. It follows the contract's event types as a stranger would, and skips
what it does not know. It judges nothing: an event in the log has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(value: Any) -> int | None:
    """Unix milliseconds of what an event carries: milliseconds already, or RFC 3339 text."""
    if value is None or isinstance(value, int):
        return value
    return (datetime.fromisoformat(str(value)) - EPOCH) // (datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC) - EPOCH)


@dataclass(slots=True)
class Step:
    """One service of a visit. Instants and durations in milliseconds; `priority` and `quantity` as they stood when the
    step was the current one."""

    n: int
    service: str
    available_from: int
    counter: str | None = None
    first_called_at: int | None = None
    last_called_at: int | None = None
    started_at: int | None = None
    start_inferred: bool = False
    ended_at: int | None = None
    outcome: str | None = None
    wait_ms: int | None = None
    before_opening_ms: int = 0
    over_breaks_ms: int = 0
    held_at: int | None = None
    held_ms: int = 0
    machine_closed: bool = False
    procedures: list[dict[str, Any]] = field(default_factory=list)
    priority: str | None = None
    quantity: int = 1
    entered_late: bool = False


@dataclass(slots=True)
class Visit:
    """One ticket. `sent` holds, per step, [version, digest of what was said, whether it said the step is over]."""

    ticket: str
    label: str
    business_day: str
    issued_at: int
    channel: str
    state: str
    steps: list[Step]
    priority_class: str | None = None
    quantity: int = 1
    dossier_code: str | None = None
    rating: int | None = None
    voided: bool = False
    sent: dict[str, list[Any]] = field(default_factory=dict)


STEP_FIELDS = frozenset(f.name for f in fields(Step))
VISIT_FIELDS = frozenset(("priority_class", "quantity", "dossier_code", "channel", "voided", "rating", "state"))
Data = Mapping[str, Any]


def begin(event: Data) -> Visit:
    """The visit that an `issued` or `arrived` event begins."""
    data = event["data"]
    late = bool(data.get("entered_late"))
    issued = instant(data.get("issued_at", event["at"])) or 0
    available = instant(data.get("available_from"))
    opened, before = (issued if available is None else available), data.get("before_opening_ms", 0)
    step = Step(1, str(event.get("service") or ""), opened, before_opening_ms=before, entered_late=late)
    visit = Visit(
        ticket=str(event["ticket"]),
        label=str(event.get("label") or ""),
        business_day=str(event["business_day"]),
        issued_at=issued,
        channel=data.get("channel", "in_person"),
        state="waiting",
        steps=[step],
        priority_class=data.get("priority_class"),
        quantity=data.get("quantity", 1),
        dossier_code=data.get("dossier_code"),
    )
    _note_class(visit)
    return visit


def advance(visit: Visit, event: Data) -> None:
    """Let one more event into the visit; a type that changes nothing here is left alone."""
    effect = EFFECTS.get(event["type"])
    if effect is not None:
        step = visit.steps[-1]
        step.entered_late = step.entered_late or bool(event["data"].get("entered_late"))
        effect(visit, step, event, instant(event["at"]) or 0)
        _note_class(visit)


def _note_class(visit: Visit) -> None:
    """A step keeps the class and quantity of its own time: a change made later belongs to the later step."""
    step = visit.steps[-1]
    if step.ended_at is None:
        step.priority, step.quantity = visit.priority_class, visit.quantity


def _amended(visit: Visit, step: Step, event: Data, at: int) -> None:
    to = event["data"].get("to", {})
    visit.priority_class = to.get("priority_class", visit.priority_class)
    visit.quantity = to.get("quantity", visit.quantity)
    step.service = to.get("service", step.service)


def _called(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state = "called"
    step.counter, step.last_called_at, step.held_ms = event.get("counter"), at, 0  # away before a call is not away from service
    if step.first_called_at is None:
        step.first_called_at = at
        step.wait_ms = event["data"].get("wait_ms", max(0, at - step.available_from))
        step.over_breaks_ms = event["data"].get("over_breaks_ms", 0)


def _recalled(visit: Visit, step: Step, event: Data, at: int) -> None:
    step.last_called_at = at


def _started(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state, step.started_at, step.held_ms = "serving", at, 0


def _held(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state, step.held_at = "held", at


def _back(step: Step, at: int) -> None:
    if step.held_at is not None:
        step.held_ms, step.held_at = step.held_ms + at - step.held_at, None


def _resumed(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state = "serving"
    _back(step, at)
    if step.started_at is None:
        step.started_at, step.held_ms = at, 0


def _released(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state = "waiting"
    _back(step, at)


def _end(visit: Visit, step: Step, event: Data, at: int, outcome: str) -> None:
    data = event["data"]
    _back(step, at)
    step.ended_at, step.outcome = at, outcome
    if data.get("start_inferred") and step.started_at is None:
        step.started_at, step.start_inferred = step.last_called_at, True
    step.machine_closed = step.machine_closed or bool(data.get("machine_closed"))
    if data.get("dossier_code"):
        step.procedures = [*step.procedures, {"dossier_code": data["dossier_code"]}]


def _transferred(visit: Visit, step: Step, event: Data, at: int) -> None:
    _end(visit, step, event, at, "transferred")
    visit.state = "waiting"
    left = event["data"].get("quantity")
    if left is not None:  # back with the rest: this step had the others
        step.quantity, visit.quantity = max(1, visit.quantity - left), left
    visit.steps.append(Step(len(visit.steps) + 1, event["data"].get("service", step.service), at))


def _carried(visit: Visit, step: Step, event: Data, at: int) -> None:
    _end(visit, step, event, at, "carried")
    visit.state = "waiting"
    visit.steps.append(Step(len(visit.steps) + 1, step.service, event["data"]["available_from"]))


def _completed(visit: Visit, step: Step, event: Data, at: int) -> None:
    _end(visit, step, event, at, event["data"].get("outcome", "done"))
    visit.state = "completed"


def _closed_by_system(visit: Visit, step: Step, event: Data, at: int) -> None:
    absent = visit.state == "called"
    _end(visit, step, event, at, "no_show" if absent else "done")
    step.machine_closed, visit.state = True, "no_show" if absent else "completed"


def _ends_as(outcome: str) -> Callable[[Visit, Step, Data, int], None]:
    def effect(visit: Visit, step: Step, event: Data, at: int) -> None:
        _end(visit, step, event, at, outcome)
        visit.state = outcome

    return effect


def _readmitted(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.state = "waiting"
    step.counter = step.started_at = step.ended_at = step.outcome = None
    step.start_inferred = False


def _annotated(visit: Visit, step: Step, event: Data, at: int) -> None:
    procedures = event["data"].get("procedures")
    if procedures is not None:
        step.procedures = [dict(entry) for entry in procedures]


def _corrected(visit: Visit, step: Step, event: Data, at: int) -> None:
    step.service = event["data"].get("service") or step.service


def _priority_refused(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.priority_class = None


def _rated(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.rating = event["data"]["stars"]


def _voided(visit: Visit, step: Step, event: Data, at: int) -> None:
    visit.voided = True


def _undone(visit: Visit, step: Step, event: Data, at: int) -> None:
    """The event says which fields go back to which values."""
    restore = event["data"].get("restore", {})
    for name in VISIT_FIELDS & restore.keys():
        setattr(visit, name, restore[name])
    if "steps" in restore:
        classes = {old.n: (old.priority, old.quantity) for old in visit.steps}
        visit.steps = [step_from(row) for row in restore["steps"]]
        for new in visit.steps:
            new.priority, new.quantity = classes.get(new.n, (visit.priority_class, visit.quantity))


def step_from(row: Data) -> Step:
    """A step from plain values; members that we do not know are left out."""
    values = {name: row[name] for name in STEP_FIELDS & row.keys()}
    values["procedures"] = [dict(entry) for entry in values.get("procedures", ())]
    return Step(**values)


EFFECTS: dict[str, Callable[[Visit, Step, Data, int], None]] = {
    "amended": _amended,
    "called": _called,
    "recalled": _recalled,
    "serving_started": _started,
    "held": _held,
    "resumed": _resumed,
    "released": _released,
    "transferred": _transferred,
    "moved": _ends_as("moved"),
    "completed": _completed,
    "no_show": _ends_as("no_show"),
    "readmitted": _readmitted,
    "cancelled": _ends_as("cancelled"),
    "expired": _ends_as("expired"),
    "carried": _carried,
    "closed_by_system": _closed_by_system,
    "annotated": _annotated,
    "corrected": _corrected,
    "rated": _rated,
    "priority_refused": _priority_refused,
    "voided": _voided,
    "undone": _undone,
}


def as_data(visit: Visit) -> dict[str, Any]:
    """The visit as plain JSON values."""
    return asdict(visit)


def from_data(row: Data) -> Visit:
    """The visit from `as_data`."""
    return Visit(**{**row, "steps": [step_from(step) for step in row["steps"]]})
