"""The ticket's table, against a copy written by hand from the design, and what apply() must keep true on any walk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queue_server.domain.errors import Refusal
from queue_server.domain.event import Event
from queue_server.domain.metrics import service_ms
from queue_server.domain.ticket import TRANSITIONS, apply, difference, fold, restore
from queue_server.domain.visit import STATES, Ticket

# From the design, not from the code: event -> {state before: state after}.
DESIGN = (
    {
        "amended": {"waiting": "waiting", "held": "held"},
        "let_passed": {"waiting": "waiting"},
        "called": {"waiting": "called"},
        "recalled": {"called": "called"},
        "serving_started": {"called": "serving"},
        "held": {"called": "held", "serving": "held"},
        "resumed": {"held": "serving"},
        "released": {"called": "waiting", "held": "waiting"},
        "transferred": {"called": "waiting", "serving": "waiting", "held": "waiting"},
        "moved": {"waiting": "moved", "called": "moved", "serving": "moved", "held": "moved"},
        "completed": {"called": "completed", "serving": "completed"},
        "no_show": {"called": "no_show"},
        "readmitted": {"no_show": "waiting"},
        "cancelled": {"waiting": "cancelled", "called": "cancelled", "held": "cancelled"},
        "expired": {"waiting": "expired", "held": "expired"},
        "carried": {"waiting": "waiting", "held": "waiting"},
        "closed_by_system": {"called": "no_show", "serving": "completed"},
    }
    | {
        "priority_confirmed": {state: state for state in ("waiting", "called", "serving", "held")},
        "priority_refused": {"waiting": "waiting", "held": "held"},
    }
    | {
        name: {state: state for state in STATES}
        for name in ("print_outcome", "print_wanted", "reprinted", "annotated", "rated", "corrected", "voided")
    }
)

DATA: dict[str, dict[str, Any]] = {
    "issued": {
        "series": "A", "number": 7, "business_day": "2026-11-23", "issued_at": 1000, "available_from": 1000,
        "effective_at": 1000, "credits": {}, "before_opening_ms": 0,
    },
    "amended": {"to": {"service": "other"}, "from": {"service": "one"}},
    "let_passed": {"effective_at": 5000, "count": 2},
    "called": {"wait_ms": 5, "over_breaks_ms": 0},
    "transferred": {"service": "other", "effective_at": 5, "credits": {"transfer": 600}},
    "completed": {"outcome": "done", "start_inferred": True},
    "carried": {
        "to_day": "2026-11-24", "available_from": 90_000, "effective_at": 50_000, "credits": {"carried": 40}, "machine_closed": True,
    },
    "readmitted": {"effective_at": 9, "credits": {}},
    "print_outcome": {"outcome": "printed"},
    "print_wanted": {"job": "j1", "device": "kiosk-01", "reprint": False},
    "priority_refused": {"credits": {}, "effective_at": 1000},
    "rated": {"stars": 4},
    "corrected": {"service": "other"},
}  # fmt: skip


def event(kind: str, seq: int, **data: Any) -> Event:
    body = DATA.get(kind, {}) | data
    return Event("S", 1, seq, 1000 + seq * 10, kind, "ticket:t", "2026-11-23", f"c{seq}", "key:k", 1, body, "t", "A007", "one", "3")


def issued() -> Ticket:
    return apply(None, event("issued", 1))


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", [name for name in TRANSITIONS if name not in ("issued", "arrived", "undone")])
def test_every_arrow_of_the_design_and_no_other(state: str, kind: str) -> None:
    before = replace(issued(), state=state, counter="3")
    if state in DESIGN[kind]:
        assert apply(before, event(kind, 2)).state == DESIGN[kind][state]
    else:
        with pytest.raises(Refusal) as refused:
            apply(before, event(kind, 2))
        assert refused.value.code == "illegal_transition"
        assert refused.value.detail["state"] == state
        assert set(refused.value.detail["allowed_from"]) == set(DESIGN[kind])


def test_the_table_names_every_event_of_the_design() -> None:
    assert set(TRANSITIONS) == set(DESIGN) | {"issued", "arrived", "undone"}


def test_nothing_happens_to_a_ticket_that_was_not_issued() -> None:
    with pytest.raises(Refusal) as refused:
        apply(None, event("called", 1))
    assert refused.value.detail["state"] == "none"


def test_the_wait_is_to_the_first_call_and_a_recall_does_not_restart_it() -> None:
    twice = [event("called", 2, wait_ms=77), event("recalled", 3), event("released", 4), event("called", 5, wait_ms=99)]
    ticket = fold([event("issued", 1), *twice])
    assert ticket is not None
    assert ticket.steps[0].wait_ms == 77
    assert ticket.called_at == ticket.steps[0].first_called_at == 1020
    assert ticket.last_called_at == ticket.steps[0].last_called_at == 1050
    assert ticket.recalls == 1


def test_time_away_is_kept_apart_from_service() -> None:
    away = [event("serving_started", 3), event("held", 4), event("resumed", 9), event("completed", 10)]
    ticket = fold([event("issued", 1), event("called", 2), *away])
    assert ticket is not None
    assert (ticket.steps[0].held_ms, ticket.steps[0].started_at, ticket.steps[0].ended_at) == (50, 1030, 1100)


def test_held_before_service_starts_service_when_resumed() -> None:
    ticket = fold([event("issued", 1), event("called", 2), event("held", 3), event("resumed", 5)])
    assert ticket is not None
    assert ticket.state == "serving"
    assert ticket.steps[0].started_at == ticket.serving_at == 1050


def test_time_away_before_service_takes_nothing_from_it() -> None:
    """Called, sent away, back, served for 30: the service took 30, whatever the absence took."""
    ticket = fold([event("issued", 1), event("called", 2), event("held", 3), event("resumed", 7), event("completed", 10)])
    assert ticket is not None
    assert (ticket.steps[0].held_ms, ticket.steps[0].held_before_ms, service_ms(ticket.steps[0])) == (0, 40, 30)


def test_who_goes_back_to_the_pool_from_service_starts_anew() -> None:
    first = [event("issued", 1), event("called", 2), event("serving_started", 3), event("held", 4), event("released", 6)]
    ticket = fold([*first, event("called", 7), event("serving_started", 8), event("completed", 10)])
    assert ticket is not None
    assert service_ms(ticket.steps[0]) == 20


def test_a_start_nobody_marked_is_inferred_from_the_last_call() -> None:
    ticket = fold([event("issued", 1), event("called", 2), event("recalled", 3), event("completed", 4)])
    assert ticket is not None
    assert (ticket.steps[0].start_inferred, ticket.steps[0].started_at) == (True, 1030)


def test_a_transfer_opens_the_next_step_and_keeps_the_first() -> None:
    ticket = fold([event("issued", 1), event("called", 2), event("serving_started", 3), event("transferred", 4)])
    assert ticket is not None
    assert [step.service for step in ticket.steps] == ["one", "other"]
    assert (ticket.steps[0].outcome, ticket.steps[0].ended_at, ticket.steps[1].available_from) == ("transferred", 1040, 1040)
    assert (ticket.service, ticket.counter, ticket.called_at, ticket.arrived_from) == ("other", None, None, 1000)


def test_who_has_more_dossiers_comes_again_as_if_they_came_now() -> None:
    again = event("transferred", 4, rule="dossier_limit", service="one", arrived_from=1040, effective_at=1040, credits={}, quantity=2)
    ticket = fold([event("issued", 1, quantity=5), event("called", 2), event("serving_started", 3), again])
    assert ticket is not None
    assert (ticket.quantity, ticket.arrived_from, ticket.available_from, ticket.state) == (2, 1040, 1040, "waiting")
    plain = fold([event("issued", 1, quantity=5), event("called", 2), event("serving_started", 3), event("transferred", 4)])
    assert plain is not None
    assert (plain.quantity, plain.arrived_from) == (5, 1000)


def test_readmission_reopens_the_same_step_with_a_new_revision() -> None:
    ticket = fold([event("issued", 1), event("called", 2, wait_ms=20), event("no_show", 3), event("readmitted", 4)])
    assert ticket is not None
    assert (len(ticket.steps), ticket.steps[0].wait_ms, ticket.steps[0].outcome, ticket.revision) == (1, 20, None, 2)


def test_who_lets_others_pass_stands_later_and_has_waited_since_the_arrival() -> None:
    ticket = fold([event("issued", 1), event("let_passed", 2), event("let_passed", 3, effective_at=6000, count=1)])
    assert ticket is not None
    assert (ticket.effective_at, ticket.arrived_from, ticket.let_pass) == (6000, 6000, 3)
    assert (ticket.available_from, ticket.steps[0].available_from, ticket.state) == (1000, 1000, "waiting")


walks = st.lists(st.sampled_from(sorted(set(TRANSITIONS) - {"issued", "arrived", "undone"})), max_size=25)


@given(walks)
def test_any_walk_keeps_the_flat_fields_those_of_the_current_step(kinds: list[str]) -> None:
    ticket, log = issued(), [event("issued", 1)]
    arrived = ticket.arrived_from
    for seq, kind in enumerate(kinds, start=2):
        happening = event(kind, seq)
        try:
            after = apply(ticket, happening)
        except Refusal:
            continue
        # Whatever an event did can be taken back exactly, and the log still folds to what stands.
        assert restore(after, difference(after, ticket)) == ticket
        if kind == "let_passed":
            arrived += after.effective_at - ticket.effective_at
        elif kind == "readmitted":
            arrived = happening.at
        elif kind == "carried":
            arrived = after.available_from
        ticket = after
        log.append(happening)
    step = ticket.steps[-1]
    assert fold(log) == ticket
    assert (ticket.service, ticket.called_at, ticket.outcome) == (step.service, step.first_called_at, step.outcome)
    assert [s.n for s in ticket.steps] == list(range(1, len(ticket.steps) + 1))
    assert all(s.ended_at is not None for s in ticket.steps[:-1])
    assert (ticket.counter is not None) or ticket.state not in ("called", "serving")
    assert ticket.arrived_from == arrived
