"""What each event does to a ticket, field by field: exactly this and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from queue_server.domain.effects import issue
from queue_server.domain.ticket import apply, difference, fold, restore
from queue_server.domain.visit import Step, Ticket, as_data
from tests.domain.test_ticket import event

AT = 1090  # the instant of `event(…, 9)`
STEP = Step(1, "one", 1000, "3", 1020, 1030, 1040, wait_ms=20, recalls=1, before_opening_ms=4, over_breaks_ms=3, held_ms=5)
SERVING = Ticket(
    "t", "S", "2026-11-23", "A", 7, "A007", "one", "serving", 1000, 1, 1000, 1000, 900, (STEP,), priority_class="elderly", zone="1",
    tasks=("two",), counter="3", return_to="8", called_at=1020, last_called_at=1030, serving_at=1040, recalls=1, credits={"priority": 100},
    rating=2, reprints=1,
)  # fmt: skip
CALLED = replace(SERVING, state="called", serving_at=None, steps=(replace(STEP, started_at=None, held_ms=0),))
WAITING = replace(
    CALLED, state="waiting", counter=None, for_counter="3", called_at=None, last_called_at=None,
    steps=(Step(1, "one", 1000, before_opening_ms=4),),
)  # fmt: skip
HELD = replace(SERVING, state="held", held_until=2000, steps=(replace(STEP, held_at=1050),))
HELD_BEFORE = replace(CALLED, state="held", held_until=2000, steps=(replace(STEP, started_at=None, held_at=1050, held_before_ms=7),))
GONE = replace(SERVING, state="no_show", ended_at=1080, outcome="no_show", steps=(replace(STEP, ended_at=1080, outcome="no_show"),))
# the words of an ending that every one of them shares
OVER = {"ended_at": AT, "held_until": None}


def changed(before: Ticket, kind: str, **data: Any) -> dict[str, Any]:
    """The fields that differ after the event; of the last step likewise, as `step.NAME`."""
    after = apply(before, event(kind, 9, **data))
    new, old = as_data(after), as_data(before)
    found = {name: new[name] for name in new if new[name] != old[name] and name != "steps"}
    if len(after.steps) == len(before.steps):
        last, was = new["steps"][-1], old["steps"][-1]
        found |= {f"step.{name}": last[name] for name in last if last[name] != was[name]}
    return found


CASES: dict[str, tuple[Ticket, str, dict[str, Any], dict[str, Any]]] = {
    "amended": (
        WAITING, "amended", {"to": {"service": "two", "needs": ["see"], "quantity": 3, "unknown": 1}},
        {"service": "two", "needs": ["see"], "quantity": 3, "step.service": "two"},
    ),
    "amended in one thing": (WAITING, "amended", {"to": {"zone": "2"}}, {"zone": "2"}),
    "called": (
        WAITING, "called", {"wait_ms": 90, "over_breaks_ms": 6},
        {
            "state": "called", "counter": "3", "for_counter": None, "called_at": AT, "last_called_at": AT, "step.counter": "3",
            "step.first_called_at": AT, "step.last_called_at": AT, "step.wait_ms": 90, "step.over_breaks_ms": 6,
        },
    ),
    "called again": (
        replace(CALLED, state="waiting", called_at=None), "called", {"wait_ms": 90, "over_breaks_ms": 6},
        {"state": "called", "called_at": 1020, "last_called_at": AT, "step.last_called_at": AT},
    ),
    "recalled": (CALLED, "recalled", {}, {"recalls": 2, "last_called_at": AT, "step.recalls": 2, "step.last_called_at": AT}),
    "serving": (CALLED, "serving_started", {}, {"state": "serving", "serving_at": AT, "step.started_at": AT}),
    "serving anew": (
        replace(SERVING, state="called", steps=(replace(STEP, held_before_ms=7),)), "serving_started", {},
        {"state": "serving", "serving_at": AT, "step.started_at": AT, "step.held_ms": 0, "step.held_before_ms": 12},
    ),
    "held": (SERVING, "held", {"until": 5000}, {"state": "held", "held_until": 5000, "step.held_at": AT}),
    "held without an end": (SERVING, "held", {}, {"state": "held", "step.held_at": AT}),
    "resumed": (HELD, "resumed", {}, {"state": "serving", "held_until": None, "step.held_at": None, "step.held_ms": 45}),
    "resumed before service": (
        HELD_BEFORE, "resumed", {},
        {
            "state": "serving", "held_until": None, "serving_at": AT, "step.started_at": AT, "step.held_at": None,
            "step.held_before_ms": 47,
        },
    ),
    "released": (CALLED, "released", {}, {"state": "waiting", "counter": None}),
    "released from hold": (
        HELD, "released", {}, {"state": "waiting", "counter": None, "held_until": None, "step.held_at": None, "step.held_ms": 45},
    ),
    "completed": (
        SERVING, "completed", {"outcome": "referred", "start_inferred": True},
        {"state": "completed", "outcome": "referred", "ended_at": AT, "step.ended_at": AT, "step.outcome": "referred"},
    ),
    "completed at once": (
        CALLED, "completed", {"outcome": "done", "start_inferred": True, "dossier_code": "D-1"},
        {
            "state": "completed", "outcome": "done", "ended_at": AT, "step.ended_at": AT, "step.outcome": "done",
            "step.started_at": 1030, "step.start_inferred": True, "step.procedures": [{"dossier_code": "D-1"}],
        },
    ),
    "completed by a clerk who says the start was seen": (
        CALLED, "completed", {"outcome": "done", "start_inferred": False},
        {"state": "completed", "outcome": "done", "ended_at": AT, "step.ended_at": AT, "step.outcome": "done"},
    ),
    "no show": (
        CALLED, "no_show", {}, {"state": "no_show", "outcome": "no_show", "ended_at": AT, "step.ended_at": AT, "step.outcome": "no_show"},
    ),
    "cancelled on hold": (
        HELD, "cancelled", {},
        {
            "state": "cancelled", "outcome": "cancelled", **OVER, "step.ended_at": AT, "step.outcome": "cancelled", "step.held_at": None,
            "step.held_ms": 45,
        },
    ),
    "expired": (
        WAITING, "expired", {"machine_closed": True},
        {
            "state": "expired", "outcome": "expired", "ended_at": AT, "step.ended_at": AT, "step.outcome": "expired",
            "step.machine_closed": True,
        },
    ),
    "moved": (
        SERVING, "moved", {}, {"state": "moved", "outcome": "moved", "ended_at": AT, "step.ended_at": AT, "step.outcome": "moved"},
    ),
    "closed by the machine when called": (
        CALLED, "closed_by_system", {"machine_closed": True},
        {
            "state": "no_show", "outcome": "no_show", "machine_closed": True, "ended_at": AT, "step.ended_at": AT,
            "step.outcome": "no_show", "step.machine_closed": True,
        },
    ),
    "closed by the machine when served": (
        SERVING, "closed_by_system", {},
        {
            "state": "completed", "outcome": "done", "machine_closed": True, "ended_at": AT, "step.ended_at": AT, "step.outcome": "done",
        },
    ),
    "readmitted": (
        GONE, "readmitted", {"effective_at": 77, "credits": {}},
        {
            "state": "waiting", "counter": None, "serving_at": None, "ended_at": None, "outcome": None, "readmissions": 1,
            "effective_at": 77, "arrived_from": AT, "credits": {}, "revision": 2,
            "step.counter": None, "step.started_at": None, "step.ended_at": None,
            "step.outcome": None,
        },
    ),
    "readmitted after an inferred start": (
        replace(GONE, steps=(replace(GONE.steps[0], start_inferred=True),)), "readmitted", {"effective_at": 900, "credits": {}},
        {
            "state": "waiting", "counter": None, "serving_at": None, "ended_at": None, "outcome": None, "readmissions": 1,
            "arrived_from": AT, "credits": {},
            "revision": 2, "step.counter": None, "step.started_at": None, "step.ended_at": None, "step.outcome": None,
            "step.start_inferred": False,
        },
    ),
    "called, told afterwards": (
        WAITING, "called", {"wait_ms": 90, "over_breaks_ms": 6, "entered_late": True},
        {
            "state": "called", "counter": "3", "for_counter": None, "called_at": AT, "last_called_at": AT, "step.counter": "3",
            "step.first_called_at": AT, "step.last_called_at": AT, "step.wait_ms": 90, "step.over_breaks_ms": 6,
            "step.entered_late": True,
        },
    ),
    "printed, told afterwards": (
        WAITING, "print_outcome", {"outcome": "unknown", "entered_late": True}, {"print": "unknown", "step.entered_late": True},
    ),
    "printed": (WAITING, "print_outcome", {"outcome": "unknown"}, {"print": "unknown"}),
    "nobody holds it": (WAITING, "print_outcome", {"outcome": "not_sent", "doubt": True}, {"print": "not_sent", "doubt": True}),
    "printed after all": (replace(WAITING, doubt=True), "print_outcome", {"outcome": "printed"}, {"print": "printed", "doubt": False}),
    "asked for again": (replace(WAITING, doubt=True), "reprinted", {}, {"reprints": 2, "doubt": False}),
    "reprinted": (WAITING, "reprinted", {}, {"reprints": 2}),
    "a note": (WAITING, "annotated", {"text": "x"}, {}),
    "procedures": (SERVING, "annotated", {"procedures": [{"code": "1"}]}, {"revision": 2, "step.procedures": [{"code": "1"}]}),
    "no procedures after all": (
        replace(SERVING, steps=(replace(STEP, procedures=({"code": "1"},)),)), "annotated", {"procedures": []},
        {"revision": 2, "step.procedures": []},
    ),
    "rated": (SERVING, "rated", {"stars": 5}, {"rating": 5, "revision": 2}),
    "corrected": (SERVING, "corrected", {"service": "two"}, {"service": "two", "revision": 2, "step.service": "two"}),
    "corrected in nothing that we keep": (SERVING, "corrected", {"service": None}, {"revision": 2}),
    "voided": (SERVING, "voided", {}, {"voided": True}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_an_event_changes_this_and_nothing_else(case: str) -> None:
    before, kind, data, expected = CASES[case]
    assert changed(before, kind, **data) == expected


def test_what_is_told_afterwards_marks_the_step_it_happened_to_and_no_other() -> None:
    after = apply(SERVING, event("transferred", 9, entered_late=True))
    assert [step.entered_late for step in after.steps] == [True, False]
    again = apply(replace(after, state="called"), event("transferred", 10))
    assert [step.entered_late for step in again.steps] == [True, False, False]
    third = apply(replace(again, state="called"), event("no_show", 11, entered_late=True))
    assert [step.entered_late for step in third.steps] == [True, False, True]
    assert apply(None, event("issued", 1, entered_late=True)).steps[0].entered_late
    assert apply(None, event("issued", 1)).steps[0].entered_late is False


def test_needs_stay_a_value_that_cannot_change() -> None:
    assert apply(WAITING, event("amended", 9, to={"needs": ["see", "walk"]})).needs == ("see", "walk")


def test_dossiers_are_added_to_what_was_done() -> None:
    known = replace(SERVING, steps=(replace(STEP, procedures=({"code": "1"},)),))
    after = apply(known, event("completed", 9, dossier_code="D-1"))
    assert after.steps[0].procedures == ({"code": "1"}, {"dossier_code": "D-1"})


def test_a_transfer_ends_one_step_and_begins_another_and_says_all_of_it() -> None:
    data = {"service": "two", "effective_at": 50, "credits": {"transfer": 600}, "for_counter": "5", "return_to": "3", "zone": "2"}
    after = apply(HELD, event("transferred", 9, tasks=["x"], **data))
    assert after == replace(
        HELD, state="waiting", service="two", counter=None, for_counter="5", return_to="3", tasks=("x",), zone="2", effective_at=50,
        available_from=AT, credits={"transfer": 600}, called_at=None, last_called_at=None, serving_at=None, held_until=None, recalls=0,
        steps=(replace(HELD.steps[0], ended_at=AT, outcome="transferred", held_at=None, held_ms=45), Step(2, "two", AT)),
    )  # fmt: skip
    plain = apply(SERVING, event("transferred", 9, service="two", effective_at=50, credits={}))
    assert (plain.tasks, plain.for_counter, plain.return_to, plain.zone) == (("two",), None, None, None)


def test_a_second_step_is_changed_and_the_first_left_alone() -> None:
    both = replace(SERVING, steps=(replace(STEP, ended_at=1060, outcome="transferred"), replace(STEP, n=2, service="two")))
    after = apply(both, event("completed", 9))
    assert after.steps == (both.steps[0], replace(both.steps[1], ended_at=AT, outcome="done"))


def test_an_issue_says_what_it_says() -> None:
    body: dict[str, Any] = {
        "available_from": 1500, "before_opening_ms": 490, "needs": ["see"], "tasks": ["two"], "priority_class": "elderly",
        "quantity": 2, "unknown": 1,
    }  # fmt: skip
    made = issue(event("issued", 1, **body))
    assert made == Ticket(
        "t", "S", "2026-11-23", "A", 7, "A007", "one", "waiting", 1000, 1, 1500, 1500, 1000,
        (Step(1, "one", 1500, before_opening_ms=490),), priority_class="elderly", needs=("see",), tasks=("two",), quantity=2, credits={},
        taken_for="one",
    )  # fmt: skip
    assert apply(None, event("arrived", 1, **event("issued", 1).data)).state == "waiting"


def test_an_issue_of_which_little_is_known() -> None:
    full = event("issued", 1)
    bare = replace(full, ticket=None, label=None, service=None, data={k: v for k, v in full.data.items() if k != "before_opening_ms"})
    made = issue(bare)
    assert (made.id, made.label, made.service, made.needs, made.tasks) == ("", "", "", (), ())
    assert made.steps == (Step(1, "", 1000),)
    assert full.data["before_opening_ms"] == 0  # the event is not eaten by whoever reads it


# ---------------------------------------------------------------- undo
@pytest.mark.parametrize("case", CASES)
def test_whatever_happened_can_be_taken_back(case: str) -> None:
    before, kind, data, _ = CASES[case]
    after = apply(before, event(kind, 9, **data))
    back = difference(after, before)
    assert apply(after, event("undone", 10, restore=back)) == before
    assert restore(after, back | {"unknown": 1}) == before
    assert "id" not in back


def test_a_log_without_events_makes_no_ticket() -> None:
    assert fold([]) is None
